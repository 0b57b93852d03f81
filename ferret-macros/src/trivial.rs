//! Which functions are too small to be recorded with the block or module they stand in.
//!
//! A span costs more than what an accessor does, and its row says nothing. The rule is one of syntax, so that
//! it can be told from the source; the documentation of `#[profile]` says it to users.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Block, Expr, ExprMacro, ExprMethodCall, Stmt, StmtMacro, Token};

/// Methods without arguments that are taken to do next to nothing where they are called on a field;
/// those that begin with `as_` too.
const SMALL_METHODS: &[&str] = &[
    "borrow",
    "borrow_mut",
    "clone",
    "cloned",
    "copied",
    "get",
    "is_empty",
    "is_err",
    "is_none",
    "is_ok",
    "is_some",
    "iter",
    "iter_mut",
    "len",
];

/// Whether a body does nothing, or evaluates one small expression.
pub(crate) fn is_trivial(body: &TokenStream) -> bool {
    // What syn does not know is not small.
    let Ok(statements) = Block::parse_within.parse2(body.clone()) else { return false };
    match &*statements {
        [] => true,
        [Stmt::Expr(expression, _)] => is_small(expression),
        [Stmt::Macro(StmtMacro { mac, .. })] => is_small_macro(mac),
        _ => false,
    }
}

fn is_small(expression: &Expr) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here is not small")]
    match expression {
        Expr::Lit(_) | Expr::Path(_) => true,
        Expr::Array(array) => array.elems.iter().all(is_small),
        Expr::Assign(assign) => is_small(&assign.left) && is_small(&assign.right),
        Expr::Binary(binary) => is_small(&binary.left) && is_small(&binary.right),
        Expr::Call(call) => is_constructor(&call.func) && call.args.iter().all(is_small),
        Expr::Cast(cast) => is_small(&cast.expr),
        Expr::Field(field) => is_small(&field.base),
        Expr::Group(group) => is_small(&group.expr),
        Expr::Index(index) => is_small(&index.expr) && is_small(&index.index),
        Expr::Macro(ExprMacro { mac, .. }) => is_small_macro(mac),
        Expr::MethodCall(call) => is_small_method(call),
        Expr::Paren(paren) => is_small(&paren.expr),
        Expr::RawAddr(reference) => is_small(&reference.expr),
        Expr::Reference(reference) => is_small(&reference.expr),
        Expr::Struct(construction) => {
            construction.rest.as_deref().is_none_or(is_small)
                && construction.fields.iter().all(|field| is_small(&field.expr))
        }
        Expr::Tuple(tuple) => tuple.elems.iter().all(is_small),
        Expr::Unary(unary) => is_small(&unary.expr),
        _ => false,
    }
}

/// `Some`, `Self`, `Point`: by convention only these begin with a capital.
fn is_constructor(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let name = path.path.segments.last().map(|segment| segment.ident.to_string());
    name.is_some_and(|name| name.starts_with(char::is_uppercase))
}

fn is_small_method(call: &ExprMethodCall) -> bool {
    let name = call.method.to_string();
    // Of a whole value, they may be the program's own, and anything.
    (SMALL_METHODS.contains(&name.as_str()) || name.starts_with("as_"))
        && call.args.is_empty()
        && has_field(&call.receiver)
        && is_small(&call.receiver)
}

/// Whether it is a field, or something in one.
fn has_field(receiver: &Expr) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here has no field")]
    match receiver {
        Expr::Field(_) => true,
        Expr::MethodCall(call) => has_field(&call.receiver),
        Expr::Paren(paren) => has_field(&paren.expr),
        _ => false,
    }
}

/// `matches!(self, Self::A)`
fn is_small_macro(call: &syn::Macro) -> bool {
    let value = |input: syn::parse::ParseStream<'_>| {
        let value: Expr = input.parse()?;
        input.parse::<Token![,]>()?;
        input.parse::<TokenStream>()?;
        Ok(value)
    };
    call.path.is_ident("matches")
        && value.parse2(call.tokens.clone()).is_ok_and(|value| is_small(&value))
}

#[cfg(test)]
mod tests {
    use super::is_trivial;
    use quote::quote;

    #[test]
    fn accessors_are_trivial() {
        for body in [
            quote!(),
            quote!(3),
            quote!(&self.name),
            quote!(&mut self.parts[0].inner),
            quote!(self.count += 1;),
            quote!(self.ready = ready),
            quote!(Self { name, count: 0, ..other }),
            quote!(Some((self.a, -self.b as f64))),
            quote!(!self.items.is_empty() && self.items.len() > 3),
            quote!(self.name.as_deref().copied()),
            quote!(self.name.clone()),
            quote!(self.0.get()),
            quote!(matches!(self.state, State::A | State::B)),
            quote!([*self.a, 0]),
        ] {
            assert!(is_trivial(&body), "{body}");
        }
    }

    #[test]
    fn what_may_take_time_is_not() {
        for body in [
            quote!(self.load()),
            quote!(Vec::new()),
            quote!(self.clone()),
            quote!(self.len()),
            quote!(self.items.get(index)),
            quote!(self.load().len()),
            quote!(if self.a { 1 } else { 2 }),
            quote!(let a = 3; a),
            quote!(a; b),
            quote!(format!("{a}")),
            quote!(matches!(self.load(), Some(_))),
            quote!(Some(self.load())),
            quote!(Self { name: name.into() }),
            quote!(|a| a),
            quote!(self.a?),
            quote!(self.a.await),
            quote!(async { 3 }),
            quote!(loop {}),
            quote!(yeet become 3 => =>),
        ] {
            assert!(!is_trivial(&body), "{body}");
        }
    }
}
