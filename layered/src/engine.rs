//! The layered engine: feed-forward networks, a whole sample per population at once, with the
//! adjoint.
//!
//! A batch is walked population by population in topological order. Batch norm needs sums over the
//! whole batch, so each population takes two passes over the samples, and the way back one, at
//! whose end the adjoint of what comes before is run. What each part reads and writes:
//!
//! ```text
//! currents(p)   reads   spikes of the sources of p
//!               writes  current(p), norm sums
//!               -- barrier: mean and variance of p --
//! neurons(p)    reads   current(p)
//!               writes  spikes(p); at the output also loss and gradient(p)
//! adjoint(p)    reads   gradient(p) = dL/dS, current(p)
//!               writes  gradient(p) = dL/dZ, norm gradient sums
//!               -- barrier: sums of p --
//! synapses(p)   reads   gradient(p), current(p)
//!               writes  gradient(p) = dL/dI, gradient of hidden sources; then runs
//!                       adjoint(source) of those that no other projection adds to
//!               -- barrier --
//!               reads   gradient(p), spikes of sources
//!               writes  gradients of the projections into p, by blocks of neurons
//! ```
//!
//! Samples are dealt to the shards of the batch. Whatever is summed over samples is summed in their
//! order (see [`sim_core::ShardSums`]), so the bits of a result do not depend on the number of
//! threads.

use crate::backward::{Adjoint, SourceGradients};
use crate::batch_product::BatchProduct;
use crate::dropout;
use crate::feedback_path::FeedbackPath;
use crate::graph::Graph;
use crate::norm_pass::NormPass;
use crate::plan::{NumberOrder, PlanSettings, Write};
use crate::population::PopulationPass;
use crate::projection::ProjectionPlan;
use crate::readout::read_out;
use crate::regularization::Regularization;
use crate::spike_counts::add_counts;
use crate::spike_orders::SpikeOrders;
use crate::worker_sums::WorkerSums;
use crate::workspace::{PopulationState, SampleState, ShardScratch, Workspace};
use rayon::prelude::*;
use sim_core::{
    Batch, BatchReport, BuiltNeurons, DelayKernel, DelayTaps, DenseSynapses, Error, Feedback,
    FiredMasks, GradientEngine, Gradients, Horizon, KernelEvaluation, Kind, Network,
    NormStatistics, ParameterId, Pass, Population, PopulationReport, Result, Seed, ShardSums,
    SpikeCounts, SpikeFrames, SpikeTrains, Stage, StageTiming, Synapses,
};
use simd::{Instructions, NEURONS_PER_BLOCK, NeuronBlock, padded};
use std::sync::OnceLock;
use std::time::Instant;

/// Engine for feed-forward networks of dense projections. It holds no parameters, only working
/// memory, which is reused from batch to batch.
#[derive(Debug)]
pub struct LayeredEngine {
    isa: Instructions,
    graph: Graph,
    /// By population; none for the source.
    neurons: Vec<Option<BuiltNeurons>>,
    /// Constants of each neuron by population, `[block][constant]`; empty where they share the
    /// model's.
    constants: Vec<Vec<NeuronBlock>>,
    /// For the gradients of constants.
    constant_sums: ShardSums<f64>,
    /// Steps by population, of the batch at hand: those of its longest sample.
    steps: Vec<usize>,
    /// How currents and gradients lie in the batch at hand, by population.
    orders: Vec<NumberOrder>,
    /// What is added to a sample's steps on the way to each population.
    windows: Vec<usize>,
    /// The steps of each sample of the batch.
    own_steps: Vec<usize>,
    plans: Vec<ProjectionPlan>,
    /// By projection, whether its last gradient is that of mapped input.
    mapped: Vec<bool>,
    /// Where errors go back by other weights than spikes go forward.
    feedback: Option<FeedbackPath>,
    norms: Vec<NormPass>,
    regularizations: Vec<Regularization>,
    workspace: Workspace,
    /// For the weight gradients of one projection after another.
    sums: WorkerSums,
    report: BatchReport,
    /// Of what runs outside of the workers of the workspace.
    timing: StageTiming,
}

