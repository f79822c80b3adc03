use super::*;
use crate::continual::made_up::{low_rank, normal};
use crate::continual::orthonormal::principal_directions;
use crate::continual::principal_angles::principal_angles;
use serde::Deserialize;

const QUANTISED: LateralAnswer = LateralAnswer::Quantised { scale: 20.0, levels: 40 };

/// Row-major numbers of the golden file.
#[derive(Deserialize)]
struct Array {
    shape: [usize; 2],
    data: Vec<f64>,
}

impl Array {
    fn as_numbers<T: Number>(&self) -> Vec<T> {
        assert_eq!(self.data.len(), self.shape[0] * self.shape[1]);
        self.data.iter().map(|&value| T::of(value)).collect()
    }
}

#[derive(Deserialize)]
struct GoldenTask {
    rows_added: usize,
    start: Array,
    batches: Vec<Array>,
    after: Vec<Array>,
    probe: Array,
    projected_out: Array,
}

#[derive(Deserialize)]
struct GoldenCase {
    n: usize,
    lr: f64,
    momentum: f64,
    iterations: usize,
    clamp: f64,
    quantised: bool,
    scale: f64,
    levels: f64,
    tasks: Vec<GoldenTask>,
}

fn difference<T: Number>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| (a.into() - b.into()).abs()).fold(0.0, f64::max)
}

fn golden<T: Number>(tolerance: f64) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/hlop_subspace.json");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: std::collections::BTreeMap<String, GoldenCase> =
        serde_json::from_str(&text).unwrap();
    assert_eq!(cases.len(), 2);
    for (name, case) in cases {
        let lateral = if case.quantised {
            LateralAnswer::Quantised { scale: case.scale, levels: case.levels as u32 }
        } else {
            LateralAnswer::Linear
        };
        let GoldenCase { n, lr, momentum, iterations, clamp, tasks, .. } = case;
        let settings = CircuitSettings { rate: lr, momentum, iterations, clamp, lateral };
        let mut circuit = LateralCircuit::<T>::new(n, settings).unwrap();
        for (number, task) in tasks.iter().enumerate() {
            let start = task.start.as_numbers::<T>();
            circuit.add_given_rows(&start[start.len() - task.rows_added * n..]).unwrap();
            assert!(difference(circuit.rows(), &start) < tolerance, "{name}, task {number}");
            let old = circuit.frozen_rows().to_vec();
            for (batch, (samples, after)) in task.batches.iter().zip(&task.after).enumerate() {
                circuit.learn(&samples.as_numbers::<T>());
                let worst = difference(circuit.rows(), &after.as_numbers::<T>());
                assert!(worst < tolerance, "{name}, task {number}, batch {batch}: {worst:e}");
                assert!(circuit.frozen_rows() == old, "frozen rows keep their bits");
            }
            // The rows of the first task project once they are frozen; while the second is learned,
            // they project alone.
            if number == 0 {
                circuit.freeze(false);
            }
            let mut probe = task.probe.as_numbers::<T>();
            circuit.project(&mut probe, &mut Vec::new());
            circuit.freeze(false);
            let worst = difference(&probe, &task.projected_out.as_numbers::<T>());
            assert!(worst < tolerance, "{name}, task {number}, projection: {worst:e}");
        }
    }
}

#[test]
fn golden_in_double_precision() {
    golden::<f64>(1e-12);
}

#[test]
fn golden_in_single_precision() {
    golden::<f32>(1e-5);
}

/// The full rule, written plainly: all rows answer and reconstruct in every iteration, and only
/// those that learn move.
struct FullRule {
    settings: CircuitSettings,
    inputs: usize,
    rows: Vec<f64>,
    velocity: Vec<f64>,
    frozen: usize,
}

