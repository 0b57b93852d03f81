//! What `diff` shows of made-up runs: text in pipes and narrow terminals, Markdown, the document, the picture.

use super::*;
use crate::analyze::{Analysis, Function, Histogram, Node, Process, Stage};
use clap::Parser;

/// The arguments alone.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: DiffArgs,
}

fn args(line: &str) -> DiffArgs {
    let words = ["diff", "old.redb", "new.redb"].into_iter().chain(line.split_whitespace());
    Line::try_parse_from(words).unwrap().args
}

/// A run that is made up function by function.
#[derive(Default)]
struct Made {
    analysis: Analysis,
}

impl Made {
    fn new(host: &str) -> Self {
        let mut made = Self::default();
        made.analysis.processes = vec![Process {
            exe: "/usr/bin/podcasts".to_owned(),
            host: host.to_owned(),
            state: "exited".to_owned(),
            ..Process::default()
        }];
        made.analysis.tree = Some(Vec::new());
        made
    }

    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    /// A function below `main`, whose calls take about so many µs, half of that by itself.
    fn function(mut self, name: &str, calls: u64, us: u64) -> Self {
        let id = u32::try_from(self.analysis.functions.len()).unwrap();
        let histogram = |ns: u64| {
            let pairs = (0..20).map(|part| (ns * (90 + part) / 100, calls / 20)).collect();
            Histogram { independent: calls as f64, calls: pairs }
        };
        let ns = us * 1_000;
        self.analysis.functions.push(Function {
            id,
            name: name.to_owned(),
            module: "podcasts".to_owned(),
            line: id + 1,
            kind: "function".to_owned(),
            calls,
            total_ns: calls * ns,
            self_ns: calls * ns / 2,
            durations: crate::analyze::Durations {
                p50_ns: Some(ns),
                p95_ns: Some(ns * 108 / 100),
                ..crate::analyze::Durations::default()
            },
            histogram: Some(histogram(ns)),
            self_histogram: Some(histogram(ns / 2)),
            ..Function::default()
        });
        let node = Node {
            function: id,
            name: name.to_owned(),
            calls,
            self_ns: calls * ns / 2,
            ..Node::default()
        };
        let tree = self.analysis.tree.as_mut().unwrap();
        match tree.first_mut() {
            Some(main) => main.children.push(node),
            None => tree.push(node),
        }
        self.analysis.run.spans += calls;
        self.analysis.run.duration_ns += calls * ns / 2;
        self
    }

    fn stage(mut self, name: &str, ms: u64, mib: u64) -> Self {
        self.analysis.stages.push(Stage {
            name: name.to_owned(),
            wall_ns: ms * 1_000_000,
            peak_rss_bytes: Some(mib << 20),
            avg_cpu_percent: Some(99.6),
            calls: 1,
            ..Stage::default()
        });
        self
    }

    fn run(self, name: &str) -> SideRun {
        SideRun {
            source: name.to_owned(),
            path: name.into(),
            is_saved: false,
            analysis: self.analysis,
        }
    }
}

fn old() -> SideRun {
    Made::new("tower")
        .function("main", 20, 900_000)
        .function("transcribe", 2_000, 400)
        .function("decode_a_frame_with_a_rather_long_and_descriptive_name", 40_000, 80)
        .function("load", 200, 30)
        .function("forget", 100, 10)
        .stage("Transcribe", 900, 300)
        .run("old.redb")
}

fn new() -> SideRun {
    Made::new("laptop")
        .function("main", 20, 905_000)
        .function("transcribe", 2_000, 480)
        .function("decode_a_frame_with_a_rather_long_and_descriptive_name", 40_000, 60)
        .function("load", 200, 30)
        .function("evil|`name`<script>\u{1b}[31m", 400, 10)
        .stage("Transcribe", 1_100, 340)
        .run("new.redb")
}

fn show(line: &str, width: Option<usize>) -> String {
    show_of(&[old()], &[new()], line, width)
}

fn show_of(base: &[SideRun], head: &[SideRun], line: &str, width: Option<usize>) -> String {
    let args = args(line);
    let rules = Rules::new(args.least / 100.0, base.len(), head.len());
    let (mut all, tree) = compare::compare(base, head, rules);
    all.gates = args.fail_if.iter().map(|gate| gate.ask(&all)).collect();
    let page = Page { width, colour: false };
    let text = render(&all, tree.as_ref(), &args, page).unwrap();
    let widest = text.lines().map(crate::text::width).max();
    assert!(width.is_none() || widest <= width, "{widest:?} columns:\n{text}");
    assert!(!text.contains('\u{1b}'), "a name reaches the terminal:\n{text}");
    text
}

