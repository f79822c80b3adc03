//! What is forgotten: the accuracy on each task from its training on.

use crate::canvas::Canvas;
use crate::error::Result;
use crate::figure::Figure;
use crate::font::TextStyle;
use crate::heading::draw_heading;
use crate::legend::{Legend, Sample};
use crate::names::{short_names, widest};
use crate::panel::{Panel, Rect, X_GUTTER, XAxis, y_gutter};
use crate::scale::{Scale, extent};
use crate::stroke::{Dash, Stroke};
use crate::task_accuracies::{check, learned, means};
use crate::theme::{
    CAP_HEIGHT, MARGIN, NORMAL, PIXEL, Rgb, SINGLE_COLUMN_MM, Size, THIN, TICK, TITLE, in_order, mm,
};

const TITLE_HEIGHT: f64 = 14.0;
const LEGEND_GAP: f64 = 4.0;
/// Height of a task's name; the frame is as high as all names are, within the ends that follow.
const NAME_LINE: f64 = 7.4;
const LOWEST_FRAME: f64 = 112.0;
const HIGHEST_FRAME: f64 = 160.0;
/// Right of the frame: gap, colours, gap, names.
const KEY_GAP: f64 = 8.0;
const KEY_WIDTH: f64 = 6.0;
const NAME_GAP: f64 = 3.0;
/// Names are shortened beyond this width.
const LONGEST_NAME: f64 = 60.0;
/// Tasks left and right of the first and the last one, so that their points keep off the frame.
const X_AIR: f64 = 0.25;
/// The axis begins at zero unless all accuracies are above this, in percent.
const HIGH: f64 = 60.0;
/// Percentages that an axis beginning above zero spans at least.
const LEAST_RANGE: f64 = 1.0;
/// Lines of more tasks than this are thin.
const MANY: usize = 10;
const MEAN: Stroke = Stroke { color: Rgb::INK, width: 6.0 * PIXEL, dash: Dash::Solid };
/// White on both sides of the mean, which keeps it apart from the lines it crosses.
const CASING: Stroke = Stroke { color: Rgb::WHITE, width: 10.0 * PIXEL, dash: Dash::Solid };

/// Accuracy on every task, from the end of its own training on, against the tasks trained so far;
/// the mean over these tasks is a thick line.
///
/// Colours follow the order of training. The axis begins at zero unless all accuracies are above
/// 60 %. NaN interrupts the line of its task and that of the mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForgettingFigure {
    /// Above everything, for example the run's name; may be empty.
    pub title: String,
    /// Beside the title, for example "ACC 95.3 %, BWT −1.1 %"; may be empty.
    pub remark: String,
    /// Names of the tasks in the order of their training.
    pub tasks: Vec<String>,
    /// `accuracy[i][j]`: fraction between 0 and 1 after training task i on task j, as in
    /// [`AccuracyMatrixFigure`](crate::AccuracyMatrixFigure); what is above the diagonal is not
    /// shown.
    pub accuracy: Vec<Vec<f64>>,
}

/// Where everything lies.
struct Layout {
    legend: Legend,
    frame: Rect,
    gutter: f64,
    y: Scale,
    names: Vec<String>,
    name_size: f64,
    /// How many tasks share a name when there are too many.
    stride: usize,
}

impl ForgettingFigure {
    fn has_heading(&self) -> bool {
        !(self.title.is_empty() && self.remark.is_empty())
    }

    fn color(&self, task: usize) -> Rgb {
        in_order(task, self.tasks.len())
    }

    /// Scale of the percentages.
    fn y_scale(&self) -> Scale {
        let percents = learned(&self.accuracy).flatten().map(|accuracy| 100.0 * accuracy);
        match extent(percents) {
            Some((lo, hi)) if lo > HIGH => {
                // Equal accuracies would open the axis by half their size.
                let air = if hi - lo < LEAST_RANGE { LEAST_RANGE / 2.0 } else { 0.0 };
                let rounded = Scale::rounded(Some((lo - air, hi + air)));
                Scale::linear(rounded.lo, rounded.hi.min(100.0))
            }
            Some((_, hi)) => Scale::linear(0.0, Scale::rounded(Some((0.0, hi))).hi.min(100.0)),
            None => Scale::linear(0.0, 100.0),
        }
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        legend.add(Sample::Line(MEAN), "mean of the tasks so far");
        legend
    }

    fn layout(&self) -> Layout {
        let legend = self.legend();
        let width = mm(SINGLE_COLUMN_MM);
        let heading = if self.has_heading() { TITLE_HEIGHT } else { 0.0 };
        let top = MARGIN + heading + legend.height(width - 2.0 * MARGIN) + LEGEND_GAP;
        let count = self.tasks.len().max(1) as f64;
        let height = (NAME_LINE * count).clamp(LOWEST_FRAME, HIGHEST_FRAME);
        let pitch = height / count;
        let name_size = TICK.min(pitch / 1.05).max(5.0);
        let names = short_names(&self.tasks, name_size, LONGEST_NAME, 1);
        let y = self.y_scale();
        let gutter = y_gutter(y, height);
        let left = MARGIN + gutter;
        let key = KEY_GAP + KEY_WIDTH + NAME_GAP + widest(&names, name_size);
        let frame = Rect { left, top, width: width - left - key - MARGIN, height };
        let stride = (name_size / pitch).ceil().max(1.0) as usize;
        Layout { legend, frame, gutter, y, names, name_size, stride }
    }

