//! The orders in which the spikes of one population are wanted.

use crate::events::StepEvents;
use crate::graph::Graph;
use crate::plan::SpikeOrder;
use crate::projection::ProjectionPlan;
use sim_core::SpikeFrames;
use simd::Bursts;

/// The orders in which the projections of one population read its spikes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpikeOrders {
    /// Whether a projection reads anything but masks.
    pub frames: bool,
    by_step: bool,
    first_step: bool,
    /// The most taps for which a projection reads bursts.
    burst_taps: Option<usize>,
}

impl SpikeOrders {
    pub(crate) fn of(graph: &Graph, plans: &[ProjectionPlan], p: usize) -> Self {
        let mut orders =
            Self { frames: false, by_step: false, first_step: false, burst_taps: None };
        for projection in graph.beginning_at(p) {
            let order = plans[projection].spike_order();
            orders.frames |= order != SpikeOrder::Masks;
            match order {
                SpikeOrder::Channels | SpikeOrder::Masks => {}
                SpikeOrder::Steps => orders.by_step = true,
                SpikeOrder::FirstStep => orders.first_step = true,
                SpikeOrder::Bursts(taps) => orders.burst_taps = orders.burst_taps.max(Some(taps)),
            }
        }
        orders
    }

    /// Sorts the spikes of one sample.
    pub(crate) fn sort(
        self,
        frames: &SpikeFrames,
        steps: usize,
        events: &mut StepEvents,
        bursts: &mut Bursts,
    ) {
        if self.by_step {
            events.refill(frames, steps);
        } else if self.first_step {
            events.refill_first(frames);
        }
        if let Some(taps) = self.burst_taps {
            bursts.refill((0..frames.channels()).map(|channel| frames.channel(channel)), taps);
        }
    }
}