impl LayeredEngine {
    /// Checks that `network` is feed-forward with one source, one output population and dense
    /// projections, and builds its neurons.
    ///
    /// # Errors
    /// A sentence naming what does not fit.
    pub fn new(network: &Network) -> Result<Self> {
        network.check()?;
        let build = |population: &Population| {
            let built = population.build(network.dt_ms)?;
            if built.as_ref().is_some_and(|built| built.neuron.is_graded()) {
                let name = &population.name;
                let problem = format!("population {name}: graded spikes need the clock engine");
                return Err(Error::Network(problem));
            }
            Ok(built)
        };
        let neurons = network.populations.iter().map(build).collect::<Result<Vec<_>>>()?;
        let fires = |built: &Option<BuiltNeurons>| built.as_ref().map(|built| built.neuron.fires());
        let fires: Vec<_> = neurons.iter().map(fires).collect();
        let populations = network.populations.len();
        Ok(Self {
            isa: Instructions::detect(),
            graph: Graph::new(network, &fires)?,
            neurons,
            constants: vec![Vec::new(); populations],
            constant_sums: ShardSums::default(),
            steps: vec![0; populations],
            orders: vec![NumberOrder::Rows; populations],
            windows: Vec::new(),
            own_steps: Vec::new(),
            plans: network.projections.iter().map(|_| ProjectionPlan::default()).collect(),
            mapped: vec![false; network.projections.len()],
            feedback: None,
            norms: (0..populations).map(|_| NormPass::default()).collect(),
            regularizations: (0..populations).map(|_| Regularization::default()).collect(),
            workspace: Workspace::default(),
            sums: WorkerSums::default(),
            report: BatchReport {
                populations: vec![PopulationReport::default(); populations],
                ..BatchReport::default()
            },
            timing: StageTiming::default(),
        })
    }

    /// The engine with hot loops for another instruction set, to compare them.
    ///
    /// # Errors
    /// [`Error::Network`] when the processor does not have it.
    pub fn with_instructions(mut self, isa: Instructions) -> Result<Self> {
        if !Instructions::available().contains(&isa) {
            return Err(Error::Network(format!("this processor has no {}", isa.name())));
        }
        self.isa = isa;
        Ok(self)
    }

    /// The engine with these weights for the way back; `seed` draws them, where they are drawn.
    pub fn with_feedback(mut self, feedback: Feedback, seed: Seed) -> Self {
        let path = || FeedbackPath::new(feedback, seed, self.plans.len());
        self.feedback = (feedback != Feedback::Symmetric).then(path);
        self
    }

    fn forward(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        train: bool,
    ) -> Result<()> {
        self.check(network, batch, pass)?;
        self.measure(network, batch.frames, pass)?;
        self.prepare(network, batch, pass, train);
        self.report.penalty = 0.0;
        for rank in 0..self.graph.order.len() {
            let p = self.graph.order[rank];
            self.sum_currents(p, network, batch.frames, pass);
            self.normalise(network, p, pass);
            self.fire(p, pass, batch, train);
            self.regularize(network, p, batch, train)?;
        }
        self.summarise(pass);
        if let Some(slot) = self.report.losses.iter().position(|loss| !loss.loss.is_finite()) {
            return Err(Error::NotFinite(format!(
                "the loss of sample {slot} of the batch is not a finite number; try a lower \
                 learning rate"
            )));
        }
        Ok(())
    }

    fn check(&self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.graph.check(network)?;
        pass.check()?;
        batch.check(self.graph.sizes[self.graph.input], pass.horizon)?;
        if batch.output != self.graph.output {
            let name = |p: usize| network.populations.get(p).map_or("none", |p| p.name.as_str());
            return Err(Error::Network(format!(
                "the batch reads population {} ({}), but the output of the network is {}",
                batch.output,
                name(batch.output),
                name(self.graph.output)
            )));
        }
        Ok(())
    }

