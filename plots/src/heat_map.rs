//! A square of coloured cells with names along two sides and a colour bar.

use crate::canvas::Canvas;
use crate::font::{self, Anchor, TextStyle};
use crate::names::{short_names, widest};
use crate::stroke::{Point, Stroke};
use crate::theme::{
    CAP_HEIGHT, DOUBLE_COLUMN_MM, HAIRLINE, LABEL, MARGIN, MIDDLE_COLUMN_MM, PIXEL, Rgb,
    SINGLE_COLUMN_MM, Size, TICK, mm,
};

/// Names are shortened beyond this width; four letters fit that are drawn as escapes.
const LONGEST_NAME: f64 = 96.0;
/// Numbers in smaller type than this would be specks.
const SMALLEST_NUMBER: f64 = 3.9;
const BAR_WIDTH: f64 = 6.0;
/// Right of the cells: gap, colour bar, its labels and its name.
const BAR_SPACE: f64 = 8.0 + BAR_WIDTH + 4.0 + 12.0 + 3.0 + LABEL;
const NAME_GAP: f64 = 3.0;
/// Least distance between names beside each other.
const NAME_AIR: f64 = 4.0;
const AXIS_NAME: f64 = LABEL * 1.05 + 3.0;

/// How large cells and their numbers are, in points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct CellSides {
    /// The figure is as many columns of the page wide as cells of this size need, if it can be.
    pub roomy: f64,
    /// Few cells do not grow beyond this.
    pub largest: f64,
    /// Least distance of a number from the sides of its cell, both together.
    pub air: f64,
}

/// Where the cells lie, and the names of their columns and rows.
#[derive(Clone, Debug)]
pub(crate) struct HeatMap {
    /// Of the whole figure.
    pub size: Size,
    /// Side of a cell.
    cell: f64,
    /// Least distance of a number from the sides of its cell, both together.
    air: f64,
    /// Upper left corner of the first cell.
    corner: Point,
    /// Names as they are drawn, from the first column on.
    names: Vec<String>,
    /// Those of the rows.
    row_names: Vec<String>,
    /// Left side of what the rows are.
    rows_left: f64,
    /// Type size of the names, and how many cells share a name when there are too many.
    name_size: f64,
    stride: usize,
    /// Whether the names below stand upright, for want of room beside each other.
    upright: bool,
}

impl HeatMap {
    /// Lays out as many cells in each direction as there are names, beneath a header whose height
    /// depends on the figure's width. Where names need numbers, these count from `first`.
    pub fn new(
        names: &[String],
        first: usize,
        sides: CellSides,
        header: impl FnOnce(f64) -> f64,
    ) -> Self {
        let count = names.len().max(1) as f64;
        let widest = widest(&short_names(names, TICK, LONGEST_NAME, first), TICK).min(LONGEST_NAME);
        let left = MARGIN + AXIS_NAME + widest + NAME_GAP;
        let cell_in = |width: f64| (mm(width) - left - BAR_SPACE - MARGIN) / count;
        let widths = [SINGLE_COLUMN_MM, MIDDLE_COLUMN_MM, DOUBLE_COLUMN_MM];
        let width = widths
            .into_iter()
            .find(|&width| cell_in(width) >= sides.roomy)
            .unwrap_or(DOUBLE_COLUMN_MM);
        let cell = cell_in(width).min(sides.largest);
        let width =
            mm(width).min((left + cell * count + BAR_SPACE + MARGIN).max(mm(SINGLE_COLUMN_MM)));
        let top = MARGIN + header(width);
        let name_size = TICK.min(cell / 1.05).max(5.0);
        let stride = (name_size / cell).ceil().max(1.0) as usize;
        let upright = widest * name_size / TICK + NAME_AIR > cell * stride as f64;
        let names = short_names(names, name_size, LONGEST_NAME, first);
        let height = top
            + cell * count
            + NAME_GAP
            + if upright { widest } else { name_size * CAP_HEIGHT }
            + AXIS_NAME
            + MARGIN;
        Self {
            size: Size { width, height },
            cell,
            air: sides.air,
            corner: (left, top),
            row_names: names.clone(),
            rows_left: MARGIN,
            names,
            name_size,
            stride,
            upright,
        }
    }

    /// The same with other names of its rows, none longer than the longest of the columns.
    pub fn with_rows(self, row_names: Vec<String>) -> Self {
        let names = widest(&row_names, self.name_size) + NAME_GAP;
        Self { rows_left: self.corner.0 - names - AXIS_NAME, row_names, ..self }
    }

    fn extent(&self) -> f64 {
        self.cell * self.names.len() as f64
    }

    /// Upper left corner of a cell.
    pub fn corner(&self, row: usize, column: usize) -> Point {
        let (left, top) = self.corner;
        (left + self.cell * column as f64, top + self.cell * row as f64)
    }

    /// Fills a cell.
    pub fn fill(&self, canvas: &mut Canvas<'_>, row: usize, column: usize, color: Rgb) {
        canvas.rect(self.corner(row, column), self.corner(row + 1, column + 1), color);
    }

    /// Type size at which a number fits its cell.
    pub fn number_size(&self, number: &str) -> f64 {
        let width = font::text_width(number, 1.0, false);
        ((self.cell - self.air) / width).min(self.cell * 0.72).min(TICK)
    }

    /// Whether numbers of a type size can be read.
    pub fn is_legible(size: f64) -> bool {
        size >= SMALLEST_NUMBER
    }

