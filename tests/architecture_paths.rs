//! Every path that the documents for developers name exists.

use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Names of files that many folders have.
const NAMES: [&str; 2] = ["lib.rs", "mod.rs"];

/// The words in backticks that are paths of this repository, with the line they stand in. Fenced
/// blocks are pictures and are passed over.
fn paths(document: &str) -> BTreeSet<(usize, &str)> {
    let mut fenced = false;
    let mut found = BTreeSet::new();
    for (number, line) in document.lines().enumerate() {
        if line.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        let words = line.split('`').skip(1).step_by(2);
        found.extend(words.filter(|word| is_path(word)).map(|word| (number + 1, word)));
    }
    found
}

/// A path has an ending that files of this repository have; data inside files (`spikes/times`) and
/// files of users (`.h5`) have not.
fn is_path(word: &str) -> bool {
    let ending = word.rsplit_once('.').map(|(stem, ending)| (stem.is_empty(), ending));
    matches!(ending, Some((false, "rs" | "toml" | "md" | "py"))) || word.starts_with(".ci/")
}

#[test]
fn every_path_exists() {
    for (document, least) in
        [("ARCHITECTURE.md", 60), ("CONTRIBUTING.md", 20), ("REFERENCES.md", 5)]
    {
        let text = std::fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
        let paths: Vec<_> =
            paths(&text).into_iter().filter(|(_, path)| !NAMES.contains(path)).collect();
        assert!(paths.len() > least, "{document} names {} paths", paths.len());
        for (line, path) in paths {
            assert!(
                Path::new(ROOT).join(path).is_file(),
                "{document}, line {line}: there is no file {path}"
            );
        }
    }
}

#[test]
fn every_crate_has_its_question() {
    let document = std::fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let manifest: toml::Table =
        toml::from_str(&std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap())
            .unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    for member in members.iter().map(|member| member.as_str().unwrap()).chain(["synfire"]) {
        let headed = document
            .lines()
            .any(|line| line.starts_with("## ") && line.contains(&format!("? — `{member}`")));
        assert!(headed, "ARCHITECTURE.md has no heading that asks what {member} is for");
    }
}
