//! Numbers of HDF5 datasets, decoded, and what their types are called.

use half::f16;
use hdf5_reader::{ByteOrder, Datatype};

use crate::container::text::is_string;

/// The type of the numbers behind named values, such as booleans; any other type as it is.
pub(crate) fn without_names(datatype: &Datatype) -> &Datatype {
    match datatype {
        Datatype::Enum { base, .. } => base,
        other => other,
    }
}

/// An integer of 1 to 8 bytes.
pub(crate) fn integer(bytes: &[u8], signed: bool, order: ByteOrder) -> i128 {
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    if order == ByteOrder::BigEndian {
        wide[..bytes.len()].reverse();
    }
    let unused = 64 - 8 * bytes.len() as u32;
    let shifted = u64::from_le_bytes(wide) << unused;
    if signed { i128::from(shifted as i64 >> unused) } else { i128::from(shifted >> unused) }
}

/// A float of 2, 4 or 8 bytes.
pub(crate) fn float(bytes: &[u8], order: ByteOrder) -> f64 {
    let mut bytes = bytes.to_vec();
    if order == ByteOrder::BigEndian {
        bytes.reverse();
    }
    match *bytes.as_slice() {
        [a, b] => f16::from_le_bytes([a, b]).to_f64(),
        [a, b, c, d] => f64::from(f32::from_le_bytes([a, b, c, d])),
        [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        _ => f64::NAN,
    }
}

/// A datatype in words, e.g. `variable-length uint16`.
pub(crate) fn type_name(datatype: &Datatype) -> String {
    match datatype {
        Datatype::FixedPoint { size, signed, .. } => {
            format!("{}int{}", if *signed { "" } else { "u" }, u32::from(*size) * 8)
        }
        Datatype::FloatingPoint { size, .. } => format!("float{}", u32::from(*size) * 8),
        datatype if is_string(datatype) => "strings".into(),
        Datatype::VarLen { base, .. } => format!("variable-length {}", type_name(base)),
        Datatype::Compound { .. } => "compound values".into(),
        Datatype::Array { base, .. } => format!("arrays of {}", type_name(base)),
        Datatype::Enum { .. } => "enumerated values".into(),
        Datatype::Reference { .. } => "references".into(),
        _ => "values of another type".into(),
    }
}
