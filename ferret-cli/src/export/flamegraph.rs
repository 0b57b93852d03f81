//! The call tree as a picture (SVG 1.1, <https://www.w3.org/TR/SVG11/>), drawn by
//! [`crate::flamegraph`]. Several programs stand side by side, each on its own name.

use super::stacks::{Added, ByStack, Stack};
use crate::flamegraph::{Flamegraph, Node};
use crate::{format, passing};
use ferret::event::CallsiteInfo;
use std::io::{self, Write};

/// The picture.
#[derive(Debug)]
pub(super) struct Picture;

impl ByStack for Picture {
    fn write(&self, added: &Added<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut all = Sum::default();
        for tree in &added.trees {
            for stack in tree.stacks() {
                let program = all.below(Part::Program(&tree.program));
                let frames = stack.frames.iter().map(|info| Part::Function(info));
                frames.fold(program, Sum::below).add(&stack);
            }
        }
        let programs = all.nodes();
        let all_ns = programs.iter().map(Node::width_ns).fold(0, u64::saturating_add);
        let began = added.start_unix_ns.map(moment);
        let took = format::duration(added.took_ns);
        let filter = match added.filter {
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
        out.write_all(picture.svg().as_bytes())
    }
}

/// The trees of processes, laid over each other.
#[derive(Debug, Default)]
struct Sum<'a> {
    calls: u64,
    errors: u64,
    open: u64,
    self_ns: u64,
    /// In order of first appearance.
    below: Vec<(Part<'a>, Sum<'a>)>,
}

/// What a frame of the picture stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    Program(&'a str),
    Function(&'a CallsiteInfo),
}

impl<'a> Sum<'a> {
    /// The one below that stands for `part`.
    fn below(&mut self, part: Part<'a>) -> &mut Self {
        let known = self.below.iter().position(|(known, _)| *known == part);
        let index = known.unwrap_or_else(|| {
            self.below.push((part, Self::default()));
            self.below.len() - 1
        });
        &mut self.below[index].1
    }

    fn add(&mut self, stack: &Stack<'_>) {
        self.calls += stack.calls;
        self.errors += stack.errors;
        self.open += stack.open;
        self.self_ns = self.self_ns.saturating_add(stack.self_ns);
    }

    fn nodes(&self) -> Vec<Node> {
        let node = |(part, sum): &(Part<'_>, Sum<'_>)| {
            let (name, detail) = match part {
                Part::Program(name) => ((*name).to_owned(), String::new()),
                Part::Function(info) => {
                    (info.name.clone(), passing::detail(sum.calls, sum.errors, sum.open))
                }
            };
            let (self_ns, is_open, children) = (sum.self_ns, sum.open > 0, sum.nodes());
            Node { name, detail, self_ns, is_open, tint: None, children }
        };
        self.below.iter().map(node).collect()
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
