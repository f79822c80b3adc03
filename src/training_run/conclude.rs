//! The end of a run: its result on the validation samples, and its figures.

use crate::checkpoint::Checkpoint;
use crate::class_accuracy::ClassAccuracy;
use crate::error::{Error, Result};
use crate::observer::Observer;
use crate::outcome::{BestEpoch, Finish, Outcome};
use crate::passive_remarks::verdict;
use crate::picture::Picture;
use crate::run_result::RunResult;
use crate::trained_run::TrainedRun;
use crate::training_run::TrainingRun;
use layered::LayeredEngine;
use plasticity::{CheckpointFile, evaluate};
use plots::legible;
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;

impl TrainingRun {
    /// Selects by validation, writes the result and draws the figures.
    pub(super) fn conclude(&mut self, observer: &mut dyn Observer) -> Result<Finish> {
        let best = self.selection.best_epoch();
        let best =
            best.ok_or_else(|| Error::folder(self.folder.path(), "there is not one epoch"))?;
        // A run that was killed after its last epoch may have left too many checkpoints.
        self.folder.forget_epoch_start()?;
        self.folder.forget_epochs_but(&self.kept_epochs())?;
        let mut network = self.trainer.network().clone();
        CheckpointFile::open(&self.folder.best())?.load(&mut network)?;
        let validation = evaluate(
            &network,
            &mut LayeredEngine::new(&network)?,
            self.trainer.loss(),
            self.experiment.training.evaluation(),
            &*self.data.dataset,
            &self.split.validation,
        )?;
        let result = RunResult {
            split: self.experiment.data.held_out(),
            samples: validation.samples,
            best_epoch: best,
            accuracy: validation.accuracy(),
            standard_error: validation.standard_error(),
            last_accuracy: self.metrics.epochs.last().map_or(0.0, |last| last.validation_accuracy),
            by_class: ClassAccuracy::of(&self.data.class_names(), &validation.confusion),
            classes: self.data.class_names(),
            confusion: validation.confusion,
        };
        let best = BestEpoch {
            epoch: best,
            accuracy: result.accuracy,
            standard_error: result.standard_error,
        };
        let line = format!(
            "validation ({}): {:.1} ± {:.1} % of {} samples with one tap per synapse, from epoch \
             {} of {}",
            result.split,
            100.0 * best.accuracy,
            100.0 * best.standard_error,
            result.samples,
            best.epoch,
            self.metrics.epochs.len()
        );
        self.lock.renew()?;
        let _ = self.say(observer, &line)?;
        let selected = self.metrics.epochs.get(best.epoch - 1);
        let verdict = selected.and_then(|row| verdict(self.trainer.network(), row));
        if let Some(verdict) = &verdict {
            let _ = self.say(observer, verdict)?;
        }
        result.write(&self.folder.result())?;
        // From here on the run is finished: figures that cannot be drawn must not take its result
        // away.
        let folder = self.folder.path().to_owned();
        let (pictures, warning) = match self.draw(observer) {
            Ok(pictures) => (pictures, None),
            Err(error) => (
                Vec::new(),
                Some(format!("{error}; draw the figures with synfire plot {}", folder.display())),
            ),
        };
        Ok(Finish::Completed(Outcome {
            folder,
            best,
            last_accuracy: result.last_accuracy,
            by_class: result.by_class,
            verdict,
            pictures,
            warning,
        }))
    }

    fn draw(&self, observer: &mut dyn Observer) -> Result<Vec<PathBuf>> {
        let mut run = TrainedRun::open(self.folder.path(), Checkpoint::Best)?;
        if let Some(loss) = &self.own_loss {
            run = run.with_loss(Arc::clone(loss));
        }
        let mut pictures = Vec::new();
        for picture in Picture::ALL {
            pictures.extend(picture.draw(&run, Some((&self.data, self.split.validation[0])))?);
        }
        let _ = self.say(observer, &format!("pictures: {}", self.folder.plots().display()))?;
        if let Some((name, drawn)) = first_escaped(&self.data.class_names()) {
            let line = format!(
                "in them, letters that are not Latin, Greek or Cyrillic are escapes: class {name} \
                 is {drawn}"
            );
            let _ = self.say(observer, &line)?;
        }
        Ok(pictures)
    }
}

/// The first name in which figures draw a letter as an escape, and the name as drawn.
fn first_escaped(names: &[String]) -> Option<(&str, Cow<'_, str>)> {
    let mut drawn = names.iter().map(|name| (name.as_str(), legible(name)));
    drawn.find(|(name, drawn)| drawn.contains('\\') && !name.contains('\\'))
}
