//! Rows that start on a cache line.

/// Bytes of a cache line and of the widest vector.
const ALIGNMENT: usize = 64;

/// Resizes a buffer that is used again and again. When the buffer has to grow, it grows by a
/// quarter more than asked for, so that lengths that vary a little do not ask for memory every
/// time.
pub fn resize_with_room<T: Clone>(buffer: &mut Vec<T>, length: usize, value: T) {
    if length > buffer.capacity() {
        buffer.reserve(length + length / 4 - buffer.len());
    }
    buffer.resize(length, value);
}

/// A reused buffer whose first number lies on a cache line: a load that crosses two lines takes
/// twice as long.
// Not `Clone`: the copy would lie elsewhere against the lines.
#[derive(Debug, Default)]
pub struct Aligned {
    numbers: Vec<f32>,
    length: usize,
}

impl Aligned {
    /// Makes room for `length` numbers, whose values are left over from earlier use, and returns
    /// them.
    pub fn resize(&mut self, length: usize) -> &mut [f32] {
        let needed = length + ALIGNMENT / size_of::<f32>();
        if self.numbers.len() < needed {
            self.numbers.resize(needed, 0.0);
        }
        self.length = length;
        let start = self.start();
        &mut self.numbers[start..start + length]
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        &self.numbers[self.start()..][..self.length]
    }

    /// The numbers.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        let start = self.start();
        &mut self.numbers[start..][..self.length]
    }

    fn start(&self) -> usize {
        // Rows work from any address; without alignment they are only slower.
        match self.numbers.as_ptr().align_offset(ALIGNMENT) {
            usize::MAX => 0,
            start => start.min(self.numbers.len() - self.length),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_on_a_cache_line_whatever_their_count() {
        let mut rows = Aligned::default();
        assert!(rows.as_slice().is_empty());
        for length in [1, 1000, 7, 100_000] {
            rows.resize(length).fill(2.0);
            assert_eq!(rows.as_slice().len(), length);
            assert_eq!(rows.as_slice().as_ptr() as usize % ALIGNMENT, 0);
            assert!(rows.as_mut_slice().iter().all(|&x| x == 2.0));
        }
    }
}