    /// For how many steps populations and samples of a batch run.
    fn measure(&mut self, network: &Network, batch: &[SpikeFrames], pass: &Pass) -> Result<()> {
        let Self { steps, windows, own_steps, .. } = self;
        pass.horizon.windows(network, windows)?;
        let longest = batch.iter().map(SpikeFrames::steps).max().unwrap_or(0);
        let of_longest = |&window: &usize| pass.horizon.with_window(longest, window);
        steps.iter_mut().zip(&*windows).for_each(|(to, window)| *to = of_longest(window));
        own_steps.clear();
        own_steps.extend(batch.iter().map(SpikeFrames::steps));
        Ok(())
    }

    /// Taps and memory for a batch, and the input in the orders that plans read.
    fn prepare(&mut self, network: &Network, batch: &Batch, pass: &Pass, train: bool) {
        let frames = batch.frames;
        let Self { isa, graph, neurons, constants, steps, plans, feedback, timing, .. } = self;
        let batch_repeats = frames.iter().all(SpikeFrames::repeats);
        let alike = batch.alike || pass.horizon == Horizon::Batch;
        timing.time(Stage::Prepare, || {
            for (p, population) in network.populations.iter().enumerate() {
                if let Some(built) = &neurons[p] {
                    built.block_constants(population, &mut constants[p]);
                }
            }
            for (projection, plan) in plans.iter_mut().enumerate() {
                let synapses = dense(network, projection);
                let (source, target) = graph.ends[projection];
                let (kernel, evaluation, sigma_raw) = match pass.delay_taps {
                    DelayTaps::Trained { sigma_raw, evaluation } => {
                        (synapses.kernel, evaluation, sigma_raw)
                    }
                    DelayTaps::Deployed => (DelayKernel::OneTap, KernelEvaluation::default(), 0.0),
                };
                let (steps_in, steps_out) = (steps[source], steps[target]);
                let input = (source == graph.input).then_some(frames);
                let settings = PlanSettings {
                    kernel,
                    evaluation,
                    sigma_raw,
                    steps_in,
                    steps_out,
                    input,
                    alike,
                    batch_repeats,
                };
                plan.prepare(*isa, synapses, &settings);
                if let (Some(feedback), true) = (&mut *feedback, train && source != graph.input) {
                    feedback.prepare(*isa, projection, synapses, &settings);
                }
            }
        });
        self.choose_orders(network);
        let Self { graph, plans, steps, orders, workspace, .. } = self;
        workspace.resize(frames.len(), graph, (steps, orders), train);
        let (input, steps) = (graph.input, steps[graph.input]);
        let order = SpikeOrders::of(graph, plans, input);
        workspace.samples_mut().par_iter_mut().zip(frames).for_each(|(sample, frames)| {
            let PopulationState { spikes, events, bursts, .. } = &mut sample.populations[input];
            *spikes = frames.len() as u64;
            order.sort(frames, steps, events, bursts);
        });
    }

    /// Lays the numbers of a hidden population in blocks, where every projection that begins or
    /// ends there takes them so and nothing else reads them.
    fn choose_orders(&mut self, network: &Network) {
        let Self { graph, neurons, plans, orders, .. } = self;
        for (p, order) in orders.iter_mut().enumerate() {
            let takes_blocks = |projection: usize| {
                plans[projection].product().is_some_and(BatchProduct::takes_blocks)
            };
            let is_hidden = p != graph.input && p != graph.output;
            let is_plain = network.populations[p].norm.is_none()
                && neurons[p].as_ref().is_some_and(|built| built.neuron.ports() == 1);
            let mut projections = graph.ending_at(p).chain(graph.beginning_at(p));
            *order = match is_hidden && is_plain && projections.all(takes_blocks) {
                true => NumberOrder::Blocks,
                false => NumberOrder::Rows,
            };
        }
        for (projection, plan) in plans.iter_mut().enumerate() {
            let (source, target) = graph.ends[projection];
            if let Some(product) = plan.product_mut() {
                product.use_orders([orders[source], orders[target]]);
            }
        }
    }

