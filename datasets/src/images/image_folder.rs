//! A folder with the four files that MNIST and the data sets that took its place are published as.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::images::image_data::ImageData;
use crate::images::image_set::ImageSet;

/// The four files: what their names begin with, and what they end with.
const FILES: [(&str, &str); 4] = [
    ("train-images", "idx3-ubyte"),
    ("train-labels", "idx1-ubyte"),
    ("t10k-images", "idx3-ubyte"),
    ("t10k-labels", "idx1-ubyte"),
];

impl ImageData {
    /// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
    /// `t10k-labels-idx1-ubyte` from a folder. Each may end in `.gz` and may be spelled with a dot,
    /// `train-images.idx3-ubyte`. Of a file that is there twice, the one without `.gz` is read.
    ///
    /// # Errors
    /// [`Error::File`] for something else than a folder, and one that names all files that are
    /// missing; for each file as [`ImageSet::read`]; as [`ImageData::new`].
    pub fn read(folder: impl AsRef<Path>) -> Result<Self> {
        let [images, labels, test_images, test_labels] = files(folder.as_ref())?;
        Self::new(ImageSet::read(images, labels)?, ImageSet::read(test_images, test_labels)?)
    }
}

/// The four files of a folder.
fn files(folder: &Path) -> Result<[PathBuf; 4]> {
    if !folder.is_dir() {
        let found = if folder.exists() { "this is a file" } else { "there is no such folder" };
        let problem = format!("{found}, but a folder with {} was expected", accepted(&FILES));
        return Err(Error::file(folder, problem));
    }
    let found = FILES.map(|(begin, end)| {
        let names = ["-", "."].map(|joint| format!("{begin}{joint}{end}"));
        let names = names.iter().flat_map(|name| [name.clone(), format!("{name}.gz")]);
        // Plain files before packed ones.
        let mut names: Vec<String> = names.collect();
        names.sort_by_key(|name| name.ends_with(".gz"));
        names.into_iter().map(|name| folder.join(name)).find(|path| path.exists())
    });
    let missing: Vec<_> =
        FILES.into_iter().zip(&found).filter(|(_, path)| path.is_none()).collect();
    if missing.is_empty() {
        return Ok(found.map(|path| path.expect("none is missing")));
    }
    let missing: Vec<_> = missing.into_iter().map(|(file, _)| file).collect();
    Err(Error::file(folder, format!("the folder lacks {}", accepted(&missing))))
}

/// Names of files, and how else they may be spelled.
fn accepted(files: &[(&str, &str)]) -> String {
    let names: Vec<String> = files.iter().map(|(begin, end)| format!("{begin}-{end}")).collect();
    let (begin, end) = files[0];
    format!("{} (.gz may follow a name, and {begin}.{end} is read as well)", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::idx::tests::{gzip, idx};

    /// A folder with files of these names, two training images and one test image.
    fn folder(names: [&str; 4]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let contents = [
            idx(&[2, 1, 2], &[1, 2, 3, 4]),
            idx(&[2], &[5, 6]),
            idx(&[1, 1, 2], &[7, 8]),
            idx(&[1], &[6]),
        ];
        for (name, content) in names.into_iter().zip(contents) {
            let content = if name.ends_with(".gz") { gzip(&content) } else { content };
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    const PLAIN: [&str; 4] = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];

    #[test]
    fn files_are_found_in_every_spelling() {
        let plain = ImageData::read(folder(PLAIN).path()).unwrap();
        assert_eq!((plain.train().len(), plain.test().len()), (2, 1));
        assert_eq!((plain.train().image(1), plain.test().label(0)), (&[3, 4][..], 6));
        let packed = PLAIN.map(|name| format!("{name}.gz"));
        let packed = folder(packed.each_ref().map(String::as_str));
        let mixed = folder([
            "train-images.idx3-ubyte",
            "train-labels-idx1-ubyte.gz",
            "t10k-images.idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte",
        ]);
        for other in [packed, mixed] {
            assert_eq!(ImageData::read(other.path()).unwrap().checksum(), plain.checksum());
        }
    }

    #[test]
    fn a_plain_file_is_taken_before_a_packed_one() {
        let folder = folder(PLAIN);
        std::fs::write(folder.path().join("train-images-idx3-ubyte.gz"), b"not read").unwrap();
        assert!(ImageData::read(folder.path()).is_ok());
    }

    #[test]
    fn missing_files_are_named_with_what_is_accepted() {
        let whole = folder(PLAIN);
        std::fs::remove_file(whole.path().join(PLAIN[3])).unwrap();
        let refused = |path: &Path| {
            let text = ImageData::read(path).unwrap_err().to_string();
            text.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
        };
        let spellings =
            |dotted: &str| format!("(.gz may follow a name, and {dotted} is read as well)");
        assert_eq!(
            refused(whole.path()),
            format!(
                "the folder lacks t10k-labels-idx1-ubyte {}",
                spellings("t10k-labels.idx1-ubyte")
            )
        );
        let all = format!("{} {}", PLAIN.join(", "), spellings("train-images.idx3-ubyte"));
        assert_eq!(
            refused(&whole.path().join("absent")),
            format!("there is no such folder, but a folder with {all} was expected")
        );
        assert_eq!(
            refused(&whole.path().join(PLAIN[0])),
            format!("this is a file, but a folder with {all} was expected")
        );
        let empty = tempfile::tempdir().unwrap();
        assert_eq!(refused(empty.path()), format!("the folder lacks {all}"));
    }
}
