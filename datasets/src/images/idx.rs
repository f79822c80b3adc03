//! IDX files, the format of MNIST and of the data sets that took its place: Fashion-MNIST, KMNIST,
//! EMNIST [LeCun et al. 1998].
//!
//! ```text
//! bytes 0, 1   0
//! byte 2       type of the elements; 0x08 is an unsigned byte
//! byte 3       number of dimensions
//! then         the size of each dimension: 32 bits, unsigned, big-endian
//! then         the elements, those of the last dimension next to each other
//! ```
//! Images are `[image][row][column]`, labels are `[image]`, both unsigned bytes. A file may be
//! packed by gzip, which is seen from its first bytes and not from its name. What a header promises
//! takes no memory before the bytes are there.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::content::{HEAD_BYTES, content};
use crate::error::{Error, Result};
use crate::gzip::unpacked;

const BUFFER_BYTES: usize = 1 << 18;

/// Bytes that memory is taken for before they are read: more than MNIST has.
const BYTES_AHEAD: usize = 1 << 26;

/// Most elements of a file: 2 GiB, which are 2.7 million images of the size of MNIST.
const MOST_ELEMENTS: usize = 1 << 31;

/// The only type of elements that is read.
const UNSIGNED_BYTE: u8 = 0x08;

/// Types of elements that are not read, by number.
const OTHER_TYPES: [(u8, &str); 5] = [
    (0x09, "signed bytes"),
    (0x0b, "16-bit integers"),
    (0x0c, "32-bit integers"),
    (0x0d, "32-bit floats"),
    (0x0e, "64-bit floats"),
];

/// The images of a file.
#[derive(Debug)]
pub(crate) struct IdxImages {
    /// Columns of an image.
    pub width: usize,
    /// Rows of an image.
    pub height: usize,
    /// `[image][row][column]`
    pub pixels: Vec<u8>,
}

/// Reads a file of images: at least one, of at least one pixel.
///
/// # Errors
/// [`Error::Disk`] for a file that cannot be opened; [`Error::File`] for one that is no IDX file of
/// images, is damaged, or holds fewer or more bytes than its header says.
pub(crate) fn read_images(path: &Path) -> Result<IdxImages> {
    let (sizes, pixels) = read(path, Kind::Images)?;
    Ok(IdxImages { width: sizes[2], height: sizes[1], pixels })
}

/// Reads a file of labels: at least one.
///
/// # Errors
/// As [`read_images`].
pub(crate) fn read_labels(path: &Path) -> Result<Vec<u8>> {
    Ok(read(path, Kind::Labels)?.1)
}

/// What a file is expected to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Images,
    Labels,
}

impl Kind {
    fn dimensions(self) -> usize {
        match self {
            Self::Images => 3,
            Self::Labels => 1,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Labels => "labels",
        }
    }

    /// What a file of these sizes holds, in words.
    fn described(self, sizes: &[usize]) -> String {
        match (self, sizes) {
            (Self::Images, [number, height, width]) => {
                format!("{number} images of {height} x {width} pixels")
            }
            _ => format!("{} labels", sizes[0]),
        }
    }
}

/// The sizes of the dimensions, and the elements.
fn read(path: &Path, kind: Kind) -> Result<(Vec<usize>, Vec<u8>)> {
    let file = BufReader::with_capacity(BUFFER_BYTES, atomic_file::open(path)?);
    let stream = unpacked(Box::new(file)).map_err(damaged);
    let read = stream.and_then(|mut stream| {
        let sizes = sizes(&mut stream, kind)?;
        let elements = elements(&mut stream, kind, &sizes)?;
        Ok((sizes, elements))
    });
    read.map_err(|problem| Error::file(path, problem))
}

