use std::fs::File;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;
use crate::randman::Randman;
use crate::recordings::TimeType;

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
    Layout { channels: 20, classes: Some(10) }
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
    RecordingFile::open_in(path, || Ok(cache.to_owned()))
}

#[test]
fn every_packing_gives_the_same_recordings() {
    let (folder, path, recordings) = recording();
    let cache = folder.path().join("cache");
    let bytes = fs::read(&path).unwrap();
    let archives =
        [gzip(&path), zip(folder.path(), &[("read me.txt", b"hello"), ("shd/small.h5", &bytes)])];
    for archive in archives {
        let file = open_in(&archive, &cache).unwrap();
        assert_eq!(file.given(), archive);
        assert_eq!(fs::read(file.content()).unwrap(), bytes);
        assert_eq!(file.sha256().unwrap(), sha256(&path).unwrap());
        assert_eq!(file.read(&layout()).unwrap().units(7), recordings.units(7));
    }
    let plain = open_in(&path, &cache).unwrap();
    assert_eq!(plain.content(), path);
    assert_eq!(files_in(&cache), 4, "two files and their checksums, no temporary file");
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
    assert!(
        message(&zip(folder.path(), &[("a.txt", b"a")]))
            .ends_with("must hold exactly one .h5 file, but it holds none")
    );
    let two = zip(folder.path(), &[("a.h5", &bytes), ("b.h5", &bytes)]);
    assert!(message(&two).ends_with("but it holds a.h5, b.h5"), "{}", message(&two));
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
    let error = copy(&mut HDF5_SIGNATURE.as_slice(), full, Path::new("shd.h5.gz")).unwrap_err();
    assert_eq!(error.to_string(), "cache/shd.h5: the disk is full, nothing was written");
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_made_is_named() {
    let (folder, path, _) = recording();
    // A file where the folder should be: refused for every user, root too.
    let cache = folder.path().join("small.h5").join("cache");
    let error = open_in(&gzip(&path), &cache).unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: cannot create the cache folder: ", cache.display())),
        "{error}"
    );
}
