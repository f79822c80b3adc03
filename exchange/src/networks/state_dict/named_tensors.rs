//! The tensors of a state dict by name, from files that hold no code.

use crate::error::{Error, Result};
use crate::npz_reader::read_npz;
use crate::safetensors_reader::read_safetensors;
use crate::tensor::Tensor;
use std::io::Read;
use std::path::Path;

/// Reads the tensors of a `.safetensors` or `.npz` file.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] for a pickle, with the lines that convert it, and for what is
/// neither of the two formats.
pub(super) fn read_tensors(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match &extension.to_ascii_lowercase()[..] {
        "safetensors" => Ok(read_safetensors(path)?.tensors.into_iter().collect()),
        _ if is_pickle(path)? => Err(pickle(path)),
        "npz" => read_npz(path),
        "pt" | "pth" | "pkl" | "pickle" | "bin" | "ckpt" => Err(pickle(path)),
        _ => Err(Error::file(path, "must end in .safetensors or .npz, which hold named tensors")),
    }
}

/// Whether a file starts as a pickle, or as what `torch.save` makes of one.
fn is_pickle(path: &Path) -> Result<bool> {
    let mut start = Vec::new();
    let failed = |error| Error::file(path, format!("cannot be read: {error}"));
    atomic_file::open(path)?.take(256).read_to_end(&mut start).map_err(failed)?;
    let holds = |text: &[u8]| start.windows(text.len()).any(|window| window == text);
    let is_protocol = matches!(start[..], [0x80, 2..=5, ..]);
    Ok(is_protocol || (start.starts_with(b"PK") && holds(b"/data.pkl")))
}

fn pickle(path: &Path) -> Error {
    let source = path.file_name().unwrap_or_default().to_string_lossy();
    let target = Path::new(&*source).with_extension("safetensors");
    Error::file(
        path,
        format!(
            "is a pickle, which can run any program and is not opened here; three lines of Python \
             make of it what can be read: import torch, safetensors.torch / state = \
             torch.load({source:?}, map_location=\"cpu\", weights_only=True) / \
             safetensors.torch.save_file({{name: tensor.clone().contiguous() for name, tensor in \
             state.items()}}, {target:?})"
        ),
    )
}
