//! Neurons as NIR has them: classes of nodes and their parameters.

/// A class of neurons in NIR.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NeuronKind {
    /// `v' = R I`
    Integrator,
    /// `v' = R I`, fires
    IntegrateAndFire,
    /// `tau v' = (v_leak - v) + R I`
    Leaky,
    /// `tau v' = (v_leak - v) + R I`, fires
    LeakyAndFire,
    /// `tau_syn I' = -I + w_in S`, `tau_mem v' = (v_leak - v) + R I`
    Current,
    /// `tau_syn I' = -I + w_in S`, `tau_mem v' = (v_leak - v) + R I`, fires
    CurrentAndFire,
}

/// The neurons of one node. A parameter has one value per neuron.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NeuronNode {
    pub kind: NeuronKind,
    pub size: usize,
    /// In the order of [`NeuronKind::parameters`], `[parameter][neuron]`.
    pub values: Vec<Vec<f64>>,
}

impl NeuronKind {
    pub const ALL: [Self; 6] = [
        Self::Integrator,
        Self::IntegrateAndFire,
        Self::Leaky,
        Self::LeakyAndFire,
        Self::Current,
        Self::CurrentAndFire,
    ];

    /// The name of the class.
    pub fn name(self) -> &'static str {
        match self {
            Self::Integrator => "I",
            Self::IntegrateAndFire => "IF",
            Self::Leaky => "LI",
            Self::LeakyAndFire => "LIF",
            Self::Current => "CubaLI",
            Self::CurrentAndFire => "CubaLIF",
        }
    }

    /// The datasets of its parameters; times in seconds.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Integrator => &["r"],
            Self::IntegrateAndFire => &["r", "v_threshold", "v_reset"],
            Self::Leaky => &["tau", "r", "v_leak"],
            Self::LeakyAndFire => &["tau", "r", "v_leak", "v_threshold", "v_reset"],
            Self::Current => &["tau_mem", "tau_syn", "r", "v_leak", "w_in"],
            Self::CurrentAndFire => {
                &["tau_mem", "tau_syn", "r", "v_leak", "w_in", "v_threshold", "v_reset"]
            }
        }
    }

    /// The value of a parameter that a file may leave out.
    pub fn default_of(parameter: &str) -> Option<f64> {
        match parameter {
            "v_reset" => Some(0.0),
            "w_in" => Some(1.0),
            _ => None,
        }
    }

    pub fn fires(self) -> bool {
        self.parameters().contains(&"v_threshold")
    }

    /// Whether a current stands between the input and the membrane.
    pub fn has_current(self) -> bool {
        self.parameters().contains(&"tau_syn")
    }

    pub fn leaks(self) -> bool {
        self.parameters().contains(&"v_leak")
    }
}

impl NeuronNode {
    /// Neurons with these parameters of neuron `n`, in the order of [`NeuronKind::parameters`].
    pub fn new(kind: NeuronKind, size: usize, of_neuron: impl Fn(usize) -> Vec<f64>) -> Self {
        let mut values = vec![Vec::with_capacity(size); kind.parameters().len()];
        for n in 0..size {
            for (column, value) in values.iter_mut().zip(of_neuron(n)) {
                column.push(value);
            }
        }
        Self { kind, size, values }
    }

    /// The values of a parameter, `[neuron]`; none where the class does not have it.
    pub fn column(&self, parameter: &str) -> Option<&[f64]> {
        let place = self.kind.parameters().iter().position(|own| *own == parameter)?;
        Some(&self.values[place])
    }

    /// The value of a parameter of neuron `n`; 0 where the class does not have it.
    pub fn at(&self, parameter: &str, n: usize) -> f64 {
        self.column(parameter).map_or(0.0, |column| column[n])
    }
}
