//! Numbers that the equations of a neuron are computed in.
//!
//! A model writes its equations once, for any [`Real`]. The clock engine computes them in `f64`,
//! the streaming and the layered engine in `f32`, the adjoint in [`Dual`] numbers, whose slope
//! follows from the rules of differentiation, and the check of a gradient in numbers that know
//! where they would be if something were moved a little ([`crate::gradient_error`]).

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number of an equation.
pub trait Real:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The number nearest to `value`, which depends on nothing.
    fn of(value: f64) -> Self;

    /// `e` to the power of this number. Precise to the last digits, not to the last bit: constants
    /// of a step use it, steps do not.
    fn exp(self) -> Self;

    /// The spike of a neuron whose potential lies `self` above its threshold: 1 where that is at
    /// least 0, else 0. For the gradient its slope is `slope(self)`, the surrogate's.
    fn spike(self, slope: impl Fn(f32) -> f32) -> Self;

    /// The nearest whole number; of two that are as near, the even one. The gradient passes through
    /// as if nothing were rounded.
    fn round_ties_even(self) -> Self;

    /// The same number as a constant: no gradient flows through it.
    fn detached(self) -> Self;

    /// This number where `condition` holds, else `other`.
    #[inline(always)]
    fn or_if(self, condition: bool, other: Self) -> Self {
        if condition { other } else { self }
    }
}

macro_rules! float {
    ($float:ty) => {
        impl Real for $float {
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $float
            }

            #[inline(always)]
            fn exp(self) -> Self {
                <$float>::exp(self)
            }

            #[inline(always)]
            fn spike(self, _slope: impl Fn(f32) -> f32) -> Self {
                if self >= 0.0 { 1.0 } else { 0.0 }
            }

            #[inline(always)]
            fn round_ties_even(self) -> Self {
                <$float>::round_ties_even(self)
            }

            #[inline(always)]
            fn detached(self) -> Self {
                self
            }
        }
    };
}

float!(f32);
float!(f64);

/// A number with its derivative by some other number: forward-mode differentiation
/// [Griewank and Walther 2008]. Comparisons look at the value alone.
#[derive(Debug, Clone, Copy)]
pub struct Dual<T> {
    /// The number.
    pub value: T,
    /// Its derivative.
    pub slope: T,
}

impl<T: Real> Dual<T> {
    /// A number that depends on nothing.
    #[inline(always)]
    pub fn constant(value: T) -> Self {
        Self { value, slope: T::of(0.0) }
    }
}

impl<T: PartialEq> PartialEq for Dual<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: PartialOrd> PartialOrd for Dual<T> {
    #[inline(always)]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        self.value.partial_cmp(&other.value)
    }
}

impl<T: Real> Add for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self { value: self.value + other.value, slope: self.slope + other.slope }
    }
}

impl<T: Real> Sub for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self { value: self.value - other.value, slope: self.slope - other.slope }
    }
}

impl<T: Real> Mul for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self {
            value: self.value * other.value,
            slope: self.slope * other.value + self.value * other.slope,
        }
    }
}

impl<T: Real> Div for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        let value = self.value / other.value;
        Self { value, slope: (self.slope - value * other.slope) / other.value }
    }
}

impl<T: Real> Neg for Dual<T> {
    type Output = Self;

    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, slope: -self.slope }
    }
}

impl Real for Dual<f32> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self::constant(value as f32)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        Self { value, slope: value * self.slope }
    }

    #[inline(always)]
    fn spike(self, slope: impl Fn(f32) -> f32) -> Self {
        let value = if self.value >= 0.0 { 1.0 } else { 0.0 };
        Self { value, slope: slope(self.value) * self.slope }
    }

    #[inline(always)]
    fn round_ties_even(self) -> Self {
        Self { value: self.value.round_ties_even(), slope: self.slope }
    }

    #[inline(always)]
    fn detached(self) -> Self {
        Self::constant(self.value)
    }
}

impl Real for Dual<f64> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        Self::constant(value)
    }

    #[inline(always)]
    fn exp(self) -> Self {
        let value = self.value.exp();
        Self { value, slope: value * self.slope }
    }

    #[inline(always)]
    fn spike(self, slope: impl Fn(f32) -> f32) -> Self {
        let value = if self.value >= 0.0 { 1.0 } else { 0.0 };
        Self { value, slope: f64::from(slope(self.value as f32)) * self.slope }
    }

    #[inline(always)]
    fn round_ties_even(self) -> Self {
        Self { value: self.value.round_ties_even(), slope: self.slope }
    }

    #[inline(always)]
    fn detached(self) -> Self {
        Self::constant(self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dual_number_knows_the_derivative_of_what_is_computed_with_it() {
        let f = |x: Dual<f64>| (x * x + Dual::of(1.0)) / (-x).exp() - x.detached() * x;
        let slope = |x: f64| (2.0 * x + x * x + 1.0) * x.exp() - x;
        for x in [-1.5, 0.0, 0.3, 2.0] {
            let at = f(Dual { value: x, slope: 1.0 });
            assert!((at.slope - slope(x)).abs() < 1e-12, "{x}: {}", at.slope);
        }
    }

    #[test]
    fn rounding_goes_to_the_even_of_two_and_leaves_the_slope() {
        let rounded = |value: f64| {
            let dual = Dual { value, slope: 3.0 }.round_ties_even();
            assert_eq!(dual.slope, 3.0);
            assert_eq!((value as f32).round_ties_even(), dual.value as f32);
            dual.value
        };
        assert_eq!(
            [0.5, 1.5, 2.5, -0.5, -1.5, 0.4, 0.6].map(rounded),
            [0.0, 2.0, 2.0, -0.0, -2.0, 0.0, 1.0]
        );
    }

    #[test]
    fn a_spike_has_the_slope_of_its_surrogate() {
        let box_slope = |x: f32| if x.abs() < 0.5 { 0.75 } else { 0.0 };
        let of = |value| Dual::<f32> { value, slope: 2.0 }.spike(box_slope);
        assert_eq!((of(0.0).value, of(0.0).slope), (1.0, 1.5));
        assert_eq!((of(-0.25).value, of(-0.25).slope), (0.0, 1.5));
        assert_eq!((of(1.0).value, of(1.0).slope), (1.0, 0.0));
    }
}
