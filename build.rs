//! Tells the program which commit it was built from, where it was built from one, and the tests
//! whether there are recordings to read, so that those that need some are listed as left out where
//! there are none.

use std::process::Command;

fn main() {
    println!("cargo::rustc-check-cfg=cfg(recordings)");
    println!("cargo::rerun-if-env-changed=SYNFIRE_DATA");
    if std::env::var_os("SYNFIRE_DATA").is_some() {
        println!("cargo::rustc-cfg=recordings");
    }
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(arguments)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    // Only where this very folder is the repository: an unpacked package inside another project has
    // no commit of its own.
    let own = git(&["rev-parse", "--show-cdup"]).is_some_and(|up| up.is_empty());
    if let Some(commit) = own.then(|| git(&["rev-parse", "HEAD"])).flatten() {
        println!("cargo::rustc-env=SYNFIRE_COMMIT={commit}");
    }
}
