//! Tells the tests whether there are recordings to read, so that those that need some are listed as
//! left out where there are none.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(recordings)");
    println!("cargo::rerun-if-env-changed=SYNFIRE_DATA");
    if std::env::var_os("SYNFIRE_DATA").is_some() {
        println!("cargo::rustc-cfg=recordings");
    }
}
