//! What `ferret` answers as JSON, and looking things up in it.

use crate::{ferret, output};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What a command answers as JSON.
///
/// # Panics
///
/// It fails, or its output is no JSON.
pub fn json(command: &mut Command) -> Value {
    let answer = output(command);
    assert_eq!(answer.code, Some(0), "{command:?}: {}", answer.stderr);
    serde_json::from_str(&answer.stdout)
        .unwrap_or_else(|error| panic!("{command:?}: {error}:\n{}", answer.stdout))
}

/// `ferret analyze --json` of a log.
///
/// # Panics
///
/// It fails.
pub fn analysis(log: &Path) -> Value {
    json(ferret().arg("analyze").arg(log).arg("--json"))
}

/// Spans that the log tells of, and those that it says are lost.
///
/// # Panics
///
/// It cannot be analyzed.
pub fn counted(log: &Path) -> (u64, u64) {
    let report = analysis(log);
    let count = |what| report["run"][what].as_u64().expect("a count");
    (count("spans"), count("dropped_spans"))
}

/// The row of a report whose name is this.
///
/// # Panics
///
/// There is none.
pub fn row<'a>(report: &'a Value, table: &str, name: &str) -> &'a Value {
    rows(report, table)
        .iter()
        .find(|row| row["name"] == name)
        .unwrap_or_else(|| panic!("no {name} among the {table}: {report:#}"))
}

/// A table of a report.
///
/// # Panics
///
/// There is none.
pub fn rows<'a>(report: &'a Value, table: &str) -> &'a [Value] {
    report[table].as_array().unwrap_or_else(|| panic!("no {table} in {report:#}"))
}

/// The names of a table's rows.
///
/// # Panics
///
/// There is no such table.
pub fn names<'a>(report: &'a Value, table: &str) -> Vec<&'a str> {
    rows(report, table).iter().map(|row| row["name"].as_str().unwrap_or("?")).collect()
}
