//! The resolver on small made-up crates.

use super::modules::{Crate, SourceFile};
use super::report::Report;

fn report(files: &[(&str, &str)]) -> Report {
    let files =
        files.iter().map(|&(path, text)| SourceFile { path: path.into(), text: text.into() });
    Report::new(&Crate::new("made-up", "lib.rs", files.collect()))
}

/// The rounds of the only circle, without its heading.
#[track_caller]
fn rounds(files: &[(&str, &str)]) -> Vec<String> {
    let Report { circles, lost, .. } = report(files);
    assert!(lost.is_empty(), "{lost:?}");
    assert_eq!(circles.len(), 1, "{circles:?}");
    circles[0].lines().skip(1).map(|line| line.trim().to_owned()).collect()
}

#[track_caller]
fn assert_no_circle(files: &[(&str, &str)]) {
    let Report { circles, lost, .. } = report(files);
    assert!(circles.is_empty() && lost.is_empty(), "{circles:?} {lost:?}");
}

/// Asserts that `a.rs`, which names `B` somehow, and `b.rs`, which names `A`, are a circle.
#[track_caller]
fn assert_a_names_b(lib: &str, a: &str, b: &str) {
    let b = format!("use crate::a::A; {b}");
    let expected = "a.rs -> b.rs (names B) -> a.rs (names A)";
    assert_eq!(rounds(&[("lib.rs", lib), ("a.rs", a), ("b.rs", &b)]), [expected]);
}

const LIB: &str = "mod a; mod b;";
const B: &str = "pub struct B;";

#[test]
fn two_files_that_import_each_other_are_a_circle() {
    assert_a_names_b(LIB, "use crate::b::B; pub struct A(B);", B);
    assert_a_names_b(LIB, "use crate::{b::{self, B}}; pub struct A(B);", B);
    assert_a_names_b(LIB, "use super::b; pub struct A(b::B);", B);
}

#[test]
fn a_circle_through_the_face_is_found() {
    let lib = "mod a; mod b; pub use a::A; pub use b::B;";
    assert_a_names_b(lib, "use crate::B; pub struct A(B);", B);
    assert_a_names_b(lib, "pub struct A(super::B);", B);
}

#[test]
fn a_circle_through_everything_of_the_parent_is_found() {
    assert_a_names_b("mod a; mod b; use b::B;", "use super::*; pub struct A(B);", B);
    assert_a_names_b("mod a; mod b;", "use super::*; pub struct A(b::B);", B);
}

#[test]
fn a_circle_through_a_glob_re_export_is_found() {
    assert_a_names_b("mod a; mod b; pub use b::*;", "use crate::B; pub struct A(B);", B);
    let files = [
        ("lib.rs", "mod a; mod folder; pub use folder::*;"),
        ("a.rs", "use crate::B; pub struct A(B);"),
        ("folder/mod.rs", "mod b; pub use b::*;"),
        ("folder/b.rs", "pub struct B(crate::a::A);"),
    ];
    assert_eq!(rounds(&files), ["a.rs -> folder/b.rs (names B) -> a.rs (names A)"]);
}

#[test]
fn a_circle_through_a_rename_is_found() {
    assert_a_names_b(LIB, "use crate::b::B as Other; pub struct A(Other);", B);
    assert_a_names_b(LIB, "use crate::b as other; pub struct A(other::B);", B);
    assert_a_names_b("mod a; mod b; pub use b::B as Other;", "pub struct A(crate::Other);", B);
    assert_a_names_b("mod a; mod b; pub use b::B as C;", "use super::*; pub struct A(C);", B);
}