    /// `I = sum over projections`, and its sums where a norm needs them.
    fn sum_currents(&mut self, p: usize, network: &Network, batch: &[SpikeFrames], pass: &Pass) {
        let Self { isa, graph, steps, orders, plans, workspace, timing, .. } = self;
        for projection in graph.ending_at(p) {
            let source = graph.ends[projection].0;
            let Some(product) = plans[projection].product_mut() else { continue };
            let samples = workspace.samples();
            let spikes = |b: usize| {
                let given = (source == graph.input).then(|| &batch[b]);
                samples[b].populations[source].spikes(given)
            };
            let weights = &dense(network, projection).weight;
            on_all_threads(timing, Stage::Forward, || {
                product.forward(weights, samples.len(), &spikes);
            });
        }
        if orders[p] == NumberOrder::Blocks {
            // They are written where they are read, in `fire`.
            return;
        }
        let (isa, steps, projections) = (*isa, steps[p], graph.ending_at(p));
        let last = projections.clone().count() - 1;
        let normed = pass.norm == NormStatistics::Batch && network.populations[p].norm.is_some();
        let (inputs, stride) = (graph.inputs[p], padded(steps));
        let one_port = inputs == graph.sizes[p];
        workspace.each_shard(|first, samples, scratch| {
            if normed {
                samples.iter_mut().for_each(|sample| sample.populations[p].sums.clear());
            }
            if !one_port {
                // Of ports at which nothing arrives.
                samples.iter_mut().for_each(|sample| sample.populations[p].current.fill(0.0));
            }
            for (n, projection) in projections.clone().enumerate() {
                let (plan, source) = (&plans[projection], graph.ends[projection].0);
                let set = graph.is_first_at_port(projection);
                let write = if set { Write::Set } else { Write::Add };
                let port = graph.first_inputs[projection] * stride;
                let port = port..port + graph.sizes[p] * stride;
                if let Some(product) = plan.product() {
                    for (b, sample) in (first..).zip(samples.iter_mut()) {
                        let PopulationState { current, sums, .. } = &mut sample.populations[p];
                        scratch.timing.time(Stage::Forward, || {
                            product.currents_of(b, write, &mut current[port.clone()]);
                        });
                        if normed && one_port && n == last {
                            scratch.timing.time(Stage::Neurons, || {
                                sums.push_current(isa, current, 0..inputs, steps);
                            });
                        }
                    }
                    continue;
                }
                for panel in 0..plan.panels() {
                    for (b, sample) in (first..).zip(samples.iter_mut()) {
                        let [source, target] = sample.pair(source, p);
                        let given = (graph.input == graph.ends[projection].0).then(|| &batch[b]);
                        let spikes = source.spikes(given);
                        let current = &mut target.current[port.clone()];
                        scratch.timing.time(Stage::Forward, || {
                            plan.forward(isa, panel, spikes, &mut scratch.plan, current, write);
                        });
                        // While the block's rows are still in a near cache.
                        if normed && one_port && n == last {
                            let neurons = plan.neurons(panel);
                            scratch.timing.time(Stage::Neurons, || {
                                target.sums.push_current(isa, current, neurons, steps)
                            });
                        }
                    }
                }
            }
            if normed && !one_port {
                samples.iter_mut().for_each(|sample| {
                    let PopulationState { current, sums, .. } = &mut sample.populations[p];
                    sums.push_current(isa, current, 0..inputs, steps);
                });
            }
        });
    }

    /// The norm of population `p` in this batch.
    fn normalise(&mut self, network: &Network, p: usize, pass: &Pass) {
        let Self { graph, steps, norms, workspace, report, .. } = self;
        let statistics = &mut report.populations[p].statistics;
        match (&network.populations[p].norm, pass.norm) {
            (None, _) => norms[p].pass_through(graph.inputs[p]),
            (Some(norm), NormStatistics::Running) => {
                statistics.clear();
                norms[p].deploy(norm);
            }
            (Some(norm), NormStatistics::Batch) => {
                let samples = workspace.samples();
                let sums = |b: usize| &samples[b].populations[p].sums;
                norms[p].normalise(norm, (samples.len(), steps[p]), sums, statistics);
            }
        }
    }

