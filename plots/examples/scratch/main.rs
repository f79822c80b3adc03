#![allow(missing_docs)]
#[path = "../gallery/continual.rs"]
mod continual;
#[path = "../gallery/dice.rs"]
mod dice;
use plots::*;
fn main() {
    let d = &mut dice::Dice(3);
    let s = |n: &str, f: &dyn Figure| {
        f.save(&std::path::Path::new("/tmp/g").join(format!("{n}.png"))).unwrap()
    };
    for (n, l) in [
        (1, 0.002),
        (2, 0.002),
        (5, 0.05),
        (10, 0.002),
        (10, 0.2),
        (20, 0.002),
        (20, 0.05),
        (40, 0.01),
    ] {
        let t = format!("{n}_{l}");
        let mut m = continual::accuracy_matrix(d, n, l);
        s(&format!("m{t}"), &m);
        s(&format!("f{t}"), &continual::forgetting(d, n, l));
        for (i, r) in m.accuracy.iter_mut().enumerate() {
            r.truncate(i + 1);
        }
        m.accuracy.truncate(n * 2 / 3 + 1);
        m.accuracy[n / 3][n / 4] = f64::NAN;
        m.title = "a very long title of a run that will not fit at all".into();
        for (i, t) in m.tasks.iter_mut().enumerate() {
            *t = format!("permutation {}", i + 1)
        }
        s(&format!("M{t}"), &m);
        s(
            &format!("F{t}"),
            &ForgettingFigure {
                title: m.title.clone(),
                remark: m.remark.clone(),
                tasks: m.tasks.clone(),
                accuracy: m.accuracy.clone(),
            },
        );
    }
    let e = continual::accuracy_matrix(d, 6, 0.1);
    s("me", &AccuracyMatrixFigure { accuracy: vec![], ..e.clone() });
    s("fe", &ForgettingFigure { tasks: e.tasks.clone(), ..Default::default() });
    for n in [1, 2, 4, 10, 20] {
        s(&format!("s{n}"), &continual::subspaces(d, n));
    }
    let mut x = continual::subspaces(d, 3);
    x.projections[0].residual.clear();
    x.projections[0].angles.clear();
    x.projections[0].rows.clear();
    for r in &mut x.projections[1].residual {
        r.1.iter_mut().step_by(3).for_each(|v| *v = f32::NAN);
        r.1.truncate(40);
    }
    x.projections[1].angles[0].1[5] = f64::NAN;
    x.projections[1].rows = vec![700, 80, 90];
    x.projections[2].residual[1].1 = vec![0.0; 938];
    s("sx", &x);
    s(
        "se",
        &SubspacesFigure {
            projections: vec![ProjectionSubspaces::default()],
            ..Default::default()
        },
    );
}
