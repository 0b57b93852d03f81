//! The rows of async spans. There may be a hundred thousand: they are walked once a frame, into a
//! flat list in which those that share a row lie together, and only what is shown gets rows.

use super::{ALIKE, Key, Tree, What};
use crate::tui::board::Scene;
use crate::tui::pick;
use ferret::event::{LogIndex, LogTime, PathId, SpanId};
use ferret::projections::{LiveProcess, Task};

/// A damaged log could make a task its own parent.
const MAX_DEPTH: u16 = 64;

/// Where the row of a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// By itself, or several together.
    Alone,
    /// Below a row of several together.
    InGroup,
    /// Below the task that awaits it, or several together.
    Below,
}

/// As much of an open async span as its row depends on. In the order of the fields, what is below
/// one task lies together, and in that what is alike.
struct Item {
    /// The open task that awaits it.
    parent: Option<SpanId>,
    path: PathId,
    span: SpanId,
    since: LogTime,
    is_polled: bool,
    begun: bool,
}

impl Tree<'_> {
    /// Adds the rows of a process's tasks; says whether there is any.
    pub(super) fn tasks(&mut self, scene: &Scene, log: LogIndex, live: &LiveProcess) -> bool {
        let items = self.items(scene, log, live);
        self.below(log, &items, None, 1);
        !items.is_empty()
    }

    /// The open async spans that pass the filter, in order.
    fn items(&self, scene: &Scene, log: LogIndex, live: &LiveProcess) -> Vec<Item> {
        let mut items = Vec::new();
        let mut parents = Parents { live, last: None };
        for (span, task) in live.tasks().filter(|(_, task)| self.passes(scene, log, task)) {
            // Among filtered ones each is a task of its own.
            let is_open = |parent: &SpanId| self.filter.is_none() && parents.is_open(*parent);
            let (path, since) = (task.path, task.since);
            let (is_polled, begun) = (task.polled.is_some(), task.begun);
            let parent = task.parent.filter(is_open);
            items.push(Item { parent, path, span, since, is_polled, begun });
        }
        items.sort_unstable_by_key(|item| (item.parent, item.path, item.span));
        items
    }

    fn passes(&self, scene: &Scene, log: LogIndex, task: &Task) -> bool {
        self.filter.is_none_or(|filter| pick::task(filter, scene, log, task))
    }

    /// Adds the rows of what a task awaits, or of those that no open task does.
    fn below(&mut self, log: LogIndex, items: &[Item], parent: Option<SpanId>, indent: u16) {
        let first = items.partition_point(|item| item.parent < parent);
        let after = items.partition_point(|item| item.parent <= parent);
        let mut rows: Vec<&[Item]> = Vec::new();
        for alike in items[first..after].chunk_by(|a, b| a.path == b.path) {
            if alike.len() < ALIKE {
                rows.extend(alike.chunks(1));
            } else {
                rows.push(alike);
            }
        }
        // Each where its first task stands.
        rows.sort_unstable_by_key(|row| row.first().map(|item| item.span));
        let place = if parent.is_some() { Place::Below } else { Place::Alone };
        for row in rows {
            match row {
                [item] => self.task(log, items, item.span, indent, place),
                alike => self.alike(log, items, alike, indent, place),
            }
        }
    }

    fn alike(&mut self, log: LogIndex, all: &[Item], alike: &[Item], indent: u16, place: Place) {
        let Some(oldest) = alike.iter().min_by_key(|item| (item.since, item.span)) else { return };
        let what = What::AlikeTasks {
            count: alike.len(),
            polled: alike.iter().filter(|item| item.is_polled).count(),
            unpolled: alike.iter().filter(|item| !item.begun).count(),
            oldest: oldest.span,
            place,
        };
        if !self.folds(Key::AlikeTasks(log, oldest.path, oldest.parent), what, indent, false) {
            for item in alike {
                self.task(log, all, item.span, indent + 1, Place::InGroup);
            }
        }
    }

    fn task(&mut self, log: LogIndex, all: &[Item], span: SpanId, indent: u16, place: Place) {
        let (key, what) = (Key::Task(log, span), What::Task(place));
        let has_any = all.binary_search_by_key(&Some(span), |item| item.parent).is_ok();
        if !has_any || indent >= MAX_DEPTH {
            self.plain(key, what, indent);
        } else if !self.folds(key, what, indent, true) {
            self.below(log, all, Some(span), indent + 1);
        }
    }
}

/// Which parents are open tasks. Neighbours mostly have the same one.
struct Parents<'a> {
    live: &'a LiveProcess,
    last: Option<(SpanId, bool)>,
}

