use super::*;

fn projection() -> ProjectionSubspaces {
    ProjectionSubspaces {
        name: "a → b".into(),
        residual: vec![(0, vec![0.5, 0.1]), (1, vec![0.4, 0.05, 0.04])],
        angles: vec![("task 2 and 1".into(), vec![10.0, 89.0])],
        rows: vec![3, 2],
        inputs: 8,
    }
}

fn message(projection: ProjectionSubspaces) -> String {
    let figure = SubspacesFigure { projections: vec![projection], ..SubspacesFigure::default() };
    figure.check().unwrap_err().to_string()
}

#[test]
fn a_residual_of_a_task_without_rows_is_named() {
    assert_eq!(
        message(ProjectionSubspaces { rows: vec![3], ..projection() }),
        "SubspacesFigure: projection \"a → b\" has a residual of task 1 (from 0), but rows of 1 \
         tasks"
    );
}

#[test]
fn an_angle_that_is_none_is_named() {
    for (angle, named) in [(90.1, "90.1"), (-1.0, "-1"), (f64::INFINITY, "inf")] {
        let angles = vec![("task 2 and 1".to_owned(), vec![f64::NAN, angle])];
        assert_eq!(
            message(ProjectionSubspaces { angles, ..projection() }),
            format!(
                "SubspacesFigure: projection \"a → b\" has an angle of {named} for \"task 2 and \
                 1\", but angles are 0 to 90 degrees"
            )
        );
    }
}

#[test]
fn rounding_beyond_a_right_angle_is_none_of_it() {
    let angles = vec![("task 2 and 1".to_owned(), vec![90.0 + 1e-9])];
    assert!(ProjectionSubspaces { angles, ..projection() }.check().is_ok());
}

#[test]
fn tiny_residuals_do_not_stretch_the_axis() {
    assert_eq!([0.5, 1e-9, 0.0, -1.0].map(shown), [50.0, LEAST, LEAST, LEAST]);
    assert!(shown(f64::NAN).is_nan());
}

#[test]
fn pairs_of_several_projections_share_their_colours() {
    let angles = vec![("task 3 and 2".to_owned(), vec![1.0]), ("task 2 and 1".into(), vec![2.0])];
    let other = ProjectionSubspaces { angles, ..projection() };
    let figure =
        SubspacesFigure { projections: vec![projection(), other], ..SubspacesFigure::default() };
    assert_eq!(figure.pairs(), ["task 2 and 1", "task 3 and 2"]);
}
