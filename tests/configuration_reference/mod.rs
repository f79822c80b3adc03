//! `docs/configuration.md` is what the code says: every key of a configuration file with its type,
//! its default and the comment beside it.
//!
//! After a change of settings this writes it anew:
//! ```text
//! UPDATE_DOCUMENTS=1 cargo test -p synfire --test integration configuration_reference
//! ```

mod page;
mod types;

use std::path::Path;
use types::Types;

#[test]
fn the_reference_of_all_keys_is_what_the_code_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("docs/configuration.md");
    let page = page::write(&Types::of_workspace(root));
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(page.lines()).find(|(old, new)| old != new);
    assert!(
        there == page,
        "docs/configuration.md is not what the code says, as here: {differs:?}; write it anew with \
         UPDATE_DOCUMENTS=1 cargo test -p synfire --test integration configuration_reference"
    );
}
