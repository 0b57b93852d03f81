//! `#[profile]` on a module: everything in it that can be recorded, as if each thing had the
//! attribute.

use crate::attr::Options;
use crate::block::{self, Block, bare, take_options};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit::Visit;
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
    let used = used(options, items);
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

/// Uses what the module imports for the attributes in it: those will be gone, and the import would
/// seem unused. What is not imported is not needed either.
fn used(options: &Options, items: &[Item]) -> TokenStream {
    let mut imports = Imports(Vec::new());
    for item in items {
        imports.visit_item(item);
    }
    let site = Span::mixed_site();
    let krate = options.krate.as_ref().map(|krate| quote!(crate = #krate));
    let uses = imports.0.into_iter().map(
        |name| quote_spanned!(site=> const _: () = { #[#name(skip, #krate)] const fn _used() {} };),
    );
    uses.collect()
}

/// The names under which a module's own `use`s import this attribute.
struct Imports<'a>(Vec<&'a Ident>);

impl<'a> Visit<'a> for Imports<'a> {
    fn visit_use_name(&mut self, name: &'a syn::UseName) {
        if name.ident == "profile" {
            self.0.push(&name.ident);
        }
    }

    // What is in bodies and other modules is their own.
    fn visit_block(&mut self, _: &'a syn::Block) {}

    fn visit_item_mod(&mut self, _: &'a ItemMod) {}
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
