//! `--concurrency`: a line for each stage and for all, over time.

use crate::analyze::document::Analysis;
use crate::analyze::report::Concurrency;
use crate::format;
use crate::page::{Page, Style};
use crate::text;

/// Columns of the lines where there is no terminal, and at most.
const PLAIN: usize = 60;
const WIDEST: usize = 120;
/// Columns of what stands before a line, at most, and behind it.
const NAME: usize = 22;
const BEHIND: usize = 24;
/// No line has fewer columns, and no name.
const NARROWEST: usize = 8;
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn draw(analysis: &Analysis, all: &Concurrency, page: Page) -> String {
    let room = page.width.map_or(PLAIN, |width| width.saturating_sub(NAME + BEHIND + 2));
    let columns = room.clamp(NARROWEST, WIDEST);
    let cpu: Vec<f64> = all.cpu_percent.iter().map(|cpu| cpu.unwrap_or(0.0) / 100.0).collect();
    let mut lines = vec![("threads in spans".to_owned(), &all.threads, false)];
    if all.async_spans.iter().any(|open| *open > 0.0) {
        lines.push(("async spans open".to_owned(), &all.async_spans, false));
    }
    if let Some(passing) = &all.passing {
        lines.push(("passing --filter".to_owned(), passing, false));
    }
    if all.cpu_percent.iter().any(Option::is_some) {
        lines.push(("CPU".to_owned(), &cpu, true));
    }
    let stages = all.stages.iter().map(|stage| (stage.name.clone(), &stage.open, false));
    lines.extend(stages);
    let widest = lines.iter().map(|(name, ..)| text::width(name)).max().unwrap_or(0);
    let beside = BEHIND + 2 + columns;
    let name = page.width.map_or(NAME, |width| width.saturating_sub(beside));
    let name = widest.min(name.clamp(NARROWEST, NAME));
    let mut out = String::new();
    let (first, last) = ("0", format::duration(analysis.run.duration_ns));
    let axis = text::pad_left(&last, columns - first.len());
    let head = format!("{}  {first}{axis}  mean     most", text::pad("AT WORK", name));
    out += &page.paint(&head, Style::Faint);
    out.push('\n');
    for (title, means, is_percent) in lines {
        out += &line((&title, name), means, columns, is_percent, page);
    }
    let run_ns = analysis.run.duration_ns;
    let slice_ns = run_ns / columns as u64;
    let note = format!(
        "{} in {columns} slices of {}; each bar is the mean of its slice, as high as the highest of its line",
        format::duration(run_ns),
        format::duration(slice_ns)
    );
    out + &page.sentence(&note, Style::Faint)
}

fn line(
    (title, width): (&str, usize),
    means: &[f64],
    columns: usize,
    is_percent: bool,
    page: Page,
) -> String {
    let slices = squeeze(means, columns);
    let most = slices.iter().copied().fold(0.0, f64::max);
    let bars: String = slices.iter().map(|mean| bar(*mean, most)).collect();
    #[expect(clippy::cast_precision_loss, reason = "hundreds of slices")]
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    let number = |value: f64| {
        if is_percent { format!("{:.0}%", value * 100.0) } else { format!("{value:.2}") }
    };
    let (mean, most) = (text::pad_left(&number(mean), 6), text::pad_left(&number(most), 9));
    format!("{}  {}{mean}{most}\n", text::pad(title, width), page.paint(&bars, Style::Good))
}

/// The means of fewer, equal slices.
#[expect(clippy::cast_precision_loss, reason = "hundreds of slices")]
fn squeeze(means: &[f64], columns: usize) -> Vec<f64> {
    let of = |column: usize| {
        let (from, to) = (column * means.len() / columns, (column + 1) * means.len() / columns);
        let slice = &means[from..to.max(from + 1).min(means.len())];
        slice.iter().sum::<f64>() / slice.len().max(1) as f64
    };
    (0..columns).map(of).collect()
}

fn bar(mean: f64, most: f64) -> char {
    if mean <= 0.0 || most <= 0.0 {
        return BARS[0];
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 8")]
    let height = ((mean / most * 8.0).ceil() as usize).clamp(1, 8);
    BARS[height]
}
