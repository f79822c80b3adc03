//! What excitatory and inhibitory synapses bring to each neuron while a sample runs.

use crate::canvas::Canvas;
use crate::error::{Error, Result};
use crate::figure::Figure;
use crate::histogram::{quantile, sorted_finite};
use crate::legend::{Legend, Sample};
use crate::panel::Panel;
use crate::panel_rows::{Column, PanelRows, Row};
use crate::scale::{Scale, extent, grouped};
use crate::stroke::{Dash, Stroke};
use crate::theme::{DOUBLE_COLUMN_MM, HAIRLINE, NORMAL, Rgb, STRONG, Size, THIN, mm};

const PANEL_HEIGHT: f64 = 66.0;
/// Radius of a neuron in the plane of its mean currents.
const DOT: f64 = 0.9;
const EXCITATORY: Rgb = Rgb::VERMILLION;
const INHIBITORY: Rgb = Rgb::BLUE;
const NET: Stroke = Stroke { color: Rgb::INK, width: THIN, dash: Dash::Solid };
const BALANCE: Stroke = Stroke { color: Rgb::GREY, width: HAIRLINE, dash: Dash::Dashed };

/// The currents of one population, scaled as its norm scales them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PopulationCurrents {
    /// For example "hidden 1".
    pub name: String,
    /// `[neuron][step]`: the sum over excitatory synapses, at least 0.
    pub excitatory: Vec<Vec<f32>>,
    /// `[neuron][step]`: the sum over inhibitory synapses, at most 0.
    pub inhibitory: Vec<Vec<f32>>,
    /// What the norm adds to each neuron in every step; 0 without a norm.
    pub offset: Vec<f32>,
    /// The neuron whose currents are shown over time.
    pub shown: usize,
}

/// Currents of one neuron and of the whole population over time, and the means of every neuron
/// against each other, a row per population. Neurons on the dashed line receive as much inhibition
/// as excitation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurrentsFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title: which network and which sample; may be empty.
    pub remark: String,
    /// Length of a step in ms.
    pub step_ms: f64,
    /// One row each.
    pub populations: Vec<PopulationCurrents>,
}

impl PopulationCurrents {
    fn steps(&self) -> usize {
        self.excitatory.first().map_or(0, Vec::len)
    }

    fn check(&self) -> std::result::Result<(), String> {
        let neurons = self.excitatory.len();
        let counts = [self.inhibitory.len(), self.offset.len()];
        if counts != [neurons; 2] {
            return Err(format!(
                "has excitation of {neurons} neurons, but inhibition of {} and offsets of {}",
                counts[0], counts[1]
            ));
        }
        let steps = self.steps();
        let mut courses = self.excitatory.iter().chain(&self.inhibitory);
        if let Some(other) = courses.find(|course| course.len() != steps) {
            return Err(format!("has currents of {steps} steps, and of {}", other.len()));
        }
        if neurons > 0 && self.shown >= neurons {
            return Err(format!("shows neuron {} of {neurons} (from 0)", self.shown));
        }
        Ok(())
    }

    /// What reaches a neuron in each step.
    fn net(&self, neuron: usize) -> Vec<f32> {
        let currents = self.excitatory[neuron].iter().zip(&self.inhibitory[neuron]);
        currents.map(|(plus, minus)| plus + minus + self.offset[neuron]).collect()
    }

    /// Quantiles over the neurons of their currents, in each step.
    fn over_neurons(currents: &[Vec<f32>], steps: usize, share: f64) -> Vec<f64> {
        let of_step = |step: usize| {
            let all: Vec<f32> = currents.iter().map(|course| course[step]).collect();
            quantile(&sorted_finite(&all), share).unwrap_or(f64::NAN)
        };
        (0..steps).map(of_step).collect()
    }

    /// Mean excitation and mean inhibition of every neuron, both at least 0.
    fn means(&self) -> Vec<(f64, f64)> {
        let mean = |course: &[f32]| {
            course.iter().map(|&current| f64::from(current)).sum::<f64>()
                / course.len().max(1) as f64
        };
        let pairs = self.excitatory.iter().zip(&self.inhibitory);
        pairs.map(|(plus, minus)| (mean(plus), -mean(minus))).collect()
    }
}

fn of_one(color: Rgb) -> Stroke {
    Stroke { color, width: NORMAL, dash: Dash::Solid }
}

fn of_all(color: Rgb) -> Stroke {
    Stroke { color, width: STRONG, dash: Dash::Solid }
}

fn band(color: Rgb) -> Rgb {
    color.lighten(0.72)
}

impl CurrentsFigure {
    fn times(&self, steps: usize) -> Vec<f64> {
        (0..steps).map(|step| step as f64 * self.step_ms).collect()
    }

