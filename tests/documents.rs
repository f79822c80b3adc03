//! What the documents say is what the program does: the README's library program, its recipes, and
//! the references of the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use synfire::Recipe;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(ROOT).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_readme_quotes_its_program_as_it_is() {
    let program = read("examples/first_run.rs");
    assert!(
        read("README.md").contains(&format!("```rust\n{program}```\n")),
        "README.md and examples/first_run.rs differ"
    );
    assert!(program.lines().count() <= 22, "a first program is short");
}

#[test]
fn the_readme_lists_every_recipe() {
    let readme = read("README.md");
    for recipe in Recipe::all() {
        assert!(
            readme.contains(&format!("| `{}` |", recipe.name)),
            "README.md has no row for the recipe {}",
            recipe.name
        );
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for document in
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "REFERENCES.md"]
    {
        let text = read(document);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let local = !link.is_empty() && !link.contains("://");
            assert!(
                !local || Path::new(ROOT).join(link).exists(),
                "{document} links to {link}, which does not exist"
            );
        }
    }
}

/// First author and year of every work that a comment cites: `[Kingma and Ba 2015, algorithm 1]`,
/// `Wu et al. 2018`, `Dai et al. (2020)`.
fn citations(text: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for line in
        text.lines().filter(|line| line.trim_start().starts_with("//") || line.starts_with('#'))
    {
        let words: Vec<&str> = line
            .split(|c: char| !(c.is_alphanumeric() || "-.&".contains(c)))
            .filter(|word| !word.is_empty())
            .collect();
        for (index, word) in words.iter().enumerate() {
            let year = word.trim_end_matches('.');
            if year.len() != 4
                || !(year.starts_with("19") || year.starts_with("20"))
                || !year.bytes().all(|byte| byte.is_ascii_digit())
            {
                continue;
            }
            let name = |back: usize| {
                index
                    .checked_sub(back)
                    .map(|at| words[at])
                    .filter(|word| word.starts_with(char::is_uppercase))
            };
            let author = match &words[..index] {
                [.., "et", "al."] => name(3),
                [.., "and", _]
                    if name(4).is_some()
                        && line.contains(&format!(
                            "{}, {} and",
                            words[index - 4],
                            words[index - 3]
                        )) =>
                {
                    name(4)
                }
                [.., "and", _] => name(3),
                _ => name(1).filter(|author| line.contains(&format!("[{author} {year}"))),
            };
            found.extend(author.map(|author| (author.to_owned(), year.to_owned())));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() {
            if !name.starts_with('.')
                && !["target", "runs", "tests", "golden"].contains(&name.as_str())
            {
                sources(&entry, found);
            }
        } else if name.ends_with(".rs") || name.ends_with(".toml") {
            found.push(entry);
        }
    }
}

#[test]
fn every_work_that_the_code_cites_is_in_the_references() {
    let references = read("REFERENCES.md");
    let mut files = Vec::new();
    sources(Path::new(ROOT), &mut files);
    let mut works = BTreeSet::new();
    for file in files {
        for (author, year) in citations(&read(&file)) {
            let is_listed = |row: &str| {
                let key = row.strip_prefix("| ").map(first_author);
                key == Some(&author) && row.contains(&year)
            };
            let listed = references.lines().any(is_listed);
            assert!(
                listed,
                "{} cites {author} {year}, which REFERENCES.md does not list",
                file.display()
            );
            works.insert((author, year));
        }
    }
    assert!(works.len() >= 15, "{works:?}");
}

/// The first word of a key that is a name: `Rossum` of `van Rossum, Bi and Turrigiano`.
fn first_author(key: &str) -> &str {
    let is_name = |word: &&str| word.starts_with(char::is_uppercase);
    key.split([' ', ',']).find(is_name).unwrap_or_default()
}

/// A row of the references whose last column names files: each of them cites the work.
#[test]
fn files_that_the_references_name_cite_the_work() {
    let references = read("REFERENCES.md");
    let mut checked = 0;
    for row in references.lines().filter(|row| row.starts_with("| ")) {
        let columns: Vec<&str> = row.split(" | ").collect();
        let [key, .., used] = &columns[..] else { continue };
        let key = key.trim_start_matches("| ");
        let Some((authors, year)) = key.rsplit_once(' ') else { continue };
        let author = first_author(authors);
        let paths = used.split('`').skip(1).step_by(2);
        for path in paths.filter(|path| path.ends_with(".rs")) {
            let cited = citations(&read(path));
            assert!(
                cited.iter().any(|(first, of)| first == author && of == year),
                "{path} does not cite {key}, for which REFERENCES.md names it"
            );
            checked += 1;
        }
    }
    assert!(checked >= 15, "{checked} files");
}

#[test]
fn citations_are_seen_in_every_form() {
    let text = "/// [Neftci, Mostafa and Zenke 2019] or [Kingma and Ba 2015, algorithm 1]\n//! | \
                Wu et al. 2018 |\n// (Dai et al. 2020)\n/// [Cramer 2022]";
    let found: Vec<(String, String)> = citations(text).into_iter().collect();
    let expected = [
        ("Cramer", "2022"),
        ("Dai", "2020"),
        ("Kingma", "2015"),
        ("Neftci", "2019"),
        ("Wu", "2018"),
    ];
    assert_eq!(found, expected.map(|(author, year)| (author.to_owned(), year.to_owned())));
}
