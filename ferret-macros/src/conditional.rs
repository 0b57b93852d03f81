//! `#[cfg_attr(condition, profile(…))]` on something in a recorded block or module.
//!
//! Whether the condition holds is not known while the block is expanded, and left to itself the
//! attribute would come after the block's: a second span, or a `skip` too late. So the thing is
//! written twice, as it is where the condition holds and where it does not, and the compiler keeps one.

use crate::expand;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Meta, Path, Token, parse_quote, parse_quote_spanned};

/// What a thing's attributes are in one of the two cases.
pub(crate) struct Case {
    /// `#[cfg(…)]` of the case, which is also among `attrs`.
    cfg: Attribute,
    pub(crate) attrs: Vec<Attribute>,
}

impl Case {
    /// These errors, in this case alone.
    pub(crate) fn only(&self, errors: &TokenStream) -> TokenStream {
        if errors.is_empty() {
            return TokenStream::new();
        }
        let cfg = &self.cfg;
        quote!(#cfg const _: () = { #errors };)
    }
}

/// The two cases of the first attribute that is this one under a condition, if there is such.
pub(crate) fn cases(attrs: &[Attribute]) -> Option<[Case; 2]> {
    let at = attrs.iter().position(|attr| is_conditional(attr, &expand::is_profile_path))?;
    let CfgAttr { condition, list } = attrs[at].parse_args().ok()?;
    let case = |cfg: Attribute, own: Vec<Attribute>| {
        let (before, behind) = (attrs[..at].iter().cloned(), attrs[at + 1..].iter().cloned());
        let attrs = before.chain([cfg.clone()]).chain(own).chain(behind).collect();
        Case { cfg, attrs }
    };
    let own = list.into_iter().map(|meta| parse_quote_spanned!(meta.span()=> #[#meta])).collect();
    Some([
        case(parse_quote!(#[cfg(#condition)]), own),
        case(parse_quote!(#[cfg(not(#condition))]), Vec::new()),
    ])
}

/// Whether `attr` gives, under a condition, one whose path is such.
pub(crate) fn is_conditional(attr: &Attribute, is_such: &impl Fn(&Path) -> bool) -> bool {
    gives(&attr.meta, is_such)
}

fn gives(meta: &Meta, is_such: &impl Fn(&Path) -> bool) -> bool {
    let Meta::List(list) = meta else { return false };
    list.path.is_ident("cfg_attr")
        // If it is not understood here, the compiler will say why.
        && list.parse_args::<CfgAttr>().is_ok_and(|CfgAttr { list, .. }| {
            list.iter().any(|meta| is_such(meta.path()) || gives(meta, is_such))
        })
}

/// What stands in the parentheses of `cfg_attr`.
struct CfgAttr {
    condition: TokenStream,
    list: Vec<Meta>,
}

impl Parse for CfgAttr {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut condition = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            input.parse::<proc_macro2::TokenTree>()?.to_tokens(&mut condition);
        }
        input.parse::<Token![,]>()?;
        let list = Punctuated::<Meta, Token![,]>::parse_terminated(input)?;
        Ok(Self { condition, list: list.into_iter().collect() })
    }
}
