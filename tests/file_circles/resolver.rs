//! What a path leads to.

use super::modules::{Crate, ROOT};
use super::names::{Import, Meaning, Name, Names};

/// The end of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An item, by the module that defines it and its name there. Variants and associated
    /// functions belong to their item.
    Item {
        module: usize,
        name: String,
    },
    Module(usize),
    /// Another crate, a primitive type, a local variable.
    Elsewhere,
}

/// One thing that a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub target: Target,
    /// Whether the path goes through an import of another file.
    pub through_face: bool,
}

impl Found {
    fn directly(target: Target) -> Self {
        Self { target, through_face: false }
    }
}

/// The place that a path stands in.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub in_crate: &'a Crate,
    pub module: usize,
    /// The names of the blocks around the place, the outermost first.
    pub blocks: &'a [Names],
}

impl Scope<'_> {
    /// Everything that a path leads to. A name can be a type, a value and a macro at once. The
    /// result is empty if the path begins in this crate and leads nowhere.
    pub fn resolve(&self, path: &[String]) -> Vec<Found> {
        Resolver { followed: Vec::new() }.path(*self, path)
    }

    /// The nearest module, from this one upwards, whose `macro_rules!` defines a name. Macros are
    /// seen in all modules below their own.
    pub fn macro_of_ancestor(&self, name: &str) -> Option<usize> {
        let mut modules = self.in_crate.with_ancestors(self.module);
        modules.find(|&module| self.in_crate.modules[module].names.has_macro(name))
    }

    fn of_module(self, module: usize) -> Self {
        Self { module, blocks: &[], ..self }
    }

    fn file(&self) -> usize {
        self.in_crate.modules[self.module].file
    }

    fn file_of(&self, target: &Target) -> Option<usize> {
        match target {
            Target::Item { module, .. } | Target::Module(module) => {
                Some(self.in_crate.modules[*module].file)
            }
            Target::Elsewhere => None,
        }
    }
}

/// One search.
struct Resolver<'a> {
    /// The imports on the way. None of them is followed twice: `pub use x::x` must find the module
    /// `x` and not itself.
    followed: Vec<&'a Import>,
}

impl<'a> Resolver<'a> {
    fn path(&mut self, scope: Scope<'a>, path: &[String]) -> Vec<Found> {
        let (mut found, rest) = self.beginning(scope, path);
        for name in rest {
            let modules: Vec<(usize, bool)> = found.iter().filter_map(module).collect();
            if modules.is_empty() {
                break;
            }
            found.clear();
            for (module, through_face) in modules {
                let mut inside = self.inside(scope.of_module(module), name, scope);
                inside.iter_mut().for_each(|one| one.through_face |= through_face);
                found.append(&mut inside);
            }
        }
        found
    }

    /// What the first segments lead to, and the segments left.
    fn beginning<'p>(
        &mut self,
        scope: Scope<'a>,
        path: &'p [String],
    ) -> (Vec<Found>, &'p [String]) {
        let is_keyword = |name: &&String| matches!(name.as_str(), "crate" | "self" | "super");
        let keywords = path.iter().take_while(is_keyword).count();
        if keywords == 0 {
            return (self.in_scope(scope, &path[0]), &path[1..]);
        }
        let first = if path[0] == "crate" { ROOT } else { scope.module };
        let ups = path[..keywords].iter().filter(|name| *name == "super").count();
        let module = scope.in_crate.with_ancestors(first).nth(ups);
        let target = module.map_or(Target::Elsewhere, Target::Module);
        (vec![Found::directly(target)], &path[keywords..])
    }

    /// What a name means where it stands: in the blocks from the innermost on, then in the module.
    fn in_scope(&mut self, scope: Scope<'a>, name: &str) -> Vec<Found> {
        let module = scope.of_module(scope.module);
        let blocks = scope.blocks.iter().rev().map(|names| (names, scope));
        for (names, home) in blocks.chain([(&scope.in_crate.modules[scope.module].names, module)]) {
            let mut found = self.named(home, names, name, scope);
            // An import of this scope is judged where it is written.
            found.iter_mut().for_each(|one| one.through_face = false);
            if found.is_empty() {
                found = self.globbed(home, names, name, scope);
            }
            if !found.is_empty() {
                return found;
            }
        }
        vec![Found::directly(Target::Elsewhere)]
    }

    /// What a name means in a module to code in the scope `asker`.
    fn inside(&mut self, home: Scope<'a>, name: &str, asker: Scope<'a>) -> Vec<Found> {
        let names = &home.in_crate.modules[home.module].names;
        let mut found = self.named(home, names, name, asker);
        if found.is_empty() {
            found = self.globbed(home, names, name, asker);
            for one in &mut found {
                one.through_face = home.file_of(&one.target) != Some(home.file());
            }
        }
        if found.is_empty() && self.has_foreign_glob(home, names) {
            found.push(Found::directly(Target::Elsewhere));
        }
        for one in &mut found {
            one.through_face &= home.file() != asker.file();
        }
        found
    }

    /// What a name means by items, child modules and imports that bind this name.
    fn named(
        &mut self,
        home: Scope<'a>,
        names: &'a Names,
        name: &str,
        asker: Scope<'a>,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for Name { meaning, public } in names.named(name) {
            if !sees(asker, home, *public) {
                continue;
            }
            match meaning {
                Meaning::Item | Meaning::Macro => {
                    let item = Target::Item { module: home.module, name: name.to_owned() };
                    found.push(Found::directly(item));
                }
                Meaning::Module(module) => found.push(Found::directly(Target::Module(*module))),
                Meaning::Import(import) => {
                    found.extend(self.imported(home, import).into_iter().map(|one| Found {
                        through_face: home.file_of(&one.target) != Some(home.file()),
                        ..one
                    }));
                }
            }
        }
        found
    }

    /// What a name means by imports of all names of a module.
    fn globbed(
        &mut self,
        home: Scope<'a>,
        names: &'a Names,
        name: &str,
        asker: Scope<'a>,
    ) -> Vec<Found> {
        let mut found = Vec::new();
        for glob in names.globs.iter().filter(|glob| sees(asker, home, glob.public)) {
            for (module, through_face) in self.imported(home, glob).iter().filter_map(module) {
                let mut inside = self.inside(home.of_module(module), name, home);
                inside.iter_mut().for_each(|one| one.through_face |= through_face);
                found.append(&mut inside);
            }
        }
        found
    }

    /// Whether some names come from another crate, which ones nobody can say.
    fn has_foreign_glob(&mut self, home: Scope<'a>, names: &'a Names) -> bool {
        names
            .globs
            .iter()
            .any(|glob| self.imported(home, glob).iter().any(|one| one.target == Target::Elsewhere))
    }

    fn imported(&mut self, home: Scope<'a>, import: &'a Import) -> Vec<Found> {
        if self.followed.iter().any(|one| std::ptr::eq(*one, import)) {
            return Vec::new();
        }
        self.followed.push(import);
        let found = self.path(home, &import.path);
        self.followed.pop();
        found
    }
}

fn module(found: &Found) -> Option<(usize, bool)> {
    match found.target {
        Target::Module(module) => Some((module, found.through_face)),
        _ => None,
    }
}

/// Whether code in the scope `asker` sees a name of `home`: the name is public, or `home` is the
/// module of the code or one above it.
fn sees(asker: Scope<'_>, home: Scope<'_>, public: bool) -> bool {
    public || asker.in_crate.is_within(asker.module, home.module)
}
