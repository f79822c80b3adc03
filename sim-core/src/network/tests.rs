use super::*;
use crate::test_networks::{Unbuilt, network, neurons, source, sparse};

/// Two ears before a column of cells, which an exit and a second one follow.
fn branched() -> Network {
    let populations = vec![
        source("ears", 2),
        neurons("cells", 2, Unbuilt),
        neurons("exit", 1, Unbuilt),
        neurons("side", 1, Unbuilt),
    ];
    let to = |source, target| sparse(source, target, &[(0, 0, 0.5, 1), (1, 0, -0.5, 2)]);
    network(populations, vec![to(0, 1), to(1, 2), to(1, 3)])
}

fn message<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_role_that_is_left_open_is_that_of_the_only_population_that_can_have_it() {
    let mut two = branched();
    assert_eq!(two.input(), Ok(0));
    assert_eq!(
        message(two.output()),
        "the network has no output: one population is read, which no projection leaves or \
         which is said to be it, but there are 2, exit, side"
    );
    let hidden = |network: &Network| network.hidden().collect::<Vec<_>>();
    assert_eq!(hidden(&two), [1]);
    two.roles.output = Some(1);
    assert_eq!((two.output(), hidden(&two)), (Ok(1), vec![]));
    two.projections.pop();
    two.populations.pop();
    two.roles.output = None;
    assert_eq!(two.output(), Ok(2));
    two.populations.push(source("noise", 1));
    assert_eq!(two.output(), Ok(2), "a source is never read");
    assert_eq!(
        message(two.input()),
        "the network has no input: samples enter one source, but there are 2, ears, noise"
    );
    two.roles.input = Some(3);
    assert_eq!(two.input(), Ok(3));
}

#[test]
fn roles_of_other_populations_are_refused() {
    let of = |roles| message(branched().with_roles(roles).check());
    assert_eq!(of(Roles::new(1, 2)), "the input is cells, but must be a source");
    assert_eq!(of(Roles::new(0, 0)), "the output is ears, but must be a population of neurons");
    assert_eq!(of(Roles::new(0, 4)), "the output is population 4, but there are 4");
    branched().with_roles(Roles::new(0, 1)).check().unwrap();
}

#[test]
fn single_synapses_have_the_sign_of_their_presynaptic_neuron() {
    use Polarity::{Excitatory, Inhibitory};
    let with = |signs: &[&[Polarity]]| {
        let mut network = branched();
        for (projection, signs) in network.projections.iter_mut().skip(1).zip(signs) {
            projection.polarity = (!signs.is_empty()).then(|| signs.to_vec());
        }
        network.check()
    };
    assert_eq!(with(&[&[Excitatory, Inhibitory], &[Excitatory, Inhibitory]]), Ok(()));
    assert_eq!(with(&[&[Excitatory, Inhibitory]]), Ok(()));
    assert_eq!(
        message(with(&[&[Excitatory, Excitatory]])),
        "projection cells -> exit: weight of synapse 1 is -0.5, but must be at least 0, since \
         neuron 1 of cells is excitatory"
    );
    assert_eq!(
        message(with(&[&[], &[Inhibitory, Inhibitory]])),
        "projection cells -> side: weight of synapse 0 is 0.5, but must be at most 0, since \
         neuron 0 of cells is inhibitory"
    );
    assert_eq!(
        message(with(&[&[Excitatory]])),
        "projection cells -> exit: polarity has length 1, but must have 2"
    );
    let mut torn = branched();
    torn.projections[1].synapses = Synapses::Sparse(vec![]);
    torn.projections[2].synapses = Synapses::Sparse(vec![]);
    torn.projections[1].polarity = Some(vec![Excitatory, Inhibitory]);
    torn.projections[2].polarity = Some(vec![Excitatory, Excitatory]);
    assert_eq!(
        message(torn.check()),
        "neuron 1 of cells is inhibitory in projection cells->exit and excitatory in \
         projection cells->side"
    );
}
