//! Tables of node and edge types: CSV with blanks between the columns, text with blanks in quotes,
//! `NULL` where a type has no value.

use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The types of a table by their ids.
#[derive(Debug)]
pub(super) struct TypeTable {
    /// The file.
    pub path: PathBuf,
    types: BTreeMap<u64, BTreeMap<String, String>>,
}

impl TypeTable {
    /// Reads a table whose column `id` has the ids.
    ///
    /// # Errors
    /// [`Error::Disk`]; [`Error::File`] naming the line.
    pub fn read(path: &Path, id: &str) -> Result<Self> {
        let mut text = String::new();
        atomic_file::open(path)?
            .read_to_string(&mut text)
            .map_err(|error| Error::file(path, format!("cannot be read as text: {error}")))?;
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let header = lines.next().map_or(Vec::new(), |(_, line)| fields(line));
        let Some(id_column) = header.iter().position(|name| name == id) else {
            return Err(Error::file(path, format!("has no column {id} in its first line")));
        };
        let mut types = BTreeMap::new();
        for (index, line) in lines {
            let problem =
                |problem: String| Error::file(path, format!("line {} {problem}", index + 1));
            let fields = fields(line);
            if fields.len() != header.len() {
                let found = fields.len();
                return Err(problem(format!(
                    "has {found} columns, but must have {}",
                    header.len()
                )));
            }
            let number = fields[id_column].parse().map_err(|_| {
                problem(format!(
                    "has the {id} {:?}, but must have a whole number",
                    fields[id_column]
                ))
            })?;
            let is_there = |(_, value): &(String, String)| {
                !matches!(&value[..], "" | "NULL" | "NONE" | "NaN" | "nan")
            };
            let row = header.iter().cloned().zip(fields).filter(is_there).collect();
            if types.insert(number, row).is_some() {
                return Err(problem(format!("has the {id} {number} once more")));
            }
        }
        Ok(Self { path: path.to_owned(), types })
    }

    /// What a type has in a column; `None` where it has nothing there.
    ///
    /// # Errors
    /// [`Error::File`] where there is no such type.
    pub fn get(&self, id: u64, column: &str) -> Result<Option<&str>> {
        let row = self.types.get(&id).ok_or_else(|| {
            Error::file(&self.path, format!("has no type {id}, to which there are members"))
        })?;
        Ok(row.get(column).map(String::as_str))
    }

    /// As [`get`](Self::get), a finite number.
    pub fn number(&self, id: u64, column: &str) -> Result<Option<f64>> {
        let number = |text: &str| {
            text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
                let problem = format!("{column} of type {id} is {text:?}, but must be a number");
                Error::file(&self.path, problem)
            })
        };
        self.get(id, column)?.map(number).transpose()
    }
}

/// The columns of a line; quotes are doubled inside of quotes.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted, mut is_open) =
        (Vec::new(), String::new(), false, false);
    let mut characters = line.trim_end_matches('\r').chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => {
                quoted = !quoted;
                is_open = true;
            }
            ' ' | '\t' if !quoted => {
                if is_open {
                    fields.push(std::mem::take(&mut field));
                }
                is_open = false;
            }
            other => {
                field.push(other);
                is_open = true;
            }
        }
    }
    if is_open {
        fields.push(field);
    }
    fields
}

/// A table as text.
pub(super) fn table_text(rows: &[Vec<String>]) -> String {
    let field = |text: &String| match text.is_empty() || text.contains([' ', '"', '\t']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.clone(),
    };
    let line = |row: &Vec<String>| row.iter().map(field).collect::<Vec<_>>().join(" ") + "\n";
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TypeTable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("types.csv");
        std::fs::write(&path, text).unwrap();
        TypeTable::read(&path, "id")
    }

    #[test]
    fn texts_survive_a_round_trip() {
        let rows = [["id", "name"], ["1", "a \"b\" c"], ["2", "NULL"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let table = read(&table_text(&rows)).unwrap();
        assert_eq!(table.get(1, "name").unwrap(), Some("a \"b\" c"));
        assert_eq!(table.get(2, "name").unwrap(), None);
    }

    #[test]
    fn damage_is_named() {
        let problem = |text: &str| read(text).unwrap_err().to_string();
        assert!(problem("name\n").ends_with("has no column id in its first line"));
        assert!(problem("id a\n1 2 3\n").ends_with("line 2 has 3 columns, but must have 2"));
        assert!(problem("id\n1\n1\n").ends_with("line 3 has the id 1 once more"));
        assert!(problem("id\nx\n").contains("line 2 has the id \"x\""));
        let table = read("id a\n1 x\n").unwrap();
        let problem = table.number(1, "a").unwrap_err().to_string();
        assert!(problem.ends_with("a of type 1 is \"x\", but must be a number"));
        assert!(table.get(7, "a").unwrap_err().to_string().contains("has no type 7"));
    }
}
