//! The reports beside the tables, drawn.

mod callers;
mod concurrency;
mod critical;
mod errors;
mod slowest;
mod tasks;

use super::{Options, notes};
use crate::analyze::document::Analysis;
use crate::analyze::report::Tag;
use crate::page::Page;
use std::fmt::Write as _;

/// The report that was asked for; none if none was.
pub(super) fn draw(analysis: &Analysis, options: Options, page: Page) -> Option<String> {
    let reports = &analysis.reports;
    let text = if let Some(callers) = &reports.callers {
        callers::draw(analysis, callers, options, page)
    } else if let Some(slowest) = &reports.slowest {
        slowest::draw(analysis, slowest, page)
    } else if let Some(errors) = &reports.errors {
        errors::draw(errors, options, page)
    } else if let Some(path) = &reports.critical_path {
        critical::draw(analysis, path, options, page)
    } else if let Some(concurrency) = &reports.concurrency {
        concurrency::draw(analysis, concurrency, page)
    } else {
        tasks::draw(analysis, reports.tasks.as_ref()?, options, page)
    };
    Some(if text.is_empty() { notes::nothing_passes(options, page) } else { text })
}

/// Functions from the outermost in, as one line.
fn stack(names: &[String]) -> String {
    names.join(" › ")
}

/// Tags in one line.
fn tags(tags: &[Tag]) -> String {
    let mut line = String::new();
    for Tag { key, value } in tags {
        let blank = if line.is_empty() { "" } else { "  " };
        // Writing into a text does not fail.
        write!(line, "{blank}{key}={value}").ok();
    }
    line
}
