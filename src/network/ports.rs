//! At which index of a model's ports a projection ends: the one place where the name of a port
//! becomes its index.

use neurons::Model;

/// Index of the port called `name`; of the first where no name is given.
///
/// # Errors
/// What there is instead.
pub(crate) fn port_index(_model: &Model, name: Option<&str>) -> Result<usize, String> {
    match name {
        None => Ok(0),
        Some(name) => Err(format!(
            "there is no port {name}: neurons of this model have one port, which needs no name"
        )),
    }
}
