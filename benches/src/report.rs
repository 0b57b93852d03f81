//! What was measured, as Markdown for people and as JSON for programs, from one description.

use crate::stats::per;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// One run of this program: the machine, the command, its tables.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The version of this JSON.
    format: u32,
    kind: &'static str,
    command: String,
    machine: Machine,
    pub(crate) tables: Vec<Table>,
}

/// Where it ran.
#[derive(Debug, Serialize)]
struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    /// Tasks running and waiting when the run began, as the kernel averages them over a minute.
    load: String,
}

/// Rows below named columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    /// The name in JSON, and the heading for people.
    pub(crate) columns: &'static [(&'static str, &'static str)],
    pub(crate) rows: Vec<Vec<Cell>>,
    /// What the table cannot say itself, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Text(String),
    Count(u64),
    /// A value, and its digits behind the point.
    Number(f64, usize),
    /// Not known, or of no meaning here.
    None,
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn megabytes(bytes: u64) -> Self {
        Self::Number(per(bytes, 1_000_000), 1)
    }

    pub(crate) fn count(count: Option<u64>) -> Self {
        count.map_or(Self::None, Self::Count)
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::Count(count) => json!(count),
            Self::Number(number, _) => json!(number),
            Self::None => Value::Null,
        }
    }
}

impl Report {
    pub(crate) fn new() -> Self {
        let features = if cfg!(feature = "peers") { " --features peers" } else { "" };
        let mut command = vec![format!("cargo run --release -p benches{features} --")];
        command.extend(std::env::args().skip(1));
        Self {
            format: 1,
            kind: "benchmark",
            command: command.join(" "),
            machine: Machine::this(),
            tables: Vec::new(),
        }
    }

    /// Markdown to stdout, and JSON into a file if one is given.
    pub(crate) fn write(&self, json: Option<&Path>) -> anyhow::Result<()> {
        print!("{self}");
        if let Some(path) = json {
            std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?;
        }
        Ok(())
    }
}

impl Machine {
    /// Empty where this system does not say.
    fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let cpu = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| {
                Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().into())
            })
            .unwrap_or_default();
        Self {
            cpu,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
        }
    }
}

impl Serialize for Table {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Map<String, Value>> = self
            .rows
            .iter()
            .map(|row| {
                let named = self.columns.iter().zip(row);
                named.map(|((key, _), cell)| ((*key).to_owned(), cell.json())).collect()
            })
            .collect();
        json!({ "title": self.title, "rows": rows, "notes": self.notes }).serialize(serializer)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Machine { cpu, cores, kernel, load } = &self.machine;
        writeln!(f, "{cpu}, {cores} cores, Linux {kernel}, load {load}: `{}`", self.command)?;
        for table in &self.tables {
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let headings = self.columns.iter().map(|(_, heading)| (*heading).to_owned()).collect();
        let mut lines: Vec<Vec<String>> = vec![headings];
        lines.extend(self.rows.iter().map(|row| row.iter().map(Cell::to_string).collect()));
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
            .collect();
        writeln!(f, "### {}\n", self.title)?;
        for (number, line) in lines.iter().enumerate() {
            write!(f, "| {:<1$}", line[0], widths[0])?;
            for (cell, width) in line.iter().zip(&widths).skip(1) {
                write!(f, " | {cell:>width$}")?;
            }
            writeln!(f, " |")?;
            if number == 0 {
                write!(f, "|{:-<1$}", "", widths[0] + 2)?;
                for width in &widths[1..] {
                    write!(f, "|{:-<1$}:", "", width + 1)?;
                }
                writeln!(f, "|")?;
            }
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Count(count) => count.fmt(f),
            Self::Number(number, digits) => write!(f, "{number:.digits$}"),
            Self::None => f.write_str("–"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    fn table() -> Table {
        Table {
            title: "Spans".to_owned(),
            columns: &[("subject", "subject"), ("lost", "lost"), ("cpu_ns", "CPU ns")],
            rows: vec![
                vec![Cell::text("ferret"), Cell::Count(0), Cell::Number(17.25, 1)],
                vec![Cell::text("other"), Cell::None, Cell::Number(100.0, 1)],
            ],
            notes: vec!["A note.".to_owned()],
        }
    }

    #[test]
    fn a_table_is_markdown_in_columns() {
        let expect = "\
### Spans

| subject | lost | CPU ns |
|---------|-----:|-------:|
| ferret  |    0 |   17.2 |
| other   |    – |  100.0 |

A note.
";
        assert_eq!(table().to_string(), expect);
    }

    #[test]
    fn a_table_is_json_by_column() {
        let json = serde_json::to_value(table()).unwrap();
        assert_eq!(json["rows"][0]["cpu_ns"], 17.25);
        assert!(json["rows"][1]["lost"].is_null());
    }
}
