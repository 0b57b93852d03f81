//! Feeds' descriptions as plain text. Reads no more HTML than descriptions need.

/// `html` without tags, with entities as their characters and runs of white space as one space.
pub fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(c) = rest.chars().next() {
        if let Some((after, separates)) = tag_end(rest) {
            // `<b>` sits within a word, `<p>` and `<br>` between two.
            if separates {
                text.push(' ');
            }
            rest = after;
        } else if let Some((decoded, after)) = entity(rest) {
            text.push(decoded);
            rest = after;
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What follows the tag that `text` begins with, and whether that tag separates words.
fn tag_end(text: &str) -> Option<(&str, bool)> {
    let inside = text.strip_prefix('<')?;
    // "a < b" is no tag.
    inside.chars().next().filter(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))?;
    let end = inside.find('>')?;
    let name = inside[..end].trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    let inline = ["a", "b", "i", "em", "strong", "span", "u", "code", "small"];
    Some((&inside[end + 1..], !inline.iter().any(|tag| name.eq_ignore_ascii_case(tag))))
}

/// The character of the entity that `text` begins with, and what follows it.
fn entity(text: &str) -> Option<(char, &str)> {
    let inside = text.strip_prefix('&')?;
    let end = inside.find(';').filter(|end| *end <= 8)?;
    let name = &inside[..end];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" | "ldquo" | "rdquo" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" => ' ',
        "ndash" | "mdash" => '-',
        "hellip" => '…',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((c, &inside[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    fn check(html: &str, expect: &str) {
        assert_eq!(plain_text(html), expect);
    }

    #[test]
    fn tags_go_and_words_stay_apart() {
        check("<p>One</p><p>two<br/>three</p>", "One two three");
        check("un<b>believ</b>able", "unbelievable");
    }

    #[test]
    fn entities_become_their_characters() {
        check("Tom &amp; Ann&#39;s caf&#xe9; &ndash; now", "Tom & Ann's café - now");
    }

    #[test]
    fn what_only_looks_like_markup_stays() {
        check("a < b & c; d &unknown; 5 > 4", "a < b & c; d &unknown; 5 > 4");
    }
}
