//! A file or folder of a run, given in place of the run's folder.

use crate::checkpoint::Checkpoint;
use crate::file_kind::FileKind;
use crate::run_mark::is_run;
use crate::run_names::{CONFIG, FILES, PARTS, RESULT};
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};
use toml::Table;

/// Most runs that an error lists.
const LISTED: usize = 5;

/// A file or folder within a run's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPart {
    run: PathBuf,
    /// What it is, e.g. `best checkpoint`.
    what: String,
    checkpoint: Option<Checkpoint>,
}

impl RunPart {
    /// The part of a run at `path`; `None` if `path` lies in no run's folder, or is a run's folder
    /// itself.
    pub fn find(path: &Path) -> Option<Self> {
        if is_run(path) {
            return None;
        }
        let whole = fs::canonicalize(path).ok()?;
        // `checkpoints/best.safetensors` is two levels deep, and nothing of a run is deeper.
        let depth = (1..=2).find(|&depth| whole.ancestors().nth(depth).is_some_and(is_run))?;
        let run = whole.ancestors().nth(depth)?;
        let within = whole.strip_prefix(run).ok()?.to_string_lossy().replace('\\', "/");
        let is_left_by_runs = PARTS.iter().any(|part| {
            within.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }) || FILES.contains(&within.as_str());
        if !is_left_by_runs {
            return None;
        }
        let checkpoint = within.strip_prefix("checkpoints/").and_then(Checkpoint::of_file_name);
        let what = match (within.as_str(), checkpoint) {
            (_, Some(Checkpoint::Epoch(epoch))) => format!("checkpoint of epoch {epoch}"),
            (_, Some(Checkpoint::Task(task))) => format!("checkpoint after task {task}"),
            (_, Some(best_or_last)) => format!("{best_or_last} checkpoint"),
            (CONFIG, _) => "configuration".into(),
            (RESULT, _) => "result".into(),
            (within, _) if whole.is_dir() => format!("folder {within}"),
            (within, _) => format!("file {within}"),
        };
        Some(Self { run: shown(path, depth, run), what, checkpoint })
    }

    /// The run's folder, as far as possible in the words of the path that was given.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// Which checkpoint it is; none where it is something else.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        self.checkpoint
    }
}

/// What it is, and of which run: `the best checkpoint of the run runs/shd-delays-1`.
impl fmt::Display for RunPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} of the run {}", self.what, self.run.display())
    }
}

/// `path` without its last `depth` parts if all of these are plain names, else the folder's full
/// name.
fn shown(path: &Path, depth: usize, whole: &Path) -> PathBuf {
    let parts: Vec<Component> = path.components().collect();
    let (rest, last) = parts.split_at(parts.len().saturating_sub(depth));
    if last.len() < depth || !last.iter().all(|part| matches!(part, Component::Normal(_))) {
        return whole.to_owned();
    }
    if rest.is_empty() { ".".into() } else { rest.iter().collect() }
}

/// What is wrong with a path that is no run's folder, and what may have been meant.
pub(crate) fn not_a_run(path: &Path) -> String {
    if let Some(part) = RunPart::find(path) {
        return format!(
            "this is {part}, but the run's folder belongs here: {}",
            part.run().display()
        );
    }
    if path.is_dir() {
        let missing = if path.join(CONFIG).is_file() {
            "no environment.json of synfire"
        } else {
            "no config.toml"
        };
        let mut runs: Vec<PathBuf> = fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| is_run(path))
            .collect();
        runs.sort();
        let names: Vec<String> =
            runs.iter().take(LISTED).map(|run| run.display().to_string()).collect();
        let more = if runs.len() > LISTED { ", ..." } else { "" };
        return match names.as_slice() {
            [] => format!("this folder holds {missing}, so it is not the folder of a run"),
            names => format!(
                "this is not the folder of a run, but runs lie in it; name one: {}{more}",
                names.join(", ")
            ),
        };
    }
    if path.is_file() {
        let (what, hint) = file_instead(path);
        return format!("this is {what}, but the folder of a run was expected{hint}");
    }
    let beneath = Path::new("runs").join(path);
    if path.is_relative() && is_run(&beneath) {
        return format!("there is no such folder; {} is a run", beneath.display());
    }
    "there is no such folder, but the folder of a run was expected".into()
}

