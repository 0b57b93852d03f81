//! What stands in the parentheses of `#[profile(…)]`. Knows nothing of what it stands on.

use crate::look::ErrOption;
use crate::name::Name;
use proc_macro2::{Ident, Span};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, LitStr, Member, Path, Result, Token, parenthesized};

/// The options given, each with where it was given.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<Name>,
    pub(crate) stage: Option<Span>,
    pub(crate) err: Option<ErrOption>,
    pub(crate) none: Option<Span>,
    pub(crate) skip: Option<Span>,
    pub(crate) tags: Option<Tags>,
    pub(crate) krate: Option<Path>,
}

/// `tags(…)`.
pub(crate) struct Tags {
    /// The word `tags`.
    pub(crate) span: Span,
    pub(crate) tags: Vec<Tag>,
}

/// `key = value`, or a value that is its own key.
pub(crate) struct Tag {
    pub(crate) key: LitStr,
    pub(crate) form: Form,
    pub(crate) value: Expr,
}

/// How a tag's value is taken.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// As the number, boolean or string it is.
    Plain,
    /// `%`: by `Display`.
    Display,
    /// `?`: by `Debug`.
    Debug,
}

const KNOWN: &str =
    "`name = …`, `stage`, `tags(…)`, `err`, `err(Debug)`, `none`, `skip` and `crate = path`";

impl Options {
    /// Where the first option that says something about a span stands, if there is one.
    pub(crate) fn about_a_span(&self) -> Option<(Span, &'static str)> {
        let name = self.name.as_ref().map(|name| (name.span(), "name"));
        let stage = self.stage.map(|span| (span, "stage"));
        let tags = self.tags.as_ref().map(|tags| (tags.span, "tags"));
        name.or(stage).or(tags).or(self.about_the_value())
    }

    /// Where the option that looks at what the function returns stands, if there is one.
    pub(crate) fn about_the_value(&self) -> Option<(Span, &'static str)> {
        let err = self.err.as_ref().map(|err| (err.span, "err"));
        err.or(self.none.map(|span| (span, "none")))
    }

    /// Refuses what makes no sense on a block or module, but on `one` of the things in it.
    pub(crate) fn only_about_a_block(&self, one: &str) -> Result<()> {
        if let Some(skip) = self.skip {
            let message = format_args!("`skip` goes on {one}; here it does nothing");
            return Err(Error::new(skip, message));
        }
        match self.about_a_span() {
            Some((span, option)) => {
                let message = format_args!("`{option}` is about one function: put it on {one}");
                Err(Error::new(span, message))
            }
            None => Ok(()),
        }
    }

    /// These, of something that stands in a block with others: what both may say is the block's
    /// unless it is said here.
    pub(crate) fn within(self, block: &Self) -> Self {
        Self { krate: self.krate.or_else(|| block.krate.clone()), ..self }
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(input.error(format_args!("expected one of {KNOWN}")));
        }
        let word = input.call(Ident::parse_any)?;
        let twice = || Error::new(word.span(), format_args!("`{word}` is given twice"));
        match word.to_string().as_str() {
            "name" => set(&mut self.name, Name::parse(&word, input)?, twice),
            "stage" => set(&mut self.stage, word.span(), twice),
            "skip" => set(&mut self.skip, word.span(), twice),
            "err" => set(&mut self.err, ErrOption::parse(&word, input)?, twice),
            "none" => set(&mut self.none, word.span(), twice),
            "tags" => set(&mut self.tags, Tags::parse(&word, input)?, twice),
            "crate" => {
                input.parse::<Token![=]>()?;
                let path = input.call(Path::parse_mod_style).map_err(|error| {
                    Error::new(error.span(), "`crate` takes a path: `crate = path::to::ferret`")
                })?;
                set(&mut self.krate, path, twice)
            }
            _ => Err(Error::new(
                word.span(),
                format_args!("unknown option `{word}`: `#[profile]` knows {KNOWN}"),
            )),
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            options.parse_one(input)?;
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        if let (Some(skip), Some((_, other))) = (options.skip, options.about_a_span()) {
            let message = format_args!("`skip` leaves the function out, so `{other}` says nothing");
            return Err(Error::new(skip, message));
        }
        if let (Some(_), Some(none)) = (&options.err, options.none) {
            let message =
                "`err` is for a `Result` and `none` for an `Option`: one of them is wrong";
            return Err(Error::new(none, message));
        }
        Ok(options)
    }
}

fn set<T>(slot: &mut Option<T>, value: T, twice: impl Fn() -> Error) -> Result<()> {
    match slot.replace(value) {
        Some(_) => Err(twice()),
        None => Ok(()),
    }
}

pub(crate) fn not_blank(text: &LitStr, message: &str) -> Result<()> {
    if text.value().trim().is_empty() {
        return Err(Error::new(text.span(), message));
    }
    Ok(())
}

impl Tags {
    fn parse(word: &Ident, input: ParseStream<'_>) -> Result<Self> {
        if !input.peek(syn::token::Paren) {
            return Err(Error::new(word.span(), "`tags` takes a list: `tags(user = id)`"));
        }
        let content;
        parenthesized!(content in input);
        let tags: Vec<Tag> =
            Punctuated::<Tag, Token![,]>::parse_terminated(&content)?.into_iter().collect();
        for (index, tag) in tags.iter().enumerate() {
            let key = tag.key.value();
            if tags[..index].iter().any(|earlier| earlier.key.value() == key) {
                let message = format_args!("the tag `{key}` is given twice");
                return Err(Error::new(tag.key.span(), message));
            }
        }
        Ok(Self { span: word.span(), tags })
    }
}

impl Parse for Tag {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = if input.peek(LitStr) {
            let key: LitStr = input.parse()?;
            not_blank(&key, "a tag needs a key")?;
            Some(key)
        } else if input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==])
        {
            let key = input.call(Ident::parse_any)?;
            Some(LitStr::new(&key.unraw().to_string(), key.span()))
        } else {
            None
        };
        if key.is_some() {
            input.parse::<Token![=]>()?;
        }
        let form = if input.parse::<Option<Token![%]>>()?.is_some() {
            Form::Display
        } else if input.parse::<Option<Token![?]>>()?.is_some() {
            Form::Debug
        } else {
            Form::Plain
        };
        let value: Expr = input.parse()?;
        let key = match key {
            Some(key) => key,
            None => own_key(&value)?,
        };
        Ok(Self { key, form, value })
    }
}

/// The key of a value that is written without one: a variable's or a field's name.
fn own_key(value: &Expr) -> Result<LitStr> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
    let name = match value {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => match &field.member {
            Member::Named(name) => Some(name),
            Member::Unnamed(_) => None,
        },
        _ => None,
    };
    match name {
        Some(name) => Ok(LitStr::new(&name.unraw().to_string(), name.span())),
        None => Err(Error::new(value.span(), "this tag needs a key: `key = value`")),
    }
}
