//! From delays to what a projection computes with.
//!
//! | file | holds |
//! |---|---|
//! | `spread` | the choice: taps, or shares in fixed filters |
//! | `gaussian` | taps of the Gaussian kernel |
//! | `filter` | filters over time |
//! | `smoothing` | a few taps before one fixed filter |
//! | `tail_shares` | what the window's ends cut off of that |
//! | `basis` | the fixed filters and the shares |
//! | `pieces` | a cheaper way to apply them |

pub(crate) mod basis;
pub(crate) mod filter;
pub(crate) mod gaussian;
pub(crate) mod pieces;
pub(crate) mod smoothing;
pub(crate) mod spread;
pub(crate) mod tail_shares;
