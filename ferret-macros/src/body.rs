//! Writes the new body: a span, and in it the user's body.
//!
//! The body runs in a closure (in an async block for an `async fn`), since only that catches what
//! `return`, `?`, and the macros that hide them give back. Rejected: a guard alone, which cannot
//! see the value; and an inner function, which would need the generics and `Self` over again.
//!
//! The body's own tokens are passed on untouched, so that every message about them points where it
//! would without the attribute. The closure's first words have the body's span: of a closure that
//! is a macro's, the borrow checker does not call the variables by their names.

use crate::look::Look;
use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Result, ReturnType, Type};

/// The pieces of which the new body is made.
pub(crate) struct Parts<'a> {
    /// The path to what generated code uses of ferret.
    pub(crate) private: &'a TokenStream,
    /// Statements that find out the span's name, where that is computed.
    pub(crate) name: TokenStream,
    /// A reference to the static callsite.
    pub(crate) callsite: TokenStream,
    /// Statements that record the tags.
    pub(crate) tags: TokenStream,
    /// Statements that name the captured parameters in their order.
    pub(crate) order: TokenStream,
    /// What is done with the returned value.
    pub(crate) look: Look<'a>,
    /// The user's body.
    pub(crate) body: &'a Group,
}

impl Parts<'_> {
    /// The new body of a function.
    pub(crate) fn call(&self, output: &ReturnType, track_caller: bool) -> Result<TokenStream> {
        let Self { private, name, callsite, tags, .. } = self;
        let site = Span::mixed_site();
        // Nothing is returned, or nothing that could be an `Err`: the guard alone will do, and the
        // body keeps the return type that its closures may be inferred from. And where the caller is
        // tracked, a closure would be taken for it.
        let is_unseen = is(output, |ty| matches!(ty, Type::Never(_) | Type::ImplTrait(_)));
        if track_caller || is_unseen {
            self.look.refuse(if is_unseen {
                "looks at what is returned, and cannot see through `impl` and `!`"
            } else {
                "looks at what is returned, and cannot together with `#[track_caller]`"
            })?;
            let body = self.body.stream();
            let open = quote_spanned! {site=>
                #name
                let __ferret_span = #private::open(#callsite);
                #tags
            };
            return Ok(quote!(#open #body));
        }
        let result = self.result(output);
        let note = self.look.note(false);
        let outcome = self.look.outcome(false);
        Ok(quote_spanned! {site=>
            #name
            let __ferret_span = #private::enter(#callsite);
            #tags
            #result
            #note
            __ferret_span.finish(#outcome);
            __ferret_result
        })
    }

    /// Statements that run the user's body and leave what it returns in `__ferret_result`.
    pub(crate) fn result(&self, output: &ReturnType) -> TokenStream {
        let private = self.private;
        let site = Span::mixed_site();
        let (closure, body) = (self.closure(), self.body_after(&self.order));
        if is(output, cannot_be_written) {
            let typed = typed(output);
            return quote_spanned! {site=>
                let __ferret_type = #private::ReturnType::new();
                #typed
                let __ferret_result = #private::body_of(__ferret_type, #closure #body)();
            };
        }
        // Without a type, that of a body which never returns would be anybody's guess.
        let output = match output {
            ReturnType::Default => quote_spanned!(site.located_at(self.body.span_open())=> -> ()),
            ReturnType::Type(..) => quote!(#output),
        };
        quote_spanned! {site=>
            let __ferret_result = #private::body(#closure #output #body)();
        }
    }

    /// The new body of an `async fn`. What it does at entry it does at the first poll.
    pub(crate) fn future(&self, output: &ReturnType) -> Result<TokenStream> {
        let Self { private, name, tags, order, .. } = self;
        let site = Span::mixed_site();
        let block = quote_spanned!(self.body.span()=> async move);
        if is(output, |ty| matches!(ty, Type::Never(_))) {
            self.look.refuse("looks at what is returned, and here nothing ever is")?;
            // Any type will do for a value that there never is; the compiler wants to know one.
            let body = self.body_after(&quote_spanned!(site=> if false { return; } #tags #order));
            let future = self.recorded(&quote!(#block #body));
            return Ok(quote_spanned!(site=> #name #future.await; #private::never()));
        }
        let typed = typed(output);
        let body = self.body_after(&quote_spanned!(site=> #typed #tags #order));
        let future = self.recorded(&quote!(#block #body));
        Ok(quote_spanned! {site=>
            #name
            let __ferret_type = #private::ReturnType::new();
            #typed
            #future.await
        })
    }

    /// `future` in a span.
    pub(crate) fn recorded(&self, future: &TokenStream) -> TokenStream {
        let Self { private, callsite, look, .. } = self;
        let site = Span::mixed_site();
        let note = look.note(true);
        let future = if note.is_empty() {
            future.clone()
        } else {
            quote_spanned!(site=> #private::observe(#future, |__ferret_result| { #note }))
        };
        let outcome = look.outcome(true);
        quote_spanned!(site=> #private::future(#callsite, #future, |__ferret_result| #outcome))
    }

    /// The beginning of a closure around the user's body.
    pub(crate) fn closure(&self) -> TokenStream {
        quote_spanned!(self.body.span()=> move ||)
    }

    /// The user's body with something before it: in the same braces, for a block within a block is
    /// something to lint about.
    pub(crate) fn body_after(&self, first: &TokenStream) -> Group {
        after(first, self.body)
    }
}

/// `body` with something before it, in the same braces.
pub(crate) fn after(first: &TokenStream, body: &Group) -> Group {
    if first.is_empty() {
        return body.clone();
    }
    let inside = body.stream();
    let mut group = Group::new(Delimiter::Brace, quote!(#first #inside));
    group.set_span(body.span());
    group
}

/// The return type, without the invisible groups around one that came through a `macro_rules!`
/// variable; none for a function that returns nothing.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    let mut ty = &**ty;
    while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) =
        ty
    {
        ty = elem;
    }
    Some(ty)
}

/// Whether the return type is one of these.
fn is(output: &ReturnType, test: impl Fn(&Type) -> bool) -> bool {
    returned(output).is_some_and(test)
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
pub(crate) fn cannot_be_written(ty: &Type) -> bool {
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
