//! Changes to a configuration, as they are typed.

use std::path::Path;
use synfire::Override;

/// The file first, so that values can be laid over what it brings.
pub fn changes<'a>(
    data: Option<&Path>,
    set: &'a [String],
) -> impl Iterator<Item = synfire::Result<Override>> + use<'a> {
    data.map(Override::file).into_iter().chain(set.iter().map(|text| Override::parse(text)))
}
