//! Reads named arrays from NumPy's `.npz`: a zip of `.npy` files, stored or deflated.
//!
//! Format: NumPy, `numpy/lib/format.py` (versions 1.0, 2.0 and 3.0 of `.npy`): `\x93NUMPY`, two
//! bytes of version, the length of the header (2 bytes, 4 from version 2 on), and the header, a
//! Python dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`.

use crate::error::{Error, Result};
use crate::tensor::{Number, Tensor, elements};
use std::io::Read;
use std::path::Path;
use zip::ZipArchive;

/// How much larger than the file the unpacked arrays may be; and what is allowed in any case.
const MOST_GROWTH: u64 = 64;
const ALWAYS_ALLOWED: u64 = 16 << 20;
/// Longest header in bytes; NumPy itself refuses to read one that is longer than 10 000.
const LONGEST_HEADER: usize = 10_000;

/// Reads all arrays of a file, in its order.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] naming the array for what is not a whole `.npz`, or holds
/// anything but numbers.
pub(crate) fn read_npz(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = atomic_file::open(path)?;
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let damaged = |error| Error::file(path, format!("is not a whole npz file ({error})"));
    let mut archive = ZipArchive::new(file).map_err(damaged)?;
    let mut room = size.saturating_mul(MOST_GROWTH).max(ALWAYS_ALLOWED);
    let mut arrays: Vec<(String, Tensor)> = Vec::new();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).map_err(damaged)?;
        let name = member.name().map_err(damaged)?.into_owned();
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        let problem = |problem| Error::file(path, format!("array {name} {problem}"));
        if arrays.iter().any(|(other, _)| *other == name) {
            return Err(problem("stands there twice".to_owned()));
        }
        let array = read_npy(&mut member, &mut room).map_err(problem)?;
        arrays.push((name, array));
    }
    Ok(arrays)
}

/// Reads one array; takes what it unpacks from `room`.
fn read_npy(member: &mut impl Read, room: &mut u64) -> std::result::Result<Tensor, String> {
    let cut_off = |error| format!("cannot be unpacked, the file may be damaged ({error})");
    let mut start = [0; 8];
    member.read_exact(&mut start).map_err(cut_off)?;
    if start[..6] != *b"\x93NUMPY" {
        return Err("is not a NumPy array".into());
    }
    let length = if start[6] == 1 {
        let mut length = [0; 2];
        member.read_exact(&mut length).map_err(cut_off)?;
        usize::from(u16::from_le_bytes(length))
    } else {
        let mut length = [0; 4];
        member.read_exact(&mut length).map_err(cut_off)?;
        u32::from_le_bytes(length) as usize
    };
    if length > LONGEST_HEADER {
        return Err(format!("has a header of {length} bytes, but {LONGEST_HEADER} are allowed"));
    }
    let mut header = vec![0; length];
    member.read_exact(&mut header).map_err(cut_off)?;
    let header = Header::parse(&String::from_utf8_lossy(&header))?;
    let expected = elements(&header.shape)
        .and_then(|count| count.checked_mul(header.number.bytes()))
        .map(|bytes| bytes as u64)
        .filter(|bytes| bytes <= room)
        .ok_or_else(|| {
            format!(
                "has the shape {:?}, which is far larger than the file that holds it",
                header.shape
            )
        })?;
    *room -= expected;
    let mut bytes = Vec::new();
    // One byte more tells an array that goes on after its end.
    member.by_ref().take(expected + 1).read_to_end(&mut bytes).map_err(cut_off)?;
    if header.big_endian {
        bytes.chunks_exact_mut(header.number.bytes()).for_each(<[u8]>::reverse);
    }
    let tensor = Tensor::decode(header.shape, header.number, &bytes)?;
    Ok(if header.fortran_order { last_axis_fastest(&tensor) } else { tensor })
}

