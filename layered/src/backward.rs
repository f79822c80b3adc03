//! The way back through one population, sample by sample: from dL/dZ to the gradient of its
//! sources.

use crate::feedback_path::FeedbackPath;
use crate::graph::Graph;
use crate::norm_pass::NormPass;
use crate::plan::{NumberOrder, Shard, Write};
use crate::population::{BlockScratch, Leaving, PopulationPass, norm_adjoint};
use crate::projection::ProjectionPlan;
use crate::regularization::Regularization;
use crate::workspace::{PopulationState, SampleState, ShardScratch};
use sim_core::{BuiltNeurons, Network, Population, Stage};
use simd::{Instructions, NeuronBlock, padded};

/// From dL/dZ of population `p` to the gradient of its sources.
pub(crate) struct SourceGradients<'a> {
    pub p: usize,
    pub graph: &'a Graph,
    pub plans: &'a [ProjectionPlan],
    /// Where errors go back by other weights.
    pub feedback: Option<&'a FeedbackPath>,
    pub adjoint: Adjoint<'a>,
}

impl SourceGradients<'_> {
    /// dL/dI of one sample.
    pub(crate) fn of_current(&self, sample: &mut SampleState, scratch: &mut ShardScratch) {
        let PopulationState { current, gradient, .. } = &mut sample.populations[self.p];
        scratch.timing.time(Stage::Neurons, || {
            let (norms, steps) = (self.adjoint.norms, self.adjoint.steps[self.p]);
            if self.adjoint.network.populations[self.p].norm.is_some() {
                norm_adjoint(&norms[self.p].adjoint, current, steps, gradient);
            } else {
                let rows = gradient.chunks_exact_mut(padded(steps));
                rows.for_each(|row| row[steps..].fill(0.0));
            }
        });
    }

    /// dL/dI of the port that a projection ends at.
    fn arriving<'a>(&self, projection: usize, state: &'a PopulationState) -> &'a [f32] {
        let stride = padded(self.adjoint.steps[self.p]);
        let first = self.graph.first_inputs[projection];
        &state.gradient[first * stride..(first + self.graph.sizes[self.p]) * stride]
    }

    /// The plan by which errors go back through a projection.
    fn plan_back(&self, projection: usize) -> &ProjectionPlan {
        let other = self.feedback.and_then(|feedback| feedback.plan(projection));
        other.unwrap_or(&self.plans[projection])
    }

    /// Whether the gradient of the sources of a projection is worked out for the samples of a shard
    /// at once.
    pub(crate) fn joins(&self, projection: usize) -> bool {
        let is_hidden = self.graph.ends[projection].0 != self.graph.input;
        is_hidden && self.plan_back(projection).joins_samples()
    }

    /// The part of a projection, for all samples of a shard at once.
    pub(crate) fn join(
        &self,
        projection: usize,
        samples: &[SampleState],
        scratch: &mut ShardScratch,
    ) {
        let source = self.graph.ends[projection].0;
        let of = |place: usize| {
            let populations = &samples[place].populations;
            (populations[source].spikes(None), self.arriving(projection, &populations[self.p]))
        };
        scratch.timing.time(Stage::InputGradient, || {
            let shard = Shard { samples: 0..samples.len(), of: &of };
            self.plan_back(projection).join_gradients(self.adjoint.isa, shard, &mut scratch.plan);
        });
    }

    /// The part of a projection in sample `b`, which has a `rank` among those that were joined.
    /// Then dL/dZ of its source, as soon as no other projection adds to that.
    pub(crate) fn through(
        &self,
        projection: usize,
        (b, rank): (usize, usize),
        sample: &mut SampleState,
        scratch: &mut ShardScratch,
    ) {
        let (plan, back) = (self.plan_back(projection), self.graph.back[projection]);
        let source = self.graph.ends[projection].0;
        if source == self.graph.input {
            return;
        }
        let [from, to] = sample.pair(self.p, source);
        scratch.timing.time(Stage::InputGradient, || {
            to.demand.list(self.graph.sizes[source], &mut scratch.wanted);
            let (isa, wanted, scratch) = (self.adjoint.isa, &scratch.wanted, &mut scratch.plan);
            match self.plans[projection].product() {
                Some(product) => product.source_gradient(b, wanted, back.write, &mut to.gradient),
                None => {
                    if back.write == Write::Set {
                        to.gradient.fill(0.0);
                    }
                    let arriving = self.arriving(projection, from);
                    plan.input_gradient(isa, rank, arriving, wanted, scratch, &mut to.gradient);
                }
            }
        });
        // It is complete, and in a near cache.
        if back.is_last {
            self.adjoint.run(source, b, sample, scratch);
        }
    }
}

/// dL/dS of a population to dL/dZ, and the sums that the norm's gradient needs.
#[derive(Clone, Copy)]
pub(crate) struct Adjoint<'a> {
    pub network: &'a Network,
    pub neurons: &'a [Option<BuiltNeurons>],
    /// By population, as [`PopulationPass`] has them.
    pub constants: &'a [Vec<NeuronBlock>],
    pub norms: &'a [NormPass],
    pub regularizations: &'a [Regularization],
    pub steps: &'a [usize],
    pub orders: &'a [NumberOrder],
    pub isa: Instructions,
    /// Height of a spike behind dropout.
    pub height: f32,
}

impl Adjoint<'_> {
    /// Runs population `p` of sample `b`.
    pub(crate) fn run(
        &self,
        p: usize,
        b: usize,
        sample: &mut SampleState,
        scratch: &mut ShardScratch,
    ) {
        let Population { size, norm, .. } = &self.network.populations[p];
        let population = PopulationPass {
            isa: self.isa,
            neurons: &*self.neurons[p].as_ref().expect("the source has no gradient").neuron,
            constants: &self.constants[p],
            affine: &self.norms[p].affine,
            size: *size,
            steps: self.steps[p],
            order: self.orders[p],
        };
        let ShardScratch { timing, blocks, gradient_blocks, fired, neurons, .. } = scratch;
        let scratch = BlockScratch { potential: blocks, gradient: gradient_blocks, fired, neurons };
        let PopulationState { current, kept, gradient, constant_gradient, sums, .. } =
            &mut sample.populations[p];
        let sums = norm.is_some().then_some(sums);
        let penalty = self.regularizations[p].gradient(b);
        let leaving = Leaving { kept, height: self.height, penalty };
        timing.time(Stage::Neurons, || {
            population.adjoint(current, leaving, gradient, (sums, constant_gradient), scratch);
        });
    }
}
