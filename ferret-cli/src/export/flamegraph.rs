//! The call tree as a picture (SVG 1.1, <https://www.w3.org/TR/SVG11/>), drawn by
//! [`crate::flamegraph`]. Several programs stand side by side, each on its own name.

use super::reading::{Format, Read, Told};
use super::stacks::Stacks;
use crate::filter::Filter;
use crate::flamegraph::{Flamegraph, Node};
use crate::format;
use ferret::event::{Entry, LogIndex, Names, Opened};
use std::io::{self, Write};

/// The picture.
#[derive(Debug)]
pub(super) struct Picture {
    stacks: Stacks,
    filter: Option<Filter>,
}

impl Picture {
    pub(super) fn new(stacks: Stacks, filter: Option<Filter>) -> Self {
        Self { stacks, filter }
    }
}

impl Format for Picture {
    fn entry(
        &mut self,
        log: LogIndex,
        names: &Names,
        entry: &Entry,
        _: &mut dyn Write,
    ) -> io::Result<()> {
        self.stacks.entry(log, names, entry);
        Ok(())
    }

    fn resume(&mut self, log: LogIndex, names: &Names, opened: &Opened) -> io::Result<()> {
        self.stacks.resume(log, names, opened);
        Ok(())
    }

    fn finish(mut self: Box<Self>, read: &Read<'_>, out: &mut dyn Write) -> io::Result<Told> {
        let trees = self.stacks.trees(read);
        let mut programs: Vec<Node> = Vec::new();
        for tree in &trees {
            add(
                &mut programs,
                Node { name: tree.program.clone(), children: tree.roots(), ..Node::default() },
            );
        }
        programs.retain(|program| !program.children.is_empty());
        let all_ns = programs.iter().map(Node::width_ns).fold(0, u64::saturating_add);
        let began = self.stacks.timeline().start_unix_ns().map(moment);
        let took = format::duration(self.stacks.end_ns(read));
        let filter = match &self.filter {
            Some(filter) => format!("; only {filter}"),
            None => String::new(),
        };
        let names: Vec<_> = programs.iter().map(|program| program.name.as_str()).collect();
        let title = if names.is_empty() { "no span passes".to_owned() } else { names.join(", ") };
        let picture = Flamegraph {
            title,
            subtitle: format!(
                "{}{took}; {} in profiled functions, all threads together; green: has not \
                 ended{filter}",
                began.map_or_else(String::new, |began| format!("{began}, ")),
                format::duration(all_ns)
            ),
            // Of one program, its name is the title.
            roots: match <[Node; 1]>::try_from(programs) {
                Ok([only]) => only.children,
                Err(programs) => programs,
            },
        };
        out.write_all(picture.svg().as_bytes())?;
        Ok(self.stacks.told(&trees))
    }
}

/// Lays a tree over the one of the same name, if there is one.
fn add(into: &mut Vec<Node>, node: Node) {
    let Some(same) = into.iter_mut().find(|known| known.name == node.name) else {
        return into.push(node);
    };
    same.self_ns = same.self_ns.saturating_add(node.self_ns);
    same.is_open |= node.is_open;
    if same.detail != node.detail {
        same.detail = [&*same.detail, &*node.detail].join("; ");
    }
    for child in node.children {
        add(&mut same.children, child);
    }
}

fn moment(unix_ns: u64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(unix_ns)).map_or_else(
        |_beyond_the_calendar| String::new(),
        |time| {
            time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
        },
    )
}
