//! Synapses in double precision, with or without a rule by which they learn.

use crate::error::{Error, Result};
use crate::learning_rule::{DelaySide, Learner, LearningRule};
use crate::network::{Network, Projection};
use crate::spikes::Spike;
use crate::state::State;
use crate::step::arithmetic::StepSynapses;
use crate::step::delay_ring::DelayRing;
use crate::step::snapshot::{EventSnapshot, PlasticSnapshot};
use crate::step::synapse_table::SynapseTable;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// The synapses of a projection in the clock engine.
#[derive(Debug)]
pub(crate) struct ClockSynapses {
    pub table: SynapseTable,
    longest: usize,
    plasticity: Option<Plasticity>,
}

/// A rule at work.
#[derive(Debug)]
struct Plasticity {
    rule: Arc<dyn LearningRule>,
    learner: Box<dyn Learner>,
    dt_ms: f64,
    side: DelaySide,
    /// The weights of the network.
    start: Vec<f64>,
    /// Events by the step in which they reach their synapses. An event names synapses of the table
    /// (axonal) or of its index by postsynaptic neuron (dendritic).
    under_way: BTreeMap<usize, Vec<Event>>,
    /// The synapses that a postsynaptic event reaches.
    reached: Vec<u32>,
}

/// A spike on its way to synapses of one delay.
#[derive(Debug, Clone)]
struct Event {
    spike: Spike,
    synapses: Range<usize>,
}

impl StepSynapses for ClockSynapses {
    type Arrivals = DelayRing;

    fn new(network: &Network, projection: &Projection, name: &str) -> Result<Self> {
        let [source, target] =
            [projection.source, projection.target].map(|p| &network.populations[p]);
        let first = projection.port * target.size;
        let width = target.ports().len() * target.size;
        let synapses = projection.synapses.deployed();
        let mut table = SynapseTable::new(source.size, target.size, (first, width), synapses);
        let longest = table.longest();
        let plasticity = match &projection.rule {
            None => None,
            Some(rule) => {
                table.index_postsynaptic();
                table.keep_signs(projection.polarity.clone());
                Some(Plasticity {
                    learner: rule
                        .build(&table, network.dt_ms)
                        .map_err(|error| Error::Network(format!("projection {name}: {error}")))?,
                    rule: rule.clone(),
                    dt_ms: network.dt_ms,
                    side: rule.delay_side(),
                    start: weights(&table).collect(),
                    under_way: BTreeMap::new(),
                    reached: Vec::new(),
                })
            }
        };
        Ok(Self { table, longest, plasticity })
    }

    fn longest(&self) -> usize {
        self.longest
    }

    fn deliver(&mut self, step: usize, spikes: &[Spike], ring: &mut DelayRing) {
        let Self { table, plasticity, .. } = self;
        for &spike in spikes {
            let synapses = table.of_presynaptic(spike.neuron as usize);
            let Some(plasticity) = plasticity else {
                ring.deliver(table.arrivals(synapses), f64::from(spike.count));
                continue;
            };
            if plasticity.side == DelaySide::Dendritic {
                plasticity.learner.presynaptic(step, spike, synapses.clone(), table);
                ring.deliver(table.arrivals(synapses), f64::from(spike.count));
                continue;
            }
            let mut rest = synapses;
            while let Some((delay, synapses)) = next_delay(&mut rest, |k| table.delay_steps(k)) {
                let event = Event { spike, synapses };
                if delay == 0 {
                    plasticity.arrive_axonal(step, event, table, ring);
                } else {
                    plasticity.send(step + delay, event);
                }
            }
        }
    }

    fn arrive(&mut self, step: usize, state: Option<&State<f64>>, ring: &mut DelayRing) {
        let Self { table, plasticity, .. } = self;
        let (Some(plasticity), Some(state)) = (plasticity, state) else { return };
        for event in plasticity.under_way.remove(&step).unwrap_or_default() {
            match plasticity.side {
                DelaySide::Axonal => plasticity.arrive_axonal(step, event, table, ring),
                DelaySide::Dendritic => plasticity.arrive_dendritic(step, event, state, table),
            }
        }
    }

    fn is_plastic(&self) -> bool {
        self.plasticity.is_some()
    }

    fn learn(&mut self, step: usize, fired: &[Spike], state: &State<f64>) {
        let Self { table, plasticity, .. } = self;
        let Some(plasticity) = plasticity else { return };
        for &spike in fired {
            let mut rest = table.incoming_of(spike.neuron as usize);
            if plasticity.side == DelaySide::Axonal {
                plasticity.arrive_dendritic(step, Event { spike, synapses: rest }, state, table);
                continue;
            }
            while let Some((delay, synapses)) =
                next_delay(&mut rest, |k| table.delay_steps(table.incoming(k)))
            {
                let event = Event { spike, synapses };
                if delay == 0 {
                    plasticity.arrive_dendritic(step, event, state, table);
                } else {
                    plasticity.send(step + delay, event);
                }
            }
        }
    }

    fn not_finite(&self) -> Option<f64> {
        self.plasticity.as_ref()?;
        weights(&self.table).find(|weight| !weight.is_finite())
    }

    fn snapshot(&self, next_step: usize) -> Option<PlasticSnapshot> {
        let plasticity = self.plasticity.as_ref()?;
        let columns = plasticity.learner.columns().into_iter();
        let events = plasticity.under_way.iter().flat_map(|(due, events)| {
            events.iter().map(move |Event { spike, synapses }| EventSnapshot {
                ahead: due - next_step,
                spike: *spike,
                first: synapses.start,
                end: synapses.end,
            })
        });
        Some(PlasticSnapshot {
            weights: weights(&self.table).collect(),
            learner: columns.map(|(name, values)| (name.into(), values.to_vec())).collect(),
            under_way: events.collect(),
        })
    }