#[test]
fn a_comparison_in_a_pipe_and_in_terminals() {
    insta::assert_snapshot!(
        "text",
        show("--fail-if any.p95>+10%&significant --fail-if dropped>0", None)
    );
    insta::assert_snapshot!("text_80", show("", Some(80)));
    insta::assert_snapshot!("text_120", show("--all", Some(120)));
    insta::assert_snapshot!("tree", show("--tree", None));
    for width in 40..130 {
        for line in ["", "--tree", "--all", "--top 1 --fail-if any.p95>+10%"] {
            show(line, Some(width));
        }
    }
}

#[test]
fn a_comment_for_a_pull_request() {
    let text = show("--markdown --fail-if any.p95>+10%&significant --fail-if dropped>0", None);
    assert!(!text.contains("<script>") && !text.contains('`'), "{text}");
    insta::assert_snapshot!("markdown", text);
}

#[test]
fn the_same_run_twice_has_no_change() {
    let text = show_of(&[old()], &[old()], "", None);
    assert!(text.starts_with("nothing changed; 5 functions unchanged\n"), "{text}");
    let text = show_of(&[old()], &[old()], "--markdown", None);
    assert!(text.starts_with("### ferret diff: nothing changed\n"), "{text}");
    assert!(show_of(&[], &[], "", None).contains("no function is on either side"));
}

#[test]
fn the_name_of_a_program_never_moves_the_cursor() {
    let mut hostile = old();
    hostile.analysis.processes[0].exe = "/tmp/\u{1b}[31mred".to_owned();
    let text = show_of(&[old()], &[hostile], "", None);
    assert!(!text.contains('\u{1b}') && text.contains("[31mred"), "{text}");
}

#[test]
fn the_document_has_every_row() {
    let text = show("--json --fail-if new>0", None);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["kind"], "diff");
    assert_eq!(document["functions"].as_array().unwrap().len(), 6);
    assert_eq!(document["gates"][0]["held"], true);
    insta::assert_snapshot!(
        "document",
        serde_json::to_string_pretty(&document["functions"][0]).unwrap()
    );
}

#[test]
fn a_picture_is_as_wide_as_the_head_and_coloured_by_what_changed() {
    let (all, tree) = compare::compare(&[old()], &[new()], Rules::new(0.05, 1, 1));
    let picture = picture::flamegraph(&all, &tree.unwrap());
    let tints: Vec<_> =
        picture.roots[0].children.iter().map(|node| (node.name.as_str(), node.tint)).collect();
    assert_eq!(picture.roots[0].tint, Some(0), "main is the same by itself");
    assert_eq!(tints[0].1, Some(-1_000), "{tints:?}");
    assert!(
        tints.iter().any(|(name, tint)| *name == "transcribe" && *tint > Some(100)),
        "{tints:?}"
    );
    assert!(!tints.iter().any(|(name, _)| *name == "forget"), "what is gone has no width");
    let svg = picture.svg();
    assert!(svg.contains("hsl(214,80%,58%)") && svg.contains("hsl(0,0%,86%)"), "{svg}");
    assert!(svg.contains("one place is gone"), "{svg}");
    assert!(!svg.contains(",75%,"), "no colour that says nothing: {svg}");
}

#[test]
fn several_runs_a_side_are_compared_as_runs() {
    let runs = |us: [u64; 3]| {
        us.map(|us| Made::new("tower").function("work", 400, us).stage("S", us, 9).run("r"))
    };
    let text = show_of(&runs([1_000, 1_010, 990]), &runs([1_100, 1_090, 1_110]), "", None);
    assert!(text.starts_with("1 slower; 0 functions unchanged\nbase  3 runs: r … r\n"), "{text}");
    assert!(text.contains("as the runs differ"), "{text}");
    let text = show_of(&runs([1_000, 1_300, 990]), &runs([1_100, 1_090, 1_310]), "", None);
    assert!(text.starts_with("nothing changed"), "{text}");
}

#[test]
fn what_a_person_writes_as_a_percentage_is_read() {
    assert!((args("--least 2.5%").least - 2.5).abs() < 1e-9);
    for wrong in ["-1", "x", "nan", "inf"] {
        assert!(percent(wrong).is_err(), "{wrong}");
    }
}
