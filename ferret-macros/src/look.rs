//! How the value that a function returned is looked at: for its outcome, for its error (`err`), for
//! whether there is one (`none`).

use crate::attr::{Form, Options};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::parse::ParseStream;
use syn::{Error, Result, parenthesized};

/// `err`, `err(Debug)`.
pub(crate) struct ErrOption {
    /// The word `err`.
    pub(crate) span: Span,
    form: Form,
}

impl ErrOption {
    /// What follows the word `err`.
    pub(crate) fn parse(word: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let mut form = Form::Display;
        if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            let how = content.parse::<Ident>().ok();
            form = match how.as_ref().map(ToString::to_string).as_deref() {
                Some("Debug") if content.is_empty() => Form::Debug,
                Some("Display") if content.is_empty() => Form::Display,
                _ => {
                    let message = "`err` records the error by `Display`, `err(Debug)` by `Debug`";
                    return Err(Error::new(how.map_or(word.span(), |how| how.span()), message));
                }
            };
        }
        Ok(Self { span: word.span(), form })
    }
}

/// Looks at a value, or at a reference to it, that is called `__ferret_result`.
pub(crate) struct Look<'a> {
    pub(crate) ferret: &'a TokenStream,
    pub(crate) private: &'a TokenStream,
    pub(crate) options: &'a Options,
}

impl Look<'_> {
    /// Statements to run while the span is open; empty if it need not be.
    pub(crate) fn note(&self, is_reference: bool) -> TokenStream {
        let Some(ErrOption { span, form }) = &self.options.err else { return TokenStream::new() };
        let site = Span::mixed_site();
        let how = if matches!(form, Form::Debug) { "error_debug" } else { "error_display" };
        let (ferret, how) = (self.ferret, Ident::new(how, site));
        // At the word, for the compiler to point at if the function returns no `Result`.
        let result = result(site.located_at(*span), is_reference);
        quote_spanned!(site=> #ferret::__tag!((here) #how, ("error"), #result);)
    }

    /// An expression: how the function ended.
    pub(crate) fn outcome(&self, is_reference: bool) -> TokenStream {
        let site = Span::mixed_site();
        let private = self.private;
        if let Some(none) = self.options.none {
            let result = result(site.located_at(none), is_reference);
            return quote_spanned!(site=> #private::none_is_err(#result));
        }
        let result = result(site, is_reference);
        quote_spanned!(site=> #private::Returned(#result).outcome())
    }

    /// For functions whose value cannot be looked at, and `why`.
    pub(crate) fn refuse(&self, why: &str) -> Result<()> {
        match self.options.about_the_value() {
            Some((span, word)) => Err(Error::new(span, format_args!("`{word}` {why}"))),
            None => Ok(()),
        }
    }
}

fn result(site: Span, is_reference: bool) -> TokenStream {
    if is_reference {
        quote_spanned!(site=> __ferret_result)
    } else {
        quote_spanned!(site=> &__ferret_result)
    }
}
