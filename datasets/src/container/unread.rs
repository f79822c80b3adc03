//! Why something of an HDF5 file cannot be read: damage, or a form that this program does not know.

use hdf5_reader::error::Error;

/// The command for a copy that can be read here, whatever filter packs the original.
const WAY_OUT: &str = "`h5repack -f GZIP=4 IN.h5 OUT.h5` makes a copy that is read";

/// Filters as registered with The HDF Group: number and name.
/// <https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md>
const FILTERS: [(u16, &str); 31] = [
    (305, "LZO"),
    (307, "BZIP2"),
    (32001, "Blosc"),
    (32002, "MAFISC"),
    (32003, "Snappy"),
    (32005, "APAX"),
    (32006, "CBF"),
    (32007, "JPEG-XR"),
    (32008, "bitshuffle"),
    (32009, "SPDP"),
    (32010, "LPC-Rice"),
    (32011, "CCSDS-123"),
    (32012, "JPEG-LS"),
    (32013, "ZFP"),
    (32014, "FPZIP"),
    (32015, "Zstandard"),
    (32016, "B3D"),
    (32017, "SZ"),
    (32018, "FCIDECOMP"),
    (32019, "JPEG"),
    (32020, "VBZ"),
    (32021, "FAPEC"),
    (32022, "BitGroom"),
    (32023, "Granular BitRound"),
    (32024, "SZ3"),
    (32025, "Delta-Rice"),
    (32026, "Blosc2"),
    (32027, "FLAC"),
    (32028, "SPERR"),
    (32029, "TERSE/PROLIX"),
    (32030, "FFMPEG"),
];

/// The innermost error.
pub(crate) fn innermost(error: &Error) -> &Error {
    match error {
        Error::Context { source, .. } => innermost(source),
        other => other,
    }
}

/// What the decoder could not read, and the way out where there is one; the end of a sentence about
/// a dataset.
pub(crate) fn reason(error: &Error) -> String {
    match innermost(error) {
        Error::UnsupportedFilter(filter) => {
            let number = filter.rsplit(' ').next().unwrap_or_default();
            let name = FILTERS.iter().find(|(id, _)| number == id.to_string());
            let name = name.map_or("unknown here", |(_, name)| name);
            format!(
                "is packed with HDF5 filter {number} ({name}), which is not read here; the file \
                 is not damaged, and {WAY_OUT}"
            )
        }
        Error::UnsupportedLayoutClass(3) => {
            "is a virtual dataset, whose values are in other datasets, and is not read here; the \
             file is not damaged: store a copy of the values instead, in h5py values = f[name][:]; \
             del f[name]; f[name] = values"
                .into()
        }
        Error::Io(error) => format!("cannot be read: {error}"),
        Error::ResourceLimit(limit) => format!("is too large, or its size is damaged ({limit})"),
        // The words of `neighbours`.
        Error::Other(problem) if problem.starts_with("its values are in another file") => {
            problem.clone()
        }
        error if error.to_string().starts_with("unsupported") => format!(
            "is stored in a form of HDF5 that is not read here, unless the file is damaged \
             ({error}); {WAY_OUT} if it is not"
        ),
        error => format!("cannot be decoded, the file may be damaged ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_damaged_is_called_so() {
        let filter = |text: &str| reason(&Error::UnsupportedFilter(text.into()).with_context("x"));
        assert_eq!(
            filter("filter id 32015"),
            "is packed with HDF5 filter 32015 (Zstandard), which is not read here; the file is not \
             damaged, and `h5repack -f GZIP=4 IN.h5 OUT.h5` makes a copy that is read"
        );
        assert!(filter("filter id 307").contains("filter 307 (BZIP2), which"));
        assert!(filter("filter id 999").contains("filter 999 (unknown here), which"));
        assert!(reason(&Error::UnsupportedLayoutClass(3)).starts_with("is a virtual dataset"));
        assert!(reason(&Error::UnsupportedLayoutVersion(9)).contains("unless the file is damaged"));
        let broken = reason(&Error::InvalidGlobalHeapSignature.with_context("spikes/times"));
        assert!(broken.starts_with("cannot be decoded, the file may be damaged (invalid"));
    }
}