    fn restore(&mut self, snapshot: Option<&PlasticSnapshot>, next_step: usize) -> Result<()> {
        let Self { table, plasticity, .. } = self;
        let refused = |problem: &str| Err(Error::Network(format!("the snapshot has {problem}")));
        let (plasticity, snapshot) = match (plasticity, snapshot) {
            (None, None) => return Ok(()),
            (Some(plasticity), Some(snapshot)) => (plasticity, snapshot),
            (None, Some(_)) => return refused("a rule that this network does not have"),
            (Some(_), None) => return refused("no rule, but this network has one"),
        };
        let theirs = snapshot.learner.iter().map(|(name, values)| (name.as_str(), values.len()));
        let ours = plasticity.learner.columns().into_iter();
        let same = theirs.eq(ours.map(|(name, values)| (name, values.len())));
        let known = |event: &EventSnapshot| plasticity.side.has(table, event);
        if snapshot.weights.len() != table.len() || !same || !snapshot.under_way.iter().all(known) {
            return refused("other synapses or another rule");
        }
        let before: Vec<f64> = weights(table).collect();
        set_weights(table, &snapshot.weights);
        // Weights that the rule refuses at the start of a simulation are refused here, too.
        if let Err(error) = plasticity.rule.build(table, plasticity.dt_ms) {
            set_weights(table, &before);
            return refused(&format!("weights that its rule does not allow: {error}"));
        }
        let columns = plasticity.learner.columns_mut().into_iter();
        columns.zip(&snapshot.learner).for_each(|(to, (_, from))| to.copy_from_slice(from));
        plasticity.under_way.clear();
        for &EventSnapshot { ahead, spike, first, end } in &snapshot.under_way {
            plasticity.send(next_step + ahead, Event { spike, synapses: first..end });
        }
        Ok(())
    }

    fn reset(&mut self) {
        let Self { table, plasticity, .. } = self;
        let Some(plasticity) = plasticity else { return };
        set_weights(table, &plasticity.start);
        let Plasticity { rule, learner, dt_ms, under_way, .. } = plasticity;
        *learner = rule.build(table, *dt_ms).expect("the rule was built for these synapses");
        under_way.clear();
    }
}

impl ClockSynapses {
    /// A third factor for the rule, where there is one.
    pub fn modulate(&mut self, signal: f64) {
        if let Some(plasticity) = &mut self.plasticity {
            plasticity.learner.modulate(signal, &mut self.table);
        }
    }
}

impl Plasticity {
    /// Keeps an event until the step in which it is due.
    fn send(&mut self, due: usize, event: Event) {
        self.under_way.entry(due).or_default().push(event);
    }

    /// A presynaptic spike reaches synapses at the end of an axon, and travels on at once.
    fn arrive_axonal(
        &mut self,
        step: usize,
        Event { spike, synapses }: Event,
        table: &mut SynapseTable,
        ring: &mut DelayRing,
    ) {
        self.learner.presynaptic(step, spike, synapses.clone(), table);
        ring.deliver_now(table.arrivals(synapses), f64::from(spike.count));
    }

    /// A postsynaptic spike reaches synapses.
    fn arrive_dendritic(
        &mut self,
        step: usize,
        Event { spike, synapses }: Event,
        state: &State<f64>,
        table: &mut SynapseTable,
    ) {
        let Self { learner, reached, .. } = self;
        reached.clear();
        reached.extend(synapses.map(|k| table.incoming(k) as u32));
        learner.postsynaptic(step, spike, reached, state, table);
    }
}

impl DelaySide {
    /// Whether an event of a snapshot can be under way: to synapses of one neuron, whose delays it
    /// has not travelled to the end.
    fn has(self, table: &SynapseTable, event: &EventSnapshot) -> bool {
        let &EventSnapshot { ahead, spike, first, end } = event;
        let neuron = spike.neuron as usize;
        let reached = match self {
            Self::Axonal if neuron < table.sources() => table.of_presynaptic(neuron),
            Self::Dendritic if neuron < table.targets() => table.incoming_of(neuron),
            Self::Axonal | Self::Dendritic => return false,
        };
        let synapse = |place: usize| match self {
            Self::Axonal => place,
            Self::Dendritic => table.incoming(place),
        };
        let lies_within = reached.start <= first && first < end && end <= reached.end;
        lies_within
            && spike.count.is_finite()
            && (first..end).all(|place| ahead < table.delay_steps(synapse(place)))
    }
}

/// Takes the synapses of the shortest delay off the front of `rest`, which is ordered by delay.
fn next_delay(
    rest: &mut Range<usize>,
    delay_of: impl Fn(usize) -> usize,
) -> Option<(usize, Range<usize>)> {
    let first = rest.start;
    let delay = rest.next().map(&delay_of)?;
    while rest.start < rest.end && delay_of(rest.start) == delay {
        rest.start += 1;
    }
    Some((delay, first..rest.start))
}

fn weights(table: &SynapseTable) -> impl Iterator<Item = f64> {
    (0..table.len()).map(|synapse| table.weight(synapse))
}

fn set_weights(table: &mut SynapseTable, weights: &[f64]) {
    weights.iter().enumerate().for_each(|(synapse, &weight)| table.set_weight(synapse, weight));
}
