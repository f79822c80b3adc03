//! Orders in which the pixels of an image are shown.

use rand_mt::Mt;
use sim_core::Error;

use crate::error::Result;

/// An order of pixels: pixel `i` of what is shown is pixel `order[i]` of the image, both counted
/// row by row.
///
/// ```
/// use datasets::Permutation;
///
/// let order = Permutation::new(vec![2, 0, 1])?;
/// let mut shown = Vec::new();
/// order.show(&[10, 11, 12], &mut shown);
/// assert_eq!(shown, [12, 10, 11]);
/// # Ok::<(), datasets::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permutation {
    order: Vec<u32>,
}

impl Permutation {
    /// The order with these entries, each of `0..order.len()` once.
    ///
    /// # Errors
    /// [`crate::Error::Parameter`] that names the first entry that is too large or came before.
    pub fn new(order: Vec<u32>) -> Result<Self> {
        let mut came = vec![false; order.len()];
        for (place, &entry) in order.iter().enumerate() {
            let field = format!("entry {place} of the permutation");
            match came.get_mut(entry as usize) {
                Some(came) if !*came => *came = true,
                Some(_) => {
                    let allowed = "a number that no entry before it is";
                    return Err(Error::out_of_range(field, entry, allowed).into());
                }
                None => {
                    let allowed = format!("below {}, the number of entries", order.len());
                    return Err(Error::out_of_range(field, entry, allowed).into());
                }
            }
        }
        Ok(Self { order })
    }

    /// A random order of so many pixels: what `numpy.random.RandomState(seed).shuffle` makes of
    /// `0, 1, ..`, and with it `sklearn.utils.shuffle` with `random_state = seed`.
    ///
    /// From the last place to the second, each is exchanged with a place that is not behind it.
    /// That place is drawn from the 32-bit words of the Mersenne Twister MT19937: of each word as
    /// many of the low bits are taken as the largest allowed place has, and a word that still gives
    /// a larger one is passed over.
    pub fn shuffled(pixels: u32, seed: u32) -> Self {
        let mut random = Mt::new(seed);
        let mut order: Vec<u32> = (0..pixels).collect();
        for last in (1..pixels).rev() {
            order.swap(last as usize, up_to(last, &mut random) as usize);
        }
        Self { order }
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether it orders no pixel at all.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// For each pixel of what is shown, the pixel of the image.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Overwrites `shown` with the pixels of an image in this order. Memory is reused.
    ///
    /// # Panics
    /// When the image has fewer pixels than the order.
    pub fn show(&self, image: &[u8], shown: &mut Vec<u8>) {
        shown.clear();
        shown.extend(self.order.iter().map(|&pixel| image[pixel as usize]));
    }
}

/// A number of `0..=most`, each equally likely; `most` is at least 1.
fn up_to(most: u32, random: &mut Mt) -> u32 {
    let mask = u32::MAX >> most.leading_zeros();
    loop {
        let drawn = random.next_u32() & mask;
        if drawn <= most {
            return drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_permutation_is_refused() {
        let refused = |order: &[u32]| Permutation::new(order.into()).unwrap_err().to_string();
        assert_eq!(
            refused(&[0, 3, 1]),
            "entry 1 of the permutation is 3, but must be below 3, the number of entries"
        );
        assert_eq!(
            refused(&[2, 0, 2]),
            "entry 2 of the permutation is 2, but must be a number that no entry before it is"
        );
        assert!(Permutation::new(vec![]).unwrap().is_empty());
    }

    /// What NumPy 2.4.6 makes of `a = numpy.arange(pixels)` with
    /// `numpy.random.RandomState(seed).shuffle(a)`.
    #[test]
    fn shuffles_are_those_of_numpy() {
        let shuffled: [(u32, u32, &[u32]); 6] = [
            (0, 1, &[]),
            (1, 1, &[0]),
            (2, 3, &[1, 0]),
            (8, 0, &[6, 2, 1, 7, 3, 0, 5, 4]),
            (10, 2022, &[4, 7, 3, 5, 2, 6, 9, 8, 1, 0]),
            (17, u32::MAX, &[8, 1, 5, 14, 10, 15, 16, 13, 11, 9, 6, 0, 4, 7, 12, 2, 3]),
        ];
        for (pixels, seed, order) in shuffled {
            assert_eq!(Permutation::shuffled(pixels, seed).order(), order, "{pixels}, {seed}");
        }
    }

    #[test]
    fn a_shuffle_of_any_length_is_a_permutation() {
        for pixels in (0..70).chain([784, 1025]) {
            let shuffled = Permutation::shuffled(pixels, u32::MAX - pixels);
            assert_eq!(shuffled.len(), pixels as usize);
            assert_eq!(Permutation::new(shuffled.order().into()).unwrap(), shuffled);
        }
    }
}
