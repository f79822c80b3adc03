//! Every path in the code of a crate.

use super::macro_paths::paths;
use super::modules::Crate;
use super::names::{Names, imports};
use super::resolver::{Found, Scope, Target};
use super::test_code::{are_for_tests, is_for_tests};
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, ImplItemFn, Item, ItemUse, Local, Macro, PatIdent, Path, Stmt, Visibility,
};

/// A path in the code.
pub struct Mention {
    /// Index of the file that it stands in.
    pub file: usize,
    pub line: usize,
    /// As it is written, without generic arguments.
    pub path: String,
    pub found: Vec<Found>,
}

/// All paths in the code of a crate. Tests, attributes and the re-exports of faces are no code.
pub fn mentions(of: &Crate) -> Vec<Mention> {
    let mut found = Vec::new();
    for (module, content) in of.modules.iter().enumerate() {
        let mut reader = Reader { of, module, blocks: Vec::new(), found };
        content.items.iter().for_each(|item| reader.visit_item(item));
        found = reader.found;
    }
    found
}

/// Reads one module.
struct Reader<'a> {
    of: &'a Crate,
    module: usize,
    /// The names of the blocks that are being read, the outermost first.
    blocks: Vec<Names>,
    found: Vec<Mention>,
}

impl Reader<'_> {
    fn scope(&self) -> Scope<'_> {
        Scope { in_crate: self.of, module: self.module, blocks: &self.blocks }
    }

    fn mention(&mut self, path: &[String], line: usize) {
        let found = self.scope().resolve(path);
        self.add(path, line, found);
    }

    fn add(&mut self, path: &[String], line: usize, found: Vec<Found>) {
        let file = self.of.modules[self.module].file;
        self.found.push(Mention { file, line, path: path.join("::"), found });
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &Item) {
        if !is_for_tests(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        if !are_for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_local(&mut self, local: &Local) {
        if !are_for_tests(&local.attrs) {
            visit::visit_local(self, local);
        }
    }

    fn visit_attribute(&mut self, _: &Attribute) {}

    fn visit_visibility(&mut self, _: &Visibility) {}

    fn visit_block(&mut self, block: &Block) {
        let items = block.stmts.iter().filter_map(|statement| match statement {
            Stmt::Item(item) if !is_for_tests(item) => Some(item),
            _ => None,
        });
        self.blocks.push(Names::of(items));
        visit::visit_block(self, block);
        self.blocks.pop();
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        let is_face = self.of.faces[self.of.modules[self.module].file];
        for import in imports(item) {
            if !(import.public && is_face) {
                self.mention(&import.path, import.line);
            }
        }
    }

    fn visit_path(&mut self, path: &Path) {
        // A path that begins with `::` leads to another crate.
        if let (None, Some(first)) = (path.leading_colon, path.segments.first()) {
            let segments: Vec<String> =
                path.segments.iter().map(|segment| segment.ident.unraw().to_string()).collect();
            self.mention(&segments, first.ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_pat_ident(&mut self, pattern: &PatIdent) {
        // A pattern in capitals is a constant; any other binds a variable.
        let name = pattern.ident.unraw().to_string();
        if name.starts_with(char::is_uppercase) {
            self.mention(&[name], pattern.ident.span().start().line);
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_macro(&mut self, call: &Macro) {
        visit::visit_macro(self, call);
        if let Some(name) = call.path.get_ident()
            && let Some(module) = self.scope().macro_of_ancestor(&name.to_string())
        {
            let target = Target::Item { module, name: name.to_string() };
            let found = vec![Found { target, through_face: false }];
            self.add(&[name.to_string()], name.span().start().line, found);
        }
        for path in paths(call.tokens.clone()) {
            self.mention(&path.segments, path.line);
        }
    }
}
