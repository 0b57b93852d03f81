//! An analysis as `analyze --json` saved it. It may come from anywhere: what it says is checked before it is believed.

use crate::analyze::{Analysis, FORMAT};
use anyhow::{Context as _, bail};
use serde::Deserialize;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::Path;

/// No longer document is read.
const LONGEST: u64 = 1 << 30;
/// Brackets in each other: of the deepest call tree, two a level, and what is around it.
const DEEPEST: usize = 2 * ferret::projections::MAX_TREE_DEPTH + 16;

/// What every document of ferret's begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    format: Option<u32>,
    kind: Option<String>,
}

/// Reads the analysis; none if the file has something else in it, as a log.
///
/// # Errors
///
/// It is JSON, and no analysis of a format that is known.
pub(super) fn read(path: &Path) -> anyhow::Result<Option<Analysis>> {
    let Some(text) = text(path)? else { return Ok(None) };
    let name = path.display();
    if depth(&text) > DEEPEST {
        bail!("{name} is no analysis: it is nested over {DEEPEST} deep");
    }
    let head: Head = parse(&text).map_err(|error| {
        let is_cut = error.is_eof();
        let error = anyhow::Error::from(error);
        error.context(if is_cut {
            format!("{name} ends in the middle: save it again with `ferret analyze --tree --json`")
        } else {
            format!("{name} is no analysis that `ferret analyze --json` wrote")
        })
    })?;
    match (head.kind.as_deref(), head.format) {
        (Some("analysis"), Some(format)) if format > FORMAT => bail!(
            "{name} has format {format}, and this ferret knows up to {FORMAT}: compare it with the one that wrote it"
        ),
        (Some("analysis"), Some(_)) => {}
        (Some(kind), _) => bail!(
            "{name} is a document of kind {kind:?}: save one with `ferret analyze --tree --json`"
        ),
        (None, _) => bail!(
            "{name} is JSON and no document of ferret's: save one with `ferret analyze --tree --json`"
        ),
    }
    let analysis: Analysis =
        parse(&text).with_context(|| format!("reading the analysis {name}"))?;
    Ok(Some(analysis))
}

/// What is in it, if it begins as JSON does. A pipe can only be read once, and no log is one.
fn text(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let reading = || format!("reading {}", path.display());
    let Ok(mut file) = File::open(path) else { return Ok(None) };
    let kind = file.metadata().with_context(reading)?.file_type();
    if kind.is_dir() {
        return Ok(None);
    }
    let mut text = Vec::new();
    let mut begin = [0; 64];
    let count = loop {
        match file.read(&mut begin) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            count => break count.with_context(reading)?,
        }
    };
    let first = begin[..count].iter().find(|byte| !byte.is_ascii_whitespace());
    if kind.is_file() && first.is_none_or(|first| !matches!(first, b'{' | b'[')) {
        return Ok(None);
    }
    text.extend_from_slice(&begin[..count]);
    file.take(LONGEST).read_to_end(&mut text).with_context(reading)?;
    if text.len() as u64 > LONGEST {
        bail!("{} is longer than 1 GiB: that is no analysis", path.display());
    }
    Ok(Some(text))
}

/// The depth is known to be bounded.
fn parse<'t, T: Deserialize<'t>>(text: &'t [u8]) -> serde_json::Result<T> {
    let mut parser = serde_json::Deserializer::from_slice(text);
    parser.disable_recursion_limit();
    let value = T::deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// How deep brackets lie in each other.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut is_quoted, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b'{' | b'[' if !is_quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !is_quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Result<bool, &str>) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        match (read(file.path()), expect) {
            (Ok(seen), Ok(is_one)) => assert_eq!(seen.is_some(), is_one, "{text}"),
            (Err(error), Err(part)) => {
                let error = crate::exit::sentence(&error);
                assert!(error.contains(part), "{text}: {error}");
            }
            (seen, _) => panic!("{text}: {seen:?}"),
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_others() {
        check("", Ok(false));
        check("redb\u{1a}", Ok(false));
        check("  hello", Ok(false));
    }

    #[test]
    fn what_is_no_analysis_is_told_with_what_would_be() {
        check("{}", Err("no document of ferret's"));
        check("[1]", Err("no document of ferret's"));
        check("{\"kind\":\"analysis\"", Err("ends in the middle"));
        check("{\"kind\":}", Err("no analysis"));
        check(r#"{"kind":"snapshot","format":1}"#, Err("kind \"snapshot\""));
        check(r#"{"kind":"analysis","format":99}"#, Err("format 99"));
        check(r#"{"kind":"analysis","format":1}"#, Err("missing field"));
        check(&"[".repeat(1_000_000), Err("nested"));
    }

    #[test]
    fn of_an_analysis_only_what_is_needed_has_to_be_there() {
        let text = r#" {"format":1,"kind":"analysis","logs":[],"processes":[],"stages":[],"open":[],"later":{"x":[1]},
            "run":{"duration_ns":5},"functions":[{"name":"f","calls":2,"self_ns":7,"p50_ns":3,"new":null}]}"#;
        check(text, Ok(true));
    }
}
