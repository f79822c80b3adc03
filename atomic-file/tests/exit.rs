//! Programs that end in the middle of their work: in processes of their own, which are this one
//! again.

use atomic_file::{AtomicFile, Lock, exit};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "ATOMIC_FILE_TEST_FOLDER";

/// Runs only where the other test starts it.
#[test]
fn ends_in_the_middle() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    atomic_file::write(&folder.join("finished.csv"), b"whole").unwrap();
    let mut file = AtomicFile::create(&folder.join("unfinished.csv")).unwrap();
    file.write(b"half").unwrap();
    let _lock = Lock::acquire(&folder.join("lock"), "this test").unwrap();
    exit(7);
}

#[test]
fn a_program_that_exits_in_the_middle_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ends_in_the_middle"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(7), "{}", String::from_utf8_lossy(&child.stderr));
    let names: Vec<_> =
        folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["finished.csv"]);
}
