//! Writes the new body: a span, and in it the user's body.
//!
//! The body runs in a closure (in an async block for an `async fn`), since only that catches what
//! `return`, `?`, and the macros that hide them give back. Rejected: a guard alone, which cannot
//! see the value; and an inner function, which would need the generics and `Self` over again.
//!
//! The body's own tokens are passed on untouched, so that every message about them points where it
//! would without the attribute. The closure's first words have the body's span: of a closure that
//! is a macro's, the borrow checker does not call the variables by their names.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{ReturnType, Type};

/// The pieces of which the new body is made.
pub(crate) struct Parts<'a> {
    /// The path to what generated code uses of ferret.
    pub(crate) private: TokenStream,
    /// A reference to the static callsite.
    pub(crate) callsite: TokenStream,
    /// Statements that record the tags.
    pub(crate) tags: TokenStream,
    /// Statements that name the captured parameters in their order.
    pub(crate) order: TokenStream,
    /// The user's body.
    pub(crate) body: &'a Group,
}

impl Parts<'_> {
    /// The new body of a function.
    pub(crate) fn call(&self, output: &ReturnType, track_caller: bool) -> TokenStream {
        let Self { private, callsite, tags, order, .. } = self;
        let site = Span::mixed_site();
        // Nothing is returned, or nothing that could be an `Err`: the guard alone will do, and the
        // body keeps the return type that its closures may be inferred from. And where the caller is
        // tracked, a closure would be taken for it.
        if track_caller || is(output, |ty| matches!(ty, Type::Never(_) | Type::ImplTrait(_))) {
            let body = self.body.stream();
            let first = quote_spanned!(site=> let __ferret_span = #private::open(#callsite); #tags);
            return quote!(#first #body);
        }
        let body = self.body_after(order);
        let closure = quote_spanned!(self.body.span()=> move ||);
        let result = if is(output, cannot_be_written) {
            let typed = typed(output);
            quote_spanned! {site=>
                let __ferret_type = #private::ReturnType::new();
                #typed
                let __ferret_result = #private::body_of(__ferret_type, #closure #body)();
            }
        } else {
            // Without a type, that of a body which never returns would be anybody's guess.
            let output = match output {
                ReturnType::Default => {
                    quote_spanned!(site.located_at(self.body.span_open())=> -> ())
                }
                ReturnType::Type(..) => quote!(#output),
            };
            quote_spanned! {site=>
                let __ferret_result = #private::body(#closure #output #body)();
            }
        };
        quote_spanned! {site=>
            let __ferret_span = #private::enter(#callsite);
            #tags
            #result
            __ferret_span.finish(#private::Returned(&__ferret_result).outcome());
            __ferret_result
        }
    }

    /// The new body of an `async fn`. What it does at entry it does at the first poll.
    pub(crate) fn future(&self, output: &ReturnType) -> TokenStream {
        let Self { private, callsite, tags, order, .. } = self;
        let site = Span::mixed_site();
        let block = quote_spanned!(self.body.span()=> async move);
        let future = |body: Group| {
            quote_spanned! {site=>
                #private::future(
                    #callsite,
                    #block #body,
                    |__ferret_result| #private::Returned(__ferret_result).outcome(),
                ).await
            }
        };
        if is(output, |ty| matches!(ty, Type::Never(_))) {
            // Any type will do for a value that there never is; the compiler wants to know one.
            let body = self.body_after(&quote_spanned!(site=> if false { return; } #tags #order));
            let future = future(body);
            return quote_spanned!(site=> #future; #private::never());
        }
        let typed = typed(output);
        let future = future(self.body_after(&quote_spanned!(site=> #typed #tags #order)));
        quote_spanned!(site=> let __ferret_type = #private::ReturnType::new(); #typed #future)
    }

    /// The user's body with something before it: in the same braces, for a block within a block is
    /// something to lint about.
    fn body_after(&self, first: &TokenStream) -> Group {
        if first.is_empty() {
            return self.body.clone();
        }
        let body = self.body.stream();
        let mut group = Group::new(Delimiter::Brace, quote!(#first #body));
        group.set_span(self.body.span());
        group
    }
}

/// Whether the return type is one of these, however it is wrapped.
fn is(output: &ReturnType, test: impl Fn(&Type) -> bool) -> bool {
    let ReturnType::Type(_, ty) = output else { return false };
    let mut ty = &**ty;
    // A type that came through a `macro_rules!` variable has an invisible group around it.
    while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) =
        ty
    {
        ty = elem;
    }
    test(ty)
}

/// A return that never runs, from which the compiler takes the type of `__ferret_type`. It stands
/// where the return type does, as messages that speak of the type point at it.
fn typed(output: &ReturnType) -> TokenStream {
    let site = Span::mixed_site();
    let place = match output {
        ReturnType::Default => site,
        ReturnType::Type(_, ty) => site.located_at(ty.span()),
    };
    let value = quote_spanned!(place=> return __ferret_type.value());
    quote_spanned!(site=> if false { #value; })
}

/// Whether `ty` cannot be repeated as a closure's return type: it has an `impl Trait` in it, or a
/// macro that may have.
fn cannot_be_written(ty: &Type) -> bool {
    struct Finder(bool);
    impl Visit<'_> for Finder {
        fn visit_type(&mut self, ty: &Type) {
            self.0 |= matches!(ty, Type::ImplTrait(_) | Type::Macro(_));
            visit::visit_type(self, ty);
        }
    }
    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}
