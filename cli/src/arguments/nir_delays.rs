//! What becomes of delays in NIR.

use clap::ValueEnum;
use synfire::{ExportFormat, NetworkTarget, NirDelays};

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

impl NirDelayForm {
    /// What was asked for, or unrolled delays.
    ///
    /// # Errors
    /// One sentence where another format than NIR is written.
    pub fn of(asked: Option<Self>, to: ExportFormat) -> Result<NirDelays, String> {
        match asked {
            Some(_) if to != ExportFormat::Network(NetworkTarget::Nir) => {
                Err(format!("--nir-delays belongs to --to nir, not to --to {to}"))
            }
            asked => Ok(asked.unwrap_or_default().into()),
        }
    }
}
