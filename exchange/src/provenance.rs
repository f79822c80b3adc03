//! Where an exported file came from.

use serde::{Deserialize, Serialize};

/// What every export carries, in the file where its format has room, in a file beside it where it
/// has none: which program wrote the file, and from what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of synfire that wrote the file.
    pub synfire: String,
    /// Commit that it was built from; none where that is not known.
    pub commit: Option<String>,
    /// What the content came from, in words or as the path of a file.
    pub source: String,
    /// SHA-256 of `source`, in hexadecimal digits.
    pub sha256: String,
}

impl Provenance {
    /// Names and values in the order of the fields; an unknown commit is `unknown`.
    pub fn entries(&self) -> [(&'static str, String); 4] {
        [
            ("synfire", self.synfire.clone()),
            ("commit", self.commit.clone().unwrap_or_else(|| "unknown".into())),
            ("source", self.source.clone()),
            ("sha256", self.sha256.clone()),
        ]
    }

    /// One line of JSON.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts are JSON")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_the_fields() {
        let mut provenance = Provenance {
            synfire: "0.1.0".into(),
            commit: Some("1234abc".into()),
            source: "network.toml".into(),
            sha256: "00ff".into(),
        };
        let text = serde_json::to_string(&provenance).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, value) in provenance.entries() {
            assert_eq!(json[name], value.as_str());
        }
        assert_eq!(serde_json::from_str::<Provenance>(&text).unwrap(), provenance);
        provenance.commit = None;
        assert_eq!(provenance.entries()[1].1, "unknown");
    }
}