impl FullRule {
    fn learn(&mut self, samples: &[f64]) {
        let (inputs, count) = (self.inputs, self.rows.len() / self.inputs);
        let CircuitSettings { rate, momentum, iterations, clamp, lateral } = self.settings;
        for _ in 0..iterations {
            let mut change = vec![0.0; self.rows.len()];
            for x in samples.chunks(inputs) {
                let along = |row: &[f64]| -> f64 { row.iter().zip(x).map(|(h, x)| h * x).sum() };
                let y: Vec<f64> =
                    self.rows.chunks(inputs).map(|row| lateral.answer(along(row))).collect();
                let feedback = |n: usize| -> f64 {
                    (0..count).map(|k| y[k] * self.rows[k * inputs + n]).sum()
                };
                for (n, x) in x.iter().enumerate() {
                    let left = x - feedback(n);
                    (0..count).for_each(|k| change[k * inputs + n] += y[k] * left);
                }
            }
            let mean = inputs as f64 / samples.len() as f64;
            for entry in self.frozen * inputs..self.rows.len() {
                let change = (change[entry] * mean).clamp(-clamp, clamp);
                self.velocity[entry] = momentum * self.velocity[entry] + (1.0 - momentum) * change;
                self.rows[entry] += rate * self.velocity[entry];
            }
        }
    }
}

/// Only the new rows are iterated; the full rule gives the same, linearly and with bursts.
#[test]
fn iterating_the_new_rows_is_the_full_rule() {
    let inputs = 24;
    for lateral in [LateralAnswer::Linear, QUANTISED] {
        let settings = CircuitSettings { rate: 0.05, clamp: 0.5, lateral, ..Default::default() };
        let mut circuit = LateralCircuit::<f64>::new(inputs, settings).unwrap();
        circuit.add_rows(5, Seed(1), 0).unwrap();
        let first: Vec<f64> = low_rank(200, inputs, 5, 7);
        first.chunks(20 * inputs).for_each(|batch| _ = circuit.learn(batch));
        circuit.freeze(false);
        circuit.add_rows(4, Seed(1), 0).unwrap();
        let velocity = vec![0.0; 9 * inputs];
        let rows = circuit.rows().to_vec();
        let mut full = FullRule { settings, inputs, rows, velocity, frozen: 5 };
        let second: Vec<f64> = low_rank(300, inputs, 8, 8).iter().map(|x: &f64| 6.0 * x).collect();
        for batch in second.chunks(30 * inputs) {
            circuit.learn(batch);
            full.learn(batch);
            let worst = difference(circuit.rows(), &full.rows);
            assert!(worst < 1e-12, "{lateral:?}: {worst:e}");
        }
    }
}

/// The same in single precision, with rows and samples so many that products are large.
#[test]
fn many_rows_follow_the_full_rule_in_single_precision() {
    let (inputs, new) = (150, 60);
    let settings = CircuitSettings { rate: 0.05, ..Default::default() };
    let mut circuit = LateralCircuit::<f32>::new(inputs, settings).unwrap();
    circuit.add_rows(50, Seed(1), 0).unwrap();
    let first: Vec<f32> = low_rank(200, inputs, 60, 7);
    first.chunks(100 * inputs).for_each(|batch| _ = circuit.learn(batch));
    circuit.freeze(false);
    circuit.add_rows(new, Seed(1), 0).unwrap();
    let rows: Vec<f64> = circuit.rows().iter().map(|&row| f64::from(row)).collect();
    let velocity = vec![0.0; rows.len()];
    let mut full = FullRule { settings, inputs, rows, velocity, frozen: 50 };
    let second: Vec<f32> = low_rank(300, inputs, 80, 8);
    for batch in second.chunks(100 * inputs) {
        let outside = circuit.residual(batch);
        let told = circuit.learn(batch);
        assert!((told - outside).abs() < 1e-5, "{told} and {outside}");
        let in_double = |values: &[f32]| values.iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
        full.learn(&in_double(batch));
        let worst = difference(&in_double(circuit.rows()), &full.rows);
        assert!(worst < 1e-5, "{worst:e}");
    }
}

#[test]
fn samples_without_a_number_leave_no_number() {
    let mut circuit = LateralCircuit::<f32>::new(2, CircuitSettings::default()).unwrap();
    circuit.add_given_rows(&[f32::NAN, 0.0]).unwrap();
    assert!(!circuit.learn(&[1.0, 1.0]).is_finite());
}

