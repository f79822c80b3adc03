//! A matrix that products read.

/// A matrix to be read, as its rows lie in a slice, or transposed.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Copy> Matrix<'a, T> {
    /// The matrix `[rows][columns]` of these values, row after row.
    ///
    /// # Panics
    /// If there are no columns, or the values do not fill whole rows.
    pub fn of_rows(values: &'a [T], columns: usize) -> Self {
        assert!(columns > 0 && values.len().is_multiple_of(columns), "values fill whole rows");
        let rows = values.len() / columns;
        Self { values, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The matrix whose rows are the columns of this one.
    pub fn transposed(self) -> Self {
        let Self { values, rows, columns, row_stride, column_stride } = self;
        Self {
            values,
            rows: columns,
            columns: rows,
            row_stride: column_stride,
            column_stride: row_stride,
        }
    }

    /// At most `count` rows from row `first` on.
    ///
    /// # Panics
    /// If there is no row `first`.
    pub fn rows_from(self, first: usize, count: usize) -> Self {
        assert!(first < self.rows, "a part begins at a row of the matrix");
        let values = &self.values[first * self.row_stride..];
        Self { values, rows: count.min(self.rows - first), ..self }
    }

    /// The first `count` columns.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn first_columns(self, count: usize) -> Self {
        assert!(count <= self.columns, "a part ends at a column of the matrix");
        Self { columns: count, ..self }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The numbers from the first entry to the last; others may lie between them.
    pub(crate) fn values(&self) -> &'a [T] {
        let last = |count: usize, stride: usize| count.saturating_sub(1) * stride;
        let is_empty = self.rows == 0 || self.columns == 0;
        let end = last(self.rows, self.row_stride) + last(self.columns, self.column_stride) + 1;
        &self.values[..if is_empty { 0 } else { end }]
    }

    /// How far the next row is, and the next column.
    pub(crate) fn strides(&self) -> [usize; 2] {
        [self.row_stride, self.column_stride]
    }

    /// The entry in a row and a column.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn at(&self, row: usize, column: usize) -> T {
        assert!(row < self.rows && column < self.columns, "an entry of the matrix");
        self.values[row * self.row_stride + column * self.column_stride]
    }
}
