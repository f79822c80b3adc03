//! What becomes of delays in NIR.

use clap::ValueEnum;
use synfire::NirDelays;

/// What becomes of delays in NIR.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub enum NirDelayForm {
    /// Exactly: an input is written once for each delay in use
    #[default]
    Unrolled,
    /// One delay for each presynaptic neuron; a network that has others is refused
    Axonal,
    /// A network that has delays is refused
    Error,
}

impl From<NirDelayForm> for NirDelays {
    fn from(form: NirDelayForm) -> Self {
        match form {
            NirDelayForm::Unrolled => Self::Unrolled,
            NirDelayForm::Axonal => Self::Axonal,
            NirDelayForm::Error => Self::Error,
        }
    }
}