/// What the header of an array says.
struct Header {
    number: Number,
    big_endian: bool,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let value = |key: &str| {
            let after = text.split_once(&format!("'{key}':")).map(|(_, after)| after.trim_start());
            after.ok_or_else(|| format!("has no {key} in its header"))
        };
        let descr = value("descr")?;
        let descr = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).ok_or(
            "holds records or objects, but only numbers can be read: save plain arrays".to_owned(),
        )?;
        let (order, kind) = descr.0.split_at_checked(1).unwrap_or_default();
        let number = match kind {
            "f8" => Number::F64,
            "f4" => Number::F32,
            "f2" => Number::F16,
            "i8" => Number::I64,
            "i4" => Number::I32,
            "i2" => Number::I16,
            "i1" => Number::I8,
            "u1" | "b1" => Number::U8,
            _ => {
                return Err(format!(
                    "holds elements of type {:?}, but only floats of 16 to 64 bits and integers \
                     can be read",
                    descr.0
                ));
            }
        };
        let shape = value("shape")?;
        let inside = shape.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let sizes = inside.map(|(sizes, _)| sizes).unwrap_or("?").split(',').map(str::trim);
        let sizes = sizes.filter(|size| !size.is_empty()).map(str::parse::<usize>);
        Ok(Self {
            number,
            big_endian: order == ">",
            fortran_order: value("fortran_order")?.starts_with("True"),
            shape: sizes
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| "has a shape that cannot be read in its header".to_owned())?,
        })
    }
}

/// The same tensor with the last axis fastest, where the first one was.
fn last_axis_fastest(tensor: &Tensor) -> Tensor {
    let Tensor { shape, values } = tensor;
    let in_file = |element: usize| {
        let place = tensor.place(element);
        place.iter().zip(shape).rev().fold(0, |index, (place, size)| index * size + place)
    };
    let values = (0..values.len()).map(|element| values[in_file(element)]).collect();
    Tensor { shape: shape.clone(), values }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    fn read(members: &[(&str, Vec<u8>)]) -> Result<Vec<(String, Tensor)>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.npz");
        let mut archive = ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in members {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(bytes).unwrap();
        }
        archive.finish().unwrap();
        read_npz(&path)
    }

    fn problem(member: Vec<u8>) -> String {
        let error = read(&[("a.npy", member)]).unwrap_err().to_string();
        error.split_once("w.npz: array a ").unwrap().1.to_owned()
    }

    const SHAPE: &str = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

    #[test]
    fn both_orders_of_axes_and_of_bytes_are_read() {
        let values: Vec<f32> = (0..6).map(|value| value as f32).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let swapped: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
        let arrays = read(&[
            ("fc1.weight.npy", npy(SHAPE, &bytes)),
            ("f.npy", npy(&SHAPE.replace("False", "True"), &bytes)),
            ("b.npy", npy(&SHAPE.replace('<', ">"), &swapped)),
            ("n.npy", npy(&SHAPE.replace("(2, 3)", "()"), &bytes[4..8])),
        ])
        .unwrap();
        assert_eq!(arrays[0].0, "fc1.weight");
        assert_eq!(arrays[0].1.values, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(arrays[1].1.values, [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        assert_eq!(arrays[2].1, arrays[0].1);
        assert_eq!((&arrays[3].1.shape[..], &arrays[3].1.values[..]), (&[][..], &[1.0][..]));
    }

    #[test]
    fn damage_is_named_and_nothing_large_is_taken_for_it() {
        assert_eq!(
            problem(npy(SHAPE, &[0; 20])),
            "has 20 bytes, which do not fit its shape [2, 3]"
        );
        assert_eq!(
            problem(npy(SHAPE, &[0; 40])),
            "has 25 bytes, which do not fit its shape [2, 3]"
        );
        let huge = SHAPE.replace("(2, 3)", "(1000000, 1000000)");
        assert!(problem(npy(&huge, &[])).contains("far larger than the file"));
        let beyond = SHAPE.replace("(2, 3)", "(99999999999, 99999999999)");
        assert!(problem(npy(&beyond, &[])).contains("far larger than the file"));
        assert!(problem(npy(&SHAPE.replace("<f4", "|O"), &[])).contains("type \"|O\""));
        assert!(problem(npy(&SHAPE.replace("'<f4'", "[('a', '<f4')]"), &[])).contains("records"));
        assert!(problem(npy(&SHAPE.replace("(2, 3)", "(2, x)"), &[])).contains("shape"));
        assert!(problem(npy("{}", &[])).contains("no descr"));
        assert_eq!(problem(b"no array".to_vec()), "is not a NumPy array");
        assert!(problem(b"short".to_vec()).contains("cannot be unpacked"));
    }
}
