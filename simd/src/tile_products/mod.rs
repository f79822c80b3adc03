//! Products of dense matrices on the tile registers of a processor that has AMX.
//!
//! A tile holds 16 rows of 32 bf16 numbers. One instruction multiplies two tiles and adds the
//! product to 16 rows of 16 `f32` sums. In as much time, vectors of `f32` do a sixteenth of these
//! multiply-adds.
//!
//! Single precision is kept by *parts*. An `f32` has 24 significant bits and a bf16 has 8, so an
//! `f32` is the sum of three bf16 numbers, exactly. A product of two such sums is the sum of the
//! products of their parts. Of nine, six are worked out; what the other three would add is about
//! 2^-24 of a product at most, which is what `f32` rounds away. A matrix whose entries are bf16
//! numbers, like spikes, has one part, and its products are exact before they are added up.
//!
//! Factors are packed once, as [`TileFactor`], in the order in which tiles are loaded. Two packed
//! factors are multiplied panel by panel. Each entry of a product is the sum over the inner
//! dimension in a fixed order, whatever the size of the product and the number of threads.
//!
//! Numbers from 2^112 on are too large to be split and give NaN, as infinity does: in every entry
//! that their row or column takes part in, even where the other factor is zero. Registers take
//! parts below 2^-126 for zero, so numbers below about 2^-110 lose digits.

pub(crate) mod factor;
mod packing;
mod plain;
pub(crate) mod product;
#[cfg(target_arch = "x86_64")]
mod registers;
pub(crate) mod shape;

#[cfg(test)]
mod tests;
