//! One sample on its way through the network: spikes in, spikes of the hidden populations,
//! potentials of the readout.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::font::{self, Anchor, TextStyle};
use crate::heading::draw_heading;
use crate::legend::{Legend, Sample};
use crate::panel::{Panel, Rect, X_GUTTER, XAxis, y_gutter};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Point, Stroke};
use crate::theme::{
    HAIRLINE, LABEL, MARGIN, NOTE, Rgb, SINGLE_COLUMN_MM, STRONG, Size, TICK, TITLE, mm,
};

const TITLE_HEIGHT: f64 = 13.0;
/// From a panel's name to its frame; the label of a tick at the frame's upper end reaches half-way
/// into it.
const NAME_HEIGHT: f64 = 14.0;
const ROW_GAP: f64 = 7.0;
const RIGHT_MARGIN: f64 = 11.0;
const READOUT_HEIGHT: f64 = 58.0;
/// Heights of the first (input) and the further populations, and of all when there are many.
const INPUT_HEIGHT: f64 = 62.0;
const HIDDEN_HEIGHT: f64 = 46.0;
const CROWDED_HEIGHT: f64 = 34.0;
const CROWDED: usize = 5;
/// Names of classes are shortened beyond this width.
const LONGEST_NAME: f64 = 60.0;

const TRUE: Stroke = Stroke { color: Rgb::BLUE, width: STRONG, dash: Dash::Solid };
const WRONG: Stroke = Stroke { color: Rgb::VERMILLION, width: STRONG, dash: Dash::Dashed };
const OTHER: Stroke = Stroke { color: Rgb::LIGHT_GREY, width: HAIRLINE, dash: Dash::Solid };

/// Spikes of one population.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PopulationSpikes {
    /// For example "input" or "hidden 1".
    pub name: String,
    /// What one row is called: "channel", "neuron".
    pub unit: String,
    /// Number of rows.
    pub size: usize,
    /// Time in ms and row of every spike, in any order; times outside 0 to the figure's duration
    /// are counted but not drawn.
    pub spikes: Vec<(f32, u32)>,
}

/// Potentials of the readout, one trace per class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadoutTraces {
    /// For example "readout".
    pub name: String,
    /// Time between two values in ms, above 0; the first value is at 0.
    pub step_ms: f64,
    /// `[class][step]`, all classes equally long; NaN interrupts a trace.
    pub potentials: Vec<Vec<f32>>,
    /// Names of the classes, one per trace.
    pub classes: Vec<String>,
    /// The class of the sample, if known.
    pub true_class: Option<usize>,
    /// The class the network chose, if it did.
    pub predicted_class: Option<usize>,
}

/// Spike raster of one sample: panels of populations above each other and the readout beneath, on
/// one axis of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RasterFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: which network ran, for example "epoch 7, best of 24"; may be empty.
    pub remark: String,
    /// Beside the line on what was recognised: which sample, for example "validation sample 17";
    /// may be empty.
    pub sample: String,
    /// End of the time axis in ms, above 0.
    pub duration_ms: f64,
    /// The populations, from the input on.
    pub populations: Vec<PopulationSpikes>,
    /// The readout, drawn last when given.
    pub readout: Option<ReadoutTraces>,
}

impl PopulationSpikes {
    fn check(&self) -> std::result::Result<(), String> {
        let outside =
            self.spikes.iter().enumerate().find(|(_, spike)| spike.1 as usize >= self.size);
        outside.map_or(Ok(()), |(index, spike)| {
            Err(format!(
                "population \"{}\", spike {index}: row {}, but the population has {}",
                self.name, spike.1, self.size
            ))
        })
    }

    fn scale(&self) -> Scale {
        Scale::linear(0.0, self.size.max(1) as f64)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, panel: &Panel) -> String {
        // Runs of neighbouring marks are shorter to write when the order follows time.
        let mut shown: Vec<(f32, u32)> = self
            .spikes
            .iter()
            .copied()
            .filter(|&(ms, _)| (0.0..=panel.x.hi).contains(&f64::from(ms)))
            .collect();
        shown.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        shown.dedup();
        let pitch = panel.frame.height / self.size.max(1) as f64;
        // Many spikes need small marks to stay apart, few need larger ones to be seen.
        let width = match shown.len() {
            ..1000 => 1.0,
            1000..6000 => 0.75,
            _ => 0.55,
        };
        let height = (0.9 * pitch).clamp(width, 4.0);
        let centers = shown
            .iter()
            .map(|&(ms, row)| -> Point { panel.at(f64::from(ms), f64::from(row) + 0.5) });
        canvas.marks(centers, width, height, Rgb::INK);

        let inside = self
            .spikes
            .iter()
            .filter(|&&(ms, _)| (0.0..=panel.x.hi).contains(&f64::from(ms)))
            .count();
        let outside = self.spikes.len() - inside;
        match (self.spikes.len(), outside) {
            (0, _) => "no spikes".to_owned(),
            (1, 0) => "1 spike".to_owned(),
            (all, 0) => format!("{} spikes", grouped(all as u64)),
            (all, outside) => {
                format!("{} spikes, {} outside", grouped(all as u64), grouped(outside as u64))
            }
        }
    }
}

