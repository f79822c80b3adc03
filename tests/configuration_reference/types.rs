//! The types that a configuration file is read into, from the source of all crates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use syn::{
    Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type, Variant,
};

/// Where settings are.
const CRATES: [&str; 5] = ["src", "sim-core/src", "neurons/src", "datasets/src", "plasticity/src"];

/// A field of a section.
#[derive(Debug, Clone)]
pub struct Field {
    pub name: String,
    pub doc: String,
    pub value: Shape,
    /// Whether it may be left out though it is no `Option`.
    pub has_default: bool,
    /// Whether the keys of its type stand in its place.
    pub is_flat: bool,
}

/// What a value looks like.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A plain value, in words.
    Plain(&'static str),
    /// A type of the code, by name.
    Named(String),
    List(Box<Shape>),
    Tuple(Vec<Shape>),
    Optional(Box<Shape>),
}

/// One word of a choice, or one kind of a section.
#[derive(Debug, Clone)]
pub struct Choice {
    pub word: String,
    pub doc: String,
    pub fields: Vec<Field>,
    /// The type that holds the fields instead.
    pub inner: Option<String>,
}

/// A type that is read.
#[derive(Debug, Clone)]
pub enum Kind {
    Section(Vec<Field>),
    /// A section whose kind is told by this key.
    Tagged(String, Vec<Choice>),
    Words(Vec<Choice>),
}

/// All of them by name.
#[derive(Debug, Default)]
pub struct Types(BTreeMap<String, (String, Kind)>);

impl Types {
    pub fn of_workspace(root: &Path) -> Self {
        let mut types = Self::default();
        for folder in CRATES {
            let mut files = Vec::new();
            collect(&root.join(folder), &mut files);
            for file in files {
                let text = std::fs::read_to_string(&file).unwrap();
                for item in syn::parse_file(&text).unwrap().items {
                    types.add(item);
                }
            }
        }
        types
    }

    /// The comment and the kind of a type.
    pub fn get(&self, name: &str) -> (&str, &Kind) {
        let (doc, kind) = self.0.get(name).unwrap_or_else(|| panic!("no type {name} is read"));
        (doc, kind)
    }

    fn add(&mut self, item: Item) {
        let (name, attributes, kind) = match item {
            Item::Struct(item) if is_read(&item.attrs) => {
                let defaults = serde_words(&item.attrs).iter().any(|word| word == "default");
                let kind = Kind::Section(fields(&item.fields, defaults));
                (item.ident.to_string(), item.attrs, kind)
            }
            Item::Enum(item) if is_read(&item.attrs) => {
                let words = serde_words(&item.attrs);
                let snake = words.iter().any(|word| word == "rename_all=snake_case");
                let choices = item.variants.iter().map(|variant| choice(variant, snake)).collect();
                let tag = words.iter().find_map(|word| word.strip_prefix("tag="));
                let kind = match tag {
                    Some(tag) => Kind::Tagged(tag.into(), choices),
                    None => Kind::Words(choices),
                };
                (item.ident.to_string(), item.attrs, kind)
            }
            _ => return,
        };
        self.0.insert(name, (doc(&attributes), kind));
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

fn is_read(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let Meta::List(list) = &attribute.meta else { return false };
        list.path.is_ident("derive") && list.tokens.to_string().contains("Deserialize")
    })
}

/// `serde(a, b = "c")` as `a`, `b=c`.
fn serde_words(attributes: &[Attribute]) -> Vec<String> {
    let of_serde = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("serde") => Some(list.tokens.to_string()),
        _ => None,
    });
    let words = of_serde.flat_map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
    words.map(|word| word.replace([' ', '"'], "")).collect()
}

fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    // What follows the first paragraph is for programmers.
    let paragraph: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    without_links(&paragraph.join(" "))
}

/// Names of the code lose the brackets that make them links.
fn without_links(text: &str) -> String {
    text.replace("[`", "`")
        .replace("`]", "`")
        .replace("](Self::", "](")
        .replace("`max_steps`(max_steps)", "`max_steps`")
}

fn fields(fields: &Fields, all_default: bool) -> Vec<Field> {
    let read = fields.iter().filter(|field| {
        field.ident.is_some() && !serde_words(&field.attrs).iter().any(|word| word == "skip")
    });
    let field = |field: &syn::Field| {
        let words = serde_words(&field.attrs);
        Field {
            name: field.ident.as_ref().unwrap().to_string(),
            doc: doc(&field.attrs),
            value: shape(&field.ty),
            has_default: all_default || words.iter().any(|word| word.starts_with("default")),
            is_flat: words.iter().any(|word| word == "flatten"),
        }
    };
    read.map(field).collect()
}

fn choice(variant: &Variant, snake: bool) -> Choice {
    let name = variant.ident.to_string();
    let renamed = serde_words(&variant.attrs)
        .iter()
        .find_map(|word| word.strip_prefix("rename=").map(str::to_owned));
    let word = renamed.unwrap_or_else(|| if snake { snake_case(&name) } else { name });
    let inner = match &variant.fields {
        Fields::Unnamed(unnamed) => match shape(&unnamed.unnamed[0].ty) {
            Shape::Named(name) => Some(name),
            _ => None,
        },
        _ => None,
    };
    Choice { word, doc: doc(&variant.attrs), fields: fields(&variant.fields, false), inner }
}

fn snake_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn shape(ty: &Type) -> Shape {
    match ty {
        Type::Path(path) => {
            let last = path.path.segments.last().unwrap();
            let inner = || match &last.arguments {
                PathArguments::AngleBracketed(arguments) => match &arguments.args[0] {
                    GenericArgument::Type(ty) => Box::new(shape(ty)),
                    _ => panic!("{}: of no type", last.ident),
                },
                _ => panic!("{}: of nothing", last.ident),
            };
            match last.ident.to_string().as_str() {
                "f64" | "f32" => Shape::Plain("number"),
                "usize" | "u64" | "u32" | "u16" => Shape::Plain("whole number"),
                "bool" => Shape::Plain("true or false"),
                "String" | "PathBuf" => Shape::Plain("text"),
                "Distribution" => Shape::Plain("number, list of two, or section"),
                "Vec" => Shape::List(inner()),
                "Option" => Shape::Optional(inner()),
                name => Shape::Named(name.to_owned()),
            }
        }
        Type::Array(array) => Shape::Tuple(vec![shape(&array.elem); 2]),
        Type::Tuple(tuple) => Shape::Tuple(tuple.elems.iter().map(shape).collect()),
        _ => panic!("a setting of a type that this page has no words for"),
    }
}
