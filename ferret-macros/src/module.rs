//! `#[profile]` on a module: everything in it that can be recorded, as if each thing had the
//! attribute.

use crate::attr::Options;
use crate::block::{self, Block, bare, take_options};
use crate::imports;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, Item, ItemMod, Result};

/// The module with its functions and blocks recorded.
pub(crate) fn items(options: &Options, mut module: ItemMod) -> Result<TokenStream> {
    options.only_about_a_block("a function in the module")?;
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new_spanned(
            &module,
            "`#[profile]` sees the module's name, not what is in its file: put it on the `impl`s and \
             functions there",
        ));
    };
    let mut errors = TokenStream::new();
    let used = imports::used(options, items);
    for item in items {
        match recorded(options, item, &mut errors) {
            Ok(None) => {}
            Ok(Some(expanded)) => *item = Item::Verbatim(expanded),
            Err(error) => errors.extend(error.into_compile_error()),
        }
    }
    if let Some((_, items)) = &mut module.content {
        items.push(Item::Verbatim(used));
    }
    Ok(quote!(#module #errors))
}

/// What stands in the place of `item`; none if that stays as it is.
fn recorded(
    outer: &Options,
    item: &mut Item,
    errors: &mut TokenStream,
) -> Result<Option<TokenStream>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else has functions that are ours")]
    let attrs = match item {
        Item::Fn(function) => return Ok(Some(block::function(outer, None, function, errors))),
        Item::Impl(item) => &mut item.attrs,
        Item::Trait(item) => &mut item.attrs,
        // What is in another file is not to be seen.
        Item::Mod(item) if item.content.is_some() => &mut item.attrs,
        _ => return Ok(None),
    };
    if attrs.iter().any(is_for_tests) {
        return Ok(None);
    }
    let own = take_options(attrs);
    bare(attrs);
    let (own, _) = own?;
    if own.skip.is_some() {
        return Ok(None);
    }
    let options = own.within(outer);
    #[expect(clippy::wildcard_enum_match_arm, reason = "those that are left have returned above")]
    match item.clone() {
        Item::Impl(item) => block::methods(&options, Block::Impl(item)).map(Some),
        Item::Trait(item) => block::methods(&options, Block::Trait(item)).map(Some),
        Item::Mod(item) => items(&options, item).map(Some),
        _ => Ok(None),
    }
}

/// `#[cfg(test)]`: what is in there can have annotations of its own.
fn is_for_tests(attr: &Attribute) -> bool {
    attr.path().is_ident("cfg") && attr.parse_args::<syn::Path>().is_ok_and(|p| p.is_ident("test"))
}