impl ReadoutTraces {
    fn check(&self) -> std::result::Result<(), String> {
        let classes = self.classes.len();
        if self.potentials.len() != classes {
            return Err(format!(
                "readout has {} traces, but {classes} class names",
                self.potentials.len()
            ));
        }
        if self.step_ms.is_nan() || self.step_ms <= 0.0 {
            return Err(format!("readout step_ms is {}, but must be > 0", self.step_ms));
        }
        let chosen = [("true", self.true_class), ("predicted", self.predicted_class)];
        match chosen
            .into_iter()
            .find_map(|(kind, class)| Some((kind, class.filter(|&class| class >= classes)?)))
        {
            Some((kind, class)) => {
                Err(format!("{kind} class is {class}, but there are {classes} classes"))
            }
            None => Ok(()),
        }
    }

    fn scale(&self) -> Scale {
        Scale::padded(extent(
            self.potentials.iter().flatten().map(|&potential| f64::from(potential)),
        ))
    }

    /// Classes to highlight: the last one is drawn on top.
    fn highlights(&self) -> Vec<(usize, Stroke, &'static str)> {
        match (self.true_class, self.predicted_class) {
            (Some(truth), Some(predicted)) if truth == predicted => {
                vec![(truth, TRUE, "true and predicted")]
            }
            (truth, predicted) => {
                let truth = truth.map(|class| (class, TRUE, "true"));
                truth
                    .into_iter()
                    .chain(predicted.map(|class| (class, WRONG, "predicted")))
                    .collect()
            }
        }
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        let highlights = self.highlights();
        for &(class, stroke, role) in &highlights {
            let name = self.classes.get(class).map_or("", String::as_str);
            let name = font::shorten(name, TICK, false, LONGEST_NAME);
            legend.add(Sample::Line(stroke), format!("{name} ({role})"));
        }
        match (self.classes.len() > highlights.len(), highlights.is_empty()) {
            (true, true) => legend.add(Sample::Line(OTHER), "classes"),
            (true, false) => legend.add(Sample::Line(OTHER), "other classes"),
            (false, _) => {}
        }
        legend
    }

    fn draw(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let highlights = self.highlights();
        let mut trace = |class: usize, stroke: Stroke| {
            let points = self.potentials[class].iter().enumerate();
            panel.line(
                canvas,
                points.map(|(step, &potential)| (step as f64 * self.step_ms, f64::from(potential))),
                stroke,
            );
        };
        let is_other =
            |class: &usize| highlights.iter().all(|(highlighted, ..)| highlighted != class);
        (0..self.potentials.len()).filter(is_other).for_each(|class| trace(class, OTHER));
        highlights.iter().for_each(|&(class, stroke, _)| trace(class, stroke));
        if self.potentials.iter().flatten().all(|potential| !potential.is_finite()) {
            panel.nothing(canvas, "no potentials");
        }
    }

    /// Words and colours of the line that says what was recognised.
    fn verdict(&self) -> Vec<(String, Rgb, bool)> {
        let word = |text: &str| (text.to_owned(), Rgb::GREY, false);
        let name = |class: usize, color: Rgb| {
            (font::shorten(&self.classes[class], LABEL, true, LONGEST_NAME), color, true)
        };
        match (self.true_class, self.predicted_class) {
            (Some(truth), Some(predicted)) => {
                let (color, outcome) = if truth == predicted {
                    (TRUE.color, "correct")
                } else {
                    (WRONG.color, "wrong")
                };
                let outcome = (
                    outcome.to_owned(),
                    if truth == predicted { Rgb::GREEN } else { WRONG.color },
                    true,
                );
                vec![
                    word("true"),
                    name(truth, TRUE.color),
                    word("· predicted"),
                    name(predicted, color),
                    word("·"),
                    outcome,
                ]
            }
            (Some(truth), None) => vec![word("true"), name(truth, TRUE.color)],
            (None, Some(predicted)) => vec![word("predicted"), name(predicted, WRONG.color)],
            (None, None) => vec![],
        }
    }
}

impl RasterFigure {
    fn check(&self) -> Result<()> {
        let all = || {
            if !(self.duration_ms.is_finite() && self.duration_ms > 0.0) {
                return Err(format!("duration_ms is {}, but must be > 0", self.duration_ms));
            }
            if self.populations.is_empty() && self.readout.is_none() {
                return Err("neither populations nor a readout to draw".to_owned());
            }
            self.populations.iter().try_for_each(PopulationSpikes::check)?;
            self.readout.as_ref().map_or(Ok(()), ReadoutTraces::check)
        };
        all().map_err(|message| Error::Data { figure: "RasterFigure", message })
    }

