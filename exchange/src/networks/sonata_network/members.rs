//! What all members of a SONATA population have: a type, and a row in a group of attributes.

use crate::error::Result;
use crate::networks::sonata_network::h5_file::H5File;
use crate::networks::sonata_network::type_table::TypeTable;
use std::collections::BTreeMap;

/// The types and rows of the nodes or edges of a population.
pub(super) struct Members<'a> {
    pub file: &'a H5File<'a>,
    /// `nodes/cortex`.
    place: String,
    /// `node` or `edge`.
    kind: &'static str,
    /// The type of each member.
    pub types: Vec<u64>,
    /// The group of each member and its row there; both are 0 and the member's own where the file
    /// has no groups.
    groups: Vec<u64>,
    rows: Vec<u64>,
}

impl<'a> Members<'a> {
    /// Reads the three columns.
    pub fn read(file: &'a H5File<'a>, place: &str, kind: &'static str) -> Result<Self> {
        let column = |name: &str| file.whole(place, &format!("{kind}_{name}"));
        let types = column("type_id")?
            .ok_or_else(|| file.problem(format!("{place}/{kind}_type_id is missing")))?;
        let count = types.len();
        let (groups, rows) = match (column("group_id")?, column("group_index")?) {
            (Some(groups), Some(rows)) => (groups, rows),
            (None, None) => (vec![0; count], (0..count as u64).collect()),
            _ => {
                return Err(file.problem(format!(
                    "{place} must have {kind}_group_id and {kind}_group_index, or none of the two"
                )));
            }
        };
        let members = Self { file, place: place.to_owned(), kind, types, groups, rows };
        members.check_length("group_id", members.groups.len())?;
        members.check_length("group_index", members.rows.len())?;
        Ok(members)
    }

    fn check_length(&self, column: &str, entries: usize) -> Result<()> {
        let (place, kind, count) = (&self.place, self.kind, self.types.len());
        match entries == count {
            true => Ok(()),
            false => Err(self.file.problem(format!(
                "{place}/{kind}_{column} has {entries} entries, but {kind}_type_id has {count}"
            ))),
        }
    }

    /// A further column with one entry per member.
    pub fn column(&self, name: &str) -> Result<Option<Vec<u64>>> {
        let Some(column) = self.file.whole(&self.place, name)? else { return Ok(None) };
        let (place, count) = (&self.place, self.types.len());
        match column.len() == count {
            true => Ok(Some(column)),
            false => Err(self.file.problem(format!(
                "{place}/{name} has {} entries, but there are {count} {}s",
                column.len(),
                self.kind
            ))),
        }
    }

    /// An attribute of every member, from its group (below `folder` of it), else from its type.
    pub fn attribute(
        &self,
        folder: &str,
        name: &str,
        types: Option<&TypeTable>,
    ) -> Result<Vec<Option<f64>>> {
        let mut columns: BTreeMap<u64, Option<Vec<f64>>> = BTreeMap::new();
        let mut of_types: BTreeMap<u64, Option<f64>> = BTreeMap::new();
        let mut values = Vec::with_capacity(self.types.len());
        for (member, ((group, row), type_id)) in
            self.groups.iter().zip(&self.rows).zip(&self.types).enumerate()
        {
            let place = format!("{}/{group}{folder}", self.place);
            if !columns.contains_key(group) {
                let is_there = self.file.datasets(&place)?.iter().any(|other| other == name);
                let column = if is_there { self.file.numbers(&place, name)? } else { None };
                columns.insert(*group, column);
            }
            let own = match &columns[group] {
                Some(column) => {
                    let value = usize::try_from(*row).ok().and_then(|row| column.get(row));
                    Some(*value.ok_or_else(|| {
                        self.file.problem(format!(
                            "{}/{}_group_index at index {member} is {row}, but {place}/{name} has \
                             {} entries",
                            self.place,
                            self.kind,
                            column.len()
                        ))
                    })?)
                }
                None => match (of_types.get(type_id).copied(), types) {
                    (Some(value), _) => value,
                    (None, None) => None,
                    (None, Some(table)) => {
                        let value = table.number(*type_id, name)?;
                        of_types.insert(*type_id, value);
                        value
                    }
                },
            };
            values.push(own);
        }
        Ok(values)
    }

    /// Names of the attributes that any group has below `folder`.
    pub fn attributes(&self, folder: &str) -> Result<Vec<String>> {
        let mut groups = self.groups.clone();
        groups.sort_unstable();
        groups.dedup();
        let mut names = Vec::new();
        for group in groups {
            names.extend(self.file.datasets(&format!("{}/{group}{folder}", self.place))?);
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}
