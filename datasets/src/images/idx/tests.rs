use std::io::Write;
use std::path::PathBuf;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::*;

/// An IDX file of unsigned bytes.
pub(crate) fn idx(sizes: &[u32], elements: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, UNSIGNED_BYTE, sizes.len() as u8];
    sizes.iter().for_each(|size| file.extend(size.to_be_bytes()));
    file.extend(elements);
    file
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder with one file.
fn stored(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// Why a file of images is refused, without its name.
fn refused(bytes: &[u8]) -> String {
    let (_folder, path) = stored(bytes);
    problem(&path, read_images(&path).unwrap_err())
}

/// Why a file of labels is refused, without its name.
fn refused_labels(bytes: &[u8]) -> String {
    let (_folder, path) = stored(bytes);
    problem(&path, read_labels(&path).unwrap_err())
}

fn problem(path: &Path, error: Error) -> String {
    let text = error.to_string();
    let problem = text.strip_prefix(&format!("{}: ", path.display()));
    problem.unwrap_or_else(|| panic!("{text} does not name the file")).to_owned()
}

/// Two images of two rows and three columns.
fn images() -> Vec<u8> {
    idx(&[2, 2, 3], &(0..12).collect::<Vec<u8>>())
}

#[test]
fn images_and_labels_are_read_plain_or_packed_once_or_twice() {
    let labels = idx(&[4], &[0, 255, 7, 7]);
    for pack in [|bytes: &[u8]| bytes.to_vec(), gzip, |bytes: &[u8]| gzip(&gzip(bytes))] {
        let (_folder, path) = stored(&pack(&images()));
        let read = read_images(&path).unwrap();
        assert_eq!((read.width, read.height), (3, 2));
        assert_eq!(read.pixels, (0..12).collect::<Vec<u8>>());
        let (_folder, path) = stored(&pack(&labels));
        assert_eq!(read_labels(&path).unwrap(), [0, 255, 7, 7]);
    }
}

#[test]
fn what_is_no_idx_file_is_told() {
    let expected = "an IDX file of images was expected";
    assert_eq!(refused(b""), format!("the file is empty, but {expected}"));
    assert_eq!(
        refused(&[0, 0]),
        format!(
            "the file begins with the bytes 00 00, but {expected}, which begins with 00 00 08 03"
        )
    );
    assert_eq!(
        refused_labels(b"\x89HDF\r\n\x1a\n"),
        "the file begins with the bytes 89 48 44 46, but an IDX file of labels was expected, which \
         begins with 00 00 08 01"
    );
    assert_eq!(refused(b"\x93NUMPY\x01\0"), format!("this is a NumPy array, but {expected}"));
    let page = gzip(b"<!DOCTYPE html><html></html>");
    assert_eq!(
        refused(&page),
        format!("this is a web page, maybe instead of the download, but {expected}")
    );
}

#[test]
fn other_elements_and_other_dimensions_are_refused() {
    let of_type = |element| {
        let mut file = images();
        file[2] = element;
        refused(&file)
    };
    assert_eq!(
        of_type(0x0d),
        "the elements of this IDX file are 32-bit floats (type 0x0d), but images are unsigned \
         bytes (type 0x08)"
    );
    assert_eq!(
        of_type(0x07),
        "the elements of this IDX file are of type 0x07, which IDX does not know, but images are \
         unsigned bytes (type 0x08)"
    );
    assert_eq!(
        refused(&idx(&[3], &[0, 1, 2])),
        "this IDX file has 1 dimension, as labels have, but images have 3: number, rows and columns"
    );
    assert_eq!(
        refused_labels(&images()),
        "this IDX file has 3 dimensions, as images have, but labels have 1: their number"
    );
    assert_eq!(
        refused(&idx(&[1, 1, 1, 3], &[0, 1, 2])),
        "this IDX file has 4 dimensions, but images have 3: number, rows and columns"
    );
}

#[test]
fn a_file_that_is_cut_short_tells_how_many_bytes_are_missing() {
    let all = images();
    assert_eq!(
        refused(&all[..10]),
        "the file is cut short: it has 10 bytes, but the header alone has 16"
    );
    for found in [0, 11] {
        assert_eq!(
            refused(&all[..16 + found]),
            format!(
                "the file is cut short: its header says 2 images of 2 x 3 pixels, which are 12 \
                 bytes, but {found} follow it; download it again"
            )
        );
    }
    let labels = idx(&[5], &[1, 2, 3]);
    assert_eq!(
        refused_labels(&labels),
        "the file is cut short: its header says 5 labels, which are 5 bytes, but 3 follow it; \
         download it again"
    );
}

#[test]
fn a_file_that_goes_on_is_refused() {
    let long = [&images()[..], &[9]].concat();
    let expected = "its header says 2 images of 2 x 3 pixels, but more than the 12 bytes of these \
                    follow it";
    assert_eq!(refused(&long), expected);
    assert_eq!(refused(&gzip(&long)), expected);
}

#[test]
fn a_packed_file_is_refused_wherever_it_is_cut_or_damaged() {
    let packed = gzip(&images());
    for cut in 2..packed.len() {
        let message = refused(&packed[..cut]);
        assert!(message.contains("damaged or cut short"), "{cut}: {message}");
    }
    // The checksum of the content.
    let mut wrong = packed.clone();
    let place = wrong.len() - 8;
    wrong[place] ^= 1;
    assert!(refused(&wrong).contains("damaged or cut short"));
    let followed = [&packed[..], b"more"].concat();
    assert!(refused(&followed).contains("`gzip -dc` leaves them out"));
}

#[test]
fn whatever_byte_is_wrong_a_file_is_read_or_refused() {
    let (_folder, path) = stored(&[]);
    for whole in [images(), gzip(&images())] {
        for place in 0..whole.len() {
            for wrong in [0, 1, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[place] = wrong;
                std::fs::write(&path, bytes).unwrap();
                if let Err(error) = read_images(&path) {
                    problem(&path, error);
                }
            }
        }
    }
}

#[test]
fn a_header_alone_takes_no_memory() {
    assert_eq!(
        refused(&idx(&[u32::MAX, 28, 28], &[])),
        "its header says 4294967295 images of 28 x 28 pixels, but a file may have at most \
         2147483648 bytes"
    );
    let vast = idx(&[u32::MAX, u32::MAX, u32::MAX], &[]);
    assert!(refused(&vast).contains("at most 2147483648 bytes"));
    let large = refused(&idx(&[2_500_000, 28, 28], &[1, 2]));
    assert!(large.contains("1960000000 bytes, but 2 follow it"), "{large}");
}

#[test]
fn files_without_images_or_pixels_are_refused() {
    for (sizes, described) in [
        ([0, 28, 28], "0 images of 28 x 28 pixels"),
        ([2, 0, 28], "2 images of 0 x 28 pixels"),
        ([2, 28, 0], "2 images of 28 x 0 pixels"),
    ] {
        assert_eq!(
            refused(&idx(&sizes, &[])),
            format!("the file has {described}, but images must not be empty")
        );
    }
    assert_eq!(
        refused_labels(&idx(&[0], &[])),
        "the file has 0 labels, but labels must not be empty"
    );
}

#[test]
fn a_missing_file_and_a_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("absent"), folder.path().to_owned()] {
        let message = read_images(&path).unwrap_err().to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
}
