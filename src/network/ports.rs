//! At which index of a model's ports a projection ends: the one place where the name of a port
//! becomes its index.

use neurons::Model;
use sim_core::NeuronModel;

/// Index of the port called `name`; where no name is given, of the only one or of the first of
/// several.
///
/// # Errors
/// Which ports there are instead.
pub(crate) fn port_index(model: &Model, name: Option<&str>) -> Result<usize, String> {
    let ports = model.ports();
    let Some(name) = name else { return Ok(0) };
    ports.iter().position(|port| *port == name).ok_or_else(|| {
        let model = model.describe().name;
        match ports {
            [only] => format!("{model} has no port {name}; its only one is {only}"),
            several => format!("{model} has no port {name}; there are {}", several.join(" and ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use neurons::{CurrentLif, Lif};

    #[test]
    fn a_port_has_the_index_of_its_name() {
        let currents = Model::CurrentLif(CurrentLif::default());
        let of = |name| port_index(&currents, name);
        assert_eq!(of(None), Ok(0));
        assert_eq!(of(Some("excitatory")), Ok(0));
        assert_eq!(of(Some("inhibitory")), Ok(1));
        assert_eq!(
            of(Some("divisive")).unwrap_err(),
            "current_lif has no port divisive; there are excitatory and inhibitory"
        );
        let refused = port_index(&Model::Lif(Lif::default()), Some("inhibitory")).unwrap_err();
        assert_eq!(refused, "lif has no port inhibitory; its only one is input");
    }
}
