//! Tests over files.

mod example;
mod golden;
mod obstacles;
mod refusals;
mod round_trip;
