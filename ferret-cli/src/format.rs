//! Numbers as people read them, the same in every table and on every screen: three digits and a
//! unit for durations and bytes, thousands separated in counts.

/// A duration: `0 ns`, `850 ns`, `12.3 µs`, `250 ms`, `1.50 s`, `1m 30s`, `2h 05m`, `3d 04h`.
pub(crate) fn duration(ns: u64) -> String {
    if ns < 1_000 {
        return format!("{ns} ns");
    }
    // Minutes from 59.95 s on: no three digits stand for less than that and read 60.0 s.
    if ns < 59_950_000_000 {
        return three_digits(u128::from(ns) * 1_000, 1_000, &["ns", "µs", "ms", "s"]);
    }
    minutes(ns.saturating_add(500_000_000) / 1_000_000_000)
}

/// The age of what goes on, in tenths of a second and then in seconds, so that it ticks evenly:
/// `0.3 s`, `12.3 s`, `2m 05s`, `2h 05m`.
pub(crate) fn age(ns: u64) -> String {
    let tenths = ns / 100_000_000;
    if tenths < 600 { format!("{}.{} s", tenths / 10, tenths % 10) } else { minutes(tenths / 10) }
}

fn minutes(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    if seconds < HOUR {
        format!("{}m {:02}s", seconds / MINUTE, seconds % MINUTE)
    } else if seconds < DAY {
        format!("{}h {:02}m", seconds / HOUR, seconds % HOUR / MINUTE)
    } else {
        format!("{}d {:02}h", seconds / DAY, seconds % DAY / HOUR)
    }
}

/// Bytes: `0 B`, `512 B`, `1.50 KiB`, `310 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    if bytes < 1_024 {
        return format!("{bytes} B");
    }
    three_digits(u128::from(bytes) * 1_000, 1_024, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

/// A count: `1,234,567`.
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What is left out of a list of things called `what`: `3 more counters`, `1 more counter`; none
/// of none.
pub(crate) fn more(left_out: u64, what: &str) -> Option<String> {
    let plural = if left_out == 1 { "" } else { "s" };
    (left_out > 0).then(|| format!("{} more {what}{plural}", count(left_out)))
}

/// A number the program made: whole ones as [`count`] has them, others with four digits or as
/// many as stand before the point: `12,345`, `0.250`, `-2.500`, `1.20e-9`, `6.02e23`.
pub(crate) fn number(number: f64) -> String {
    let size = number.abs();
    let sign = if number < 0.0 { "-" } else { "" };
    // Beyond, not every whole number can be told from its neighbours.
    if size >= 1e15 || (size > 0.0 && size < 0.001) {
        return format!("{number:.2e}");
    }
    let decimals = match size {
        _ if size.fract() == 0.0 || size >= 1_000.0 => 0,
        _ if size >= 99.95 => 1,
        _ if size >= 9.995 => 2,
        _ => 3,
    };
    if decimals > 0 {
        return format!("{sign}{size:.decimals$}");
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, below 1e15"
    )]
    let whole = size.round() as u64;
    format!("{sign}{}", count(whole))
}

/// The same in seven columns or a few more, where there is no room: `12.3k`, `-1.20M`.
pub(crate) fn short_number(number: f64) -> String {
    let size = number.abs();
    if !(10_000.0..1e15).contains(&size) {
        return self::number(number);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, below 1e15"
    )]
    let short = short_count(size.round() as u64);
    if number < 0.0 { format!("-{short}") } else { short }
}

/// A rate, with no more than a decimal: `0.4`, `82.5`, `12.3k`.
pub(crate) fn short_rate(per_second: f64) -> String {
    let size = per_second.abs();
    // Below a twentieth it reads as none.
    let rounded = if size < 0.05 { 0.0 } else { per_second };
    if size < 1_000.0 && rounded.fract() != 0.0 {
        format!("{rounded:.1}")
    } else {
        short_number(rounded.round())
    }
}

/// A count in five columns, where there is no room for more: `850`, `12.3k`, `1.20M`.
pub(crate) fn short_count(count: u64) -> String {
    if count < 10_000 {
        return count.to_string();
    }
    three_digits(u128::from(count) * 1_000, 1_000, &["", "k", "M", "G", "T"]).replace(' ', "")
}

