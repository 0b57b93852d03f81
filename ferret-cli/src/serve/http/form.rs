//! A field of a form, or of a query: the token, where it comes in one.

use crate::serve::question::decode;

/// The value of a field, decoded; none if it is not there, or cannot be.
pub(super) fn field(form: &str, name: &str) -> Option<String> {
    let fields = form.split('&').filter_map(|field| field.split_once('='));
    let value = fields.into_iter().find(|(found, _)| *found == name)?.1;
    decode(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_and_decoded() {
        assert_eq!(field("a=1&token=x%2By+z", "token").as_deref(), Some("x+y z"));
        assert_eq!(field("a=token&tokens=1", "token"), None);
        assert_eq!(field("token=%zz", "token"), None);
    }
}
