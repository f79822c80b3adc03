use super::layers::imported;
use super::*;
use crate::tensor::Tensor;

fn tensor(name: &str, shape: &[usize], values: impl Fn(usize) -> f64) -> (String, Tensor) {
    let count = shape.iter().product();
    (name.into(), Tensor { shape: shape.to_vec(), values: (0..count).map(values).collect() })
}

/// Two layers of DCLS and a norm, named as the reference names them.
fn delays(root: &str, norm: &str) -> Vec<(String, Tensor)> {
    let layer = |name: &str, post, pre| {
        [
            tensor(&format!("{name}.weight"), &[post, pre, 1], |n| n as f64 / 4.0),
            tensor(&format!("{name}.P"), &[1, post, pre, 1], |n| n as f64 - 2.5),
            tensor(&format!("{name}.SIG"), &[1, post, pre, 1], |_| 0.25),
        ]
    };
    let (first, last) = root.split_once('|').unwrap();
    let mut tensors = [layer(first, 3, 2), layer(last, 2, 3)].concat();
    for part in ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"] {
        let shape: &[usize] = if part == "num_batches_tracked" { &[] } else { &[3] };
        tensors.push(tensor(&format!("{norm}.{part}"), shape, |n| n as f64 + 0.5));
    }
    tensors
}

#[test]
fn delay_layers_are_the_same_under_both_ways_of_naming_them() {
    let own = imported(delays("syn.0|syn.1", "norm.0"), Some(10)).unwrap();
    let sequential = imported(delays("model.0|model.4", "model.1"), Some(10)).unwrap();
    for (weights, names) in [(&own, ["syn.0", "syn.1"]), (&sequential, ["model.0", "model.4"])] {
        let [first, last] = &weights.layers[..] else { panic!("two layers") };
        assert_eq!([&first.name[..], &last.name[..]], names);
        assert_eq!((first.post, first.pre, first.elements_per_pair), (3, 2, 1));
        assert_eq!(first.weight, [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]);
        // K = 11: position -2.5 is a delay of 7.5 steps, deployed as 7.
        assert_eq!(first.delay_steps.as_ref().unwrap()[..2], [7.5, 6.5]);
        let norm = first.norm.as_ref().unwrap();
        assert_eq!(
            (&norm.gain[..], &norm.running_variance[..]),
            (&[0.5, 1.5, 2.5][..], &[0.5, 1.5, 2.5][..])
        );
        assert_eq!((&last.norm, &last.bias, &last.neurons), (&None, &None, &None));
        assert_eq!(weights.remarks.len(), 3, "two widths and a count of batches");
    }
}

#[test]
fn modules_with_two_names_are_read_once() {
    let twice =
        [delays("blocks.0.0|blocks.1.0", "blocks.0.1"), delays("model.0|model.3", "model.1")];
    let weights = imported(twice.concat(), Some(10)).unwrap();
    assert_eq!(
        weights.layers.iter().map(|layer| &layer.name[..]).collect::<Vec<_>>(),
        ["blocks.0.0", "blocks.1.0"]
    );
}

fn snntorch() -> Vec<(String, Tensor)> {
    let mut tensors = Vec::new();
    for (layer, post, pre) in [(1, 3, 2), (2, 2, 3)] {
        tensors.push(tensor(&format!("fc{layer}.weight"), &[post, pre], |n| n as f64));
        tensors.push(tensor(&format!("fc{layer}.bias"), &[post], |n| -(n as f64)));
        for (name, value) in [
            ("beta", 0.5),
            ("threshold", 2.0),
            ("graded_spikes_factor", 1.0),
            ("reset_mechanism_val", 1.0),
        ] {
            tensors.push(tensor(&format!("lif{layer}.{name}"), &[], |_| value));
        }
    }
    tensors
}

#[test]
fn neurons_of_snntorch_belong_to_the_layer_of_their_number() {
    let weights = imported(snntorch(), None).unwrap();
    for (layer, bias) in weights.layers.iter().zip([&[0.0, -1.0, -2.0][..], &[0.0, -1.0]]) {
        assert_eq!(layer.bias.as_deref().unwrap(), bias);
        let neurons = layer.neurons.as_ref().unwrap();
        assert_eq!(
            (&neurons.beta[..], neurons.threshold.as_deref()),
            (&[0.5][..], Some(&[2.0][..]))
        );
        assert_eq!(neurons.reset, Some(ImportedReset::Zero));
    }
}

#[test]
fn a_parametric_neuron_of_spikingjelly_gives_its_leak() {
    let weights = imported(
        vec![
            tensor("layer.1.weight", &[2, 4], |n| n as f64),
            tensor("layer.2.w", &[], |_| 3_f64.ln()),
        ],
        None,
    )
    .unwrap();
    let beta = &weights.layers[0].neurons.as_ref().unwrap().beta;
    assert!((beta[0] - 0.25).abs() < 1e-15);
}