#[test]
fn a_circle_through_tokens_of_a_macro_is_found() {
    let b = "pub fn B() {}";
    assert_a_names_b(LIB, "pub struct A; fn f() { vec![1, crate::b::B()]; }", b);
    assert_a_names_b(LIB, "pub struct A; fn f() { format!(\"{}\", 0..super::b::B()) }", b);
    assert_a_names_b(
        LIB,
        "use super::*; pub struct A; fn f() { matches!(x, Some(b::B { .. })) }",
        b,
    );
    assert_a_names_b(LIB, "pub struct A; macro_rules! m { () => { $crate::b::B() }; }", b);
    assert_a_names_b(
        LIB,
        "pub struct A; macro_rules! m { () => { use crate::b::{self, B}; }; }",
        b,
    );
}

#[test]
fn fields_methods_and_metavariables_of_a_macro_are_no_paths() {
    let tokens = "x.B, x.B(), $B, B: 1, 'B, Other::B, ::B";
    let a = format!("use super::*; pub struct A; fn f() {{ some![{tokens}] }}");
    let files = [
        ("lib.rs", "mod a; mod b; use b::B;"),
        ("a.rs", a.as_str()),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_no_circle(&files);
}

#[test]
fn a_circle_through_a_macro_that_is_called_is_found() {
    let b = "macro_rules! B { () => {} } pub(crate) use B;";
    assert_a_names_b(LIB, "pub struct A; fn f() { crate::b::B!() }", b);
    assert_a_names_b(LIB, "use super::b::B; pub struct A;", b);
    let files = [
        ("lib.rs", "macro_rules! m { () => {} } mod a; use a::A;"),
        ("a.rs", "pub struct A; m!();"),
    ];
    assert_eq!(rounds(&files), ["a.rs -> lib.rs (names m) -> a.rs (names A)"]);
}

#[test]
fn a_circle_is_found_wherever_the_path_stands() {
    let places = [
        "fn f() -> Vec<crate::b::B>",
        "impl crate::b::B for u8",
        "fn f<T: Iterator<Item = crate::b::B>>()",
        "fn f() where u8: crate::b::B",
        "fn f(crate::b::B { x, .. }: X)",
        "fn f() { crate::b::B::new() }",
        "fn f() { <u8 as crate::b::B>::new() }",
        "fn f() { match x { crate::b::B::Variant => 1 } }",
        "fn f() { use crate::b::B; }",
        "fn f() { use crate::b; { b::B } }",
        "fn f() { use super::*; match x { b::B => 1 } }",
        "fn f() { struct Inner(crate::b::B); }",
        "mod inner { use super::super::b::B; }",
        "mod inner { fn f() { crate::b::B } }",
        "trait T { fn f() { self::super::b::B } }",
        "#[cfg(target_arch = \"x86_64\")] use crate::b::B;",
        "#[cfg(not(test))] use crate::b::B;",
        "#[cfg(any(test, feature = \"b\"))] use crate::b::B;",
    ];
    for place in places {
        let body = if place.ends_with([';', '}']) { "" } else { " {}" };
        assert_a_names_b(LIB, &format!("pub struct A; {place}{body}"), B);
    }
    let constant = "use super::*; pub struct A; fn f() { match x { B => 1, y => 2 } }";
    assert_a_names_b("mod a; mod b; use b::B;", constant, B);
}

#[test]
fn a_circle_in_tests_alone_is_passed_over() {
    let a = "pub struct A; #[cfg(test)] mod tests;
        #[cfg(test)] use crate::b::B;
        #[cfg(all(test, unix))] fn f() { crate::b::B }
        #[test] fn g() { crate::b::B }
        impl A { #[cfg(test)] fn h() { crate::b::B } }
        fn i() { #[cfg(test)] let x = crate::b::B; #[cfg(test)] use crate::b::B; B }";
    let b = "pub struct B(crate::a::A); #[cfg(test)] mod tests { use crate::made::made; }";
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; #[cfg(test)] mod made;"),
        ("a.rs", a),
        ("a/tests.rs", "use super::*; use crate::b::B; mod deeper { use crate::b::B; }"),
        ("b.rs", b),
        ("c.rs", "#![cfg(test)] use crate::d::D; pub struct C;"),
        ("d.rs", "#![cfg(test)] use crate::c::C; pub struct D;"),
        ("made.rs", "use crate::{a::A, b::B}; pub fn made() {}"),
    ];
    assert_no_circle(&files);
    assert!(report(&files).face_imports.is_empty());
}

#[test]
fn a_method_is_no_circle() {
    let files = [
        ("lib.rs", LIB),
        ("a.rs", "pub struct A; impl A { pub fn other(&self) {} } fn f(b: u8) { b.method() }"),
        ("b.rs", "use crate::a::A; impl A { fn method(self) { self.other() } }"),
    ];
    assert_no_circle(&files);
}

#[test]
fn modules_re_exports_attributes_and_visibilities_are_no_code() {
    let files = [
        ("lib.rs", "pub mod a; mod b; pub use a::A; pub mod prelude { pub use crate::b::B; }"),
        ("a.rs", "/// [`crate::b::B`]\n#[crate::b::B] pub(in crate::a) struct A;"),
        ("b.rs", "use crate::a; pub struct B(a::A); fn f() { crate::c() }"),
    ];
    let c = "pub fn c() {}";
    let lib = format!("{} {c}", files[0].1);
    assert_no_circle(&[("lib.rs", &lib), files[1], files[2]]);
}

#[test]
fn a_face_that_defines_what_its_children_name_is_in_the_circle() {
    let files = [
        ("lib.rs", "mod folder;"),
        ("folder.rs", "mod child; fn f() { child::g() } pub const LIMIT: u8 = 1;"),
        ("folder/child.rs", "pub fn g() { super::LIMIT }"),
    ];
    let expected = "folder.rs -> folder/child.rs (names g) -> folder.rs (names LIMIT)";
    assert_eq!(rounds(&files), [expected]);
}

#[test]
fn a_re_export_of_a_file_without_modules_is_code() {
    assert_a_names_b(LIB, "pub use crate::b::B; pub struct A;", B);
    let files = [
        ("lib.rs", LIB),
        ("a.rs", "pub use crate::b::B; pub struct A; #[cfg(test)] mod tests;"),
        ("a/tests.rs", ""),
        ("b.rs", "pub struct B(crate::a::A);"),
    ];
    assert_eq!(rounds(&files), ["a.rs -> b.rs (names B) -> a.rs (names A)"]);
}

#[test]
fn three_files_in_a_ring_are_a_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; pub use c::C;"),
        ("a.rs", "pub struct A(crate::b::B);"),
        ("b.rs", "pub struct B(crate::C);"),
        ("c.rs", "use super::a; pub struct C(a::A);"),
    ];
    assert_eq!(
        report(&files).circles,
        ["3 files reach each other: a.rs, b.rs, c.rs
    a.rs -> b.rs (names B) -> c.rs (names C) -> a.rs (names A)"]
    );
}

#[test]
fn circles_hold_every_step_between_their_files_and_the_shortest_come_first() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::{b::B, d::D}; pub struct A;"),
        ("b.rs", "use crate::c::{C, F, G}; pub struct B;"),
        ("c.rs", "use crate::{a::A, b::B}; pub struct C; pub fn F() {} pub fn G() {}"),
        ("d.rs", "pub struct D;"),
    ];
    assert_eq!(
        rounds(&files),
        [
            "b.rs -> c.rs (names C and 2 more) -> b.rs (names B)",
            "a.rs -> b.rs (names B) -> c.rs (names C and 2 more) -> a.rs (names A)",
        ]
    );
}

