//! `#[profile]` on a module: everything in it that can be recorded, as if each thing had the
//! attribute.

use crate::attr::Options;
use crate::block::{self, Block, bare, take_options};
use crate::{conditional, imports};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
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
        if !attributes(item).is_some_and(|attrs| attrs.iter().any(is_for_tests)) {
            replace(options, item, &mut errors);
        }
    }
    if let Some((_, items)) = &mut module.content {
        items.push(Item::Verbatim(used));
    }
    Ok(quote!(#module #errors))
}

/// The attributes of a block of functions.
fn attributes(item: &mut Item) -> Option<&mut Vec<Attribute>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else has functions that are ours")]
    match item {
        Item::Impl(item) => Some(&mut item.attrs),
        Item::Trait(item) => Some(&mut item.attrs),
        // What is in another file is not to be seen.
        Item::Mod(item) if item.content.is_some() => Some(&mut item.attrs),
        _ => None,
    }
}

/// Puts in the place of `item` what records it.
fn replace(outer: &Options, item: &mut Item, errors: &mut TokenStream) {
    if let Item::Fn(function) = item {
        *item = Item::Verbatim(block::function(outer, None, function, errors));
        return;
    }
    let Some(attrs) = attributes(item) else { return };
    if let Some(cases) = conditional::cases(attrs) {
        let cases = cases.map(|case| {
            let mut item = item.clone();
            if let Some(attrs) = attributes(&mut item) {
                attrs.clone_from(&case.attrs);
            }
            let mut own = TokenStream::new();
            replace(outer, &mut item, &mut own);
            errors.extend(case.only(&own));
            item.into_token_stream()
        });
        *item = Item::Verbatim(cases.into_iter().collect());
        return;
    }
    match recorded(outer, item) {
        Ok(None) => {}
        Ok(Some(expanded)) => *item = Item::Verbatim(expanded),
        Err(error) => errors.extend(error.into_compile_error()),
    }
}

/// What stands in the place of a block; none if that stays as it is.
fn recorded(outer: &Options, item: &mut Item) -> Result<Option<TokenStream>> {
    let Some(attrs) = attributes(item) else { return Ok(None) };
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
