//! Keeps the order in which a function drops its parameters.
//!
//! A function drops them last to first. The instrumented body is a `move` closure (or an async
//! block), and that drops what it captured in the order in which its body first names it. So before
//! the body, the variables that it will capture are named, last to first.
//!
//! Only what the body mentions is named: naming would capture the rest too, and hide the compiler's
//! warning that it is unused. What the body does not mention is dropped after it; so of two parameters
//! of which the body mentions the first alone, the second is dropped last instead of first.

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

/// Whether `name` occurs in `tokens` as a variable may, or inside braces of a format string.
fn mentions(tokens: &TokenStream, name: &str) -> bool {
    let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
    trees.iter().enumerate().any(|(at, tree)| match tree {
        TokenTree::Ident(ident) => ident == name && !is_field(&trees, at),
        TokenTree::Group(group) => mentions(&group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.contains(&format!("{{{name}}}")) || text.contains(&format!("{{{name}:"))
        }
        TokenTree::Punct(_) => false,
    })
}

/// Whether the word at `at` is a field's or method's name: `x.word`, `X { word: … }`.
fn is_field(trees: &[TokenTree], at: usize) -> bool {
    let is = |index: Option<usize>, wanted: char| {
        let tree = index.and_then(|index| trees.get(index));
        matches!(tree, Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
    };
    let after_dot = is(at.checked_sub(1), '.') && !is(at.checked_sub(2), '.');
    let before_colon = is(Some(at + 1), ':') && !is(Some(at + 2), ':');
    after_dot || before_colon
}

#[cfg(test)]
mod tests {
    use super::{TokenStream, captured};
    use quote::quote;

    /// The signature's parameters that are named before `body`.
    fn check(signature: TokenStream, body: &TokenStream, expected: &[&str]) {
        let signature = syn::parse2(signature).unwrap();
        let names: Vec<_> =
            captured(&signature, body).into_iter().map(|found| found.name.to_string()).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn variables_are_named_last_to_first_if_two_may_have_to_be_dropped() {
        check(quote!(fn f(a: A, b: B, c: C)), &quote!(c; a; b), &["c", "b", "a"]);
        check(
            quote!(fn f(mut self, (b, _, [c, ..]): T)),
            &quote!(self.x(b, c)),
            &["c", "b", "self"],
        );
        check(quote!(fn f(a: A, b: &B, c: u32, d: *mut D)), &quote!(a; b; c; d), &[]);
        check(quote!(fn f(a: A)), &quote!(a), &[]);
    }

    #[test]
    fn what_the_body_does_not_mention_is_left_alone() {
        let f = || quote!(fn f(a: A, b: B, c: C));
        check(f(), &quote!(a; { g!(c) }), &["c", "a"]);
        check(f(), &quote!(a; x.b(); X { b: c }), &["c", "a"]);
        check(f(), &quote!(a..b), &["b", "a"]);
        check(f(), &quote!(println!("{a} {b} {c:?}")), &["c", "b", "a"]);
        check(f(), &quote!(println!("a {} b", c)), &[]);
    }
}
