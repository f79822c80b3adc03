//! Strings of a dataset: UTF-8, else Latin-1.
//!
//! HDF5 knows ASCII and UTF-8 only, and programs write what they have under either name. Text that
//! is no UTF-8 is taken for Latin-1 (ISO 8859-1), the encoding that NumPy's `S` strings of European
//! names mostly come from. Bytes that are control characters in Latin-1 (0x80 to 0x9f, and those of
//! ASCII) and zeros inside a string belong to another encoding. Such text is refused, since
//! guessing would make up names.

use hdf5_reader::error::Error;
use hdf5_reader::messages::datatype::{StringPadding, StringSize};
use hdf5_reader::{Dataset, Datatype, VarLenKind};

/// Whether a type is one of strings.
pub(crate) fn is_string(datatype: &Datatype) -> bool {
    matches!(datatype, Datatype::String { .. } | Datatype::VarLen { kind: VarLenKind::String, .. })
}

/// What is wrong with strings.
pub(crate) enum TextError {
    /// The decoder cannot read them.
    Undecoded(Error),
    /// They are in an unknown encoding; the end of a sentence.
    Encoding(String),
}

impl From<Error> for TextError {
    fn from(error: Error) -> Self {
        Self::Undecoded(error)
    }
}

/// Strings, and whether any of them was taken for Latin-1.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub strings: Vec<String>,
    pub latin1: bool,
}

/// All strings of a dataset of strings of any shape.
pub(crate) fn read(dataset: &Dataset) -> std::result::Result<Text, TextError> {
    let mut text = Text { strings: Vec::new(), latin1: false };
    let bytes = dataset.read_raw_bytes()?;
    let (fixed, padding) = match dataset.dtype() {
        Datatype::String { size: StringSize::Fixed(size), padding, .. } => {
            (Some(*size as usize), *padding)
        }
        Datatype::String { padding, .. } | Datatype::VarLen { padding, .. } => (None, *padding),
        other => return Err(Error::InvalidData(format!("no strings: {other:?}")).into()),
    };
    let size = fixed.unwrap_or(dataset.vlen_reference_size());
    if size == 0 {
        return Ok(text);
    }
    for element in bytes.chunks_exact(size) {
        let string = match fixed {
            Some(_) => trimmed(element, padding).to_owned(),
            None => {
                let content = dataset.resolve_vlen_reference_bytes(element, 1)?;
                trimmed(&content, StringPadding::NullTerminate).to_owned()
            }
        };
        let index = text.strings.len();
        if string.contains(&0) {
            return Err(TextError::Encoding(format!(
                "holds text with zero bytes in it, as UTF-16 has (string {index})"
            )));
        }
        text.strings.push(match String::from_utf8(string) {
            Ok(string) => string,
            Err(error) => {
                text.latin1 = true;
                latin1(error.as_bytes()).map_err(|byte| {
                    TextError::Encoding(format!(
                        "holds text that is neither UTF-8 nor Latin-1 (byte 0x{byte:02x} in string \
                         {index})"
                    ))
                })?
            }
        });
    }
    Ok(text)
}

/// A string without its padding.
fn trimmed(bytes: &[u8], padding: StringPadding) -> &[u8] {
    let fills = |&byte: &u8| byte == if padding == StringPadding::SpacePad { b' ' } else { 0 };
    let end = match padding {
        StringPadding::NullTerminate => bytes.iter().position(fills).unwrap_or(bytes.len()),
        _ => bytes.iter().rposition(|byte| !fills(byte)).map_or(0, |last| last + 1),
    };
    &bytes[..end]
}

/// The bytes read as Latin-1, or the first byte that is a control character there.
fn latin1(bytes: &[u8]) -> std::result::Result<String, u8> {
    match bytes.iter().find(|&&byte| char::from(byte).is_control()) {
        Some(&byte) => Err(byte),
        None => Ok(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fillings_are_cut_off() {
        assert_eq!(trimmed(b"ab\0c", StringPadding::NullTerminate), b"ab");
        assert_eq!(trimmed(b"ab\0c\0\0", StringPadding::NullPad), b"ab\0c");
        assert_eq!(trimmed(b"ab c  ", StringPadding::SpacePad), b"ab c");
        assert_eq!(trimmed(b"\0\0", StringPadding::NullPad), b"");
    }

    #[test]
    fn latin1_is_letters_only() {
        assert_eq!(latin1(b"zw\xf6lf \xdf\xff").unwrap(), "zwölf ßÿ");
        assert_eq!(latin1(b"it\x92s"), Err(0x92), "a quotation mark of Windows-1252");
        assert_eq!(latin1(b"\xff\x1b"), Err(0x1b), "a control character");
    }
}
