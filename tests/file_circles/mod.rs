//! Files of a crate do not reach each other, and import from the file that defines an item.
//!
//! A file reaches another if its code names an item that is defined there. Files that reach each
//! other can only be understood together. A reader sees such a circle in the imports, provided that
//! every import names the file and not a re-export.
//!
//! | file | |
//! |---|---|
//! | `modules` | files and the modules that they declare |
//! | `names` | what a module binds: items, child modules, imports |
//! | `resolver` | from a path to the file that defines its item |
//! | `mentions`, `macro_paths` | the paths of the code, and of the tokens in macros |
//! | `test_code` | what is compiled for tests alone, and passed over |
//! | `circles`, `report` | what is wrong |
//! | `made_up` | all of this on small made-up crates |
//!
//! Every condition but `test` counts as true. A method call names no item.

mod circles;
mod macro_paths;
mod made_up;
mod mentions;
mod modules;
mod names;
mod report;
mod resolver;
mod test_code;

use modules::{Crate, SourceFile};
use report::Report;
use std::path::Path;
use std::sync::LazyLock;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The reports of all crates, by the folder of their sources.
static REPORTS: LazyLock<Vec<(String, Report)>> = LazyLock::new(|| {
    let reports = crates().into_iter().map(|(folder, read)| (folder, Report::new(&read)));
    reports.collect()
});

/// All libraries and programs of the workspace, by the folder of their sources.
fn crates() -> Vec<(String, Crate)> {
    let text = std::fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&text).unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap().iter();
    let mut found = Vec::new();
    for (name, folder) in members
        .map(|member| member.as_str().unwrap())
        .map(|member| (member, format!("{member}/src")))
        .chain([("synfire", "src".to_owned())])
    {
        let files = sources(&folder);
        let roots = ["lib.rs", "main.rs"].into_iter();
        let crates: Vec<Crate> = roots
            .filter(|root| files.iter().any(|file| file.path == *root))
            .map(|root| Crate::new(name, root, files.clone()))
            .collect();
        for (index, file) in files.iter().enumerate() {
            let is_declared = crates.iter().any(|one| one.declares(index));
            assert!(is_declared, "no module of {name} is {folder}/{}", file.path);
        }
        found.extend(crates.into_iter().map(|read| (folder.clone(), read)));
    }
    found
}

/// All Rust files below a folder.
fn sources(folder: &str) -> Vec<SourceFile> {
    let top = Path::new(ROOT).join(folder);
    let mut open = vec![top.clone()];
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let path = path.strip_prefix(&top).unwrap().to_str().unwrap().replace('\\', "/");
            found.push(SourceFile { path, text });
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

#[test]
fn no_files_of_a_crate_reach_each_other() {
    let circles: Vec<String> = REPORTS
        .iter()
        .flat_map(|(folder, report)| {
            report.circles.iter().map(move |circle| format!("{folder}: {circle}\n"))
        })
        .collect();
    assert!(circles.is_empty(), "move an item out of each circle\n\n{}", circles.join("\n"));
}

#[test]
fn no_file_imports_through_the_face_of_its_crate() {
    let imports: Vec<String> = REPORTS
        .iter()
        .filter(|(_, report)| !report.face_imports.is_empty())
        .map(|(folder, Report { face_imports, .. })| {
            let lines: Vec<String> =
                face_imports.iter().map(|line| format!("{folder}/{line}\n")).collect();
            format!("{folder}: {} through a face\n{}", lines.len(), lines.concat())
        })
        .collect();
    assert!(imports.is_empty(), "import from the file that defines\n\n{}", imports.join("\n"));
}

#[test]
fn every_path_into_a_crate_leads_somewhere() {
    let lost: Vec<String> = REPORTS
        .iter()
        .flat_map(|(folder, report)| report.lost.iter().map(move |line| format!("{folder}/{line}")))
        .collect();
    assert!(lost.is_empty(), "the resolver does not understand\n{}", lost.join("\n"));
}
