//! Functions that are not `async` themselves and return a future: the span is the future's.
//!
//! Such a function is known by its return type, as it is written: `impl Future`, a pinned box of a
//! `dyn Future` (that is what `#[async_trait]` makes), or futures' `BoxFuture` and
//! `LocalBoxFuture`. An alias of the program's own cannot be seen through; there the span is the call's.
//! Rejected: to ask of a `BoxFuture` that it has a lifetime. It may be elided, and many a program has
//! `type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>`.
//!
//! Where the body ends in an async block, or in one that is put into a box, the block itself is
//! wrapped, in its place: nothing is allocated that was not before, and tags are recorded inside.
//! Else the whole body is run in a closure and what it gives is wrapped; if that is a box, in
//! another one, which is only made while recording is on.

use crate::attr::Options;
use crate::body::{self, Parts};
use crate::tail::Tail;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    AngleBracketedGenericArguments, Attribute, Error, GenericArgument, PathArguments, PathSegment,
    Result, ReturnType, Signature, Type, TypeParamBound,
};

/// A future that a function returns.
pub(crate) enum Returned<'a> {
    /// `impl Future<Output = …>`; what it gives, if that can be written a second time.
    Opaque(Option<&'a Type>),
    /// A pinned box.
    Boxed(&'a Type),
}

/// The future that a function with this return type returns, if it does.
pub(crate) fn future(output: &ReturnType) -> Option<Returned<'_>> {
    let ty = body::returned(output)?;
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
    match ty {
        Type::ImplTrait(opaque) => {
            let future = future_bound(&opaque.bounds)?;
            let output = output_of(future).filter(|output| !body::cannot_be_written(output));
            Some(Returned::Opaque(output))
        }
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let is_alias = last.ident == "BoxFuture" || last.ident == "LocalBoxFuture";
            (is_alias || is_pinned_box(last)).then_some(Returned::Boxed(ty))
        }
        _ => None,
    }
}

/// `Pin<Box<dyn Future>>`
fn is_pinned_box(pin: &PathSegment) -> bool {
    if pin.ident == "Pin"
        && let Some(Type::Path(boxed)) = argument(pin)
        && let Some(boxed) = boxed.path.segments.last().filter(|boxed| boxed.ident == "Box")
        && let Some(Type::TraitObject(object)) = argument(boxed)
    {
        return future_bound(&object.bounds).is_some();
    }
    false
}

fn arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    }
}

/// The first type in angle brackets.
fn argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment)?
        .args
        .iter()
        .find_map(|argument| if let GenericArgument::Type(ty) = argument { Some(ty) } else { None })
}

fn future_bound<'a>(
    bounds: impl IntoIterator<Item = &'a TypeParamBound>,
) -> Option<&'a PathSegment> {
    bounds.into_iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        bound.path.segments.last().filter(|name| name.ident == "Future")
    })
}

/// `T` of `Future<Output = T>`
fn output_of(future: &PathSegment) -> Option<&Type> {
    arguments(future)?.args.iter().find_map(|argument| {
        let GenericArgument::AssocType(output) = argument else { return None };
        (output.ident == "Output").then_some(&output.ty)
    })
}

impl Parts<'_> {
    /// The new body of a function that returns a future.
    pub(crate) fn returned(
        &self,
        returned: &Returned<'_>,
        sig: &Signature,
        options: &Options,
        track_caller: Option<&Attribute>,
    ) -> Result<TokenStream> {
        let site = Span::mixed_site();
        let Self { private, name, tags, .. } = self;
        let output = returned.output(private);
        // Tags are of variables that a block which borrows them could not take away with it.
        let tail = Tail::of(self.body).filter(|tail| tags.is_empty() || tail.is_move());
        if let Some(Tail { before, head, block, boxed }) = tail {
            let block = body::after(tags, &block);
            let future = quote_spanned!(site=> #private::output::<#output, _>(#head #block));
            let future = self.recorded(&future);
            let future = boxed.map_or(future.clone(), |boxed| boxed.around(&future));
            return Ok(quote!(#name #before #future));
        }
        let ending = "end the body in `async move { … }` or `Box::pin(async move { … })`, with no \
                      `return` or `?` before it, nor a macro of your own";
        if let Some(tags) = &options.tags {
            let why = "`tags` of a function that returns a future are recorded in it";
            return Err(Error::new(tags.span, format_args!("{why}: {ending}")));
        }
        if let Some(track_caller) = track_caller {
            let why = "`#[profile]` cannot look at the future that this returns to its caller";
            return Err(Error::new_spanned(track_caller, format_args!("{why}: {ending}")));
        }
        let recorded = self.recorded(&quote_spanned!(site=> __ferret_result));
        Ok(match returned {
            Returned::Opaque(_) => {
                let (closure, body) = (self.closure(), self.body_after(&self.order));
                quote_spanned! {site=>
                    #name
                    let __ferret_result =
                        #private::future_of::<#output, _, _>(#closure #body)();
                    #recorded
                }
            }
            Returned::Boxed(_) => {
                let result = self.result(&sig.output);
                quote_spanned! {site=>
                    #name
                    #result
                    if #private::recording() {
                        #private::Box::pin(#recorded)
                    } else {
                        __ferret_result
                    }
                }
            }
        })
    }
}

impl Returned<'_> {
    /// The type of what the future gives, or `_`.
    fn output(&self, private: &TokenStream) -> TokenStream {
        match self {
            Self::Opaque(Some(output)) => output.to_token_stream(),
            Self::Boxed(ty) if !body::cannot_be_written(ty) => {
                let site = Span::mixed_site();
                quote_spanned!(site=> <#ty as #private::core::future::Future>::Output)
            }
            Self::Opaque(None) | Self::Boxed(_) => quote!(_),
        }
    }
}