/// A circuit that has learned two tasks, with samples of both.
fn trained<T: Number>(
    inputs: usize,
    settings: CircuitSettings,
    orthonormal: bool,
) -> (LateralCircuit<T>, [Vec<T>; 2]) {
    let mut circuit = LateralCircuit::new(inputs, settings).unwrap();
    let tasks = [low_rank(400, inputs, 6, 3), low_rank(400, inputs, 5, 4)];
    for (samples, rows) in tasks.iter().zip([6, 5]) {
        circuit.add_rows(rows, Seed(2), 0).unwrap();
        for _ in 0..60 {
            samples.chunks(40 * inputs).for_each(|batch| _ = circuit.learn(batch));
        }
        circuit.freeze(orthonormal);
    }
    (circuit, tasks)
}

/// Most by which the rows' products differ from those of an orthonormal set.
fn off_orthonormal<T: Number>(circuit: &LateralCircuit<T>) -> f64 {
    let count = circuit.row_count();
    let mut gram = vec![T::default(); count * count];
    let rows = Matrix::of_rows(circuit.rows(), circuit.inputs());
    product(&mut gram, 0.0, rows, rows.transposed(), 1.0);
    let one = |n: usize| f64::from(u8::from(n / count == n % count));
    let off = gram.iter().enumerate().map(|(n, &value)| (value.into() - one(n)).abs());
    off.fold(0.0, f64::max)
}

#[test]
fn rows_come_to_be_orthonormal_of_themselves() {
    let settings = CircuitSettings { rate: 0.05, ..Default::default() };
    let (learned, tasks) = trained::<f64>(40, settings, false);
    let off = off_orthonormal(&learned);
    assert!(off < 5e-3, "{off:e}");
    // Both tasks are in the rows: nothing is left outside.
    for samples in &tasks {
        let outside = learned.residual(samples);
        assert!(outside < 1e-4, "{outside:e}");
    }
    let (made, tasks) = trained::<f64>(40, settings, true);
    assert!(off_orthonormal(&made) < 1e-13);
    // With orthonormal rows, what the tasks' rows explain and what all leave make up the whole.
    let samples = &tasks[1];
    let whole = made.explained(0, samples) + made.explained(1, samples) + made.residual(samples);
    assert!((whole - 1.0).abs() < 1e-12 && made.explained(0, &tasks[0]) > 0.999);
    // Bursts leave the rows less exact, and the residual almost as it is.
    let bursts = CircuitSettings { lateral: QUANTISED, ..settings };
    let (quantised, _) = trained::<f64>(40, bursts, false);
    assert!(off_orthonormal(&quantised) < 0.3, "{}", off_orthonormal(&quantised));
}

#[test]
fn rows_of_the_first_task_span_its_principal_directions() {
    let (inputs, rows) = (30, 4);
    let settings = CircuitSettings { rate: 0.05, ..Default::default() };
    let mut circuit = LateralCircuit::<f64>::new(inputs, settings).unwrap();
    circuit.add_rows(rows, Seed(3), 0).unwrap();
    // More directions than rows: the strongest are learned.
    let samples: Vec<f64> = low_rank(300, inputs, 7, 5);
    let mut outside = f64::INFINITY;
    for _ in 0..3000 {
        outside = circuit.learn(&samples);
    }
    let (values, directions) = principal_directions(&samples, inputs);
    let angles = principal_angles(circuit.rows(), &directions[..rows * inputs], inputs).unwrap();
    assert!(angles.iter().all(|angle| angle.to_degrees() < 0.5), "{angles:?}");
    let squares: Vec<f64> = values.iter().map(|value| value * value).collect();
    let weaker = squares[rows..].iter().sum::<f64>() / squares.iter().sum::<f64>();
    assert!((outside - weaker).abs() < 1e-4 * weaker, "{outside} and {weaker}");
}

