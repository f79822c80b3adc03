//! The files of a crate and the modules that they declare.

use super::names::{Meaning, Names, is_public};
use super::test_code::{are_for_tests, is_for_tests};
use syn::ext::IdentExt;
use syn::{Item, ItemMod};

/// The module that `crate` names.
pub const ROOT: usize = 0;

/// One file of a crate.
#[derive(Clone)]
pub struct SourceFile {
    /// Relative to the folder of sources: `layered/engine.rs`.
    pub path: String,
    pub text: String,
}

/// A module, in a file of its own or not.
pub struct Module {
    /// As code of the crate names it: `crate::layered::engine`.
    pub path: String,
    pub parent: Option<usize>,
    /// Index of its file.
    pub file: usize,
    /// Where its child modules have their files: `layered/engine`.
    folder: String,
    /// Its items, but for modules and tests.
    pub items: Vec<Item>,
    pub names: Names,
    for_tests: bool,
}

/// A library or a program.
pub struct Crate {
    pub name: String,
    pub files: Vec<SourceFile>,
    pub modules: Vec<Module>,
    /// For each file: whether it declares modules in other files. Its re-exports are a face.
    pub faces: Vec<bool>,
}

impl Crate {
    /// Follows the declarations of modules from the root file.
    pub fn new(name: &str, root: &str, files: Vec<SourceFile>) -> Self {
        let faces = vec![false; files.len()];
        let mut made = Self { name: name.to_owned(), files, modules: Vec::new(), faces };
        let file = made.find(&[root.to_owned()]);
        let module = Module {
            path: "crate".into(),
            parent: None,
            file,
            folder: String::new(),
            items: Vec::new(),
            names: Names::default(),
            for_tests: false,
        };
        let items = made.syntax(file).items;
        made.add(module, items);
        made
    }

    /// Whether any module lies in a file. Modules for tests count.
    pub fn declares(&self, file: usize) -> bool {
        self.modules.iter().any(|module| module.file == file)
    }

    /// Whether a module is the second one or lies within it.
    pub fn is_within(&self, module: usize, ancestor: usize) -> bool {
        self.with_ancestors(module).any(|one| one == ancestor)
    }

    /// A module, its parent, its parent's parent, and so on.
    pub fn with_ancestors(&self, module: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(module), |&one| self.modules[one].parent)
    }

    fn add(&mut self, mut module: Module, items: Vec<Item>) -> usize {
        let mut children = Vec::new();
        for item in items {
            let for_tests = module.for_tests || is_for_tests(&item);
            match item {
                Item::Mod(child) => children.push((child, for_tests)),
                item if !for_tests => module.items.push(item),
                _ => {}
            }
        }
        module.names = Names::of(&module.items);
        self.modules.push(module);
        let index = self.modules.len() - 1;
        for (child, for_tests) in children {
            self.add_child(index, child, for_tests);
        }
        index
    }

    fn add_child(&mut self, parent: usize, declaration: ItemMod, for_tests: bool) {
        let above = &self.modules[parent];
        let mut module = Module {
            path: format!("{}::{}", above.path, declaration.ident),
            parent: Some(parent),
            file: above.file,
            folder: joined(&above.folder, &declaration.ident.unraw().to_string()),
            items: Vec::new(),
            names: Names::default(),
            for_tests,
        };
        let items = match declaration.content {
            Some((_, items)) => items,
            None => self.open(&mut module),
        };
        let for_tests = module.for_tests;
        let child = self.add(module, items);
        if !for_tests {
            let public = is_public(&declaration.vis);
            let names = &mut self.modules[parent].names;
            names.add(&declaration.ident, Meaning::Module(child), public);
        }
    }

    /// Moves a module from the file that declares it to a file of its own, and reads that.
    fn open(&mut self, module: &mut Module) -> Vec<Item> {
        self.faces[module.file] |= !module.for_tests;
        let folder = &module.folder;
        module.file = self.find(&[format!("{folder}.rs"), format!("{folder}/mod.rs")]);
        let syntax = self.syntax(module.file);
        module.for_tests |= are_for_tests(&syntax.attrs);
        syntax.items
    }

    fn find(&self, paths: &[String]) -> usize {
        let found = self.files.iter().position(|file| paths.contains(&file.path));
        found.unwrap_or_else(|| panic!("{} has no file {}", self.name, paths.join(" or ")))
    }

    fn syntax(&self, file: usize) -> syn::File {
        let SourceFile { path, text } = &self.files[file];
        syn::parse_file(text).unwrap_or_else(|error| panic!("{}, {path}: {error}", self.name))
    }
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