impl Parents<'_> {
    fn is_open(&mut self, span: SpanId) -> bool {
        if let Some((last, is_open)) = self.last
            && last == span
        {
            return is_open;
        }
        let is_open = self.live.task(span).is_some();
        self.last = Some((span, is_open));
        is_open
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows;
    use super::*;
    use crate::tui::script::{S, Script};
    use crate::tui::stack_text;

    /// The rows as indented names with their details.
    fn words(script: &Script, toggled: &[Key], filter: &str) -> Vec<String> {
        let filter = (!filter.is_empty()).then(|| filter.parse().unwrap());
        let toggled = toggled.iter().copied().collect();
        script.look(|scene| {
            let rows = rows(scene, &toggled, filter.as_ref(), 99);
            let word = |row: &super::super::Row| {
                let words = stack_text::text(scene, row);
                let indent = " ".repeat(usize::from(row.indent));
                format!("{indent}{}  {}", words.name, words.detail).trim_end().to_owned()
            };
            // The first is the process.
            rows.iter().skip(1).map(word).collect()
        })
    }

    /// A task that awaits five of one function and one of another.
    fn nested() -> Script {
        let mut script = Script::default().process("web", 7).thread(2, "worker");
        script = script.create(1, "serve").first_poll(1);
        for _ in 0..5 {
            script = script.create(1, "fetch").first_poll(1).exit(1);
        }
        script.create(1, "log").exit(1).wait(S)
    }

    #[test]
    fn what_a_task_awaits_is_below_it_and_what_is_alike_shares_a_row() {
        let rows = words(&nested(), &[], "");
        assert_eq!(
            rows,
            [
                " task serve  waits 1.0 s",
                "  fetch ×5  0 run, 5 wait",
                "  log  not polled yet 1.0 s",
                " 2 idle threads",
            ]
        );
    }

    #[test]
    fn what_is_alike_can_be_unfolded() {
        let script = nested();
        let serve = script
            .look(|scene| scene.board.live.process(LogIndex(0)).unwrap().tasks().next().unwrap().0);
        let path = PathId(2);
        let rows = words(&script, &[Key::AlikeTasks(LogIndex(0), path, Some(serve))], "");
        assert_eq!(
            rows[1..4],
            [
                "  fetch ×5  0 run, 5 wait",
                "   task fetch  waits 1.0 s",
                "   task fetch  waits 1.0 s"
            ]
        );
        assert_eq!(rows.len(), 4 + 5);
    }

    #[test]
    fn a_filter_shows_each_task_by_itself() {
        let rows = words(&nested(), &[], "log");
        assert_eq!(rows, [" task log  not polled yet 1.0 s  under serve"]);
    }

    #[test]
    fn a_task_says_its_parent_where_that_is_not_the_row_above() {
        let mut script = Script::default().process("web", 7).thread(2, "worker");
        script = script.start(1, "accept_loop").create(1, "handle").first_poll(2).wait(S);
        let rows = words(&script, &[], "");
        assert_eq!(
            rows[3..],
            ["  handle  under accept_loop", " task handle  runs on worker  under accept_loop",]
        );
        script = script.exit(2).end(1).wait(S);
        let rows = words(&script, &[], "");
        assert_eq!(rows[0], " task handle  waits 1.0 s  under accept_loop, which ended");
    }

    #[test]
    fn a_span_says_its_parent_on_another_thread() {
        let mut script = Script::default().process("pool", 7).thread(2, "worker");
        script = script.start(1, "run").start_under(2, "job", 1).start(2, "step").wait(S);
        let rows = words(&script, &[], "");
        assert_eq!(rows, [" main", "  run", " worker", "  job  under run", "   step"]);
    }

    #[test]
    fn a_task_that_is_its_own_parent_ends_the_rows_not_the_program() {
        use ferret::event::{Entry, LogEntry, Names, Offset, Position, ThreadId};
        let mut script = Script::default().process("damaged", 7);
        let span = SpanId { thread: ThreadId(1), start: Position(9) };
        let (path, parent, is_async) = (PathId(1), Some(span), true);
        let what = LogEntry::SpanStart { span, path, parent, is_async };
        let entry = Entry { offset: Offset(0), time: LogTime(1), thread: ThreadId(1), what };
        script.board.apply(LogIndex(0), &Names::default(), &entry);
        assert_eq!(words(&script, &[], ""), [" 1 idle thread"]);
    }

    /// What a frame costs beside a hundred thousand open tasks:
    /// `cargo test --release -p ferret-cli -- --ignored --nocapture a_hundred_thousand`
    #[test]
    #[ignore = "a measurement, to be run by hand in a release build"]
    #[expect(clippy::print_stderr, reason = "it is asked for what it measured")]
    fn a_hundred_thousand_open_tasks() {
        use crate::tui::ui::Ui;
        type Add = fn(Script) -> Script;
        const TASKS: usize = 100_000;
        let elapsed_ms = |began: LogTime| ferret::log::now().since(began) / 1_000_000;
        let server = || Script::default().process("server", 7).thread(2, "worker");
        let shapes: [(&str, Script, Add); 4] = [
            ("alone", server(), |script| script.create(1, "handle").first_poll(2).exit(2)),
            ("under a sync span", server().start(1, "accept"), |script| {
                script.create(1, "handle").first_poll(2).exit(2)
            }),
            ("under a task", server().create(1, "serve").first_poll(1), |script| {
                script.create(1, "handle").first_poll(2).exit(2)
            }),
            ("each under its own task", server(), |script| {
                let script = script.create(1, "handle").first_poll(2).create(2, "query");
                script.first_poll(2).exit(2).exit(2)
            }),
        ];
        for (name, mut script, add) in shapes {
            let began = ferret::log::now();
            let open = |script: &Script| script.board.live.open_spans();
            while open(&script) < TASKS {
                script = add(script);
            }
            let made_ms = elapsed_ms(began);
            let script = script.wait(S);
            let mut ui = Ui::default();
            let mut frames = Vec::new();
            for _ in 0..9 {
                let began = ferret::log::now();
                script.look(|scene| ui.arrange(scene, 120, 40));
                frames.push(elapsed_ms(began));
            }
            frames.sort_unstable();
            let rows = ui.rows.len();
            eprintln!("{name}: applied in {made_ms} ms, a frame {} ms, {rows} rows", frames[4]);
        }
    }
}
