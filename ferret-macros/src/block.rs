//! `#[profile]` on an `impl` or `trait` block: each method with a body becomes a span named after
//! the type, unless the method's own `#[profile(…)]` says otherwise.

use crate::attr::Options;
use crate::expand;
use crate::item::{Body, Function};
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
    if let Some(skip) = options.skip {
        return Err(Error::new(skip, "`skip` goes on a method of the block; here it does nothing"));
    }
    if let Some((span, option)) = options.about_a_span() {
        let message = format_args!("`{option}` is about one function: put it on the method");
        return Err(Error::new(span, message));
    }
    let mut errors = Vec::new();
    let block = match block {
        Block::Impl(mut item) => {
            let prefix = type_name(&item.self_ty);
            for member in &mut item.items {
                if let ImplItem::Fn(method) = member {
                    let expanded = method_tokens(options, &prefix, method.to_token_stream());
                    *member = ImplItem::Verbatim(expanded.unwrap_or_else(|error| {
                        errors.push(error);
                        method.to_token_stream()
                    }));
                }
            }
            item.into_token_stream()
        }
        Block::Trait(mut item) => {
            let prefix = item.ident.unraw().to_string();
            for member in &mut item.items {
                if let TraitItem::Fn(method) = member {
                    let expanded = method_tokens(options, &prefix, method.to_token_stream());
                    *member = TraitItem::Verbatim(expanded.unwrap_or_else(|error| {
                        errors.push(error);
                        method.to_token_stream()
                    }));
                }
            }
            item.into_token_stream()
        }
    };
    let errors = errors.into_iter().map(Error::into_compile_error);
    Ok(quote!(#block #(#errors)*))
}

fn method_tokens(block: &Options, prefix: &str, method: TokenStream) -> Result<TokenStream> {
    let mut method: Function = syn::parse2(method)?;
    let (own, explicit) = take_options(&mut method.attrs)?;
    // `krate` is the block's unless the method has its own.
    let options = Options { krate: own.krate.or_else(|| block.krate.clone()), ..own };
    let possible = matches!(method.body, Body::Block { .. }) && method.sig.constness.is_none();
    if !explicit && !possible {
        return Ok(method.into_token_stream());
    }
    expand::function(&options, Some(prefix), &method)
}

/// Takes the method's own `#[profile(…)]` out of `attrs`: the block's attribute does its work.
/// Says whether there was one.
fn take_options(attrs: &mut Vec<Attribute>) -> Result<(Options, bool)> {
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
