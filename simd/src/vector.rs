//! The vectors that hot loops are written over, and how a loop is compiled for each of them.
//!
//! A hot loop is a struct of its operands that implements [`HotLoop`] once, for any [`Simd`].
//! Everything it calls is `#[inline(always)]`, so that it is compiled with the target features of
//! the function that runs it; for the same reason hot loops hold no closures that compute: one that
//! is not inlined would lose the features, and be fifty times slower. Iterators that only say what
//! comes next may hold closures, but a function that is called for every synapse or element needs
//! `#[inline(always)]`, too: a call per element took 3 % of training.

/// A vector of `LANES` numbers.
///
/// # Safety
/// An implementation may use the instructions that its name stands for; callers make sure that the
/// processor has them.
pub(crate) unsafe trait Vector: Copy {
    const LANES: usize;
    /// Accumulators a register tile may hold, leaving room for operands; at most [`MOST_TILE`].
    const TILE: usize;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// `self + a * b`, fused.
    unsafe fn add_product(self, a: Self, b: Self) -> Self;
    /// The vector at `from + 1`, given those at `from` and `from + 2`.
    #[inline(always)]
    unsafe fn one_on(from: *const f32, _here: Self, _two_on: Self) -> Self {
        // SAFETY: all its numbers are in the other two.
        unsafe { Self::load(from.add(1)) }
    }
}

/// A vector of 8 lanes.
///
/// # Safety
/// As for [`Vector`].
pub(crate) unsafe trait Eight: Vector {
    /// Adds the sum of all lanes of `of[k]` to `to[k]`.
    unsafe fn add_sums(of: [Self; 4], to: *mut f32);
}

/// No tile is larger.
pub(crate) const MOST_TILE: usize = 14;

/// The vectors of one instruction set.
pub(crate) trait Simd {
    /// The widest, of at most 16 lanes.
    type Full: Vector;
    /// Of 8 lanes.
    type Half: Eight;
    /// Of 4 lanes.
    type Quarter: Vector;
}

/// A hot loop with its operands.
pub(crate) trait HotLoop {
    /// Runs the loop.
    ///
    /// # Safety
    /// The processor has the instructions of `S`; the operands are what the loop's own
    /// description asks for.
    unsafe fn run<S: Simd>(self);

    /// The plain twin, for other processors and for the tests.
    fn run_scalar(self);
}

/// Splits `length` numbers into tiles of nearly equal size that fit the registers: `(first number,
/// vectors)`.
#[inline(always)]
pub(crate) fn tiles<V: Vector>(length: usize) -> impl Iterator<Item = (usize, usize)> {
    split(length / V::LANES, V::TILE).map(
        #[inline(always)]
        |(first, vectors)| (first * V::LANES, vectors),
    )
}

/// Splits `vectors` into runs of nearly equal length, of up to `most`: `(first, length)`.
#[inline(always)]
pub(crate) fn split(vectors: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let runs = vectors.div_ceil(most);
    (0..runs).map(
        #[inline(always)]
        move |run| {
            let first = vectors * run / runs;
            (first, vectors * (run + 1) / runs - first)
        },
    )
}

/// Evaluates `$body` with the constant `$n` being the number of vectors of a tile:
/// `for_tile!(vectors, N => tile::<V, N>(operands))`.
macro_rules! for_tile {
    ($vectors:expr, $n:ident => $body:expr) => {
        for_tile!(@ $vectors, $n, $body, 1 2 3 4 5 6 7 8 9 10 11 12 13 14)
    };
    (@ $vectors:expr, $n:ident, $body:expr, $($literal:literal)+) => {
        match $vectors {
            $($literal => {
                const $n: usize = $literal;
                $body
            })+
            _ => unreachable!("tiles hold at most MOST_TILE vectors"),
        }
    };
}
pub(crate) use for_tile;