    /// Spikes of population `p`, behind dropout where others follow; at the output the loss and its
    /// gradient.
    fn fire(&mut self, p: usize, pass: &Pass, batch: &Batch, train: bool) {
        let Self {
            isa,
            graph,
            neurons,
            constants,
            steps,
            orders,
            windows,
            own_steps,
            plans,
            norms,
            workspace,
            ..
        } = self;
        let population = PopulationPass {
            isa: *isa,
            neurons: &*neurons[p].as_ref().expect("sources are not in the order").neuron,
            constants: &constants[p],
            affine: &norms[p].affine,
            size: graph.sizes[p],
            steps: steps[p],
            order: orders[p],
        };
        let (size, steps, is_output) = (population.size, population.steps, p == graph.output);
        let fires = population.neurons.fires();
        let dropout = if is_output { None } else { pass.dropout };
        let (order, height) = (SpikeOrders::of(graph, plans, p), dropout::height(dropout));
        let scale = train.then(|| 1.0 / workspace.samples().len() as f32);
        workspace.each_sample(|b, sample, scratch| {
            let own = pass.horizon.with_window(own_steps[b], windows[p]);
            let end = if pass.horizon == Horizon::Batch { steps } else { own };
            let state = &mut sample.populations[p];
            if population.order == NumberOrder::Blocks {
                scratch.timing.time(Stage::Forward, || {
                    for (n, projection) in graph.ending_at(p).enumerate() {
                        let product = plans[projection].product().expect("it takes blocks");
                        let write = if n == 0 { Write::Set } else { Write::Add };
                        product.currents_of(b, write, &mut state.current);
                    }
                });
            }
            scratch.timing.time(Stage::Neurons, || {
                let PopulationState { current, fired, kept, demand, frames, .. } = state;
                let blocks = (&mut scratch.blocks, &mut scratch.neurons);
                state.spikes = population.fire(current, end, blocks, fired, demand);
                dropout::keep(kept, size, dropout, b, p);
                demand.keep(kept);
                state.counts.clear();
                if fires {
                    state.counts.resize(size, 0);
                    add_counts(fired, steps, own, &mut state.counts);
                    state.height = height;
                    let shape = (size, steps);
                    if order.frames {
                        scratch.trains.fill(frames, shape, (fired, kept), height);
                        order.sort(frames, steps, &mut state.events, &mut state.bursts);
                    } else if let Some(mut frames) = state.asked_for.take() {
                        // Who asked once will ask again.
                        scratch.trains.fill(&mut frames, shape, (fired, kept), height);
                        state.asked_for = OnceLock::from(frames);
                    }
                }
            });
            if is_output {
                sample.loss =
                    read_out(&population, (b, end), state, scratch, batch.objective, scale);
            }
        });
    }

    /// Penalties on the spikes of population `p`, if it is hidden.
    fn regularize(
        &mut self,
        network: &Network,
        p: usize,
        batch: &Batch,
        train: bool,
    ) -> Result<()> {
        let Self { graph, steps, regularizations, workspace, report, .. } = self;
        let regularization = &mut regularizations[p];
        regularization.clear();
        if batch.regularizers.is_empty() || p == graph.output {
            return Ok(());
        }
        let shape = SpikeCounts {
            population: &network.populations[p].name,
            neurons: graph.sizes[p],
            steps: steps[p],
            dt_ms: network.dt_ms,
            counts: &[],
        };
        let fired = workspace.samples().par_iter().map(|sample| &sample.populations[p].fired[..]);
        report.penalty += regularization.apply(batch.regularizers, shape, fired, train)?;
        Ok(())
    }

