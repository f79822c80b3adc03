//! Golden files that list cases.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The cases of a golden file, `count` of them.
pub fn golden_cases<Case: DeserializeOwned>(text: &str, count: usize) -> Vec<Case> {
    #[derive(Deserialize)]
    struct Golden<Case> {
        cases: Vec<Case>,
    }
    let golden: Golden<Case> = serde_json::from_str(text).expect("the golden file is of this form");
    assert_eq!(golden.cases.len(), count);
    golden.cases
}
