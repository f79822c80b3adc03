//! Recipes over tasks are what they say.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::prepared_tasks::PreparedTasks;
use crate::overrides::Override;
use crate::recipes::Recipe;

#[test]
fn every_recipe_is_read_written_and_read_again() {
    for recipe in Recipe::continual() {
        let experiment = ContinualExperiment::recipe(recipe.name, &[]).unwrap();
        assert_eq!(experiment.name, recipe.name);
        assert!(!experiment.description.is_empty() && experiment.method == Method::Hlop);
        let text = experiment.to_toml().unwrap();
        assert_eq!(ContinualExperiment::parse(&text, "x", "y", &[]).unwrap(), experiment);
    }
}

#[test]
fn a_change_is_described_and_a_wrong_one_named() {
    let with = |change: &str| {
        let change = Override::parse(change).unwrap();
        ContinualExperiment::recipe("pmnist", &[change])
    };
    let experiment = with("method=gpm").unwrap();
    assert_eq!(experiment.method, Method::Gpm);
    assert!(experiment.description.ends_with("changed: method=gpm"), "{}", experiment.description);
    with("tasks.file='orders.json'").unwrap();
    let message = |change: &str| with(change).unwrap_err().to_string();
    assert!(message("tasks.count=0").contains("tasks.count is 0"), "{}", message("tasks.count=0"));
    assert!(message("data.steps=0").contains("data.steps is 0"), "{}", message("data.steps=0"));
    assert!(message("method=none").contains("--set method=none"), "{}", message("method=none"));
    assert!(message("methods.replay.share=1").contains("methods.replay.share is 1"));
}

#[test]
fn what_chooses_among_epochs_is_refused() {
    for (change, key) in [
        ("training.early_stopping={patience=1}", "training.early_stopping"),
        ("training.checkpoints={every=1}", "training.checkpoints"),
    ] {
        let change = Override::parse(change).unwrap();
        let said = ContinualExperiment::recipe("permuted-clusters", &[change]).unwrap_err();
        let expected = format!("{key} has no part in a run over tasks");
        assert!(said.to_string().contains(&expected), "{said}");
    }
}

#[test]
fn a_shared_head_without_protection_is_refused() {
    let with = |changes: &[&str]| {
        let changes: Vec<_> =
            changes.iter().map(|change| Override::parse(change).unwrap()).collect();
        let experiment = ContinualExperiment::recipe("permuted-clusters", &changes).unwrap();
        PreparedTasks::new(&experiment, Some(1)).err().map(|error| error.to_string())
    };
    let said = with(&["methods.hlop.projections=[0]"]).unwrap();
    let expected = "methods.hlop.projections leaves out";
    assert!(said.contains(expected) && said.contains("outputs that all tasks share"), "{said}");
    assert_eq!(with(&[]), None);
}
