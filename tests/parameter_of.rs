//! Short names for the parameters of a network.

use sim_core::{Kind, ParameterId};

/// The weights of a projection.
pub fn weight(projection: usize) -> ParameterId {
    ParameterId::of_projection(projection, Kind::Weight)
}

/// The delays of a projection.
pub fn delay(projection: usize) -> ParameterId {
    ParameterId::of_projection(projection, Kind::Delay)
}

/// The gains of a population's norm.
pub fn gain(population: usize) -> ParameterId {
    ParameterId::of_population(population, Kind::Gain)
}

/// The biases of a population's norm.
pub fn bias(population: usize) -> ParameterId {
    ParameterId::of_population(population, Kind::Bias)
}
