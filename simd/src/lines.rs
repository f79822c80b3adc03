//! Rows in overlapping lines: any eight neighbours lie in one line of the cache.
//!
//! A load that crosses from one line to the next takes twice as long, and of eight numbers that
//! begin anywhere in a row 7 in 16 do. So every eight numbers of a row have a line of their own, in
//! which the next eight follow them:
//! ```text
//! row     0..8    8..16   16..24  ..
//! lines   0..16 | 8..24 | 16..32 | ..
//! ```
//! The eight numbers from a position on begin at its [`line_position`], and the next eight numbers
//! begin one line later. Lines are for vectors of eight numbers: longer vectors cross cache lines
//! wherever they begin, and shorter vectors seldom cross them.

/// Numbers of a line: as many as a cache line holds.
pub(crate) const LINE: usize = 16;

/// Numbers that begin in a line.
pub(crate) const HALF: usize = LINE / 2;

/// Where in the lines of a row the number at `position` stands; the next seven numbers of the row
/// follow it there.
#[inline(always)]
pub(crate) const fn line_position(position: usize) -> usize {
    position + (position & !(HALF - 1))
}

/// Writes a row, and zeros behind it, to lines: twice as many numbers, of which every 16 begin with
/// eight numbers of the row and go on with the next eight. Rows whose lengths are multiples of 8
/// may be written one behind the other: their lines are the lines of one long row.
///
/// # Panics
/// If the row does not fit.
pub fn to_lines(row: &[f32], lines: &mut [f32]) {
    let lines = lines.as_chunks_mut::<LINE>().0;
    let whole = row.windows(LINE).step_by(HALF);
    assert!(row.len() <= lines.len() * HALF, "a row does not fit its lines");
    let (inside, across) = lines.split_at_mut(whole.len());
    let behind = inside.len() * HALF;
    for (line, numbers) in inside.iter_mut().zip(whole) {
        line.copy_from_slice(numbers);
    }
    for (line, first) in across.iter_mut().zip((behind..).step_by(HALF)) {
        let numbers = &row[first.min(row.len())..];
        line.fill(0.0);
        line[..numbers.len()].copy_from_slice(numbers);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_neighbours_follow_from_their_place_on() {
        for length in [0, 1, 7, 8, 15, 16, 17, 24, 41] {
            let row: Vec<f32> = (1..=length).map(|n| n as f32).collect();
            // What is left over from another row becomes zeros.
            let mut lines = vec![-1.0; 2 * 64];
            to_lines(&row, &mut lines);
            for position in 0..=64 - HALF {
                let place = line_position(position);
                assert!(place % LINE < HALF, "eight numbers from {position} on cross a line");
                for (n, &number) in lines[place..place + HALF].iter().enumerate() {
                    assert_eq!(number, row.get(position + n).copied().unwrap_or(0.0));
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "does not fit its lines")]
    fn a_row_that_does_not_fit_is_refused() {
        to_lines(&[1.0; 17], &mut [0.0; 32]);
    }
}