/// What a file is that stands in a run's place, and what to type instead.
fn file_instead(path: &Path) -> (&'static str, String) {
    let shown = path.display();
    let ends_with = |wanted| path.extension().is_some_and(|ending| ending == wanted);
    match FileKind::of(path).ok().flatten() {
        Some(kind @ FileKind::Zip) => {
            let hint = format!(
                "; a packed run is unpacked first (unzip {shown}; synfire info {shown} looks into \
                 it), recordings are named with --data {shown}"
            );
            (kind.name(), hint)
        }
        Some(FileKind::Recordings(what)) => {
            (what, format!("; recordings are named with --data {shown}"))
        }
        Some(FileKind::Checkpoint) => ("a checkpoint outside of its run", String::new()),
        None if ends_with("safetensors") => ("a checkpoint outside of its run", String::new()),
        None if ends_with("toml") => {
            let describes_network = fs::read_to_string(path)
                .ok()
                .and_then(|text| toml::from_str::<Table>(&text).ok())
                .is_some_and(|keys| keys.contains_key("populations"));
            match describes_network {
                true => ("a network", format!("; synfire simulate {shown} runs it")),
                false => {
                    ("a configuration file", format!("; synfire train {shown} makes a run of it"))
                }
            }
        }
        None => ("a file", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder `runs` with the run `a`.
    fn runs() -> (tempfile::TempDir, PathBuf) {
        let parent = tempfile::tempdir().unwrap();
        let run = parent.path().join("runs").join("a");
        for folder in ["checkpoints", "plots"] {
            fs::create_dir_all(run.join(folder)).unwrap();
        }
        for (file, text) in [
            ("environment.json", r#"{"synfire": "0.1.0"}"#),
            ("config.toml", ""),
            ("checkpoints/best.safetensors", ""),
            ("checkpoints/last.safetensors", ""),
            ("checkpoints/epoch-0012.safetensors", ""),
            ("checkpoints/task-03.safetensors", ""),
            ("plots/raster.png", ""),
        ] {
            fs::write(run.join(file), text).unwrap();
        }
        (parent, run)
    }

    #[test]
    fn everything_of_a_run_knows_its_run() {
        let (_parent, run) = runs();
        for (file, what, checkpoint) in [
            ("config.toml", "configuration", None),
            ("environment.json", "file environment.json", None),
            ("checkpoints/best.safetensors", "best checkpoint", Some(Checkpoint::Best)),
            ("checkpoints/last.safetensors", "last checkpoint", Some(Checkpoint::Last)),
            (
                "checkpoints/epoch-0012.safetensors",
                "checkpoint of epoch 12",
                Some(Checkpoint::Epoch(12)),
            ),
            (
                "checkpoints/task-03.safetensors",
                "checkpoint after task 3",
                Some(Checkpoint::Task(3)),
            ),
            ("checkpoints", "folder checkpoints", None),
            ("plots/raster.png", "file plots/raster.png", None),
        ] {
            let path = run.join(file);
            let part = RunPart::find(&path).unwrap();
            assert_eq!(part.to_string(), format!("the {what} of the run {}", run.display()));
            assert_eq!(part.checkpoint(), checkpoint);
            let message = not_a_run(&path);
            assert!(message.contains(&format!("belongs here: {}", run.display())), "{message}");
        }
        for other in [run.clone(), run.join(".."), run.join("missing")] {
            assert_eq!(RunPart::find(&other), None, "{other:?}");
        }
    }

    #[test]
    fn runs_are_shown_as_they_were_typed() {
        let whole = Path::new("/home/me/runs/a");
        let shown = |path: &str, depth| shown(Path::new(path), depth, whole).display().to_string();
        assert_eq!(shown("runs/a/config.toml", 1), "runs/a");
        assert_eq!(shown("config.toml", 1), ".");
        assert_eq!(shown("a/checkpoints/best.safetensors", 2), "a");
        assert_eq!(shown("best.safetensors", 2), "/home/me/runs/a");
        assert_eq!(shown("../config.toml", 1), "..");
    }

    #[test]
    fn other_folders_and_files_are_called_what_they_are() {
        let (parent, run) = runs();
        let message = not_a_run(&parent.path().join("runs"));
        assert!(message.ends_with(&format!("name one: {}", run.display())), "{message}");
        let lost = parent.path().join("best.safetensors");
        fs::write(&lost, "").unwrap();
        assert!(not_a_run(&lost).starts_with("this is a checkpoint outside of its run"));
        assert!(not_a_run(parent.path()).contains("holds no config.toml"));
        assert!(not_a_run(&parent.path().join("none")).starts_with("there is no such folder"));
    }
}
