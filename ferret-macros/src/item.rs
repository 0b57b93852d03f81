//! What `#[profile]` stands on: a function, a block of methods, or a module; for anything else, why
//! not.

use crate::attr::Options;
use crate::{block, expand, module};
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Item, Result, Signature, Token, Visibility};

/// A function with a body, or without one.
///
/// The body is kept as the tokens it is, not parsed: it may use syntax that `syn` does not know
/// yet, an editor sees through a body that is being typed, and the compiler's messages about it
/// stay where they belong.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) defaultness: Option<Token![default]>,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

#[derive(Clone)]
pub(crate) enum Body {
    /// `{ … }`, with the inner attributes (`#![…]`) that stood in it taken out.
    Block { inner: Vec<Attribute>, group: Group },
    /// `;`
    None(Token![;]),
}

/// The whole attribute: from its tokens to the item's replacement. On an error the item stays as
/// it was, so that the one mistake is the one message.
pub(crate) fn profile(options: TokenStream, item: TokenStream) -> TokenStream {
    match expand_item(options, item.clone()) {
        Ok(expanded) => expanded,
        Err(error) => {
            let mut tokens = item;
            tokens.extend(error.into_compile_error());
            tokens
        }
    }
}

fn expand_item(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options: Options = syn::parse2(options)?;
    match syn::parse2(item)? {
        Annotated::Function(function) => expand::function(&options, None, &function),
        Annotated::Impl(item) => block::methods(&options, block::Block::Impl(item)),
        Annotated::Trait(item) => block::methods(&options, block::Block::Trait(item)),
        Annotated::Module(item) => module::items(&options, item),
    }
}

enum Annotated {
    Function(Function),
    Impl(syn::ItemImpl),
    Trait(syn::ItemTrait),
    Module(syn::ItemMod),
}

impl Parse for Annotated {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let ahead = input.fork();
        if let Ok(function) = ahead.parse() {
            input.advance_to(&ahead);
            return Ok(Self::Function(function));
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
        match input.parse()? {
            Item::Impl(item) => Ok(Self::Impl(item)),
            Item::Trait(item) => Ok(Self::Trait(item)),
            Item::Mod(item) => Ok(Self::Module(item)),
            other => Err(refuse(&other)),
        }
    }
}

/// Says why the attribute cannot stand on `item`, pointing at the word that makes it so.
fn refuse(item: &Item) -> Error {
    let on_functions = "`#[profile]` goes on functions, methods, `impl`, `trait` and `mod` blocks";
    let say = |span: Span, what: &str| Error::new(span, format_args!("{on_functions}, {what}"));
    #[expect(clippy::wildcard_enum_match_arm, reason = "syn's enums grow")]
    match item {
        Item::ForeignMod(item) => Error::new(
            item.abi.span(),
            "`#[profile]` needs a body: what an `extern` block declares is defined elsewhere; \
             annotate a Rust function that calls it",
        ),
        Item::Struct(item) => say(item.struct_token.span, "not on a `struct`: annotate its `impl`"),
        Item::Enum(item) => say(item.enum_token.span, "not on an `enum`: annotate its `impl`"),
        Item::Union(item) => say(item.union_token.span, "not on a `union`: annotate its `impl`"),
        other => say(other.span(), "not on this"),
    }
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let is_default = input.peek(Token![default]) && !input.peek2(Token![!]);
        let defaultness = if is_default { Some(input.parse()?) } else { None };
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            Body::None(input.parse()?)
        } else {
            let group = braces(input)?;
            let (inner, group) = without_inner_attributes(group)?;
            Body::Block { inner, group }
        };
        Ok(Self { attrs, vis, defaultness, sig, body })
    }
}

/// The next token tree, which must be `{ … }`; a body that came through a `macro_rules!` variable
/// (`$body:block`) has an invisible group around it.
fn braces(input: ParseStream<'_>) -> Result<Group> {
    input.step(|cursor| {
        let Some((mut tree, after)) = cursor.token_tree() else {
            return Err(cursor.error("expected a function's body"));
        };
        while let TokenTree::Group(group) = &tree {
            match (group.delimiter(), group.stream().into_iter().next()) {
                (Delimiter::Brace, _) => return Ok((group.clone(), after)),
                (Delimiter::None, Some(inside)) => tree = inside,
                _ => break,
            }
        }
        Err(cursor.error("expected a function's body"))
    })
}

fn without_inner_attributes(group: Group) -> Result<(Vec<Attribute>, Group)> {
    fn split(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
        Ok((input.call(Attribute::parse_inner)?, input.parse()?))
    }
    let (inner, rest) = syn::parse::Parser::parse2(split, group.stream())?;
    if inner.is_empty() {
        return Ok((inner, group));
    }
    let mut stripped = Group::new(Delimiter::Brace, rest);
    stripped.set_span(group.span());
    Ok((inner, stripped))
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attr in &self.attrs {
            attr.to_tokens(tokens);
        }
        self.vis.to_tokens(tokens);
        self.defaultness.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        match &self.body {
            Body::None(semi) => semi.to_tokens(tokens),
            Body::Block { inner, group } => {
                let mut content = TokenStream::new();
                for attr in inner {
                    attr.to_tokens(&mut content);
                }
                content.extend(group.stream());
                let mut whole = Group::new(Delimiter::Brace, content);
                whole.set_span(group.span());
                whole.to_tokens(tokens);
            }
        }
    }
}
