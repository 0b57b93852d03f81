//! Finds the future that a body ends with, in the body's tokens.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::quote;

/// A body that ends in `async { … }`, or in `path::pin(async { … })`, and cannot end anywhere else.
pub(crate) struct Tail {
    pub(crate) before: TokenStream,
    /// `async` or `async move`.
    pub(crate) head: TokenStream,
    pub(crate) block: Group,
    pub(crate) boxed: Option<Boxed>,
}

/// What is around the async block.
pub(crate) struct Boxed {
    /// `path::pin`
    path: TokenStream,
    /// Of what is in its parentheses.
    span: Span,
    /// Behind the block, perhaps.
    comma: Option<TokenTree>,
}

impl Tail {
    pub(crate) fn of(body: &Group) -> Option<Self> {
        let mut before = trees(body.stream());
        let (head, block, boxed) = if let Some(TokenTree::Group(group)) = before.last()
            && group.delimiter() == Delimiter::Parenthesis
        {
            let group = group.clone();
            before.pop();
            let mut inside = trees(group.stream());
            let comma = inside.pop_if(|tree| is_punct(tree, ','));
            let (head, block) = take_async_block(&mut inside)?;
            if !inside.is_empty() {
                return None;
            }
            let path = take_pin(&mut before)?;
            (head, block, Some(Boxed { path, span: group.span(), comma }))
        } else {
            let (head, block) = take_async_block(&mut before)?;
            (head, block, None)
        };
        let is_statement = match before.last() {
            None => true,
            Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Brace,
            Some(tree) => is_punct(tree, ';'),
        };
        if !is_statement || may_return(&before) {
            return None;
        }
        Some(Self { before: before.into_iter().collect(), head, block, boxed })
    }

    /// Whether the block takes its variables away with it.
    pub(crate) fn is_move(&self) -> bool {
        self.head.clone().into_iter().any(|tree| is_ident(&tree, "move"))
    }
}

impl Boxed {
    /// The same call with `future` for the async block.
    pub(crate) fn around(self, future: &TokenStream) -> TokenStream {
        let Self { path, span, comma } = self;
        let mut inside = Group::new(Delimiter::Parenthesis, quote!(#future #comma));
        inside.set_span(span);
        quote!(#path #inside)
    }
}

fn trees(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

/// Takes `async { … }` or `async move { … }` off the end.
fn take_async_block(trees: &mut Vec<TokenTree>) -> Option<(TokenStream, Group)> {
    let TokenTree::Group(block) = trees.pop()? else { return None };
    if block.delimiter() != Delimiter::Brace {
        return None;
    }
    let movement = trees.pop_if(|tree| is_ident(tree, "move"));
    let asyncness = trees.pop_if(|tree| is_ident(tree, "async"))?;
    Some((quote!(#asyncness #movement), block))
}

/// Takes a path whose last word is `pin` off the end.
fn take_pin(trees: &mut Vec<TokenTree>) -> Option<TokenStream> {
    let is_of_path = |tree: &TokenTree| {
        matches!(tree, TokenTree::Ident(ident) if ident != "return") || is_punct(tree, ':')
    };
    let start = trees.iter().rposition(|tree| !is_of_path(tree)).map_or(0, |before| before + 1);
    let path = trees.split_off(start);
    is_ident(path.last()?, "pin").then(|| path.into_iter().collect())
}

/// Macros of the standard library, and those that log: no way out but what is written in them.
const HARMLESS: &str = "assert assert_eq assert_ne concat dbg debug debug_assert debug_assert_eq \
                        debug_assert_ne env eprint eprintln error format format_args info matches \
                        panic print println stringify trace vec warn write writeln";

/// Whether there may be a way out of the function in `trees`: a macro may hide one.
fn may_return(trees: &[TokenTree]) -> bool {
    let may_hide_one = |pair: &[TokenTree]| {
        matches!(pair, [TokenTree::Ident(name), bang] if is_punct(bang, '!')
            && !HARMLESS.split(' ').any(|harmless| name == harmless))
    };
    trees.windows(2).any(may_hide_one)
        || trees.iter().any(|tree| {
            let is_within =
                matches!(tree, TokenTree::Group(group) if may_return(&self::trees(group.stream())));
            is_within || is_ident(tree, "return") || is_punct(tree, '?')
        })
}

fn is_ident(tree: &TokenTree, word: &str) -> bool {
    matches!(tree, TokenTree::Ident(ident) if ident == word)
}

fn is_punct(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use proc_macro2::{Delimiter, Group, TokenStream};
    use quote::quote;

    /// What stands before the future that the body ends with, and whether that is boxed.
    #[track_caller]
    fn check(body: TokenStream, expected: Option<(TokenStream, bool)>) {
        let tail = Tail::of(&Group::new(Delimiter::Brace, body));
        let found = tail.map(|tail| (tail.before.to_string(), tail.boxed.is_some()));
        assert_eq!(found, expected.map(|(before, boxed)| (before.to_string(), boxed)));
    }

    #[test]
    fn a_future_at_the_end_is_found() {
        check(quote!(async {}), Some((quote!(), false)));
        check(quote!(let a = f(); async move { a }), Some((quote!(let a = f();), false)));
        check(
            quote!(Box::pin(async move {
                return 3;
            })),
            Some((quote!(), true)),
        );
        check(
            quote!(if a { b(); } ::std::boxed::Box::pin(async {},)),
            Some((
                quote!(if a {
                    b();
                }),
                true,
            )),
        );
    }

    #[test]
    fn other_bodies_are_not_taken_apart() {
        check(quote!(), None);
        check(quote!(f()), None);
        check(quote!(f(async {})), None);
        check(quote!(Box::pin(async {}.map(f))), None);
        check(quote!(return Box::pin(async {})), None);
        check(quote!(a = async {}), None);
        check(quote!(async |a| {}), None);
        check(quote!(Box::pin(f(), async {})), None);
    }

    #[test]
    fn a_body_with_another_way_out_is_not_taken_apart() {
        check(quote!(if a { return Box::pin(b); } Box::pin(async {})), None);
        check(quote!(let a = f()?; async {}), None);
        check(quote!(ensure!(a); async {}), None);
        check(quote!(println!("{}", a?); async {}), None);
        let before = quote!(println!("{a}"););
        check(quote!(#before async {}), Some((before, false)));
    }
}
