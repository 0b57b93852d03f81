//! `name = …`: a span's name, fixed in the source or made of the arguments when the span begins.

use crate::attr::not_blank;
use crate::expand;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Error, Expr, Lit, Result, Token};

/// What stands behind `name =`.
pub(crate) enum Name {
    /// A string that the compiler knows.
    Fixed(Expr),
    /// Anything else.
    Computed(Expr),
}

impl Name {
    /// What follows the word `name`.
    pub(crate) fn parse(word: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let is_given = input.parse::<Option<Token![=]>>()?.is_some() && !input.is_empty();
        if !is_given {
            let message = "`name` takes a string or an expression: `name = \"decode\"`";
            return Err(Error::new(word.span(), message));
        }
        let value: Expr = input.parse()?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "all other expressions are alike here")]
        match &value {
            Expr::Lit(literal) => {
                let Lit::Str(text) = &literal.lit else {
                    let message = "a span's name is text: `name = \"decode\"`";
                    return Err(Error::new(value.span(), message));
                };
                not_blank(text, "`name` is empty: a span needs one to be known by")?;
                Ok(Self::Fixed(value))
            }
            // These give a literal, and can do nothing else, unless they are the program's own.
            Expr::Macro(call) if is_literal(&call.mac.path) => Ok(Self::Fixed(value)),
            _ => Ok(Self::Computed(value)),
        }
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Span {
        match self {
            Self::Fixed(value) | Self::Computed(value) => value.span(),
        }
    }
}

fn is_literal(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|name| name.ident == "concat" || name.ident == "stringify")
}

/// Statements that leave the callsite of this name in `__ferret_callsite`; `place` are the arguments
/// of a callsite by the name it has in the source.
pub(crate) fn computed(private: &TokenStream, value: &Expr, place: &TokenStream) -> TokenStream {
    let site = Span::mixed_site();
    let value = expand::reference(value);
    // In a block of its own, where the user's expression cannot see it.
    quote_spanned! {site=>
        let __ferret_names = {
            static NAMES: #private::Names = #private::Names::new(#place);
            &NAMES
        };
        let __ferret_callsite = if #private::naming() {
            #private::named(#value, __ferret_names)
        } else {
            __ferret_names.unnamed()
        };
    }
}
