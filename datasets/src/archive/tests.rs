use std::fs::File;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::content::HDF5_SIGNATURE;
use crate::randman::Randman;
use crate::spike_times::TimeType;

/// A folder with a small recording file in it, and the recordings.
fn recording() -> (TempDir, PathBuf, SpikeRecordings) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.h5");
    let recordings = Randman { neurons: 20, samples_per_class: 3, ..Randman::default() }
        .recordings(sim_core::Seed(1))
        .unwrap();
    assert_eq!(recordings.time_type(), TimeType::Float32);
    recordings.write(&path).unwrap();
    (folder, path, recordings)
}

fn layout() -> Layout {
    Layout { channels: Some(20), classes: Some(10), time_unit: None }
}

fn gzip(path: &Path) -> PathBuf {
    let archive = path.with_extension("h5.gz");
    let mut encoder = GzEncoder::new(File::create(&archive).unwrap(), Compression::fast());
    encoder.write_all(&fs::read(path).unwrap()).unwrap();
    encoder.finish().unwrap();
    archive
}

fn zip(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    let archive = folder.join("small.zip");
    let mut writer = zip::ZipWriter::new(File::create(&archive).unwrap());
    for (name, bytes) in entries {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap();
    archive
}

fn files_in(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, |entries| entries.count())
}

/// Opens a file with a cache folder of its own.
fn open_in(path: &Path, cache: &Path) -> Result<RecordingFile> {
    let cache = Cache { folder: cache.to_owned(), named_by: "named by a test" };
    RecordingFile::open_in(path, || Ok(cache))
}

#[test]
fn every_packing_gives_the_same_recordings() {
    let (folder, path, recordings) = recording();
    let cache = folder.path().join("cache");
    let bytes = fs::read(&path).unwrap();
    let mut archives = vec![gzip(&path)];
    let twice = gzip(&archives[0]);
    let packed = fs::read(&archives[0]).unwrap();
    archives.push(twice);
    for (number, entries) in [
        &[("read me.txt", &b"hello"[..]), ("shd/small.h5", &bytes)][..],
        &[("small.h5", &bytes), ("__MACOSX/._small.h5", b"\0\x05\x16\x07"), (".DS_Store", b"")],
        &[("SMALL.H5.GZ", &packed)],
        &[("a.hdf", &bytes), ("b.h5", b"no recording")],
        &[("notes", b"hello"), ("without an ending", &bytes)],
        &[("notes", b"hello"), ("packed", &packed)],
    ]
    .into_iter()
    .enumerate()
    {
        let archive = folder.path().join(format!("{number}.zip"));
        fs::rename(zip(folder.path(), entries), &archive).unwrap();
        archives.push(archive);
    }
    for archive in &archives {
        let file = open_in(archive, &cache).unwrap();
        assert_eq!(file.given(), archive);
        assert_eq!(fs::read(file.content()).unwrap(), bytes);
        assert_eq!(file.sha256().unwrap(), sha256(&path).unwrap());
        let read = file.read(&layout()).unwrap();
        assert_eq!((read.units(7), read.origin()), (recordings.units(7), archive.as_path()));
    }
    let plain = open_in(&path, &cache).unwrap();
    assert_eq!(plain.content(), path);
    assert_eq!(
        files_in(&cache),
        2 * archives.len(),
        "files and their checksums, no temporary file"
    );
}

#[test]
fn every_method_of_zip_that_python_knows_is_unpacked() {
    use zip::CompressionMethod::{Bzip2, Deflated, Stored};
    let (folder, path, recordings) = recording();
    let bytes = fs::read(&path).unwrap();
    for method in [Stored, Deflated, Bzip2] {
        let archive = folder.path().join(format!("{method}.zip"));
        let mut writer = zip::ZipWriter::new(File::create(&archive).unwrap());
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        writer.start_file("small.h5", options).unwrap();
        writer.write_all(&bytes).unwrap();
        writer.finish().unwrap();
        let file = open_in(&archive, &folder.path().join("cache")).unwrap();
        let read = file.read(&layout()).unwrap();
        assert_eq!(read.units(7), recordings.units(7), "{method}");
    }
}

#[test]
fn a_user_block_in_an_archive_is_passed_over() {
    let (folder, path, recordings) = recording();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, [&[b'#'; 1024][..], &bytes].concat()).unwrap();
    let file = open_in(&gzip(&path), &folder.path().join("cache")).unwrap();
    assert_eq!(file.read(&layout()).unwrap().units(7), recordings.units(7));
}

