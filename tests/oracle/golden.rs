//! The cases of `golden/delay_training.json`, as oracle networks and arrays.

use super::{Firing, Kernel, OracleLayer, OracleNetwork, OracleNorm, Reset, Signal};
use serde_json::Value;

/// One training step of the reference, with everything it computed on the way.
#[derive(Debug, Clone)]
pub struct GoldenCase {
    pub name: String,
    pub network: OracleNetwork,
    pub input: Signal,
    pub labels: Vec<usize>,
    /// `I`, one entry per layer, the readout's last.
    pub current: Vec<Vec<f64>>,
    /// `Z`, one entry per hidden layer.
    pub normalised: Vec<Vec<f64>>,
    pub spikes: Vec<Vec<f64>>,
    pub readout: Vec<f64>,
    pub scores: Vec<f64>,
    pub loss: f64,
    pub grad_weight: Vec<Vec<f64>>,
    pub grad_delay: Vec<Vec<f64>>,
    pub grad_gain: Vec<Vec<f64>>,
    pub grad_bias: Vec<Vec<f64>>,
    /// Running statistics after the step, from mean 0 and variance 1.
    pub running_mean: Vec<Vec<f64>>,
    pub running_variance: Vec<Vec<f64>>,
    pub deployed: GoldenDeployed,
}

/// The same network and input after the step's statistics, with one tap per synapse.
#[derive(Debug, Clone)]
pub struct GoldenDeployed {
    /// Rounded delays, `[post][pre][element]`, one entry per layer.
    pub delay_steps: Vec<Vec<f64>>,
    pub current: Vec<Vec<f64>>,
    pub spikes: Vec<Vec<f64>>,
    pub readout: Vec<f64>,
    pub scores: Vec<f64>,
}

/// All cases of the file.
pub fn golden_cases() -> Vec<GoldenCase> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/delay_training.json");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    file.as_object().expect("cases by name").iter().map(|(name, value)| case(name, value)).collect()
}

fn case(name: &str, value: &Value) -> GoldenCase {
    let deployed = &value["deployed"];
    GoldenCase {
        name: name.into(),
        network: network(value),
        input: signal(&value["input"]),
        labels: list(&value["labels"])
            .iter()
            .map(|label| label.as_u64().expect("a label") as usize)
            .collect(),
        current: arrays(&value["current"]),
        normalised: arrays(&value["normalised"]),
        spikes: arrays(&value["spikes"]),
        readout: array(&value["readout_v"]),
        scores: array(&value["scores"]),
        loss: number(&value["loss"]),
        grad_weight: arrays(&value["grad_weight"]),
        grad_delay: arrays(&value["grad_delay"]),
        grad_gain: arrays(&value["grad_bn_weight"]),
        grad_bias: arrays(&value["grad_bn_bias"]),
        running_mean: arrays(&value["bn_running_mean_after"]),
        running_variance: arrays(&value["bn_running_var_after"]),
        deployed: GoldenDeployed {
            delay_steps: arrays(&deployed["delay_steps"]),
            current: arrays(&deployed["current"]),
            spikes: arrays(&deployed["spikes"]),
            readout: array(&deployed["readout_v"]),
            scores: array(&deployed["scores"]),
        },
    }
}

fn network(value: &Value) -> OracleNetwork {
    let config = &value["config"];
    let max_delay = config["kernel_size"].as_u64().expect("a length") as usize - 1;
    assert_eq!(
        config["pad_left"].as_u64(),
        Some(max_delay as u64),
        "the whole kernel reaches back from the first step"
    );
    let kernel = match config["kernel_version"].as_str() {
        Some("gauss") => Kernel::Gaussian,
        Some("v1") => Kernel::Linear,
        other => panic!("kernel {other:?} is none of this oracle's"),
    };
    let (gain, bias) = (arrays(&value["bn_weight"]), arrays(&value["bn_bias"]));
    let (weights, delays) = (list(&value["weight"]), arrays(&value["delay_steps"]));
    let layers = weights.iter().zip(delays).enumerate().map(|(index, (weight, delay))| {
        let shape: Vec<usize> = list(&weight["shape"])
            .iter()
            .map(|size| size.as_u64().expect("a size") as usize)
            .collect();
        OracleLayer {
            pre: shape[1],
            post: shape[0],
            elements_per_pair: shape[2],
            weight: array(weight),
            delay,
            norm: gain.get(index).map(|gain| OracleNorm {
                gain: gain.clone(),
                bias: bias[index].clone(),
                ..OracleNorm::new(shape[0])
            }),
            mask: None,
        }
    });
    OracleNetwork {
        layers: layers.collect(),
        kernel,
        // The linear kernel has no width; the file then says null.
        sigma: config["sigma_effective"].as_f64().unwrap_or(0.0),
        max_delay,
        extra_steps: config["pad_right"].as_u64().expect("a length") as usize,
        beta: number(&config["beta"]),
        threshold: number(&config["threshold"]),
        alpha: 5.0,
        firing: Firing::Threshold,
        reset: Reset::Hard,
        detach_reset: true,
    }
}

fn signal(value: &Value) -> Signal {
    let shape: Vec<usize> =
        list(&value["shape"]).iter().map(|size| size.as_u64().expect("a size") as usize).collect();
    Signal { batch: shape[0], neurons: shape[1], steps: shape[2], data: array(value) }
}

fn arrays(value: &Value) -> Vec<Vec<f64>> {
    list(value).iter().map(array).collect()
}

fn array(value: &Value) -> Vec<f64> {
    list(&value["data"]).iter().map(number).collect()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("a list instead of {value}"))
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number instead of {value}"))
}
