//! Alone in its process, since it concerns all files that are being written there.

use atomic_file::{AtomicFile, remove_unfinished};

#[test]
fn a_program_that_exits_in_the_middle_can_clear_up() {
    let folder = tempfile::tempdir().unwrap();
    let [finished, unfinished] =
        ["finished.csv", "unfinished.csv"].map(|name| folder.path().join(name));
    atomic_file::write(&finished, b"whole").unwrap();
    let mut file = AtomicFile::create(&unfinished).unwrap();
    file.write(b"half").unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    remove_unfinished();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(std::fs::read(&finished).unwrap(), b"whole");
}