#[test]
fn the_private_imports_of_a_file_are_not_seen_by_others() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "use crate::b::*; pub struct A(Result<B, u8>);"),
        ("b.rs", "use crate::c::Result; pub struct B;"),
        ("c.rs", "pub struct Result(crate::a::A);"),
    ];
    // The `Result` of `a.rs` is the standard library's; only a re-export would reach `c.rs`.
    assert_eq!(rounds(&files), ["a.rs -> b.rs (names B) -> c.rs (names Result) -> a.rs (names A)"]);
}

#[test]
fn another_crate_with_the_name_of_a_module_is_no_file() {
    let files = [
        ("lib.rs", "mod a; mod b; pub struct X; use ::b::B; fn f() { ::b::B }"),
        ("a.rs", "use b::B; pub struct A;"),
        ("b.rs", "pub struct B(crate::a::A, crate::X);"),
    ];
    assert_no_circle(&files);
}

#[test]
fn an_item_of_the_file_hides_one_of_the_same_name_behind_a_glob() {
    let files = [
        ("lib.rs", LIB),
        ("a.rs", "use crate::b::*; pub struct A; pub struct B; fn f() { B }"),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_no_circle(&files);
}

#[test]
fn imports_through_a_face_are_told_with_their_line_and_a_better_path() {
    let files = [
        ("lib.rs", "mod a; mod b; mod folder; pub use b::B; pub use folder::Child;\nfn f(b: B) {}"),
        ("a.rs", "use std::fmt;\nuse crate::{\n    B,\n    folder::Child,\n};\nfn f(b: B) {}"),
        ("b.rs", "use crate::folder::child::Child as Other; pub struct B(crate::Child);"),
        ("folder/mod.rs", "pub mod child; mod other; pub use child::Child;"),
        ("folder/child.rs", "pub struct Child;"),
        ("folder/other.rs", "use super::*;\nuse super::child;\nfn f(a: Child, b: child::Child) {}"),
    ];
    let better = "import crate::folder::child::Child";
    assert_eq!(
        report(&files).face_imports,
        [
            "a.rs:3: crate::B is imported through the face; import crate::b::B".to_owned(),
            format!("a.rs:4: crate::folder::Child is imported through the face; {better}"),
            format!("b.rs:1: crate::Child is imported through the face; {better}"),
            format!("folder/other.rs:3: Child is imported through the face; {better}"),
        ]
    );
}

#[test]
fn names_through_a_glob_re_export_are_told() {
    let files = [("lib.rs", "mod a; mod b; pub use b::*;"), ("a.rs", "use crate::B;"), ("b.rs", B)];
    let expected = "a.rs:1: crate::B is imported through the face; import crate::b::B";
    assert_eq!(report(&files).face_imports, [expected]);
}

#[test]
fn a_module_in_the_same_file_may_use_the_imports_of_the_file() {
    let files = [
        ("lib.rs", LIB),
        ("a.rs", "use crate::b::B; mod inner { use super::B; fn f() { self::B } }"),
        ("b.rs", B),
    ];
    assert!(report(&files).face_imports.is_empty());
}

#[test]
fn faces_may_stack_and_share_names_with_their_modules() {
    let files = [
        ("lib.rs", "mod a; mod sums; pub use sums::{Table, sums}; pub use other::{self, Thing};"),
        (
            "a.rs",
            "use crate::sums::{sums::sums, table::Table}; use crate::Thing; use crate::other;",
        ),
        ("sums/mod.rs", "pub mod sums; pub mod table; pub use sums::sums; pub use table::Table;"),
        ("sums/sums.rs", "pub fn sums() {}"),
        ("sums/table.rs", "pub struct Table; fn f() { super::sums::sums() }"),
    ];
    let Report { circles, face_imports, lost } = report(&files);
    assert!(circles.is_empty() && face_imports.is_empty() && lost.is_empty(), "{face_imports:?}");
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use elsewhere::*;"),
        ("a.rs", "use crate::b::C;\nuse crate::FromElsewhere; fn f() { super::b::B::new() }"),
        ("b.rs", B),
    ];
    assert_eq!(report(&files).lost, ["a.rs:1: crate::b::C leads nowhere"]);
}