    /// The row of a population; an empty one where its fields contradict each other.
    fn row(&self, population: &PopulationCurrents) -> Row {
        let nothing = PopulationCurrents { name: population.name.clone(), ..Default::default() };
        let population = if population.check().is_ok() { population } else { &nothing };
        let steps = population.steps();
        let end = steps.saturating_sub(1) as f64 * self.step_ms;
        let time = Scale::linear(0.0, end);
        let of_shown = match population.excitatory.get(population.shown) {
            Some(plus) => [plus, &population.inhibitory[population.shown]]
                .into_iter()
                .flatten()
                .copied()
                .chain(population.net(population.shown))
                .map(f64::from)
                .collect(),
            None => Vec::new(),
        };
        let bands = [
            PopulationCurrents::over_neurons(&population.excitatory, steps, 0.95),
            PopulationCurrents::over_neurons(&population.inhibitory, steps, 0.05),
        ];
        let means = population.means();
        let most = extent(means.iter().flat_map(|&(plus, minus)| [plus, minus]));
        let plane = Scale::from_zero(Some((0.0, most.map_or(0.0, |(_, most)| most))));
        let with_zero =
            |values: &mut dyn Iterator<Item = f64>| Scale::padded(extent(values.chain([0.0])));
        Row {
            name: population.name.clone(),
            note: format!("{} neurons", grouped(population.excitatory.len() as u64)),
            scales: vec![
                (time, with_zero(&mut of_shown.into_iter())),
                (time, with_zero(&mut bands.into_iter().flatten())),
                (plane, plane),
            ],
        }
    }

    fn layout(&self) -> PanelRows<'_> {
        let [mut one, mut all, mut means] = [(); 3].map(|()| Legend::default());
        for (name, color) in [("excitation", EXCITATORY), ("inhibition", INHIBITORY)] {
            one.add(Sample::Line(of_one(color)), name);
            all.add(Sample::Line(of_all(color)), format!("{name}, median"));
            let no_line = Stroke { width: 0.0, ..of_all(color) };
            all.add(Sample::Area(band(color), no_line), "5–95 %");
        }
        let has_norm = |own: &PopulationCurrents| own.offset.iter().any(|offset| *offset != 0.0);
        let net = match self.populations.iter().any(has_norm) {
            true => "sum, with the norm's offset",
            false => "sum",
        };
        one.add(Sample::Line(NET), net);
        means.add(Sample::Line(BALANCE), "balance");
        let column = |legend, x_name, y_name| Column { legend, x_name, y_name, share: 1.0 / 3.0 };
        PanelRows {
            width: mm(DOUBLE_COLUMN_MM),
            panel_height: PANEL_HEIGHT,
            title: &self.title,
            remark: &self.remark,
            columns: vec![
                column(one, "time (ms)", "one neuron"),
                column(all, "time (ms)", "all neurons"),
                column(means, "mean excitation", "mean inhibition"),
            ],
            rows: self.populations.iter().map(|population| self.row(population)).collect(),
        }
    }

    fn draw_one(&self, canvas: &mut Canvas<'_>, panel: &Panel, population: &PopulationCurrents) {
        let times = self.times(population.steps());
        let course = |currents: &[f32]| -> Vec<(f64, f64)> {
            times.iter().copied().zip(currents.iter().map(|&current| f64::from(current))).collect()
        };
        let shown = population.shown;
        panel.line(canvas, course(&population.net(shown)), NET);
        panel.line(canvas, course(&population.excitatory[shown]), of_one(EXCITATORY));
        panel.line(canvas, course(&population.inhibitory[shown]), of_one(INHIBITORY));
    }

    fn draw_all(&self, canvas: &mut Canvas<'_>, panel: &Panel, population: &PopulationCurrents) {
        let steps = population.steps();
        let times = self.times(steps);
        let sides = [(&population.excitatory, EXCITATORY), (&population.inhibitory, INHIBITORY)];
        let course = |currents, share| PopulationCurrents::over_neurons(currents, steps, share);
        for (currents, color) in sides {
            let [low, high] = [0.05, 0.95].map(|share| course(currents, share));
            panel.band(canvas, &times, &low, &high, band(color));
        }
        for (currents, color) in sides {
            panel.line(canvas, times.iter().copied().zip(course(currents, 0.5)), of_all(color));
        }
    }

    fn draw_means(canvas: &mut Canvas<'_>, panel: &Panel, population: &PopulationCurrents) {
        panel.line(canvas, [(0.0, 0.0), (panel.x.hi, panel.x.hi)], BALANCE);
        for (plus, minus) in population.means() {
            if panel.contains(plus, minus) {
                canvas.disc(panel.at(plus, minus), DOT, Rgb::INK.lighten(0.35));
            }
        }
    }
}

impl Figure for CurrentsFigure {
    fn size(&self) -> Size {
        self.layout().size()
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        let error = |message| Err(Error::Data { figure: "CurrentsFigure", message });
        if self.populations.is_empty() {
            return error("no populations to draw".to_owned());
        }
        for population in &self.populations {
            if let Err(problem) = population.check() {
                return error(format!("population \"{}\" {problem}", population.name));
            }
        }
        self.layout().draw(canvas, |canvas, index, column, panel| {
            let population = &self.populations[index];
            if population.steps() == 0 {
                return panel.nothing(canvas, "no currents");
            }
            match column {
                0 => self.draw_one(canvas, panel, population),
                1 => self.draw_all(canvas, panel, population),
                _ => Self::draw_means(canvas, panel, population),
            }
        });
        Ok(())
    }
}