/// A step of projected gradients changes nothing that an input in the old span brings.
#[test]
fn a_projected_step_leaves_the_old_span_alone() {
    let (inputs, targets) = (120, 50);
    let settings = CircuitSettings { rate: 0.05, ..Default::default() };
    let (circuit, _) = trained::<f32>(inputs, settings, true);
    let mut change: Vec<f32> = normal(targets * inputs, 11);
    let raw = change.clone();
    circuit.project_change(&mut change, &mut Vec::new());
    // Inputs with any share of each row.
    let shares: Vec<f32> = normal(20 * circuit.row_count(), 12);
    let mut old = vec![0.0; 20 * inputs];
    let (rows, shares) =
        (Matrix::of_rows(circuit.rows(), inputs), Matrix::of_rows(&shares, circuit.row_count()));
    product(&mut old, 0.0, shares, rows, 1.0);
    let brought = |change: &[f32]| {
        let mut currents = vec![0.0f32; 20 * targets];
        let change = Matrix::of_rows(change, inputs).transposed();
        product(&mut currents, 0.0, Matrix::of_rows(&old, inputs), change, 1.0);
        sum_of_squares(&currents).sqrt()
    };
    let relative = brought(&change) / brought(&raw);
    assert!(relative < 1e-5, "{relative:e}");
    assert!(sum_of_squares(&change) > 0.5 * sum_of_squares(&raw), "the rest learns");
}

/// `sum d (P x)^T` and `(sum d x^T) P` are the same.
#[test]
fn projecting_gradients_is_projecting_activity() {
    let (inputs, targets, samples) = (60, 17, 200);
    let settings = CircuitSettings { rate: 0.05, ..Default::default() };
    for orthonormal in [false, true] {
        let (circuit, _) = trained::<f32>(inputs, settings, orthonormal);
        let errors: Vec<f32> = normal(samples * targets, 21);
        let activity: Vec<f32> = normal(samples * inputs, 22);
        let gradient = |activity: &[f32]| {
            let mut gradient = vec![0.0; targets * inputs];
            let errors = Matrix::of_rows(&errors, targets).transposed();
            product(&mut gradient, 0.0, errors, Matrix::of_rows(activity, inputs), 1.0);
            gradient
        };
        let (mut of_weights, mut projected) = (gradient(&activity), activity.clone());
        circuit.project_change(&mut of_weights, &mut Vec::new());
        circuit.project(&mut projected, &mut Vec::new());
        let of_activity = gradient(&projected);
        let scale = sum_of_squares(&of_activity).sqrt() / (of_activity.len() as f64).sqrt();
        assert!(difference(&of_weights, &of_activity) < 1e-5 * scale);
    }
}

/// A circuit that was brought back projects as it did before, to the bit.
#[test]
fn a_restored_circuit_projects_alike() {
    let inputs = 40;
    let circuit = || LateralCircuit::<f32>::new(inputs, CircuitSettings::default()).unwrap();
    for (rows, orthonormal) in [(20, true), (21, true), (21, false)] {
        let mut frozen = circuit();
        frozen.add_given_rows(&normal(rows * inputs, 3)).unwrap();
        frozen.freeze(orthonormal);
        let mut ours: Vec<f32> = normal(7 * inputs, 5);
        let mut again = ours.clone();
        frozen.project(&mut ours, &mut Vec::new());
        let mut restored = circuit();
        restored.restore(vec![rows], frozen.rows().to_vec(), None).unwrap();
        restored.project(&mut again, &mut Vec::new());
        assert_eq!(again, ours);
    }
}

/// In what a burst cannot tell, a gradient lies whole: its projection is not quantised.
#[test]
fn a_small_gradient_is_projected_by_bursting_circuits_too() {
    let settings = CircuitSettings { rate: 0.05, lateral: QUANTISED, ..Default::default() };
    let (circuit, _) = trained::<f64>(20, settings, true);
    let along: Vec<f64> = circuit.rows()[..20].iter().map(|row| 1e-4 * row).collect();
    let (mut trace, mut gradient) = (along.clone(), along.clone());
    circuit.project(&mut trace, &mut Vec::new());
    assert_eq!(trace, along, "less than half a spike");
    circuit.project_change(&mut gradient, &mut Vec::new());
    assert!(gradient.iter().all(|entry| entry.abs() < 1e-16));
}

#[test]
fn the_clamp_bounds_each_entry_of_the_mean_change() {
    let settings = CircuitSettings { momentum: 0.0, iterations: 1, ..Default::default() };
    let mut circuit = LateralCircuit::<f64>::new(2, settings).unwrap();
    circuit.add_given_rows(&[0.5, 0.0]).unwrap();
    // y = 50, x - H y = (75, 100): both entries of the change are beyond the clamp.
    circuit.learn(&[100.0, 100.0]);
    assert_eq!(circuit.rows(), [0.5 + 0.1, 0.1]);
}