    /// What the batch came to.
    fn summarise(&mut self, pass: &Pass) {
        let Self { graph, neurons, steps, windows, own_steps, workspace, report, .. } = self;
        report.losses.clear();
        report.losses.extend(workspace.samples().iter().map(|sample| sample.loss));
        for (p, population) in report.populations.iter_mut().enumerate() {
            let states = workspace.population(p);
            let own = own_steps.iter().map(|&own| pass.horizon.with_window(own, windows[p]));
            let run = match pass.horizon {
                Horizon::Batch => states.len() * steps[p],
                Horizon::Sample | Horizon::Steps(_) => own.clone().sum(),
            };
            let neuron_steps = run * graph.sizes[p];
            population.steps = steps[p];
            population.spikes = states.map(|state| state.spikes).sum();
            population.firing_rate = population.spikes as f64 / neuron_steps.max(1) as f64;
            population.counts.clear();
            population.most_spikes = 0;
            let Some(built) = neurons[p].as_ref().filter(|built| built.neuron.fires()) else {
                continue;
            };
            population.counts.resize(graph.sizes[p], 0);
            for (state, own) in workspace.population(p).zip(own) {
                population.most_spikes += built.neuron.most_spikes(own) as u64;
                let counts = population.counts.iter_mut().zip(&state.counts);
                counts.for_each(|(sum, &count)| *sum += u64::from(count));
            }
        }
    }

    /// dL/dS of the output to dL/dZ.
    fn output_adjoint(&mut self, network: &Network) {
        let Self {
            isa,
            graph,
            neurons,
            constants,
            steps,
            orders,
            norms,
            regularizations,
            workspace,
            ..
        } = self;
        let adjoint = Adjoint {
            network,
            neurons,
            constants,
            norms,
            regularizations,
            steps,
            orders,
            isa: *isa,
            height: 1.0,
        };
        workspace.each_sample(|b, sample, scratch| adjoint.run(graph.output, b, sample, scratch));
    }

    /// dL/d gain and dL/d bias of population `p`, and the norm's way back.
    fn norm_gradient(&mut self, network: &Network, p: usize, gradients: &mut Gradients) {
        let Self { graph, norms, workspace, .. } = self;
        if network.populations[p].norm.is_some() {
            let of = |kind| ParameterId::of_population(p, kind);
            let gain_and_bias = gradients.of_mut([Kind::Gain, Kind::Bias].map(of));
            let samples = workspace.samples();
            let sums = |b: usize| &samples[b].populations[p].sums;
            let [gain, bias] = gain_and_bias;
            norms[p].back(samples.len(), sums, [&mut *gain, &mut *bias]);
            // Nothing arrives at a port that no projection reaches, and nothing is learned there.
            let size = graph.sizes[p];
            for first in (0..graph.inputs[p]).step_by(size) {
                if graph.ending_at(p).all(|projection| graph.first_inputs[projection] != first) {
                    gain[first..first + size].fill(0.0);
                    bias[first..first + size].fill(0.0);
                }
            }
        }
    }

    /// The gradients of what the neurons of population `p` learn: that of their constants, summed
    /// over samples, times the slopes of the constants.
    fn neuron_gradient(&mut self, network: &Network, p: usize, gradients: &mut Gradients) {
        let Self { neurons, constants, constant_sums, workspace, .. } = self;
        let population = &network.populations[p];
        if population.learned.is_empty() {
            return;
        }
        let built = neurons[p].as_ref().expect("sources learn nothing");
        let entries = constants[p].len() * NEURONS_PER_BLOCK;
        let samples = workspace.samples();
        let add = |sum: &mut f64, other: f64| *sum += other;
        let sums = constant_sums.sum(samples.len(), entries, add, &mut |shard, totals| {
            for sample in shard {
                let own = samples[sample].populations[p].constant_gradient.as_flattened();
                totals.iter_mut().zip(own).for_each(|(sum, own)| *sum += f64::from(*own));
            }
        });
        let per_block = constants[p].len() / population.size.div_ceil(NEURONS_PER_BLOCK);
        for (slot, learned) in population.learned.iter().enumerate() {
            let id = ParameterId::of_neurons(p, learned.kind, slot);
            let [gradient] = gradients.of_mut([id]);
            for (n, gradient) in gradient.iter_mut().enumerate() {
                let first = n / NEURONS_PER_BLOCK * per_block;
                let slopes = built.constant_slopes(population, slot, n).into_iter().enumerate();
                let parts = slopes.map(|(k, slope)| {
                    sums[(first + k) * NEURONS_PER_BLOCK + n % NEURONS_PER_BLOCK] * slope
                });
                *gradient = parts.sum::<f64>() as f32;
            }
        }
    }