#[test]
fn errors_name_the_member_of_the_archive() {
    let (folder, path, _) = recording();
    let archive = zip(folder.path(), &[("shd/small.h5", &fs::read(&path).unwrap())]);
    let file = open_in(&archive, &folder.path().join("cache")).unwrap();
    let error = file.read(&Layout { channels: Some(19), ..layout() }).unwrap_err().to_string();
    let expected = format!("{} (small.h5): spikes/units, sample ", archive.display());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn members_that_are_not_read_are_told_from_damage() {
    let (folder, path, _) = recording();
    let archive = zip(folder.path(), &[("small.h5", &fs::read(&path).unwrap())]);
    let good = fs::read(&archive).unwrap();
    // The compression method, in the member's own header and in the list at the end.
    for (method, name) in [(93u16, "Zstandard"), (98, "PPMd"), (6, "implode"), (4242, "unknown")] {
        let mut bytes = good.clone();
        let list = bytes.windows(4).rposition(|found| found == b"PK\x01\x02").unwrap();
        bytes[8..10].copy_from_slice(&method.to_le_bytes());
        bytes[list + 10..list + 12].copy_from_slice(&method.to_le_bytes());
        fs::write(&archive, bytes).unwrap();
        let message = open_in(&archive, &folder.path().join("cache")).unwrap_err().to_string();
        let expected = format!(
            "{} (small.h5): the member is packed with zip method {method} ({name}",
            archive.display()
        );
        assert!(message.starts_with(&expected) && message.contains("not damaged"), "{message}");
    }
    let mut bytes = good.clone();
    let list = bytes.windows(4).rposition(|found| found == b"PK\x01\x02").unwrap();
    bytes[6] |= 1;
    bytes[list + 8] |= 1;
    fs::write(&archive, bytes).unwrap();
    let message = open_in(&archive, &folder.path().join("cache")).unwrap_err().to_string();
    assert!(message.contains(" (small.h5): the member is encrypted"), "{message}");
}

#[test]
fn the_kind_is_seen_from_the_bytes() {
    let (folder, path, recordings) = recording();
    let disguised = folder.path().join("no-ending");
    fs::rename(gzip(&path), &disguised).unwrap();
    let file = open_in(&disguised, &folder.path().join("cache")).unwrap();
    assert_eq!(file.read(&layout()).unwrap().spikes(), recordings.spikes());
}

#[test]
fn an_unpacked_file_is_reused_while_intact_and_made_anew_when_not() {
    let (folder, path, _) = recording();
    let (archive, cache) = (gzip(&path), folder.path().join("cache"));
    let open = || open_in(&archive, &cache).unwrap();
    let content = open().content().to_owned();
    let first = fs::metadata(&content).unwrap().modified().unwrap();
    open();
    assert_eq!(fs::metadata(&content).unwrap().modified().unwrap(), first, "reused");

    let good = fs::read(&content).unwrap();
    for damaged in [&good[..good.len() - 1], b"", b"\x89HDF\r\n\x1a\nbut not more"] {
        fs::write(&content, damaged).unwrap();
        open();
        assert_eq!(fs::read(&content).unwrap(), good);
    }
    fs::write(&content, b"damaged").unwrap();
    fs::remove_file(sidecar_of(&content)).unwrap();
    open();
    assert_eq!(fs::read(&content).unwrap(), good);
    let line = fs::read_to_string(sidecar_of(&content)).unwrap();
    assert_eq!(
        line,
        format!("{}  {}\n", sha256(&path).unwrap(), content.file_name().unwrap().to_string_lossy())
    );
}

#[test]
fn a_damaged_archive_is_named_and_leaves_nothing() {
    let (folder, path, _) = recording();
    let archive = gzip(&path);
    let good = fs::read(&archive).unwrap();
    let cache = folder.path().join("cache");
    let message = || open_in(&archive, &cache).unwrap_err().to_string();
    for length in [20, good.len() / 2, good.len() - 8, good.len() - 1] {
        fs::write(&archive, &good[..length]).unwrap();
        let message = message();
        assert!(
            message.starts_with(&format!("{}: the archive ", archive.display())),
            "{length}: {message}"
        );
        assert_eq!(files_in(&cache), 0, "{length}");
    }
    fs::write(&archive, &good[..good.len() / 2]).unwrap();
    assert!(
        message().contains("damaged or cut short") && message().ends_with("download it again"),
        "{}",
        message()
    );
    let mut flipped = good.clone();
    let last = flipped.len() - 6;
    flipped[last] ^= 1;
    fs::write(&archive, flipped).unwrap();
    assert!(message().contains("damaged or cut short"), "a wrong checksum: {}", message());
    assert_eq!(files_in(&cache), 0);
}

#[test]
fn an_archive_of_something_else_is_refused() {
    let (folder, path, _) = recording();
    let cache = folder.path().join("cache");
    let message = |archive: &Path| open_in(archive, &cache).unwrap_err().to_string();
    let text = folder.path().join("text.h5");
    fs::write(&text, "no recording").unwrap();
    assert!(message(&gzip(&text)).contains("does not hold an HDF5 file"));
    fs::write(&text, "").unwrap();
    assert!(message(&gzip(&text)).contains("does not hold an HDF5 file"));
    assert!(message(&text).contains("the file is empty"));
    let bytes = fs::read(&path).unwrap();
    let of = |entries: &[(&str, &[u8])]| message(&zip(folder.path(), entries));
    let none = of(&[("a.txt", b"a"), ("b/", b""), ("__MACOSX/._a.txt", b"a")]);
    assert!(none.ends_with("small.zip: the zip archive holds no HDF5 file, but a.txt"), "{none}");
    let many = of(&[("a", b"a"), ("b", b""), ("c", b""), ("d", b""), ("e", b""), ("f", b"")]);
    assert!(many.ends_with("but a, b, c, d, e and 1 more"), "{many}");
    assert!(of(&[]).ends_with("the zip archive is empty"), "{}", of(&[]));
    let wrong = of(&[("a.h5", b"<!DOCTYPE html><html>")]);
    assert!(wrong.contains("small.zip (a.h5): the archive holds a web page, "), "{wrong}");
    let nested = of(&[("a.h5", b"PK\x03\x04")]);
    assert!(nested.contains("the archive holds a zip archive, which has to be"), "{nested}");
    let mut tar = vec![b'x'; 600];
    tar[257..262].copy_from_slice(b"ustar");
    fs::write(&text, &tar).unwrap();
    assert!(message(&gzip(&text)).contains("the archive holds a tar archive, which has to be"));
    let two = zip(folder.path(), &[("a.h5", &bytes), ("b.h5", &bytes)]);
    assert!(
        message(&two).ends_with("but it holds a.h5, b.h5; unpack it and name one of them"),
        "{}",
        message(&two)
    );
    let good = fs::read(&two).unwrap();
    fs::write(&two, &good[..good.len() - 30]).unwrap();
    assert!(message(&two).contains("the zip archive is damaged or cut short"), "{}", message(&two));
    let missing = message(&folder.path().join("missing.h5"));
    assert!(missing.contains("missing.h5: cannot open the file: "), "{missing}");
    assert_eq!(files_in(&cache), 0);
}

#[test]
fn a_full_disk_is_said() {
    let full = |_: &[u8]| {
        Err(atomic_file::Error::io(
            Path::new("cache/shd.h5"),
            "write the file",
            io::ErrorKind::StorageFull.into(),
        ))
    };
    let error = copy(HDF5_SIGNATURE.as_slice(), full, Path::new("shd.h5.gz")).unwrap_err();
    assert_eq!(error.to_string(), "cache/shd.h5: the disk is full, nothing was written");
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let (folder, path, _) = recording();
    // A file where the folder should be: refused for every user, root too.
    let cache = folder.path().join("small.h5").join("cache");
    let archive = gzip(&path);
    let error = open_in(&archive, &cache).unwrap_err().to_string();
    let expected = format!(
        "{}: an archive is unpacked into a cache folder, but {} (named by a test) cannot be made (",
        archive.display(),
        cache.display()
    );
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.ends_with("; set SYNFIRE_CACHE to a folder that can be written"), "{error}");
}

#[test]
fn a_cache_that_cannot_take_the_file_is_named() {
    let (folder, path, _) = recording();
    let (archive, cache) = (gzip(&path), folder.path().join("cache"));
    // A folder where the unpacked file should be: refused for every user, root too.
    let content = open_in(&archive, &cache).unwrap().content().to_owned();
    fs::remove_file(&content).unwrap();
    fs::create_dir(&content).unwrap();
    let error = open_in(&archive, &cache).unwrap_err().to_string();
    let expected =
        format!("{} (named by a test) cannot take it ({}: ", cache.display(), content.display());
    assert!(error.contains(&expected) && error.contains("set SYNFIRE_CACHE"), "{error}");
}
