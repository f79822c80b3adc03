//! Whole numbers, as they are typed.

/// More threads than this are taken for a mistake.
pub const MOST_THREADS: u64 = 1024;
/// The largest seed that a configuration file can hold, 2^63 - 1.
pub const LARGEST_SEED: u64 = i64::MAX as u64;

/// Reads a whole number from `least` to `most`; what is refused is told what would not be.
pub fn whole<T: TryFrom<u64>>(
    least: u64,
    most: u64,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync {
    move |typed| {
        let number = typed.parse::<u64>().ok().filter(|number| (least..=most).contains(number));
        number.and_then(|number| T::try_from(number).ok()).ok_or_else(|| match most {
            u64::MAX => format!("a whole number, at least {least}, was expected"),
            _ => format!("a whole number from {least} to {most} was expected"),
        })
    }
}
