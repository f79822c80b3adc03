//! What a shell offers.

use crate::sandbox::Sandbox;
use synfire::Recipe;

#[test]
fn every_shell_is_offered_the_recipes() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.ok(&["completions", shell]);
        for recipe in Recipe::all() {
            // Behind `train`, behind `bench` and behind `recipes`.
            let offered = script.lines().filter(|line| {
                line.split(|c: char| !(c.is_alphanumeric() || c == '-'))
                    .any(|word| word == recipe.name)
            });
            assert!(offered.count() >= 3, "{shell}: {}", recipe.name);
        }
    }
}

#[test]
fn files_are_offered_beside_recipes() {
    let sandbox = Sandbox::new();
    let script = sandbox.ok(&["completions", "zsh"]);
    let experiment = script.lines().find(|line| line.contains("::experiment -- ")).unwrap();
    assert!(
        experiment.contains(":{compadd -- quickstart ") && experiment.contains("; _files}"),
        "{experiment}"
    );
    let script = sandbox.ok(&["completions", "bash"]);
    assert!(script.contains("-o bashdefault -o default synfire"), "{script}");
    let script = sandbox.ok(&["completions", "fish"]);
    let of_train =
        "complete -c synfire -n \"__fish_synfire_using_subcommand train\" -a \"quickstart ";
    assert!(script.contains(of_train), "{script}");
    assert!(!script.contains("__fish_synfire_using_subcommand train\" -f"), "no files: {script}");
}

#[test]
fn whatever_is_typed_for_a_recipe_is_looked_into() {
    let sandbox = Sandbox::new();
    let message = sandbox.fails(2, &["train", "no-such-recipe"]);
    assert!(message.contains("no-such-recipe"), "{message}");
    sandbox.ok(&["train", "./tiny.toml", "--epochs", "1", "--out", "run", "-q"]);
    let help = sandbox.ok(&["train", "--help"]);
    assert!(!help.contains("possible values: quickstart"), "{help}");
}
