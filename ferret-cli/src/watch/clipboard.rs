//! Text for the clipboard of the terminal that the screen is on, as an escape sequence (OSC 52): the
//! terminal puts it there, also over ssh. tmux takes it with `set-clipboard on`, and hands it to the
//! terminal outside with `allow-passthrough on`.

/// Terminals drop sequences that are too long; a row never is.
const LONGEST: usize = 32 << 10;

/// What to write to the terminal; in tmux once for it, and once more in a wrapper for the terminal
/// that it is on.
pub(super) fn sequence(text: &str, in_tmux: bool) -> String {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let plain = format!("\u{1b}]52;c;{}\u{7}", base64(&text.as_bytes()[..end]));
    if !in_tmux {
        return plain;
    }
    let doubled = plain.replace('\u{1b}', "\u{1b}\u{1b}");
    format!("{plain}\u{1b}Ptmux;{doubled}\u{1b}\\")
}

/// As RFC 4648 has it, filled up.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let byte = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let index = (bits >> (18 - 6 * place)) & 63;
            // A letter for every eight bits begun, and one for the rest.
            let is_there = place <= three.len();
            text.push(if is_there { char::from(LETTERS[index as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_letters_as_the_rfc_has_it() {
        for (bytes, expect) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
            ("µs", "wrVz"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), expect, "{bytes}");
        }
    }

    #[test]
    fn in_tmux_it_is_said_to_tmux_and_to_the_terminal_outside() {
        assert_eq!(sequence("foo", false), "\u{1b}]52;c;Zm9v\u{7}");
        let both = "\u{1b}]52;c;Zm9v\u{7}\u{1b}Ptmux;\u{1b}\u{1b}]52;c;Zm9v\u{7}\u{1b}\\";
        assert_eq!(sequence("foo", true), both);
    }

    #[test]
    fn what_is_too_long_is_cut_between_letters() {
        let long = "é".repeat(LONGEST);
        assert!(sequence(&long, false).len() < LONGEST * 3 / 2);
        assert!(sequence(&format!("x{long}"), false).len() < LONGEST * 3 / 2);
    }
}
