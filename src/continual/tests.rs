//! Recipes over tasks are what they say.

use crate::continual::experiment::ContinualExperiment;
use crate::continual::method::Method;
use crate::continual::prepared_tasks::PreparedTasks;
use crate::overrides::Override;
use crate::recipes::Recipe;
use datasets::{ListedTask, TaskList, TaskSettings};

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

#[test]
fn folders_that_tasks_have_for_themselves_are_found_again() {
    let place = tempfile::tempdir().unwrap();
    let [old, new] = ["old", "new"].map(|name| place.path().join(name));
    std::fs::create_dir_all(new.join("digits")).unwrap();
    let task = ListedTask {
        name: "digits".into(),
        data: Some(old.join("digits")),
        ..ListedTask::default()
    };
    let list = TaskList { task: vec![task], ..TaskList::default() };
    let experiment =
        ContinualExperiment { tasks: TaskSettings::List(list), ..ContinualExperiment::default() };
    assert_eq!(experiment.data_name(), old.join("digits").display().to_string());
    let said = experiment.clone().use_folder(None).unwrap_err().to_string();
    assert!(said.contains("no longer there; say with --data FOLDER"), "{said}");
    let said = experiment.clone().use_folder(Some(place.path())).unwrap_err().to_string();
    assert!(said.ends_with("in a folder digits, which is not here"), "{said}");
    let mut moved = experiment;
    moved.use_folder(Some(&new)).unwrap();
    assert_eq!(moved.data_name(), new.join("digits").display().to_string());
    moved.use_folder(None).unwrap();
}

#[test]
fn joint_training_has_one_schedule_over_all_parts() {
    let epochs = |method: &str| {
        let changes = [&format!("method={method}")[..], "training.epochs=3", "tasks.count=4"]
            .map(|change| Override::parse(change).unwrap());
        let experiment = ContinualExperiment::recipe("permuted-clusters", &changes).unwrap();
        PreparedTasks::new(&experiment, Some(1)).unwrap().trainer.settings().epochs
    };
    assert_eq!((epochs("joint"), epochs("sequential")), (12, 3));
}
