//! Every path that the documents for developers name exists.

use std::collections::{BTreeMap, BTreeSet};
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

/// Members of the workspace, `synfire` at the root included, with the members that each imports.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = |folder: &str| -> toml::Table {
        let path = Path::new(ROOT).join(folder).join("Cargo.toml");
        toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let root = manifest("");
    let members = root["workspace"]["members"].as_array().unwrap();
    let members = members.iter().map(|member| member.as_str().unwrap()).chain(["synfire"]);
    let members: BTreeSet<String> = members.map(str::to_owned).collect();
    let of = |member: &String| {
        let manifest = manifest(if member == "synfire" { "" } else { member });
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        dependencies.into_iter().flat_map(toml::Table::keys).cloned().collect::<BTreeSet<_>>()
    };
    members.iter().map(|member| (member.clone(), &of(member) & &members)).collect()
}

#[test]
fn the_table_of_imports_is_what_the_manifests_say() {
    let document = std::fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).unwrap();
    let imports = imports();
    for (member, expected) in &imports {
        let row = document
            .lines()
            .find(|line| line.starts_with(&format!("| `{member}` |")))
            .unwrap_or_else(|| panic!("ARCHITECTURE.md does not say what {member} may import"));
        let last = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let written: BTreeSet<String> = match last.trim() {
            "all of the above" => imports
                .keys()
                .filter(|other| !["synfire", "cli"].contains(&other.as_str()))
                .cloned()
                .collect(),
            names => names.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
        };
        assert_eq!(&written, expected, "what {member} imports");
    }
}