/// A percentage: `98.2 %`.
pub(crate) fn percent(percent: f64) -> String {
    format!("{percent:.1} %")
}

/// `thousandths` in the largest unit of which there is at least one, with three digits.
fn three_digits(thousandths: u128, factor: u128, units: &[&str]) -> String {
    let mut unit = 0;
    let mut divisor = 1;
    // 999.5 of a unit reads as the next one.
    while unit + 1 < units.len() && thousandths >= 999_500 * divisor {
        unit += 1;
        divisor *= factor;
    }
    let thousandths = thousandths / divisor;
    let name = units[unit];
    // Rounded at the digit that is shown last.
    match thousandths {
        0..9_995 => {
            format!("{}.{:02} {name}", (thousandths + 5) / 1_000, (thousandths + 5) % 1_000 / 10)
        }
        9_995..99_950 => {
            format!("{}.{} {name}", (thousandths + 50) / 1_000, (thousandths + 50) % 1_000 / 100)
        }
        _ => format!("{} {name}", (thousandths + 500) / 1_000),
    }
}

/// `1 span`, `2,000 spans`.
pub(crate) fn spans(number: u64) -> String {
    format!("{} span{}", count(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_digits_and_a_unit() {
        for (ns, expect) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (1_234, "1.23 µs"),
            (9_994, "9.99 µs"),
            (9_995, "10.0 µs"),
            (99_949, "99.9 µs"),
            (99_950, "100 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (250_000_000, "250 ms"),
            (1_500_000_000, "1.50 s"),
            (59_949_999_999, "59.9 s"),
            (59_950_000_000, "1m 00s"),
            (90_000_000_000, "1m 30s"),
            (7_500_000_000_000, "2h 05m"),
            (273_600_000_000_000, "3d 04h"),
            (u64::MAX, "213503d 23h"),
        ] {
            assert_eq!(duration(ns), expect, "{ns}");
        }
    }

    #[test]
    fn bytes_have_three_digits_and_a_binary_unit() {
        for (count, expect) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1.00 KiB"),
            (1_536, "1.50 KiB"),
            (1_023 * 1_024, "1.00 MiB"),
            (310 << 20, "310 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(count), expect, "{count}");
        }
    }

    #[test]
    fn counts_are_separated_in_thousands() {
        for (number, expect) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expect);
        }
    }

    #[test]
    fn what_is_left_out_is_one_or_several() {
        let seen = [0, 1, 2, 1_000].map(|left_out| more(left_out, "key"));
        let expect = [None, Some("1 more key"), Some("2 more keys"), Some("1,000 more keys")];
        assert_eq!(seen.each_ref().map(Option::as_deref), expect);
    }

    #[test]
    fn counts_fit_five_columns() {
        for (number, expect) in [(9_999, "9999"), (12_345, "12.3k"), (999_500, "1.00M")] {
            assert_eq!(short_count(number), expect);
        }
    }

    #[test]
    fn numbers_of_a_program_have_as_many_digits_as_serve() {
        for (value, expect, short) in [
            (0.0, "0", "0"),
            (-0.0, "0", "0"),
            (42.0, "42", "42"),
            (-12_345.0, "-12,345", "-12.3k"),
            (1_234_567.4, "1,234,567", "1.23M"),
            (0.25, "0.250", "0.250"),
            (12.3456, "12.35", "12.35"),
            (123.456, "123.5", "123.5"),
            (-2.5, "-2.500", "-2.500"),
            (1.2e-9, "1.20e-9", "1.20e-9"),
            (6.02e23, "6.02e23", "6.02e23"),
            (f64::MAX, "1.80e308", "1.80e308"),
        ] {
            assert_eq!((number(value).as_str(), short_number(value).as_str()), (expect, short));
        }
    }

    #[test]
    fn ages_tick_in_tenths_and_then_in_seconds() {
        for (ns, expect) in [
            (0, "0.0 s"),
            (340_000_000, "0.3 s"),
            (59_999_000_000, "59.9 s"),
            (60_000_000_000, "1m 00s"),
            (119_999_000_000, "1m 59s"),
            (7_500_000_000_000, "2h 05m"),
        ] {
            assert_eq!(age(ns), expect, "{ns}");
        }
    }

    #[test]
    fn a_percentage_has_one_decimal() {
        assert_eq!(percent(98.24), "98.2 %");
    }
}
