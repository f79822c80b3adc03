//! Reads recordings through the machine's HDF5 library, which knows filters that the reader in
//! plain Rust does not, and writes them anew without any:
//! `cargo run -p synfire-datasets --features libhdf5 --example repack -- FROM.h5 TO.h5`.
//!
//! The library trusts its file: for one that may be damaged take the plain reader.

use datasets::{Layout, RecordingFile};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &arguments[..] else { return Err("expected: repack FROM.h5 TO.h5".into()) };
    let recordings = RecordingFile::open(from)?.read_with_libhdf5(&Layout::default())?;
    recordings.write(to)?;
    println!("{to}: {} samples, {} spikes", recordings.len(), recordings.spikes());
    Ok(())
}