    fn population_height(&self, index: usize) -> f64 {
        match index {
            _ if self.populations.len() >= CROWDED => CROWDED_HEIGHT,
            0 => INPUT_HEIGHT,
            _ => HIDDEN_HEIGHT,
        }
    }

    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn header_height(&self) -> f64 {
        let verdict = self
            .readout
            .as_ref()
            .is_some_and(|readout| readout.true_class.or(readout.predicted_class).is_some());
        let lines = [self.has_heading(), verdict || !self.sample.is_empty()];
        lines.into_iter().filter(|&is_there| is_there).count() as f64 * TITLE_HEIGHT
    }

    fn draw_header(&self, canvas: &mut Canvas<'_>) {
        let mut baseline = MARGIN + TITLE;
        let width = mm(SINGLE_COLUMN_MM) - 2.0 * MARGIN;
        if self.has_heading() {
            draw_heading(canvas, (&self.title, &self.remark), baseline, width);
            baseline += TITLE_HEIGHT;
        }
        let mut x = MARGIN;
        for (text, color, bold) in self.readout.iter().flat_map(ReadoutTraces::verdict) {
            canvas.text((x, baseline), &text, TextStyle { bold, ..TextStyle::new(LABEL, color) });
            x += font::text_width(&text, LABEL, bold) + 2.6;
        }
        let sample = font::shorten(&self.sample, NOTE, false, MARGIN + width - x - 8.0);
        canvas.text(
            (MARGIN + width, baseline),
            &sample,
            TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::End),
        );
    }

    /// Height of the readout's name and legend.
    fn readout_top(&self, readout: &ReadoutTraces) -> f64 {
        NAME_HEIGHT + readout.legend().height(self.panel_width())
    }

    fn panel_width(&self) -> f64 {
        mm(SINGLE_COLUMN_MM) - MARGIN - self.gutter() - RIGHT_MARGIN
    }

    fn gutter(&self) -> f64 {
        let populations = self
            .populations
            .iter()
            .enumerate()
            .map(|(i, population)| y_gutter(population.scale(), self.population_height(i)));
        populations
            .chain(self.readout.iter().map(|readout| y_gutter(readout.scale(), READOUT_HEIGHT)))
            .fold(0.0, f64::max)
    }
}

/// Names a panel at its upper left, with a remark at its upper right.
fn draw_name(canvas: &mut Canvas<'_>, frame: Rect, name: &str, note: &str) {
    let baseline = frame.top - NAME_HEIGHT + LABEL;
    let room = frame.right() - MARGIN - font::text_width(note, NOTE, false) - 8.0;
    canvas.text(
        (MARGIN, baseline),
        &font::shorten(name, LABEL, true, room),
        TextStyle::new(LABEL, Rgb::INK).bold(),
    );
    canvas.text(
        (frame.right(), baseline),
        note,
        TextStyle::new(NOTE, Rgb::GREY).anchor(Anchor::End),
    );
}

impl Figure for RasterFigure {
    fn size(&self) -> Size {
        let populations: f64 = (0..self.populations.len())
            .map(|i| NAME_HEIGHT + self.population_height(i) + ROW_GAP)
            .sum();
        let readout = self
            .readout
            .as_ref()
            .map_or(0.0, |readout| self.readout_top(readout) + READOUT_HEIGHT + ROW_GAP);
        Size {
            width: mm(SINGLE_COLUMN_MM),
            height: MARGIN + self.header_height() + populations + readout - ROW_GAP
                + X_GUTTER
                + MARGIN,
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        self.check()?;
        self.draw_header(canvas);
        let gutter = self.gutter();
        let left = MARGIN + gutter;
        let width = self.panel_width();
        let time = Scale::linear(0.0, self.duration_ms);
        let last = self.populations.len() + usize::from(self.readout.is_some()) - 1;
        let x_axis = |row: usize| if row == last { XAxis::Named("time (ms)") } else { XAxis::Bare };

        let mut top = MARGIN + self.header_height();
        for (row, population) in self.populations.iter().enumerate() {
            let frame =
                Rect { left, top: top + NAME_HEIGHT, width, height: self.population_height(row) };
            let panel = Panel { frame, x: time, y: population.scale() };
            let note = population.draw(canvas, &panel);
            panel.axes(canvas, x_axis(row), &population.unit, gutter);
            draw_name(canvas, frame, &population.name, &note);
            top = frame.bottom() + ROW_GAP;
        }
        if let Some(readout) = &self.readout {
            let frame =
                Rect { left, top: top + self.readout_top(readout), width, height: READOUT_HEIGHT };
            let panel = Panel { frame, x: time, y: readout.scale() };
            readout.draw(canvas, &panel);
            panel.axes(canvas, x_axis(last), "potential", gutter);
            draw_name(canvas, Rect { top: top + NAME_HEIGHT, ..frame }, &readout.name, "");
            readout.legend().draw(canvas, left, top + NAME_HEIGHT - 1.0, width);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