    /// Writes a number into the middle of a cell, or nothing if it does not fit.
    pub fn number(
        &self,
        canvas: &mut Canvas<'_>,
        (row, column): (usize, usize),
        number: &str,
        size: f64,
        color: Rgb,
    ) {
        if font::text_width(number, size, false) > self.cell - self.air + 1e-9 {
            return;
        }
        let (x, y) = self.corner(row, column);
        let center = (x + self.cell / 2.0, y + self.cell / 2.0 + size * CAP_HEIGHT / 2.0);
        canvas.text(center, number, TextStyle::new(size, color).anchor(Anchor::Middle));
    }

    /// Faint lines between the cells, which lead the eye from a name to its cells, and a frame.
    pub fn draw_lines(&self, canvas: &mut Canvas<'_>) {
        let ((left, top), cell, extent) = (self.corner, self.cell, self.extent());
        let stroke = Stroke::solid(Rgb::LIGHT_GREY.lighten(0.6), PIXEL);
        for line in 1..self.names.len() {
            let offset = cell * line as f64;
            canvas.line(&[(left + offset, top), (left + offset, top + extent)], stroke);
            canvas.line(&[(left, top + offset), (left + extent, top + offset)], stroke);
        }
        let (from, to) = ((left, top), self.corner(self.names.len(), self.names.len()));
        let stroke = Stroke::solid(Rgb::INK, HAIRLINE);
        draw_frame(canvas, from, to, stroke);
    }

    /// The names of rows and columns, and what both are.
    pub fn draw_names(&self, canvas: &mut Canvas<'_>, rows: &str, columns: &str) {
        let &Self { corner: (left, top), cell, name_size, upright, .. } = self;
        let extent = self.extent();
        let (bottom, drop) = (top + extent, name_size * CAP_HEIGHT / 2.0);
        let style = TextStyle::new(name_size, Rgb::INK).anchor(Anchor::End);
        for (index, name) in self.names.iter().enumerate().step_by(self.stride) {
            let middle = cell * (index as f64 + 0.5) + drop;
            let row = self.row_names.get(index).map_or("", String::as_str);
            canvas.text((left - NAME_GAP, top + middle), row, style);
            if upright {
                canvas.text((left + middle, bottom + NAME_GAP), name, style.vertical());
            } else {
                let below = (left + middle - drop, bottom + NAME_GAP + name_size * CAP_HEIGHT);
                canvas.text(below, name, style.anchor(Anchor::Middle));
            }
        }
        let axis = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle);
        let beside = self.rows_left + LABEL * CAP_HEIGHT;
        canvas.text((beside, top + extent / 2.0), rows, axis.vertical());
        canvas.text((left + extent / 2.0, self.size.height - MARGIN - LABEL * 0.2), columns, axis);
    }

    /// The colours from the bottom (share 0) to the top (share 1), with labels (share, text) and a
    /// name; on a low bar with the outermost labels and the name's unit alone.
    pub fn draw_color_bar(
        &self,
        canvas: &mut Canvas<'_>,
        (name, unit): (&str, &str),
        labels: &[(f64, String)],
        color: impl Fn(f64) -> Rgb,
    ) {
        let left = self.corner.0 + self.extent() + 8.0;
        let height = self.extent().min(130.0);
        let (top, bottom) = (self.corner.1, self.corner.1 + height);
        let stripes = 100;
        for stripe in 0..stripes {
            // Each stripe reaches to the top and the next ones cover it, which leaves no seams.
            let lower = bottom - height * f64::from(stripe) / f64::from(stripes);
            canvas.rect(
                (left, top),
                (left + BAR_WIDTH, lower),
                color((f64::from(stripe) + 0.5) / f64::from(stripes)),
            );
        }
        let right = left + BAR_WIDTH;
        draw_frame(canvas, (left, top), (right, bottom), Stroke::solid(Rgb::INK, HAIRLINE));
        let last = labels.len().saturating_sub(1);
        for (index, (share, label)) in labels.iter().enumerate() {
            if height > 60.0 || index == 0 || index == last {
                let y = bottom - height * share + TICK * CAP_HEIGHT / 2.0;
                canvas.text((right + 4.0, y), label, TextStyle::new(TICK, Rgb::INK));
            }
        }
        let style = TextStyle::new(LABEL, Rgb::INK).anchor(Anchor::Middle).vertical();
        let fits = font::text_width(name, LABEL, false) < height;
        canvas.text(
            (right + 19.0 + LABEL * CAP_HEIGHT, top + height / 2.0),
            if fits { name } else { unit },
            style,
        );
    }
}

/// Lines along the four sides between two opposite corners.
pub(crate) fn draw_frame(canvas: &mut Canvas<'_>, from: Point, to: Point, stroke: Stroke) {
    canvas.line(&[from, (to.0, from.1), to, (from.0, to.1), from, (to.0, from.1)], stroke);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDES: CellSides = CellSides { roomy: 6.5, largest: 34.0, air: 1.4 };

    #[test]
    fn names_stand_upright_only_where_they_do_not_fit() {
        let upright = |names: Vec<String>| HeatMap::new(&names, 0, SIDES, |_| 0.0).upright;
        assert!(!upright((0..10).map(|digit| digit.to_string()).collect()));
        assert!(!upright(vec!["left".into(), "right".into()]));
        assert!(upright((0..20).map(|class| format!("class {class}")).collect()));
        assert!(upright((0..120).map(|class| class.to_string()).collect()));
    }

    #[test]
    fn numbers_fit_their_cells() {
        let map = HeatMap { cell: 10.0, ..HeatMap::new(&[], 0, SIDES, |_| 0.0) };
        let size = map.number_size("100");
        assert!(HeatMap::is_legible(size) && font::text_width("100", size, false) < 10.0);
        assert!(!HeatMap::is_legible(HeatMap { cell: 5.0, ..map }.number_size("100")));
    }
}
