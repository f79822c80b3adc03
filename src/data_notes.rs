//! What people should know about samples before they train or evaluate on them: one sentence each
//! that begins with the file.

use crate::data_origin::DataOrigin;
use crate::data_settings::Reader;
use datasets::{Known, Numbering, SpikeRecordings, Split, counted, listed, shown_name};
use sim_core::SampleSource;

/// From this number of channels on, unused channels suggest that a smaller number was meant.
const USED_CHANNELS: f64 = 0.9;

/// What recordings hold, in a line.
pub(crate) fn described(recordings: &SpikeRecordings) -> String {
    let channels = match recordings.channels_known() {
        Known::Inferred => format!(" (the highest unit is {})", highest_unit(recordings)),
        Known::Given | Known::Stored => String::new(),
    };
    let classes = match recordings.classes_known() {
        Known::Inferred => format!(" (the highest label is {})", highest_label(recordings)),
        Known::Given | Known::Stored => String::new(),
    };
    let clock = match recordings.clock() {
        Some(clock) => format!("clocked at {clock}"),
        None => "continuous".into(),
    };
    format!(
        "{}{channels}, {}{classes}, times in {}, {clock}",
        counted(recordings.channels(), "channel"),
        counted(recordings.classes(), "class"),
        recordings.time_unit()
    )
}

/// Notes about settings that contradict the file, and about classes without samples.
pub(crate) fn of_shape(name: &str, recordings: &SpikeRecordings) -> Vec<String> {
    let mut notes = Vec::new();
    let (channels, highest) = (recordings.channels(), highest_unit(recordings));
    let are_unused = ((highest + 1) as f64) < USED_CHANNELS * channels as f64;
    if recordings.channels_known() == Known::Given && are_unused && recordings.spikes() > 0 {
        notes.push(format!(
            "{name}: the highest unit is {highest}, but data.source.channels is {channels}"
        ));
    }
    if let Some((first, second)) = recordings.classes_of_one_name() {
        notes.push(format!(
            "{name}: classes {first} and {second} are both called {}, and are told apart by their \
             numbers",
            shown_name(&recordings.class_name(first))
        ));
    }
    let classes = recordings.classes();
    let mut counts = vec![0; classes];
    recordings.labels().iter().for_each(|&label| counts[usize::from(label)] += 1);
    if let [only] = (0..classes).filter(|&class| counts[class] > 0).collect::<Vec<_>>()[..] {
        notes.push(format!(
            "{name}: all samples are of class {}, so there is nothing to tell apart",
            shown_name(&recordings.class_name(only))
        ));
    }
    let empty = (0..classes).filter(|&class| counts[class] == 0);
    let empty: Vec<String> = empty.map(|class| recordings.class_name(class)).collect();
    let known = match recordings.class_names() {
        Some(names) if names.len() != classes => {
            Some(format!("extra/keys names {}", counted(names.len(), "class")))
        }
        None if highest_label(recordings) + 1 < classes => {
            Some(format!("the highest label is {}", highest_label(recordings)))
        }
        _ => None,
    };
    let given = known.filter(|_| recordings.classes_known() == Known::Given);
    let given = given.map(|known| format!("{known}, but data.source.classes is {classes}"));
    let without = match &empty[..] {
        [] => None,
        [only] => Some(format!("class {only} of {classes} has no samples")),
        several => Some(format!(
            "{} of {classes} classes have no samples: {}",
            several.len(),
            listed(several)
        )),
    };
    if let Some(problem) =
        [given, without].into_iter().flatten().reduce(|one, other| one + "; " + &other)
    {
        notes.push(format!("{name}: {problem}"));
    }
    notes
}

/// A note that recordings are over within one step.
pub(crate) fn of_length(origin: &DataOrigin, dt_ms: f64, reader: Reader) -> Option<String> {
    let median_ms = 1e3 * origin.median_length_s?;
    (median_ms < dt_ms).then(|| {
        format!(
            "{}: spikes/times: the median recording lasts {median_ms:.3} ms, less than one step of \
             {dt_ms} ms; is the unit of its times right ({})?",
            origin.name,
            reader.unit_setting()
        )
    })
}

