//! An array of numbers, as files of tensors hold it.

use half::{bf16, f16};

/// Numbers with a shape, the last axis fastest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tensor {
    /// Sizes of the axes; none of a single number.
    pub shape: Vec<usize>,
    /// The numbers. Whole numbers beyond 2^53 are refused when they are read.
    pub values: Vec<f64>,
}

/// How a file stores the numbers of a tensor, little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// IEEE 754, 64 bits.
    F64,
    /// IEEE 754, 32 bits.
    F32,
    /// IEEE 754, 16 bits.
    F16,
    /// The upper half of an `F32`.
    Bf16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits; also what is true or false.
    U8,
}

impl Number {
    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// The number that its bytes are.
    ///
    /// # Panics
    /// If there are not [`bytes`](Self::bytes) bytes.
    fn value(self, bytes: &[u8]) -> f64 {
        match self {
            Self::F64 => f64::from_le_bytes(exactly(bytes)),
            Self::F32 => f64::from(f32::from_le_bytes(exactly(bytes))),
            Self::F16 => f16::from_le_bytes(exactly(bytes)).to_f64(),
            Self::Bf16 => bf16::from_le_bytes(exactly(bytes)).to_f64(),
            Self::I64 => i64::from_le_bytes(exactly(bytes)) as f64,
            Self::I32 => f64::from(i32::from_le_bytes(exactly(bytes))),
            Self::I16 => f64::from(i16::from_le_bytes(exactly(bytes))),
            Self::I8 => f64::from(i8::from_le_bytes(exactly(bytes))),
            Self::U8 => f64::from(bytes[0]),
        }
    }
}

fn exactly<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("a number has as many bytes as its type")
}

/// Number of elements of a shape; `None` beyond what a machine can address.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))
}

impl Tensor {
    /// The tensor that these bytes are.
    ///
    /// # Errors
    /// A sentence that follows the name of the tensor.
    pub fn decode(shape: Vec<usize>, number: Number, bytes: &[u8]) -> Result<Self, String> {
        let expected = elements(&shape).and_then(|count| count.checked_mul(number.bytes()));
        if expected != Some(bytes.len()) {
            return Err(format!("has {} bytes, which do not fit its shape {shape:?}", bytes.len()));
        }
        let values: Vec<f64> =
            bytes.chunks_exact(number.bytes()).map(|bytes| number.value(bytes)).collect();
        let widest = 2_f64.powi(53);
        match values.iter().position(|value| number == Number::I64 && value.abs() > widest) {
            Some(index) => Err(format!(
                "holds {} at index {index}, but whole numbers are at most 2^53",
                values[index]
            )),
            None => Ok(Self { shape, values }),
        }
    }

    /// Index of an element along each axis, for error messages: `[3, 0, 7]`.
    pub fn place(&self, element: usize) -> Vec<usize> {
        let mut rest = element;
        let mut place: Vec<usize> = self
            .shape
            .iter()
            .rev()
            .map(|size| {
                let index = rest % size;
                rest /= size;
                index
            })
            .collect();
        place.reverse();
        place
    }

    /// The numbers, of which none is infinite or not a number.
    ///
    /// # Errors
    /// A sentence that follows the name of the tensor.
    pub fn finite(&self) -> Result<&[f64], String> {
        match self.values.iter().position(|value| !value.is_finite()) {
            Some(element) => Err(format!(
                "holds {} at {:?}, but must hold finite numbers",
                self.values[element],
                self.place(element)
            )),
            None => Ok(&self.values),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_their_bytes_say() {
        let of = |number, bytes: &[u8]| Tensor::decode(vec![1], number, bytes).unwrap().values[0];
        assert_eq!(of(Number::F64, &0.1_f64.to_le_bytes()), 0.1);
        assert_eq!(of(Number::F32, &0.1_f32.to_le_bytes()), f64::from(0.1_f32));
        assert_eq!(of(Number::F16, &0x3e00_u16.to_le_bytes()), 1.5);
        assert_eq!(of(Number::Bf16, &0xbfc0_u16.to_le_bytes()), -1.5);
        assert_eq!(of(Number::I64, &(-3_i64).to_le_bytes()), -3.0);
        assert_eq!(of(Number::I32, &(-3_i32).to_le_bytes()), -3.0);
        assert_eq!(of(Number::I16, &(-3_i16).to_le_bytes()), -3.0);
        assert_eq!((of(Number::I8, &[0xfd]), of(Number::U8, &[200])), (-3.0, 200.0));
    }

    #[test]
    fn damage_is_a_sentence() {
        let problem = |shape: &[usize], bytes: &[u8]| {
            Tensor::decode(shape.to_vec(), Number::I64, bytes).unwrap_err()
        };
        assert_eq!(problem(&[2], &[0; 8]), "has 8 bytes, which do not fit its shape [2]");
        assert!(problem(&[usize::MAX, 8], &[0; 8]).contains("do not fit"));
        let large = i64::MAX.to_le_bytes();
        assert!(problem(&[1], &large).ends_with("whole numbers are at most 2^53"));
        let tensor = Tensor { shape: vec![2, 2], values: vec![0.0, 1.0, f64::NAN, 2.0] };
        assert_eq!(
            tensor.finite().unwrap_err(),
            "holds NaN at [1, 0], but must hold finite numbers"
        );
    }
}