#[test]
fn what_does_not_fit_is_named() {
    let with = |name: &str, shape: &[usize], value: f64| {
        let mut tensors = delays("syn.0|syn.1", "norm.0");
        tensors.retain(|(other, _)| other != name);
        tensors.push(tensor(name, shape, |_| value));
        imported(tensors, Some(10)).unwrap_err()
    };
    for (problem, expected) in [
        (
            with("syn.0.weight", &[3, 2, 1], f64::NAN),
            "syn.0.weight holds NaN at [0, 0, 0], but must hold finite numbers",
        ),
        (
            with("syn.0.weight", &[3, 2, 1], 1e39),
            "syn.0.weight is 1000000000000000000000000000000000000000 at [0, 0, 0], \
             beyond what single precision holds",
        ),
        (
            with("syn.0.P", &[1, 3, 2, 1], 6.0),
            "syn.0.P is 6 at [0, 0, 0, 0], but a largest delay of 10 steps has the \
             positions -5 to 5",
        ),
        (
            with("syn.0.P", &[3, 2, 1], 0.0),
            "syn.0.P has the shape [3, 2, 1], but must have [1, 3, 2, 1] as its weights do",
        ),
        (
            with("syn.1.weight", &[2, 4, 1], 0.0),
            "syn.1.P has the shape [1, 2, 3, 1], but must have [1, 2, 4, 1] as its weights do",
        ),
        (
            with("syn.2.weight", &[2, 4], 0.0),
            "the layers do not follow each other in the order of their names: syn.1 has 2 \
             postsynaptic neurons, syn.2 after it 4 presynaptic ones",
        ),
        (with("norm.0.bias", &[4], 0.0), "norm.0.bias has the shape [4], but must have [3]"),
        (
            with("norm.0.running_var", &[3], -1.0),
            "norm.0.running_var is -1 at [0], but a variance is at least 0",
        ),
        (with("syn.0.gate", &[3], 0.0), "syn.0.gate belongs to a module that is not known here"),
        (
            with("syn.0.weight", &[3, 2, 1, 1], 0.0),
            "syn.0.weight has the shape [3, 2, 1, 1], which is no linear layer's",
        ),
        (
            with("rnn.recurrent.weight", &[2, 2], 0.0),
            "rnn.recurrent.weight joins a layer with itself",
        ),
        (with("w", &[], 0.0), "w comes before any layer"),
    ] {
        assert!(problem.starts_with(expected), "{problem}\n{expected}");
    }
    let unknown_kernel = imported(delays("syn.0|syn.1", "norm.0"), None).unwrap_err();
    assert!(
        unknown_kernel
            .starts_with("syn.0.P holds positions in a kernel whose size the file does not say")
    );
    assert_eq!(imported(vec![], None).unwrap_err(), "holds no weights of a layer");
    let mut graded = snntorch();
    graded
        .iter_mut()
        .filter(|(name, _)| name.contains("graded"))
        .for_each(|(_, t)| t.values[0] = 2.0);
    assert!(imported(graded, None).unwrap_err().starts_with("lif1.graded_spikes_factor is not 1"));
}

#[test]
fn double_precision_is_rounded_with_a_remark() {
    let weights = imported(vec![tensor("0.weight", &[1, 3], |n| 0.1 * n as f64)], None).unwrap();
    assert_eq!(weights.layers[0].weight, [0.0, 0.1, 0.2]);
    assert_eq!(
        weights.remarks,
        ["2 of the 3 numbers of 0.weight were rounded to single precision"]
    );
}

#[test]
fn files_are_read_and_pickles_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let view = safetensors::tensor::TensorView::new(
        safetensors::Dtype::F32,
        vec![1, 2],
        &[0, 0, 128, 63, 0, 0, 0, 64],
    )
    .unwrap();
    let bytes = safetensors::serialize([("fc.weight", view)], None).unwrap();
    let weights = read_weights(file("w.safetensors", &bytes), None).unwrap();
    assert_eq!(weights.layers[0].weight, [1.0, 2.0]);
    let problem =
        |name: &str, bytes: &[u8]| read_weights(file(name, bytes), None).unwrap_err().to_string();
    for length in [0, 4, 8, 20, bytes.len() - 1] {
        assert!(
            problem("cut.safetensors", &bytes[..length])
                .contains("is not a whole safetensors file")
        );
    }
    let mut hostile = bytes.clone();
    hostile[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(problem("hostile.safetensors", &hostile).contains("is not a whole safetensors file"));
    for (name, bytes) in
        [("a.pt", &b"\x80\x02}q"[..]), ("a.npz", b"PK\x03\x04..archive/data.pkl"), ("a.pth", b"?")]
    {
        let problem = problem(name, bytes);
        assert!(problem.contains("is a pickle") && problem.contains("save_file"), "{problem}");
    }
    assert!(
        problem("a.txt", b"fc.weight")
            .ends_with("must end in .safetensors or .npz, which hold named tensors")
    );
    assert!(problem("a.npz", b"PK").contains("is not a whole npz file"));
}