/// A note about samples without a spike.
pub(crate) fn of_silence(
    name: &str,
    recordings: &SpikeRecordings,
    split: Option<&Split>,
) -> Option<String> {
    let silent = |samples: &[usize]| {
        samples.iter().filter(|&&sample| recordings.spike_count(sample) == 0).count()
    };
    let all: Vec<usize> = (0..recordings.len()).collect();
    let (count, samples) = (silent(&all), recordings.len());
    let sides = split.map_or(String::new(), |split| {
        let (train, validation) = (silent(&split.train), silent(&split.validation));
        format!(" ({train} to train on, {validation} to validate on)")
    });
    (count > 0).then(|| format!("{name}: {count} of {samples} samples hold no spike{sides}"))
}

/// Notes about what a split could not do.
pub(crate) fn of_split(name: &str, split: &Split, samples: &dyn SampleSource) -> Vec<String> {
    let counts = split.of_class(samples);
    let classes = |wanted: &dyn Fn((usize, usize)) -> bool| -> Vec<String> {
        let found = (0..counts.len()).filter(|&class| wanted(counts[class]));
        found.map(|class| samples.class_name(class)).collect()
    };
    let unseen = classes(&|(train, validation)| train > 0 && validation == 0);
    let untrained = classes(&|(train, validation)| train == 0 && validation > 0);
    let mut notes = Vec::new();
    if !unseen.is_empty() {
        let fewest = counts.iter().filter(|&&(train, validation)| validation == 0 && train > 0);
        let most = fewest.map(|&(train, _)| train).max().unwrap_or(0);
        let why = if most == 1 { " (there is one each)" } else { "" };
        notes.push(format!(
            "{name}: no sample of {} validates{why}, so nothing tells how well it is learned",
            classes_in_words(&unseen)
        ));
    }
    if !untrained.is_empty() {
        notes.push(format!(
            "{name}: no sample of {} trains, so that cannot be learned",
            classes_in_words(&untrained)
        ));
    }
    notes
}

/// Classes of which more validate than the share that was asked for, since one sample is the
/// fewest.
pub(crate) fn of_share(
    name: &str,
    fraction: f64,
    split: &Split,
    samples: &dyn SampleSource,
) -> Option<String> {
    let small = |(train, validation): (usize, usize)| {
        validation == 1 && (fraction * (train + validation) as f64).round() < 1.0
    };
    let counts = split.of_class(samples).into_iter().enumerate();
    let classes = counts.filter(|&(_, count)| small(count));
    let classes: Vec<String> = classes.map(|(class, _)| samples.class_name(class)).collect();
    (!classes.is_empty()).then(|| {
        let share = 100.0 * fraction;
        format!(
            "{name}: {share} % of {} are less than one sample, so one of each validates",
            classes_in_words(&classes)
        )
    })
}

/// A note about validation samples that are copies of training samples.
pub(crate) fn of_copies(name: &str, copies: usize, split: &Split) -> Option<String> {
    let validation = split.validation.len();
    (copies > 0).then(|| {
        format!(
            "{name}: {copies} of the {validation} validation samples have the very spikes of a \
             training sample, so their accuracy tells nothing of new ones"
        )
    })
}

/// A note about how the classes of a file were found among the classes of a run or of another file.
pub(crate) fn of_numbering(
    name: &str,
    numbering: Numbering,
    classes: usize,
    whose: &str,
) -> Option<String> {
    match numbering {
        Numbering::Same => None,
        Numbering::ByName => Some(format!(
            "{name}: the classes have other numbers than in {whose} and are matched by name"
        )),
        Numbering::RecordingsUnnamed => Some(format!(
            "{name}: no class is named, so labels 0 to {} are taken for the numbers of {whose}",
            classes - 1
        )),
        Numbering::NetworkUnnamed => Some(format!(
            "{name}: {whose} knows its classes by number only, so labels are taken for its numbers"
        )),
    }
}

fn classes_in_words(names: &[String]) -> String {
    format!("class{} {}", if names.len() == 1 { "" } else { "es" }, listed(names))
}

fn highest_unit(recordings: &SpikeRecordings) -> usize {
    let units = (0..recordings.len()).flat_map(|sample| recordings.units(sample));
    units.copied().max().map_or(0, usize::from)
}

fn highest_label(recordings: &SpikeRecordings) -> usize {
    recordings.labels().iter().copied().max().map_or(0, usize::from)
}
