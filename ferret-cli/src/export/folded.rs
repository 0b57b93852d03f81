//! Collapsed stacks: `program;module::outer;module::inner 1234`, a line each, with the time that the
//! innermost was at work by itself, in nanoseconds. The format is that of Brendan Gregg's
//! stackcollapse scripts, <https://github.com/brendangregg/FlameGraph#2-fold-stacks>.

use super::stacks::{Added, ByStack, full_name};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The lines.
#[derive(Debug)]
pub(super) struct Folded;

impl ByStack for Folded {
    fn write(&self, added: &Added<'_>, out: &mut dyn Write) -> io::Result<()> {
        // Processes of one program are one.
        let mut lines: BTreeMap<String, u64> = BTreeMap::new();
        for tree in &added.trees {
            for stack in tree.stacks().filter(|stack| stack.self_ns > 0) {
                let mut line = frame(&tree.program);
                for info in stack.frames {
                    line.push(';');
                    line.push_str(&frame(&full_name(info)));
                }
                let sum = lines.entry(line).or_default();
                *sum = sum.saturating_add(stack.self_ns);
            }
        }
        for (line, ns) in lines {
            writeln!(out, "{line} {ns}")?;
        }
        Ok(())
    }
}

/// A name as a frame: `;` would divide it and a line's end would end it. Blanks may stay, since what
/// reads the format takes the last one of a line for the divider.
fn frame(name: &str) -> String {
    let plain = |c: char| match c {
        ';' => ':',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
        c => c,
    };
    let name: String = name.chars().map(plain).collect();
    if name.trim().is_empty() { "?".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_two_frames_or_two_lines() {
        for (name, expect) in [
            ("plain::name", "plain::name"),
            ("a;b 3\nc", "a:b 3 c"),
            ("", "?"),
            ("\r\n", "?"),
            ("one block", "one block"),
        ] {
            assert_eq!(frame(name), expect);
        }
    }
}
