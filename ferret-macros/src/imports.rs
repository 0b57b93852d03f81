//! What a recorded module imports for the attributes in it. Those will be gone, and `use
//! ferret::profile` would seem unused, so it is used once more. What is not imported is not needed
//! either.

use crate::attr::Options;
use crate::conditional::is_conditional;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, Path};

/// Uses the attribute under the name by which these items of a module import it, if that name stands
/// on one of them. Else what is imported may as well be a module or a function called `profile`.
pub(crate) fn used(options: &Options, items: &[Item]) -> TokenStream {
    let mut standing = Standing(false);
    for item in items {
        standing.visit_item(item);
    }
    if !standing.0 {
        return TokenStream::new();
    }
    let site = Span::mixed_site();
    let krate = options.krate.as_ref().map(|krate| quote!(crate = #krate));
    let uses = Imports::of(items).names.into_iter().map(|(cfgs, name)| {
        quote_spanned! {site=>
            #(#cfgs)*
            const _: () = { #[#name(skip, #krate)] const fn _used() {} };
        }
    });
    uses.collect()
}

/// A module's own `use`s.
#[derive(Default)]
struct Imports<'a> {
    /// The names under which something is imported that may be this attribute, and on what condition.
    names: Vec<(Vec<&'a Attribute>, &'a Ident)>,
    /// Whether there is a `use …::*`, which may be of a module that imports it.
    has_glob: bool,
    /// The conditions of the `use` that is looked at.
    cfgs: Vec<&'a Attribute>,
}

impl<'a> Imports<'a> {
    fn of(items: &'a [Item]) -> Self {
        let mut imports = Self::default();
        for item in items {
            imports.visit_item(item);
        }
        imports
    }
}

impl<'a> Visit<'a> for Imports<'a> {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.cfgs = item.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
        visit::visit_item_use(self, item);
    }

    fn visit_use_name(&mut self, name: &'a syn::UseName) {
        if name.ident == "profile" {
            self.names.push((self.cfgs.clone(), &name.ident));
        }
    }

    fn visit_use_glob(&mut self, _: &'a syn::UseGlob) {
        self.has_glob = true;
    }

    // What is in bodies and other modules is their own.
    fn visit_block(&mut self, _: &'a syn::Block) {}

    fn visit_item_mod(&mut self, _: &'a ItemMod) {}
}

/// Whether this attribute stands on something under its bare name, which then is the module's.
struct Standing(bool);

impl Standing {
    fn on(&mut self, attrs: &[Attribute]) {
        let is_bare = |path: &Path| path.is_ident("profile");
        self.0 |= attrs.iter().any(|attr| is_bare(attr.path()) || is_conditional(attr, &is_bare));
    }
}

impl<'a> Visit<'a> for Standing {
    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        self.on(&item.attrs);
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.on(&item.attrs);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        self.on(&item.attrs);
    }

    fn visit_item_impl(&mut self, item: &'a syn::ItemImpl) {
        self.on(&item.attrs);
        visit::visit_item_impl(self, item);
    }

    fn visit_item_trait(&mut self, item: &'a syn::ItemTrait) {
        self.on(&item.attrs);
        visit::visit_item_trait(self, item);
    }

    fn visit_item_mod(&mut self, item: &'a ItemMod) {
        self.on(&item.attrs);
        let Some((_, items)) = &item.content else { return };
        let theirs = Imports::of(items);
        // In there the name is this module's only if it comes through `use super::*`.
        if theirs.has_glob && theirs.names.is_empty() {
            for item in items {
                self.visit_item(item);
            }
        }
    }
}
