//! A profile as `go tool pprof` reads it: profile.proto, compressed with gzip,
//! <https://github.com/google/pprof/blob/main/proto/profile.proto>. A sample is a place in the call tree
//! of a process, with the number of its spans and the time that it was at work by itself: pprof adds up.

use super::protobuf::Message;
use super::stacks::{Added, ByStack, ProcessTree, Stack, full_name};
use ferret::event::CallsiteInfo;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The profile.
#[derive(Debug)]
pub(super) struct Pprof;

/// Fields of the message `Profile`, by their numbers there.
mod profile {
    pub(super) const SAMPLE_TYPE: u64 = 1;
    pub(super) const SAMPLE: u64 = 2;
    pub(super) const MAPPING: u64 = 3;
    pub(super) const LOCATION: u64 = 4;
    pub(super) const FUNCTION: u64 = 5;
    pub(super) const STRING_TABLE: u64 = 6;
    pub(super) const TIME_NANOS: u64 = 9;
    pub(super) const DURATION_NANOS: u64 = 10;
    pub(super) const PERIOD_TYPE: u64 = 11;
    pub(super) const PERIOD: u64 = 12;
    pub(super) const COMMENT: u64 = 13;
    pub(super) const DEFAULT_SAMPLE_TYPE: u64 = 14;
}

/// The profile as it is made: functions, mappings and texts by number.
#[derive(Debug, Default)]
struct Tables<'a> {
    texts: BTreeMap<String, u64>,
    in_order: Vec<String>,
    functions: BTreeMap<&'a CallsiteInfo, u64>,
    programs: BTreeMap<String, u64>,
    out: Message,
}

impl ByStack for Pprof {
    fn write(&self, added: &Added<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut tables = Tables::default();
        let mut gzip = GzEncoder::new(out, Compression::default());
        tables.head(added.start_unix_ns, added.took_ns);
        for tree in &added.trees {
            for stack in tree.stacks().filter(|stack| stack.spans() > 0 || stack.self_ns > 0) {
                tables.sample(tree, &stack);
                gzip.write_all(&tables.out.take())?;
            }
        }
        tables.end();
        gzip.write_all(&tables.out.take())?;
        gzip.finish().map(drop)
    }
}

impl<'a> Tables<'a> {
    /// What is the same for all samples.
    fn head(&mut self, start_unix_ns: Option<u64>, duration_ns: u64) {
        self.text("");
        let spans = self.value_type("spans", "count");
        let time = self.value_type("time", "nanoseconds");
        let default = self.text("time");
        let comment = self.text(concat!("ferret ", env!("CARGO_PKG_VERSION")));
        self.out
            .message(profile::SAMPLE_TYPE, &spans)
            .message(profile::SAMPLE_TYPE, &time)
            .number(profile::TIME_NANOS, start_unix_ns.unwrap_or(0))
            .number(profile::DURATION_NANOS, duration_ns)
            .message(profile::PERIOD_TYPE, &time)
            .number(profile::PERIOD, 1)
            .numbers(profile::COMMENT, &[comment])
            .number(profile::DEFAULT_SAMPLE_TYPE, default);
    }

    fn value_type(&mut self, what: &str, unit: &str) -> Message {
        let [what, unit] = [what, unit].map(|text| self.text(text));
        let mut message = Message::default();
        message.number(1, what).number(2, unit);
        message
    }

    fn sample(&mut self, tree: &ProcessTree<'_>, stack: &Stack<'a>) {
        let mapping = self.program(&tree.program);
        // The innermost first.
        let frames: Vec<u64> =
            stack.frames.iter().rev().map(|info| self.function(info, mapping)).collect();
        let [process, program, pid] = ["process", &tree.program, "pid"].map(|text| self.text(text));
        let (mut by_name, mut by_pid) = (Message::default(), Message::default());
        by_name.number(1, process).number(2, program);
        by_pid.number(1, pid).number(3, u64::from(tree.pid));
        let mut sample = Message::default();
        sample
            .numbers(1, &frames)
            .numbers(2, &[stack.spans(), stack.self_ns])
            .message(3, &by_name)
            .message(3, &by_pid);
        self.out.message(profile::SAMPLE, &sample);
    }

    /// A function, and the one location in it that is known: where it begins.
    fn function(&mut self, info: &'a CallsiteInfo, mapping: u64) -> u64 {
        if let Some(&known) = self.functions.get(info) {
            return known;
        }
        let id = self.functions.len() as u64 + 1;
        self.functions.insert(info, id);
        let [name, plain, file] =
            [&full_name(info), &info.name, &info.file].map(|text| self.text(text));
        let line = u64::from(info.line);
        let (mut function, mut at, mut location) =
            (Message::default(), Message::default(), Message::default());
        function.number(1, id).number(2, name).number(3, plain).number(4, file).number(5, line);
        at.number(1, id).number(2, line);
        location.number(1, id).number(2, mapping).message(4, &at);
        self.out.message(profile::FUNCTION, &function).message(profile::LOCATION, &location);
        id
    }

    /// A program, whose functions need no symbols: that is said of what is mapped.
    fn program(&mut self, program: &str) -> u64 {
        if let Some(&known) = self.programs.get(program) {
            return known;
        }
        let id = self.programs.len() as u64 + 1;
        self.programs.insert(program.to_owned(), id);
        let file = self.text(program);
        let mut mapping = Message::default();
        mapping.number(1, id).number(5, file);
        for has_functions_names_and_lines in 7..=9 {
            mapping.number(has_functions_names_and_lines, 1);
        }
        self.out.message(profile::MAPPING, &mapping);
        id
    }

    fn text(&mut self, text: &str) -> u64 {
        if let Some(&known) = self.texts.get(text) {
            return known;
        }
        let index = self.in_order.len() as u64;
        self.texts.insert(text.to_owned(), index);
        self.in_order.push(text.to_owned());
        index
    }

    fn end(&mut self) {
        for text in &self.in_order {
            self.out.text(profile::STRING_TABLE, text);
        }
    }
}
