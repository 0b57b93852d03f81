//! Writes the instrumented function around the body that `body` makes: its callsite and its tags.
//!
//! All that is generated has the span `mixed_site`: the user's code cannot see its variables, and
//! lints take it for another crate's macro, which it is. The few spans that differ say why.

use crate::attr::{Form, Options, Tag};
use crate::body::Parts;
use crate::drops;
use crate::item::{Body, Function};
use crate::look::Look;
use crate::name::{self, Name};
use crate::returned;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, LitStr, Path, Result};

/// `function`, recorded under `prefix::name`.
pub(crate) fn function(
    options: &Options,
    prefix: Option<&str>,
    function: &Function,
) -> Result<TokenStream> {
    if options.skip.is_some() {
        return Ok(quote!(#function));
    }
    let Function { attrs, vis, defaultness, sig, body } = function;
    let Body::Block { inner, group } = body else {
        return Err(Error::new(
            sig.ident.span(),
            "`#[profile]` needs a body: this only declares the function; annotate where it is \
             defined, or a Rust function that calls it",
        ));
    };
    if let Some(constness) = &sig.constness {
        return Err(Error::new(
            constness.span,
            "`#[profile]` cannot go on a `const fn`: reading the clock is not const; annotate its \
             caller, or drop the `const`",
        ));
    }
    if let Some(second) = attrs.iter().find(|attr| is_profile(attr)) {
        return Err(Error::new_spanned(second, "`#[profile]` stands here twice"));
    }
    let ferret = ferret(options.krate.as_ref(), Span::mixed_site());
    let private = private(options.krate.as_ref(), Span::mixed_site());
    let order = drops::captured(sig, &group.stream()).into_iter().map(|variable| {
        let drops::Variable { cfgs, name } = variable;
        quote_spanned!(Span::mixed_site()=> #(#cfgs)* #private::capture(&#name);)
    });
    let returned = returned::future(&sig.output).filter(|_| sig.asyncness.is_none());
    let is_async = sig.asyncness.is_some() || returned.is_some();
    let (name, callsite) = callsite(&private, options, prefix, &sig.ident, is_async);
    let parts = Parts {
        private: &private,
        name,
        callsite,
        tags: tags(&ferret, options),
        order: order.collect(),
        look: Look { ferret: &ferret, private: &private, options },
        body: group,
    };
    let track_caller = attrs.iter().find(|attr| attr.path().is_ident("track_caller"));
    let body = match returned {
        Some(returned) => parts.returned(&returned, sig, options, track_caller)?,
        None if is_async => parts.future(&sig.output)?,
        None => parts.call(&sig.output, track_caller.is_some())?,
    };
    let mut body = Group::new(Delimiter::Brace, quote!(#(#inner)* #body));
    body.set_span(group.span());
    Ok(quote!(#(#attrs)* #vis #defaultness #sig #body))
}

/// Whether `attr` is this attribute, under its own name.
pub(crate) fn is_profile(attr: &Attribute) -> bool {
    is_profile_path(attr.path())
}

pub(crate) fn is_profile_path(path: &Path) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == "profile")
}

/// The path to ferret.
fn ferret(krate: Option<&Path>, site: Span) -> TokenStream {
    krate.map_or_else(|| quote_spanned!(site=> ::ferret), ToTokens::to_token_stream)
}

/// The path to what generated code uses of ferret.
fn private(krate: Option<&Path>, site: Span) -> TokenStream {
    let ferret = ferret(krate, site);
    quote_spanned!(site=> #ferret::__private)
}

/// Statements that find out the callsite, and an expression that is a reference to it.
fn callsite(
    private: &TokenStream,
    options: &Options,
    prefix: Option<&str>,
    ident: &Ident,
    is_async: bool,
) -> (TokenStream, TokenStream) {
    let site = Span::mixed_site();
    let in_source = {
        let name = ident.unraw();
        let name = prefix.map_or_else(|| name.to_string(), |prefix| format!("{prefix}::{name}"));
        LitStr::new(&name, site).into_token_stream()
    };
    let kind = match (is_async, options.stage.is_some()) {
        (false, false) => "Function",
        (false, true) => "Stage",
        (true, false) => "Async",
        (true, true) => "AsyncStage",
    };
    let kind = Ident::new(kind, site);
    // Where the function's name stands, so that the line is the function's, not the attribute's.
    let line = {
        let site = ident.span();
        let private = self::private(options.krate.as_ref(), site);
        quote_spanned!(site=> #private::core::line!())
    };
    let place = |name: TokenStream| {
        quote_spanned! {site=>
            #name,
            #private::core::module_path!(),
            #private::core::file!(),
            #line,
            #private::CallsiteKind::#kind,
        }
    };
    let fixed = match &options.name {
        Some(Name::Computed(value)) => {
            let statements = name::computed(private, value, &place(in_source));
            return (statements, quote_spanned!(site=> __ferret_callsite));
        }
        Some(Name::Fixed(name)) => place(name.to_token_stream()),
        None => place(in_source),
    };
    let callsite = quote_spanned! {site=> {
        static CALLSITE: #private::Callsite = #private::Callsite::new(#fixed);
        &CALLSITE
    }};
    (TokenStream::new(), callsite)
}

/// Statements that record the tags.
fn tags(ferret: &TokenStream, options: &Options) -> TokenStream {
    let site = Span::mixed_site();
    let tags = options.tags.iter().flat_map(|tags| &tags.tags).map(|tag| {
        let Tag { key, form, value } = tag;
        let how = match form {
            Form::Plain => "tag_value",
            Form::Display => "tag_display",
            Form::Debug => "tag_debug",
        };
        let how = Ident::new(how, site);
        let reference = reference(value);
        quote_spanned!(site=> #ferret::__tag!((here) #how, (#key), #reference);)
    });
    tags.collect()
}

/// `&value`, with the span of the value, for the compiler to point at if the value does not do.
pub(crate) fn reference(value: &Expr) -> TokenStream {
    let place = value.span();
    if matches!(value, Expr::Path(_) | Expr::Field(_) | Expr::MethodCall(_) | Expr::Macro(_)) {
        quote_spanned!(place=> &#value)
    } else {
        quote_spanned!(place=> &(#value))
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::{TokenStream, TokenTree};
    use quote::quote;

    /// How often `word` stands in `tokens`.
    fn count(tokens: TokenStream, word: &str) -> usize {
        let trees = tokens.into_iter().map(|tree| match tree {
            TokenTree::Ident(ident) => usize::from(ident == word),
            TokenTree::Group(group) => count(group.stream(), word),
            TokenTree::Punct(_) | TokenTree::Literal(_) => 0,
        });
        trees.sum()
    }

    fn check(item: TokenStream) {
        let ours = quote!(crate = weasel, stage, tags(n, shown = %n, debug = ?n));
        let expanded = crate::item::profile(ours, item);
        assert_eq!(count(expanded.clone(), "compile_error"), 0, "{expanded}");
        assert_ne!(count(expanded.clone(), "weasel"), 0, "{expanded}");
        assert_eq!(count(expanded.clone(), "ferret"), 0, "{expanded}");
    }

    #[test]
    fn nothing_refers_to_ferret_by_a_name_it_does_not_have() {
        check(quote!(
            fn f(n: u32, a: A, b: B) -> u32 {
                a + b
            }
        ));
        check(quote!(
            fn f(n: u32) -> Result<impl Display, E> {
                Ok(n)
            }
        ));
        check(quote!(
            fn f(n: u32) -> ! {
                loop {}
            }
        ));
        check(quote!(
            async fn f(n: u32) -> Result<u32, E> {
                Ok(n)
            }
        ));
        check(quote!(
            async fn f(n: u32) -> ! {
                loop {}
            }
        ));
    }

    #[test]
    fn a_body_may_use_syntax_that_is_not_known_here() {
        let body = quote!({ yeet become 3 => => });
        let expanded = crate::item::profile(quote!(), quote!(fn f() #body));
        assert_eq!(count(expanded.clone(), "compile_error"), 0, "{expanded}");
        assert_eq!(count(expanded, "become"), 1);
    }
}
