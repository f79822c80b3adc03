//! Reads named tensors from safetensors.

use crate::error::{Error, Result};
use crate::tensor::{Number, Tensor};
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

/// What a file of safetensors holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SafetensorsContent {
    /// Texts about the tensors, by name.
    pub metadata: HashMap<String, String>,
    /// The tensors, by name.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Reads all tensors of a file.
///
/// # Errors
/// [`Error::Disk`]; [`Error::File`] for what is not safetensors or holds numbers of another kind.
pub(crate) fn read_safetensors(path: &Path) -> Result<SafetensorsContent> {
    let mut bytes = Vec::new();
    let failed = |error| Error::file(path, format!("cannot be read: {error}"));
    atomic_file::open(path)?.read_to_end(&mut bytes).map_err(failed)?;
    let damaged = |error| Error::file(path, format!("is not a whole safetensors file ({error})"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
    let tensors = file.iter().map(|(name, view)| {
        let problem = |problem| Error::file(path, format!("tensor {name} {problem}"));
        let number = number(view.dtype()).map_err(problem)?;
        let tensor = Tensor::decode(view.shape().to_vec(), number, view.data());
        Ok((name.to_owned(), tensor.map_err(problem)?))
    });
    Ok(SafetensorsContent { metadata, tensors: tensors.collect::<Result<_>>()? })
}

fn number(dtype: Dtype) -> std::result::Result<Number, String> {
    Ok(match dtype {
        Dtype::F64 => Number::F64,
        Dtype::F32 => Number::F32,
        Dtype::F16 => Number::F16,
        Dtype::BF16 => Number::Bf16,
        Dtype::I64 => Number::I64,
        Dtype::I32 => Number::I32,
        Dtype::I16 => Number::I16,
        Dtype::I8 => Number::I8,
        Dtype::U8 | Dtype::BOOL => Number::U8,
        other => {
            return Err(format!(
                "holds numbers of type {other:?}, but floats of 16 to 64 bits and integers can be \
                 read"
            ));
        }
    })
}
