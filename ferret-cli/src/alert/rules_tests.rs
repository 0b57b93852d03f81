//! Files of rules: what is read of good ones, and what is said of broken ones.

use super::*;
use std::fmt::Write as _;
use std::path::Path;

fn faults(text: &str) -> String {
    let mut told = String::new();
    for fault in read(text).err().unwrap_or_default() {
        writeln!(told, "{}", fault.told(Path::new("rules.toml"))).unwrap();
    }
    told
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once_with_line_column_and_reason() {
    let text = include_str!("rules_tests/broken.toml");
    insta::assert_snapshot!(faults(text));
}

#[test]
fn broken_sinks_are_told_and_secrets_are_not() {
    let text = include_str!("rules_tests/broken_sinks.toml");
    let told = faults(text);
    assert!(!told.contains("hunter2") && !told.contains("very-secret-path"), "{told}");
    insta::assert_snapshot!(told);
}

#[test]
fn a_mistake_elsewhere_hides_none_of_a_rule() {
    let told = faults(
        "[defaults]\nfor = \"1x\"\n[[rule]]\nname = \"z\"\n[[rule]]\nname = \"y\"\nhappens = \"crashed\"\n\
         sevrity = \"info\"\n[[rule]]\nname = \"z\"\nwhen = \"worker.cpus > 1%\"\n",
    );
    for part in [
        ":2:7: for: ",
        ":3:1: a rule asks one thing, and this has none",
        ":8:1: a rule has no \"sevrity\"",
        ":9:1: there are two rules \"z\"",
        ":11:8: when: a worker has no \"cpus\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(told.matches("rules.toml:").count(), 5, "{told}");
}

#[test]
fn what_does_nothing_in_a_rule_is_a_mistake_there_and_none_in_the_defaults() {
    let check = |keys: &str, asks: &str, expect: Option<&str>| {
        let told = faults(&format!("[[rule]]\nname = \"x\"\n{asks}\n{keys}"));
        let is_told = expect.map_or(told.is_empty(), |part| told.contains(part));
        assert!(is_told, "{asks} {keys}: {told}");
    };
    let (happens, silent) = ("happens = \"crashed\"", "no_heartbeat_for = \"15s\"");
    check("for = \"1s\"", happens, Some(":4:1: for does nothing beside happens"));
    check("resolve_after = \"1s\"", happens, Some(":4:1: resolve_after does nothing"));
    check("window = \"1m\"", happens, Some(":4:1: window does nothing beside happens"));
    check("for = \"1s\"\nresolve_after = \"1s\"", silent, None);
    check("window = \"1m\"", silent, Some(":4:1: window does nothing"));
    let when = |condition: &str| format!("when = \"{condition}\"");
    for (condition, has_window, has_calls) in [
        ("decode.p95 > 2s", true, true),
        ("any.error_percent > 5%", true, true),
        ("decode.calls < 1", true, false),
        ("worker.errors > 3", true, false),
        ("counter.depth > 3", true, false),
        ("worker.cpu > 90%", false, false),
        ("fleet.alive < 1", false, false),
    ] {
        let idle = |has_effect: bool, told| Some(told).filter(|_| !has_effect);
        check("window = \"1m\"", &when(condition), idle(has_window, ":4:1: window does nothing"));
        check("min_calls = 5", &when(condition), idle(has_calls, ":4:1: min_calls does nothing"));
    }
    check("[defaults]\nfor = \"1s\"\nresolve_after = \"1s\"\nwindow = \"2m\"", happens, None);
}

#[test]
fn a_sink_that_could_never_deliver_is_a_mistake() {
    let check = |keys: &str, expect: Option<&str>| {
        let rule = "[[rule]]\nname = \"x\"\nhappens = \"crashed\"";
        let told = faults(&format!("[sinks.s]\n{keys}\n{rule}"));
        let is_told = expect.map_or(told.is_empty(), |part| told.contains(part));
        assert!(is_told, "{keys}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    };
    let hook = |more: &str| format!("kind = \"webhook\"\nurl = \"https://x.org/\"\n{more}");
    check(&hook("headers = { X-Key = \"hunter2\\nc\" }"), Some(":4:21: X-Key: a header's value"));
    check(&hook("headers = { X-Key = \"hunter2 c\" }"), None);
    let command = |more: &str| format!("kind = \"command\"\n{more}");
    check(&command("command = \"echo hunter2\""), Some(":3:1: no shell takes this apart"));
    check(&command("command = \"echo\""), None);
    check(&command("command = [\"/opt/my program\"]"), None);
    for (timeout, is_one) in [("0s", false), ("99ms", false), ("100ms", true), ("10m1s", false)] {
        let told = Some(":4:11: timeout: it is at least 100ms").filter(|_| !is_one);
        check(&command(&format!("command = \"echo\"\ntimeout = \"{timeout}\"")), told);
    }
}

#[test]
fn what_a_sink_needs_and_is_not_here_is_no_mistake_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let header = folder.path().join("header");
    std::fs::write(&header, "hunter2\nhunter2\n").unwrap();
    let text = format!(
        "[sinks]\na = {{ kind = \"command\", command = \"/no/such/program\" }}\n\
         b = {{ kind = \"command\", command = \"no-such-program\" }}\n\
         c = {{ kind = \"command\", command = [\"sh\", \"-c\", \"true\"] }}\n\
         d = {{ kind = \"command\", command = \"{folder}\" }}\n\
         e = {{ kind = \"webhook\", url = {{ file = \"{header}\" }}, headers = {{ X-Key = {{ file = \"{header}\" }} }} }}\n\
         [[rule]]\nname = \"x\"\nhappens = \"crashed\"",
        folder = folder.path().display(),
        header = header.display(),
    );
    let missing = |sink: &SinkRule| (sink.name.clone(), sink.missing().join("; "));
    let told: Vec<_> = read(&text).unwrap().sinks.iter().map(missing).collect();
    for (name, part) in [("a", "/no/such/program"), ("b", "no-such-program"), ("c", ""), ("d", "")]
    {
        let (_, why) = told.iter().find(|(found, _)| found == name).unwrap();
        let is_told =
            if name == "c" { why.is_empty() } else { why.contains("there is no program") };
        assert!(is_told && why.contains(part), "{name}: {why}");
    }
    let (_, why) = told.iter().find(|(found, _)| found == "e").unwrap();
    assert!(why.contains("url: ") && why.contains("X-Key: a header's value"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    insta::assert_snapshot!(faults("[[rule]]\nname = \"a\nwhen = 3 3\n\n[defaults\n"));
}

#[test]
fn a_file_without_rules_and_any_bytes_are_refused() {
    assert!(faults("").contains("there is no rule here"));
    assert!(faults("rule = 3").contains("written as [[rule]]"));
    assert!(faults("rule = [3]").contains("a rule is a table"));
    for text in ["\u{0}", "\u{feff}[[", "é = \"", "[[rule]]\nname=\"\u{1b}[31m\"", "a.b.c.d = {"] {
        assert!(!faults(text).is_empty(), "{text:?}");
    }
    // A line that is as long as the file is not told in full.
    let long = format!("[[rule]]\nname = \"{}\"\nwhen = 5", "x".repeat(100_000));
    assert!(faults(&long).len() < 2_000);
}

#[test]
fn the_example_in_the_docs_is_right() {
    let docs = include_str!("../../../docs/alert.md");
    let (_, rest) = docs.split_once("```toml\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let file = include_str!("../../../examples/alert.toml");
    assert_eq!(example, file, "docs/alert.md shows examples/alert.toml");
    assert_eq!(faults(file), "");
    let rules = read(file).unwrap();
    assert!(rules.rules.len() >= 8 && rules.sinks.len() == 4);
}

#[test]
fn what_a_rule_does_not_say_the_defaults_do() {
    let text = "[defaults]\nseverity = \"error\"\nfor = \"1m\"\nsinks = \"b\"\n[sinks]\na = { kind = \"stdout\" }\n\
        b = { kind = \"stdout\", form = \"json\" }\n[[rule]]\nname = \"x\"\nwhen = \"worker.cpu > 90%\"\n\
        [[rule]]\nname = \"y\"\nwhen = \"worker.rss > 2GiB\"\nfor = \"5s\"\nsinks = [\"a\", \"b\"]\nseverity = \"info\"";
    let rules = read(text).unwrap();
    let told = |rule: &Rule| {
        (
            rule.severity,
            rule.for_ns / 1_000_000_000,
            rule.resolve_after_ns / 1_000_000_000,
            rule.sinks.clone(),
        )
    };
    assert_eq!(told(&rules.rules[0]), (Severity::Error, 60, 60, vec![1]));
    assert_eq!(told(&rules.rules[1]), (Severity::Info, 5, 5, vec![0, 1]));
}

#[test]
fn names_are_told_as_they_are_written_or_are_mistakes() {
    let long = "x".repeat(121);
    for name in ["", "  ", "a\\u0000b", "a\\nb", long.as_str()] {
        let rule = "happens = \"crashed\"";
        let told = faults(&format!("[[rule]]\nname = \"{name}\"\n{rule}"));
        assert!(told.contains("a rule's name has a letter"), "{name}: {told}");
        let sink = format!("[sinks.\"{name}\"]\nkind = \"stdout\"\n[[rule]]\nname = \"x\"\n{rule}");
        let told = faults(&sink);
        assert!(told.contains("a sink's name has a letter"), "{name}: {told}");
    }
}

#[test]
fn a_line_of_a_sink_is_not_shown_however_its_table_is_written() {
    for head in ["[sinks.hook]", "[ sinks . hook ]", "[\"sinks\".hook]", "['sinks'.\"hook\"]"] {
        let told = faults(&format!("{head}\nkind = \"webhook\"\nX-Api-Kee = \"hunter2\""));
        assert!(told.contains("a sink has no \"X-Api-Kee\""), "{told}");
        assert!(!told.contains("hunter2"), "{head}: {told}");
    }
}

#[test]
fn an_address_is_no_place_for_headers() {
    for (from, to) in [("F\\r\\nBcc: all <f@x.org>", "o@x.org"), ("f@x.org", "O\\nP <o@x.org>")] {
        let told = faults(&format!(
            "[sinks.mail]\nkind = \"smtp\"\nhost = \"localhost\"\nfrom = \"{from}\"\nto = \"{to}\"\n\
             [[rule]]\nname = \"x\"\nhappens = \"crashed\""
        ));
        assert!(told.contains("it is no address"), "{from} {to}: {told}");
    }
}
