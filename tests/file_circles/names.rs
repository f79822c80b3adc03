//! The names that a module or a block binds, as they are written there.

use std::collections::BTreeMap;
use syn::ext::IdentExt;
use syn::{
    Ident, Item, ItemConst, ItemEnum, ItemFn, ItemMacro, ItemStatic, ItemStruct, ItemTrait,
    ItemTraitAlias, ItemType, ItemUnion, ItemUse, Signature, UseTree, Visibility,
};

/// One leaf of a `use`.
pub struct Import {
    /// The segments. A path that begins with `::` has an empty segment first.
    pub path: Vec<String>,
    pub binds: Binds,
    /// Whether a visibility is written: then the import is a re-export.
    pub public: bool,
    pub line: usize,
}

/// What an import binds.
pub enum Binds {
    Name(String),
    /// Every name of a module: `*`.
    All,
    /// No name: `as _`.
    Nothing,
}

/// What a name stands for.
pub enum Meaning {
    Item,
    /// An item made by `macro_rules!`, which child modules see without a path.
    Macro,
    /// A child module, by its index in the crate.
    Module(usize),
    Import(Import),
}

/// One meaning of a name. A name can be a type, a value and a macro at once.
pub struct Name {
    pub meaning: Meaning,
    pub public: bool,
}

/// All names that a module or a block binds.
#[derive(Default)]
pub struct Names {
    named: BTreeMap<String, Vec<Name>>,
    /// Imports of every name of a module.
    pub globs: Vec<Import>,
}

impl Names {
    /// The names that items bind. Child modules are added later, since items do not know their
    /// index.
    pub fn of<'a>(items: impl IntoIterator<Item = &'a Item>) -> Self {
        let mut names = Self::default();
        for item in items {
            match item {
                Item::Use(item) => imports(item).into_iter().for_each(|one| names.import(one)),
                Item::Macro(ItemMacro { ident: Some(ident), .. }) => {
                    names.add(ident, Meaning::Macro, false);
                }
                _ => {
                    if let Some((ident, visibility)) = definition(item) {
                        names.add(ident, Meaning::Item, is_public(visibility));
                    }
                }
            }
        }
        names
    }

    /// Adds a meaning.
    pub fn add(&mut self, ident: &Ident, meaning: Meaning, public: bool) {
        self.insert(ident.unraw().to_string(), Name { meaning, public });
    }

    /// The meanings of a name, without those that globs may give it.
    pub fn named(&self, name: &str) -> &[Name] {
        self.named.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a `macro_rules!` defines the name.
    pub fn has_macro(&self, name: &str) -> bool {
        self.named(name).iter().any(|name| matches!(name.meaning, Meaning::Macro))
    }

    fn import(&mut self, import: Import) {
        match &import.binds {
            Binds::All => self.globs.push(import),
            Binds::Nothing => {}
            Binds::Name(name) => {
                let public = import.public;
                self.insert(name.clone(), Name { meaning: Meaning::Import(import), public });
            }
        }
    }

    fn insert(&mut self, name: String, meaning: Name) {
        self.named.entry(name).or_default().push(meaning);
    }
}

/// The leaves of a `use`.
pub fn imports(item: &ItemUse) -> Vec<Import> {
    let start = if item.leading_colon.is_some() { vec![String::new()] } else { Vec::new() };
    let mut found = Vec::new();
    add_leaves(&item.tree, start, is_public(&item.vis), &mut found);
    found
}

/// Whether any visibility is written.
pub fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn add_leaves(tree: &UseTree, mut path: Vec<String>, public: bool, found: &mut Vec<Import>) {
    let (ident, bound) = match tree {
        UseTree::Path(part) => {
            path.push(part.ident.unraw().to_string());
            return add_leaves(&part.tree, path, public, found);
        }
        UseTree::Group(group) => {
            let add = |part| add_leaves(part, path.clone(), public, found);
            return group.items.iter().for_each(add);
        }
        UseTree::Glob(glob) => {
            let line = glob.star_token.spans[0].start().line;
            return found.push(Import { path, binds: Binds::All, public, line });
        }
        UseTree::Name(name) => (&name.ident, &name.ident),
        UseTree::Rename(rename) => (&rename.ident, &rename.rename),
    };
    let line = ident.span().start().line;
    // `x::{self}` is `x`.
    if ident != "self" || path.is_empty() {
        path.push(ident.unraw().to_string());
    }
    let binds = match bound.unraw().to_string().as_str() {
        "_" => Binds::Nothing,
        "self" => path.last().cloned().map_or(Binds::Nothing, Binds::Name),
        name => Binds::Name(name.to_owned()),
    };
    found.push(Import { path, binds, public, line });
}

/// The name and the visibility of an item that defines one.
fn definition(item: &Item) -> Option<(&Ident, &Visibility)> {
    match item {
        Item::Const(ItemConst { ident, vis, .. })
        | Item::Enum(ItemEnum { ident, vis, .. })
        | Item::Fn(ItemFn { sig: Signature { ident, .. }, vis, .. })
        | Item::Static(ItemStatic { ident, vis, .. })
        | Item::Struct(ItemStruct { ident, vis, .. })
        | Item::Trait(ItemTrait { ident, vis, .. })
        | Item::TraitAlias(ItemTraitAlias { ident, vis, .. })
        | Item::Type(ItemType { ident, vis, .. })
        | Item::Union(ItemUnion { ident, vis, .. }) => Some((ident, vis)),
        _ => None,
    }
}
