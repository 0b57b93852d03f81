//! The token, where it comes in a form or in a query.

use crate::serve::question::decode;

/// The token, decoded; none if it is not there, or cannot be. A token holds no blank: where there is one, somebody wrote
/// the token's `+` as it is.
pub(super) fn token(form: &str) -> Option<String> {
    let mut fields = form.split('&').filter_map(|field| field.split_once('='));
    let value = fields.find(|(name, _)| *name == "token")?.1;
    decode(value).ok().map(|token| token.replace(' ', "+"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_and_decoded() {
        assert_eq!(token("a=1&token=x%2By").as_deref(), Some("x+y"));
        assert_eq!(token("a=token&tokens=1"), None);
        assert_eq!(token("token=%zz"), None);
    }

    #[test]
    fn a_token_that_is_written_as_it_is_keeps_its_plus() {
        assert_eq!(token("token=a+b/c+==").as_deref(), Some("a+b/c+=="));
    }
}
