//! Keeps the order in which a function drops its parameters.
//!
//! A function drops them last to first. The instrumented body is a `move` closure (or an async
//! block), and that drops what it captured in the order in which its body first names it. So before
//! the body, the variables that it will capture are named, last to first.
//!
//! Only what the body mentions is named: naming would capture the rest too, and hide the compiler's
//! warning that it is unused.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, Pat, PatIdent, ReceiverKind, Signature, Type};

/// One variable to be named, under the `#[cfg]`s of its parameter.
pub(crate) struct Variable<'a> {
    pub(crate) cfgs: Vec<&'a Attribute>,
    pub(crate) name: Ident,
}

/// The parameters' variables that `body` mentions, last to first; none if fewer than two of them
/// can have anything to drop.
pub(crate) fn captured<'a>(sig: &'a Signature, body: &TokenStream) -> Vec<Variable<'a>> {
    let mut variables = Vec::new();
    for argument in &sig.inputs {
        let mut names = Names(Vec::new());
        let attrs = match argument {
            FnArg::Receiver(receiver) => {
                if matches!(receiver.kind, ReceiverKind::Value | ReceiverKind::Typed(..)) {
                    names.0.push(Ident::from(receiver.self_token));
                }
                &receiver.attrs
            }
            FnArg::Typed(typed) => {
                if may_drop(&typed.ty) {
                    names.visit_pat(&typed.pat);
                }
                &typed.attrs
            }
        };
        let cfgs: Vec<_> = attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        variables.extend(names.0.into_iter().map(|name| Variable { cfgs: cfgs.clone(), name }));
    }
    variables.retain(|variable| mentions(body, &variable.name.to_string()));
    if variables.len() < 2 {
        return Vec::new();
    }
    variables.reverse();
    variables
}

/// False for the types that surely have nothing to drop.
fn may_drop(ty: &Type) -> bool {
    const PLAIN: &[&str] = &[
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16",
        "u32", "u64", "u128", "usize",
    ];
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
    match ty {
        Type::Reference(_) | Type::Ptr(_) | Type::Never(_) | Type::FnPtr(_) => false,
        Type::Paren(paren) => may_drop(&paren.elem),
        Type::Group(group) => may_drop(&group.elem),
        Type::Tuple(tuple) => tuple.elems.iter().any(may_drop),
        Type::Path(path) => {
            !path.path.get_ident().is_some_and(|name| PLAIN.iter().any(|plain| name == plain))
        }
        _ => true,
    }
}

struct Names(Vec<Ident>);

impl Visit<'_> for Names {
    fn visit_pat(&mut self, pat: &Pat) {
        // A lone name may be a unit struct or a constant, which cannot be told apart from here;
        // those begin with a capital by convention and are no variables.
        if let Pat::Ident(PatIdent { ident, by_ref: None, .. }) = pat {
            let is_variable = ident.to_string().chars().next().is_some_and(|c| !c.is_uppercase());
            if is_variable {
                self.0.push(ident.clone());
            }
        }
        visit::visit_pat(self, pat);
    }
}

/// Whether `name` occurs in `tokens` as a word, or inside braces of a format string.
fn mentions(tokens: &TokenStream, name: &str) -> bool {
    tokens.clone().into_iter().any(|tree| match tree {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}:"))
        }
        TokenTree::Punct(_) => false,
    })
}
