//! What tells a run's folder from others: an `environment.json` that names synfire. A `config.toml`
//! alone may be anybody's.

use std::fs;
use std::path::Path;

/// Name of the file.
pub(crate) const ENVIRONMENT: &str = "environment.json";

/// Whether a folder holds a run.
pub(crate) fn is_run(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join(ENVIRONMENT)).unwrap_or_default();
    serde_json::from_str::<serde_json::Value>(&text)
        .is_ok_and(|environment| environment.get("synfire").is_some())
}
