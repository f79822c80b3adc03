//! What a gradient is made of.

use std::fmt;

/// How [`TraceEngine`](crate::TraceEngine) works out gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceMethod {
    /// Online training through time [Xiao et al. 2022]: in each step, the error of the step times
    /// the trace.
    Ottt,
    /// Differentiation on spike representation [Meng et al. 2022]: behind the last step, the error
    /// of weighted firing rates times the weighted rates of the sources.
    Dsr,
}

impl fmt::Display for TraceMethod {
    /// The name: `ottt` or `dsr`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ottt => "ottt",
            Self::Dsr => "dsr",
        })
    }
}
