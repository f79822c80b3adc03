//! The paths inside of macros, whose syntax only the macro knows.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// A path among tokens.
pub struct MacroPath {
    pub segments: Vec<String>,
    pub line: usize,
}

/// All paths among tokens, from single names on.
pub fn paths(tokens: TokenStream) -> Vec<MacroPath> {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Group(group) => found.extend(paths(group.stream())),
            TokenTree::Ident(_) if begins_path(&tokens, at) => {
                at = add_path(&tokens, at, &mut found)
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Adds the path that begins at a token, and says which token is its last.
fn add_path(tokens: &[TokenTree], begin: usize, found: &mut Vec<MacroPath>) -> usize {
    let mut segments = Vec::new();
    let line = tokens[begin].span().start().line;
    let mut at = begin;
    loop {
        match &tokens[at] {
            TokenTree::Ident(ident) => segments.push(ident.unraw().to_string()),
            // The rest of a nested `use`.
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                found.extend(paths(group.stream()).into_iter().map(|leaf| {
                    let leaf_segments = leaf.segments.into_iter().filter(|name| name != "self");
                    let segments = segments.iter().cloned().chain(leaf_segments).collect();
                    MacroPath { segments, line: leaf.line }
                }));
                return at;
            }
            // Generic arguments, a glob.
            _ => {
                found.push(MacroPath { segments, line });
                return at - 1;
            }
        }
        if !(is_mark(tokens, at + 1, ':') && is_mark(tokens, at + 2, ':') && at + 3 < tokens.len())
        {
            found.push(MacroPath { segments, line });
            return at;
        }
        at += 3;
    }
}

/// Whether a path begins at a name. Fields, methods, lifetimes, metavariables, names that are bound
/// with their type and segments after the first do not.
fn begins_path(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize, mark| at >= back && is_mark(tokens, at - back, mark);
    let is_bound = is_mark(tokens, at + 1, ':') && !is_mark(tokens, at + 2, ':');
    let is_member = before(1, '.') && !before(2, '.');
    let is_later = before(1, ':') && before(2, ':');
    let is_metavariable = before(1, '$') && tokens[at].to_string() != "crate";
    !(is_bound || is_member || is_later || is_metavariable || before(1, '\''))
}

fn is_mark(tokens: &[TokenTree], at: usize, mark: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}
