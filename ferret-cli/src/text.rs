//! How numbers and names are written for people: durations, sizes, counts, and names cut to the
//! columns there are. Everything a terminal shows goes through here, so tables and screens agree.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const S: u64 = 1_000_000_000;

/// A duration with about three digits: `850 ns`, `12.3 µs`, `1.20 s`, `2m 05s`, `3h 07m`.
pub(crate) fn duration(ns: u64) -> String {
    match ns {
        0..US => format!("{ns} ns"),
        US..MS => three_digits(ns, US, "µs"),
        MS..S => three_digits(ns, MS, "ms"),
        // 59.95 s and more would be written 60.0 s.
        S..59_950_000_000 => three_digits(ns, S, "s"),
        _ => minutes(ns),
    }
}

/// The age of something that still grows, in steps of a tenth of a second: `0.3 s`, `12.3 s`,
/// `2m 05s`. Never wider than seven columns below a hundred days.
pub(crate) fn age(ns: u64) -> String {
    let tenths = ns / (S / 10);
    if tenths < 600 { format!("{}.{} s", tenths / 10, tenths % 10) } else { minutes(ns / S * S) }
}

fn minutes(ns: u64) -> String {
    let seconds = (ns + S / 2) / S;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match seconds {
        0..3_600 => format!("{minutes}m {:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h {minutes:02}m"),
        _ => format!("{days}d {hours:02}h"),
    }
}

/// `value / unit` with three digits.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn three_digits(value: u64, unit: u64, name: &str) -> String {
    let value = value as f64 / unit as f64;
    // Where rounding would add a digit, it has one decimal fewer.
    match value {
        ..9.995 => format!("{value:.2} {name}"),
        ..99.95 => format!("{value:.1} {name}"),
        _ => format!("{value:.0} {name}"),
    }
}

/// A size in binary units: `512 B`, `1.50 KiB`, `212 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    // 1,000 of a unit is written as 0.98 of the next: three digits always do.
    let fits = |(_, shift): &&(&str, u32)| (bytes >> shift) < 1_000;
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let (name, shift) = UNITS.iter().find(fits).unwrap_or(&UNITS[3]);
    three_digits(bytes, 1 << shift, name)
}

/// A count with its thousands marked: `12,345`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count in at most five columns: `850`, `12.3k`, `1.20M`.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn short_count(n: u64) -> String {
    let (unit, name) = match n {
        0..10_000 => return n.to_string(),
        10_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    let value = n as f64 / f64::from(unit);
    match value {
        ..9.995 => format!("{value:.2}{name}"),
        ..99.95 => format!("{value:.1}{name}"),
        _ => format!("{value:.0}{name}"),
    }
}

/// Percent without decimals where there are two digits or more: `3.2 %`, `98 %`, `187 %`.
pub(crate) fn percent(value: f64) -> String {
    if value.abs() < 9.95 { format!("{value:.1} %") } else { format!("{value:.0} %") }
}

/// Columns a text takes in a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `columns`, cut in the middle where it is wider, since the ends tell names
/// apart. Control characters, which would move a terminal's cursor, become `�`.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let clean: String = if text.contains(char::is_control) {
        text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
    } else {
        text.to_owned()
    };
    if clean.width() <= columns {
        return clean;
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let head = take(clean.graphemes(true), room.div_ceil(2));
    let tail: Vec<&str> = take(clean.graphemes(true).rev(), room - columns_of(&head));
    let tail = tail.into_iter().rev();
    head.into_iter().chain(["…"]).chain(tail).collect()
}

/// The text in exactly `columns`, cut as [`fit`] does, or filled with blanks on the right.
pub(crate) fn pad(text: &str, columns: usize) -> String {
    let mut fitted = fit(text, columns);
    let missing = columns.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text in exactly `columns`, filled with blanks on the left.
pub(crate) fn pad_left(text: &str, columns: usize) -> String {
    let fitted = fit(text, columns);
    " ".repeat(columns.saturating_sub(fitted.width())) + &fitted
}

fn take<'a>(graphemes: impl Iterator<Item = &'a str>, columns: usize) -> Vec<&'a str> {
    let mut room = columns;
    let fits = |grapheme: &&str| {
        let left = room.checked_sub(grapheme.width());
        room = left.unwrap_or(0);
        left.is_some()
    };
    graphemes.take_while(fits).collect()
}

fn columns_of(graphemes: &[&str]) -> usize {
    graphemes.iter().map(|grapheme| grapheme.width()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T>(write: impl Fn(T) -> String, cases: impl IntoIterator<Item = (T, &'static str)>) {
        for (value, expected) in cases {
            assert_eq!(write(value), expected);
        }
    }

    #[test]
    fn durations_have_three_digits() {
        check(
            duration,
            [
                (0, "0 ns"),
                (999, "999 ns"),
                (1_000, "1.00 µs"),
                (12_345, "12.3 µs"),
                (9_999_000, "10.0 ms"),
                (123_456_789, "123 ms"),
                (1_204_000_000, "1.20 s"),
                (59_949_000_000, "59.9 s"),
                (59_950_000_000, "1m 00s"),
                (125 * S, "2m 05s"),
                (11_220 * S, "3h 07m"),
                (100_000 * S, "1d 03h"),
            ],
        );
    }

    #[test]
    fn ages_tick_in_tenths() {
        check(
            age,
            [
                (0, "0.0 s"),
                (340_000_000, "0.3 s"),
                (59_999_000_000, "59.9 s"),
                (60 * S, "1m 00s"),
                (119_999_000_000, "1m 59s"),
            ],
        );
    }

    #[test]
    fn sizes_are_binary() {
        check(
            bytes,
            [
                (0, "0 B"),
                (1_023, "1.00 KiB"),
                (1_536, "1.50 KiB"),
                (222_298_112, "212 MiB"),
                (1_000 << 20, "0.98 GiB"),
                (u64::MAX, "16777216 TiB"),
            ],
        );
    }

    #[test]
    fn counts_are_readable() {
        check(count, [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]);
        check(short_count, [(9_999, "9999"), (12_345, "12.3k"), (1_200_000, "1.20M")]);
        check(percent, [(0.0, "0.0 %"), (3.21, "3.2 %"), (98.4, "98 %"), (187.0, "187 %")]);
    }

    #[test]
    fn long_names_are_cut_in_the_middle() {
        check(
            |(text, columns)| fit(text, columns),
            [
                (("transcribe", 10), "transcribe"),
                (("transcribe", 9), "tran…ribe"),
                (("transcribe", 4), "tr…e"),
                (("transcribe", 1), "…"),
                (("transcribe", 0), ""),
            ],
        );
    }

    #[test]
    fn wide_letters_never_overrun_their_columns() {
        for columns in 0..20 {
            for text in ["音声認識パイプライン", "a音b声c認d識", "e\u{301}cole des 👩‍🚀👩‍🚀 fous"]
            {
                assert!(width(&fit(text, columns)) <= columns, "{text} in {columns}");
                assert_eq!(width(&pad(text, columns)), columns, "{text} in {columns}");
                assert_eq!(width(&pad_left(text, columns)), columns, "{text} in {columns}");
            }
        }
        assert_eq!(fit("音声認識", 5), "音…識");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(fit("a\x1b[31mb\n", 20), "a\u{fffd}[31mb\u{fffd}");
    }
}