    fn draw_tasks(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        for task in 0..self.tasks.len() {
            let since = self.accuracy.iter().enumerate().skip(task);
            let points = since.map(|(i, row)| ((i + 1) as f64, 100.0 * row[task]));
            let width = if self.tasks.len() > MANY { THIN } else { NORMAL };
            panel.line(canvas, points.clone(), Stroke::solid(self.color(task), width));
            panel.lonely_points(canvas, points, self.color(task));
        }
    }

    /// Dots where each task was just trained.
    fn draw_starts(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let radius = if self.tasks.len() > MANY { 1.2 } else { 1.5 };
        for (task, row) in self.accuracy.iter().enumerate() {
            let (x, y) = ((task + 1) as f64, 100.0 * row[task]);
            if y.is_finite() {
                canvas.disc(panel.at(x, y), radius, self.color(task));
            }
        }
    }

    fn draw_mean(&self, canvas: &mut Canvas<'_>, panel: &Panel) {
        let means = means(&self.accuracy);
        let points = means.iter().enumerate().map(|(i, mean)| ((i + 1) as f64, 100.0 * mean));
        panel.line(canvas, points.clone(), CASING);
        panel.line(canvas, points.clone(), MEAN);
        panel.lonely_points(canvas, points, MEAN.color);
    }

    /// The colours beside the frame, the first task uppermost.
    fn draw_key(&self, canvas: &mut Canvas<'_>, layout: &Layout) {
        let Layout { frame, name_size, .. } = *layout;
        let left = frame.right() + KEY_GAP;
        let pitch = frame.height / self.tasks.len() as f64;
        for (task, name) in layout.names.iter().enumerate() {
            let top = frame.top + pitch * task as f64;
            // Each colour reaches to the bottom and the next ones cover it, which leaves no seams.
            canvas.rect((left, top), (left + KEY_WIDTH, frame.bottom()), self.color(task));
            if task % layout.stride == 0 {
                let baseline = top + pitch / 2.0 + name_size * CAP_HEIGHT / 2.0;
                let style = TextStyle::new(name_size, Rgb::INK);
                canvas.text((left + KEY_WIDTH + NAME_GAP, baseline), name, style);
            }
        }
    }
}

impl Figure for ForgettingFigure {
    fn size(&self) -> Size {
        let frame = self.layout().frame;
        Size { width: mm(SINGLE_COLUMN_MM), height: frame.bottom() + X_GUTTER + MARGIN }
    }

    fn draw(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        check("ForgettingFigure", &self.tasks, &self.accuracy)?;
        let layout = self.layout();
        let room = mm(SINGLE_COLUMN_MM) - 2.0 * MARGIN;
        let mut top = MARGIN;
        if self.has_heading() {
            draw_heading(canvas, (&self.title, &self.remark), top + TITLE, room);
            top += TITLE_HEIGHT;
        }
        layout.legend.draw(canvas, MARGIN, top, room);
        let x = Scale::counting(Some((1.0 - X_AIR, self.tasks.len() as f64 + X_AIR)));
        let panel = Panel { frame: layout.frame, x, y: layout.y };
        if learned(&self.accuracy).flatten().any(|accuracy| accuracy.is_finite()) {
            self.draw_tasks(canvas, &panel);
            self.draw_mean(canvas, &panel);
            self.draw_starts(canvas, &panel);
        } else {
            panel.nothing(canvas, "no accuracies yet");
        }
        panel.axes(canvas, XAxis::Named("tasks trained"), "accuracy (%)", layout.gutter);
        self.draw_key(canvas, &layout);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale_of(accuracy: &[&[f64]]) -> (f64, f64) {
        let accuracy: Vec<Vec<f64>> = accuracy.iter().map(|row| row.to_vec()).collect();
        let tasks = vec![String::new(); accuracy.len().max(1)];
        let scale = ForgettingFigure { tasks, accuracy, ..ForgettingFigure::default() }.y_scale();
        (scale.lo, scale.hi)
    }

    #[test]
    fn the_axis_begins_at_zero_unless_all_is_high() {
        assert_eq!(scale_of(&[&[0.97, 0.1], &[0.93, 0.96]]), (93.0, 97.0));
        assert_eq!(scale_of(&[&[0.97], &[0.6, 0.96]]), (0.0, 100.0));
        assert_eq!(scale_of(&[&[0.21]]), (0.0, 25.0));
        assert_eq!(scale_of(&[&[1.0]]), (99.4, 100.0));
        assert_eq!(scale_of(&[&[0.0]]).0, 0.0);
        assert_eq!(scale_of(&[]), (0.0, 100.0));
        assert_eq!(scale_of(&[&[f64::NAN]]), (0.0, 100.0));
    }

    #[test]
    fn names_are_left_out_where_there_are_too_many() {
        let stride = |tasks: usize| {
            let tasks = (1..=tasks).map(|task| format!("task {task}")).collect();
            ForgettingFigure { tasks, ..ForgettingFigure::default() }.layout().stride
        };
        assert_eq!((stride(1), stride(20), stride(30), stride(64)), (1, 1, 1, 2));
    }
}
