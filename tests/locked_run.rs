//! One run at a time in a folder, for programs that use the library.

use datasets::{LabelledFrames, Split};
use sim_core::{Seed, SpikeFrames};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use synfire::{Event, Experiment, Finish, OwnParts, RunFolder, Samples, Silent, TrainingRun};

fn parts() -> OwnParts {
    let sample = |sample: usize| {
        let events = [(sample as u32 % 2, 1), (sample as u32 % 2, 4)];
        (SpikeFrames::from_events(2, 10, &events).unwrap(), sample % 2)
    };
    let source = Arc::new(LabelledFrames::new(2, (0..20).map(sample).collect()).unwrap());
    let split = Split::by_chance(&*source, 0.25, Seed(0)).unwrap();
    OwnParts::of_samples(Samples { name: "two channels".into(), source, split })
}

fn create(folder: &Path, overwrite: bool) -> synfire::Result<TrainingRun> {
    let mut experiment = Experiment::recipe("quickstart").unwrap();
    experiment.network.feed_forward_mut().expect("it is in a row").hidden = vec![4];
    experiment.training.epochs = 2;
    TrainingRun::create_with(experiment, parts(), folder.into(), overwrite, Some(1))
}

fn resume(folder: &Path) -> synfire::Result<TrainingRun> {
    TrainingRun::resume_with(folder, parts(), None, Some(1))
}

#[test]
fn a_folder_is_in_the_hands_of_one_run_until_that_is_dropped() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("run");
    let first = create(&folder, false).unwrap();
    let holder = format!("process {} on ", std::process::id());
    for second in [create(&folder, false), create(&folder, true), resume(&folder)] {
        let message = second.err().unwrap().to_string();
        assert!(message.contains(&holder), "{message}");
    }
    assert_eq!(first.folder().writer().unwrap().process, std::process::id());
    drop(first);
    assert_eq!(RunFolder::open(&folder).unwrap().writer(), None);
    let mut stops = |event: Event<'_>| match event {
        Event::Epoch(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let stopped = resume(&folder).unwrap().run(&mut stops).unwrap();
    assert!(matches!(stopped, Finish::Stopped { epochs: 1, .. }));
    resume(&folder).unwrap().finish(&mut Silent).unwrap();
    create(&folder, true).unwrap().finish(&mut Silent).unwrap();
    let names = std::fs::read_dir(&folder).unwrap();
    assert!(!names.map(|entry| entry.unwrap().file_name()).any(|name| name == ".synfire-lock"));
}