    /// dL/dI of population `p` from dL/dZ, then the gradient of its sources: dL/dZ as soon as no
    /// other projection adds to it.
    fn source_gradients(&mut self, network: &Network, p: usize, pass: &Pass) {
        let Self {
            isa,
            graph,
            neurons,
            constants,
            steps,
            orders,
            plans,
            feedback,
            norms,
            regularizations,
            workspace,
            timing,
            ..
        } = self;
        let (isa, height) = (*isa, dropout::height(pass.dropout));
        let adjoint = Adjoint {
            network,
            neurons,
            constants,
            norms,
            regularizations,
            steps,
            orders,
            isa,
            height,
        };
        let is_product = |projection: usize| plans[projection].product().is_some();
        let has_product = graph.ending_at(p).any(is_product);
        let feedback = feedback.as_ref();
        let back = SourceGradients { p, graph, plans, feedback, adjoint };
        if !has_product && !graph.ending_at(p).any(|projection| back.joins(projection)) {
            return workspace.each_sample(|b, sample, scratch| {
                back.of_current(sample, scratch);
                for projection in graph.ending_at(p) {
                    back.through(projection, (b, 0), sample, scratch);
                }
            });
        }
        let through = |back: &SourceGradients,
                       first: usize,
                       samples: &mut [SampleState],
                       scratch: &mut ShardScratch| {
            for projection in graph.ending_at(p) {
                if back.joins(projection) {
                    back.join(projection, samples, scratch);
                }
                for (rank, sample) in samples.iter_mut().enumerate() {
                    back.through(projection, (first + rank, rank), sample, scratch);
                }
            }
        };
        if !has_product {
            return workspace.each_shard(|first, samples, scratch| {
                samples.iter_mut().for_each(|sample| back.of_current(sample, scratch));
                through(&back, first, samples, scratch);
            });
        }
        if orders[p] == NumberOrder::Rows {
            workspace.each_sample(|_, sample, scratch| back.of_current(sample, scratch));
        }
        // Products over the batch need the gradients of all samples.
        let stride = padded(steps[p]);
        for projection in graph.ending_at(p) {
            let Some(product) = plans[projection].product_mut() else { continue };
            let (samples, source) = (workspace.samples(), graph.ends[projection].0);
            let first = graph.first_inputs[projection];
            let port = match orders[p] {
                NumberOrder::Rows => first * stride..(first + graph.sizes[p]) * stride,
                NumberOrder::Blocks => 0..orders[p].numbers(graph.sizes[p], steps[p]),
            };
            let gradient = |b: usize| &samples[b].populations[p].gradient[port.clone()];
            let other = feedback.and_then(|feedback| feedback.weights(projection));
            let weights = other.unwrap_or(&dense(network, projection).weight);
            on_all_threads(timing, Stage::InputGradient, || {
                product.back(weights, &gradient, source != graph.input);
            });
        }
        let back = SourceGradients { p, graph, plans, feedback, adjoint };
        workspace.each_shard(|first, samples, scratch| through(&back, first, samples, scratch));
    }

