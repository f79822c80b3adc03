//! What figures call populations and projections.

/// The name of a projection as figures show it: `input → hidden 1`.
pub(crate) fn projection_label(name: &str) -> String {
    name.split("->").map(spaced).collect::<Vec<_>>().join(" → ")
}

/// `hidden1` as `hidden 1`.
pub(crate) fn spaced(name: &str) -> String {
    let numbered = ["hidden", "interneurons"]
        .into_iter()
        .find_map(|kind| Some(format!("{kind} {}", name.strip_prefix(kind)?)));
    numbered.unwrap_or_else(|| name.to_owned())
}
