//! `#[profile]` on an `impl` or `trait` block: each method with a body becomes a span named after
//! the type, unless the method's own `#[profile(…)]` says otherwise.

use crate::attr::Options;
use crate::item::{Body, Function};
use crate::trivial::is_trivial;
use crate::{conditional, expand};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Error, ImplItem, Meta, Result, TraitItem, Type};

/// A block of methods.
pub(crate) enum Block {
    Impl(syn::ItemImpl),
    Trait(syn::ItemTrait),
}

/// The block with its methods recorded.
pub(crate) fn methods(options: &Options, block: Block) -> Result<TokenStream> {
    options.only_about_a_block("a method of the block")?;
    let mut errors = TokenStream::new();
    let block = match block {
        Block::Impl(mut item) => {
            let prefix = type_name(&item.self_ty);
            for member in &mut item.items {
                if let ImplItem::Fn(method) = member {
                    let method = function(options, Some(&prefix), method, &mut errors);
                    *member = ImplItem::Verbatim(method);
                }
            }
            item.into_token_stream()
        }
        Block::Trait(mut item) => {
            let prefix = item.ident.unraw().to_string();
            for member in &mut item.items {
                if let TraitItem::Fn(method) = member {
                    let method = function(options, Some(&prefix), method, &mut errors);
                    *member = TraitItem::Verbatim(method);
                }
            }
            item.into_token_stream()
        }
    };
    Ok(quote!(#block #errors))
}

/// What stands in the place of a function of a block or module: it is recorded unless it is left
/// out. One that cannot be recorded stays as it was, less its own attribute, which would be expanded
/// once more, to the same error.
pub(crate) fn function(
    block: &Options,
    prefix: Option<&str>,
    function: &impl ToTokens,
    errors: &mut TokenStream,
) -> TokenStream {
    let tokens = function.to_token_stream();
    match syn::parse2(tokens.clone()) {
        Ok(function) => parsed(block, prefix, function, errors),
        Err(error) => {
            errors.extend(error.into_compile_error());
            tokens
        }
    }
}

fn parsed(
    block: &Options,
    prefix: Option<&str>,
    mut function: Function,
    errors: &mut TokenStream,
) -> TokenStream {
    if let Some(cases) = conditional::cases(&function.attrs) {
        let cases = cases.map(|case| {
            let function = Function { attrs: case.attrs.clone(), ..function.clone() };
            let mut own = TokenStream::new();
            let function = parsed(block, prefix, function, &mut own);
            errors.extend(case.only(&own));
            function
        });
        return cases.into_iter().collect();
    }
    recorded(block, prefix, &mut function).unwrap_or_else(|error| {
        errors.extend(error.into_compile_error());
        bare(&mut function.attrs);
        function.into_token_stream()
    })
}

fn recorded(block: &Options, prefix: Option<&str>, function: &mut Function) -> Result<TokenStream> {
    let (own, is_explicit) = take_options(&mut function.attrs)?;
    if !is_explicit && is_left_out(function) {
        return Ok(function.to_token_stream());
    }
    expand::function(&own.within(block), prefix, function)
}

/// Whether a function is not recorded unless it says so itself.
fn is_left_out(function: &Function) -> bool {
    let Body::Block { group, .. } = &function.body else { return true };
    // A signal handler has another ABI, and nothing may be recorded in one.
    function.sig.constness.is_some()
        || function.sig.abi.is_some()
        || function.attrs.iter().any(is_not_ours)
        || is_trivial(&group.stream())
}

/// Whether the attribute is of a function that a test harness or the compiler calls, or that may have
/// nothing but assembly in it.
fn is_not_ours(attr: &Attribute) -> bool {
    const WORDS: &[&str] = &[
        "test",
        "bench",
        "test_case",
        "rstest",
        "proc_macro",
        "proc_macro_attribute",
        "proc_macro_derive",
        "panic_handler",
        "naked",
    ];
    let is_one = |path: &syn::Path| {
        path.segments.last().is_some_and(|name| WORDS.iter().any(|word| name.ident == word))
    };
    // `#[unsafe(naked)]`
    is_one(attr.path())
        || attr.path().is_ident("unsafe")
            && attr.parse_args::<syn::Path>().is_ok_and(|path| is_one(&path))
}

/// Leaves a thing that could not be recorded without its own attribute, which would be expanded once
/// more, to the same error.
pub(crate) fn bare(attrs: &mut Vec<Attribute>) {
    attrs.retain(|attr| !expand::is_profile(attr));
}

/// Takes a thing's own `#[profile(…)]` out of `attrs`: the attribute around it does its work. Says
/// whether there was one.
pub(crate) fn take_options(attrs: &mut Vec<Attribute>) -> Result<(Options, bool)> {
    let Some(index) = attrs.iter().position(expand::is_profile) else {
        return Ok((Options::default(), false));
    };
    let attr = attrs.remove(index);
    let options = match &attr.meta {
        Meta::Path(_) => Options::default(),
        Meta::List(list) => list.parse_args()?,
        Meta::NameValue(pair) => {
            return Err(Error::new_spanned(pair, "options go in parentheses: `#[profile(…)]`"));
        }
    };
    Ok((options, true))
}

/// A type's name as people say it: `Decoder` for `codec::Decoder<'_, R>`.
fn type_name(ty: &Type) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map_or_else(|| "_".to_owned(), |segment| segment.ident.unraw().to_string()),
        Type::Reference(reference) => type_name(&reference.elem),
        Type::Paren(paren) => type_name(&paren.elem),
        Type::Group(group) => type_name(&group.elem),
        Type::TraitObject(object) => {
            let bound = object.bounds.iter().find_map(|bound| match bound {
                syn::TypeParamBound::Trait(bound) => bound.path.segments.last(),
                _ => None,
            });
            bound.map_or_else(|| "dyn".to_owned(), |bound| format!("dyn {}", bound.ident.unraw()))
        }
        Type::Slice(slice) => format!("[{}]", type_name(&slice.elem)),
        other => other.to_token_stream().to_string().replace(' ', ""),
    }
}