    /// dL/dw and dL/dd of the projections into population `p`.
    fn weight_gradients(
        &mut self,
        network: &Network,
        p: usize,
        batch: &Batch,
        gradients: &mut Gradients,
    ) {
        let Self { isa, graph, steps, plans, mapped, workspace, sums, timing, .. } = self;
        let (learned_input, batch) = (batch.learned_input, batch.frames);
        let samples = workspace.samples();
        for projection in graph.ending_at(p) {
            let (synapses, source) = (dense(network, projection), graph.ends[projection].0);
            let of = |kind| ParameterId::of_projection(projection, kind);
            let weight_and_delay = gradients.of_mut([Kind::Weight, Kind::Delay].map(of));
            let (stride, first) = (padded(steps[p]), graph.first_inputs[projection]);
            let port = first * stride..(first + graph.sizes[p]) * stride;
            let spikes = |b: usize| {
                let given = (source == graph.input).then(|| &batch[b]);
                samples[b].populations[source].spikes(given)
            };
            let sample = |b: usize| (spikes(b), &samples[b].populations[p].gradient[port.clone()]);
            let plan = &mut plans[projection];
            mapped[projection] = false;
            if let Some(product) = plan.product_mut() {
                let [weight, delay] = weight_and_delay;
                let map = |vectors: &mut [f32]| {
                    learned_input.is_some_and(|input| input.map(projection, vectors))
                };
                on_all_threads(timing, Stage::WeightGradient, || {
                    mapped[projection] = product.weight_gradient(&spikes, &map, weight);
                });
                // The window has one delay, which cannot move.
                delay.par_chunks_mut(1 << 16).for_each(|delay| delay.fill(0.0));
                continue;
            }
            let batch = samples.len();
            let spent = plan.weight_gradient(*isa, synapses, batch, sample, sums, weight_and_delay);
            timing.book(Stage::WeightGradient, spent);
        }
    }
}

impl GradientEngine for LayeredEngine {
    fn evaluate(&mut self, network: &Network, batch: &Batch, pass: &Pass) -> Result<()> {
        self.forward(network, batch, pass, false)
    }

    fn train(
        &mut self,
        network: &Network,
        batch: &Batch,
        pass: &Pass,
        into: &mut Gradients,
    ) -> Result<()> {
        pass.check_gradient()?;
        into.check(network)?;
        self.forward(network, batch, pass, true)?;
        self.output_adjoint(network);
        for rank in (0..self.graph.order.len()).rev() {
            let p = self.graph.order[rank];
            self.norm_gradient(network, p, into);
            self.neuron_gradient(network, p, into);
            self.source_gradients(network, p, pass);
            self.weight_gradients(network, p, batch, into);
        }
        Ok(())
    }

    fn has_mapped(&self, projection: usize) -> bool {
        self.mapped[projection]
    }

    fn report(&self) -> &BatchReport {
        &self.report
    }

    fn activity(&self, population: usize, sample: usize) -> &SpikeFrames {
        let fires = self.neurons[population].as_ref().is_some_and(|built| built.neuron.fires());
        assert!(fires, "population {population} does not fire");
        let state = &self.workspace.samples()[sample].populations[population];
        let masks = state.masks();
        // Frames that no projection has read are those of an earlier batch.
        if SpikeOrders::of(&self.graph, &self.plans, population).frames {
            return &state.frames;
        }
        state.asked_for.get_or_init(|| {
            let mut frames = SpikeFrames::default();
            let FiredMasks { neurons, steps, fired, kept, height } = masks;
            SpikeTrains::default().fill(&mut frames, (neurons, steps), (fired, kept), height);
            frames
        })
    }

    fn fired(&self, population: usize, sample: usize) -> Option<FiredMasks<'_>> {
        let fires = self.neurons[population].as_ref().is_some_and(|built| built.neuron.fires());
        assert!(fires, "population {population} does not fire");
        Some(self.workspace.samples()[sample].populations[population].masks())
    }

    fn demand(&self, population: usize) -> f64 {
        let size = self.graph.sizes[population];
        let states = self.workspace.population(population);
        let (batch, steps) = (states.len(), padded(self.steps[population]));
        let wanted: usize = states.map(|state| state.demand.steps(size)).sum();
        wanted as f64 / (batch * steps * size).max(1) as f64
    }

    fn timing(&self) -> StageTiming {
        let mut timing = self.timing;
        timing.add(&self.workspace.timing());
        timing
    }
}

/// Books what a stage takes that runs on all threads.
fn on_all_threads(timing: &mut StageTiming, stage: Stage, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    timing.book(stage, start.elapsed() * rayon::current_num_threads() as u32);
}

fn dense(network: &Network, projection: usize) -> &DenseSynapses {
    match &network.projections[projection].synapses {
        Synapses::Dense(dense) => dense,
        Synapses::Sparse(_) => unreachable!("the engine was built for dense projections"),
    }
}