/// The sizes of the dimensions, which the file begins with; or what is wrong with it.
fn sizes(stream: &mut impl BufRead, kind: Kind) -> std::result::Result<Vec<usize>, String> {
    let magic = next(stream, 4)?;
    let &[0, 0, element, dimensions] = &magic[..] else {
        let rest = next(stream, HEAD_BYTES - magic.len())?;
        return Err(no_idx(&[magic, rest].concat(), kind));
    };
    if element != UNSIGNED_BYTE {
        return Err(of_other_type(element, kind));
    }
    if usize::from(dimensions) != kind.dimensions() {
        return Err(of_other_shape(dimensions, kind));
    }
    let header = next(stream, 4 * kind.dimensions())?;
    if header.len() < 4 * kind.dimensions() {
        let (found, all) = (4 + header.len(), 4 + 4 * kind.dimensions());
        return Err(format!(
            "the file is cut short: it has {found} bytes, but the header alone has {all}"
        ));
    }
    let sizes = header.chunks_exact(4).map(|size| {
        let size = u32::from_be_bytes(size.try_into().expect("chunks have four bytes"));
        size as usize
    });
    Ok(sizes.collect())
}

/// The elements, which the rest of the file is; or what is wrong with it.
fn elements(
    stream: &mut impl BufRead,
    kind: Kind,
    sizes: &[usize],
) -> std::result::Result<Vec<u8>, String> {
    let described = kind.described(sizes);
    let all = sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    let Some(all) = all.filter(|&all| all <= MOST_ELEMENTS) else {
        return Err(format!(
            "its header says {described}, but a file may have at most {MOST_ELEMENTS} bytes"
        ));
    };
    if all == 0 {
        let name = kind.name();
        return Err(format!("the file has {described}, but {name} must not be empty"));
    }
    let mut elements = Vec::with_capacity(all.min(BYTES_AHEAD));
    let taken = stream.by_ref().take(all as u64).read_to_end(&mut elements);
    let found = elements.len();
    if let Err(error) = taken {
        return Err(format!(
            "the file is damaged or cut short after {found} of {all} bytes of {described} \
             ({error}); download it again"
        ));
    }
    if found < all {
        return Err(format!(
            "the file is cut short: its header says {described}, which are {all} bytes, but \
             {found} follow it; download it again"
        ));
    }
    // Only at the end of a stream does gzip compare its checksum.
    if !next(stream, 1)?.is_empty() {
        return Err(format!(
            "its header says {described}, but more than the {all} bytes of these follow it"
        ));
    }
    Ok(elements)
}

/// The next bytes, fewer only at the end of the stream; or what is wrong with it.
fn next(stream: &mut impl BufRead, bytes: usize) -> std::result::Result<Vec<u8>, String> {
    let mut taken = Vec::with_capacity(bytes);
    stream.by_ref().take(bytes as u64).read_to_end(&mut taken).map_err(damaged)?;
    Ok(taken)
}

/// What is wrong with a stream that cannot be read.
fn damaged(error: std::io::Error) -> String {
    format!("the file is damaged or cut short ({error}); download it again")
}

/// What is wrong with a file that begins as no IDX file does.
fn no_idx(head: &[u8], kind: Kind) -> String {
    let expected = format!("an IDX file of {} was expected", kind.name());
    if let Some(name) = content(head).name() {
        return format!("this is {name}, but {expected}");
    }
    let shown: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    match shown.len() {
        0 => format!("the file is empty, but {expected}"),
        _ => format!(
            "the file begins with the bytes {}, but {expected}, which begins with 00 00 08 {:02x}",
            shown.join(" "),
            kind.dimensions()
        ),
    }
}

fn of_other_type(element: u8, kind: Kind) -> String {
    let name = OTHER_TYPES.iter().find(|(number, _)| *number == element);
    let found = match name {
        Some((number, name)) => format!("{name} (type 0x{number:02x})"),
        None => format!("of type 0x{element:02x}, which IDX does not know"),
    };
    format!(
        "the elements of this IDX file are {found}, but {} are unsigned bytes (type \
         0x{UNSIGNED_BYTE:02x})",
        kind.name()
    )
}

fn of_other_shape(dimensions: u8, kind: Kind) -> String {
    let others = [Kind::Images, Kind::Labels];
    let other = others.into_iter().find(|other| other.dimensions() == usize::from(dimensions));
    let held = other.map_or(String::new(), |other| format!(", as {} have", other.name()));
    let needed = match kind {
        Kind::Images => "images have 3: number, rows and columns",
        Kind::Labels => "labels have 1: their number",
    };
    let plural = if dimensions == 1 { "" } else { "s" };
    format!("this IDX file has {dimensions} dimension{plural}{held}, but {needed}")
}

#[cfg(test)]
pub(crate) mod tests;