/// `factor` times the rate is another rate.
#[test]
fn a_circuit_learns_slower() {
    let circuit = |rate| {
        let settings = CircuitSettings { rate, ..Default::default() };
        let mut circuit = LateralCircuit::<f64>::new(12, settings).unwrap();
        circuit.add_rows(3, Seed(3), 0).unwrap();
        circuit
    };
    let samples: Vec<f64> = normal(20 * 12, 7);
    let (mut slower, mut other) = (circuit(0.04), circuit(0.01));
    let start = slower.rows().to_vec();
    assert_eq!(slower.learn_slower(&samples, 0.0), other.clone().learn(&samples));
    assert_eq!(slower.rows(), start, "nothing is learned at the rate 0");
    let mut slower = circuit(0.04);
    slower.learn_slower(&samples, 0.25);
    other.learn(&samples);
    assert_eq!(slower.rows(), other.rows());
}

#[test]
fn samples_without_activity_teach_nothing() {
    let mut circuit = LateralCircuit::<f32>::new(5, CircuitSettings::default()).unwrap();
    assert_eq!(circuit.learn(&[1.0; 10]), 1.0, "no rows leave everything");
    circuit.add_rows(3, Seed(5), 0).unwrap();
    let rows = circuit.rows().to_vec();
    assert_eq!(circuit.learn(&[0.0; 10]), 0.0);
    assert_eq!(circuit.learn(&[]), 0.0);
    assert_eq!(circuit.rows(), rows);
    assert_eq!(circuit.residual(&[0.0; 5]), 0.0);
}

#[test]
fn rows_are_keyed_and_have_room() {
    let mut circuit = LateralCircuit::<f64>::new(6, CircuitSettings::default()).unwrap();
    circuit.add_rows(4, Seed(5), 1).unwrap();
    assert!(off_orthonormal(&circuit) < 1e-14);
    let early = circuit.add_rows(1, Seed(5), 1).unwrap_err().to_string();
    assert_eq!(early, "rows of a new task need those of the last task frozen");
    circuit.freeze(true);
    let first = circuit.rows().to_vec();
    let full = circuit.add_rows(3, Seed(5), 1).unwrap_err().to_string();
    assert_eq!(full, "rows of a lateral circuit is 7, but must be at most 6, one for each input");
    circuit.add_rows(2, Seed(5), 1).unwrap();
    circuit.freeze(true);
    circuit.add_rows(0, Seed(5), 1).unwrap();
    circuit.freeze(true);
    assert_eq!((circuit.groups(), circuit.rows_of(0)), (&[4, 2, 0][..], &first[..]));
    // All six directions are taken: nothing is left of any vector.
    let mut vector = normal::<f64>(6, 31);
    circuit.project(&mut vector, &mut Vec::new());
    assert!(vector.iter().all(|left| left.abs() < 1e-14));

    let mut other = LateralCircuit::<f64>::new(6, CircuitSettings::default()).unwrap();
    other.add_rows(4, Seed(5), 2).unwrap();
    assert!(difference(other.rows(), &first) > 0.1, "each circuit has rows of its own");
    let broken = other.add_given_rows(&[1.0; 5]).unwrap_err().to_string();
    assert_eq!(broken, "rows of a lateral circuit has length 5, but must have 0");
    let none = LateralCircuit::<f32>::new(0, CircuitSettings::default()).unwrap_err().to_string();
    assert_eq!(none, "inputs of a lateral circuit is 0, but must be at least 1");
}

#[test]
fn bits_do_not_depend_on_threads() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let (circuit, tasks) = trained::<f32>(150, CircuitSettings::default(), true);
            let mut projected = tasks[0].clone();
            circuit.project(&mut projected, &mut Vec::new());
            (circuit.rows().to_vec(), projected)
        })
    };
    let one = run(1);
    assert!([2, 5].map(run).iter().all(|other| *other == one));
}
