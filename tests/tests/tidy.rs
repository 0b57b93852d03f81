//! What the compiler does not hold: who may name whom, how long a file may be, that it says what
//! it is for, and that `unsafe` stays where its proofs are.

use std::path::{Path, PathBuf};

/// Longer files are two.
const LONGEST_FILE: usize = 450;

/// The only files that may do what the compiler cannot check; each ends in one of these.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("ferret-core/examples/alloc_cost.rs", "a benchmark that calls two allocators by hand"),
    ("ferret-core/src/alloc.rs", "the global allocator: headers before the program's memory"),
    ("ferret-core/src/alloc_tests.rs", "its tests, which allocate and free by hand"),
    ("ferret-core/src/record/arena.rs", "chunks are made of the mapping's pages"),
    ("ferret-core/src/record/chunk.rs", "raw events, written and read without a lock"),
    ("ferret-core/src/record/clock.rs", "the time stamp counter"),
    ("ferret-core/src/record/flight/left.rs", "the names that a dead process left in its mapping"),
    ("ferret-core/src/record/flight/memory.rs", "the mapping that holds the chunks"),
    ("ferret-core/src/record/flight/mod.rs", "atomics and texts in the mapping"),
    ("ferret-core/src/record/hooks.rs", "exit, fork and signal hooks"),
    ("ferret-core/tests/host.rs", "a program that forks is one of the hosts"),
    ("ferret-core/tests/profiled_allocator.rs", "a global allocator is one of the hosts"),
    ("tests/src/bin/fates/fork.rs", "a program that forks is one of those that end"),
    ("tests/src/ledger/memory.rs", "a mapping that outlives who writes into it"),
    ("ferret-macros/tests/edition.rs", "an `unsafe fn` is one of the macro's cases"),
];

/// (files whose path has this, words they may not name, why)
const LAYERS: &[(&str, &[&str], &str)] = &[
    (
        "ferret-core/src/event/",
        &["crate::log", "crate::record", "crate::projections", "crate::macros", "redb::"],
        "everything depends on the event model, it on nothing",
    ),
    (
        "ferret-core/src/record/",
        &["crate::log", "crate::projections", "redb::", "bincode::"],
        "the recorder knows no file; session.rs joins the two",
    ),
    (
        "ferret-core/src/log/",
        &["crate::record", "crate::projections"],
        "the log knows no thread; session.rs joins the two",
    ),
    (
        "ferret-core/src/projections/",
        &[
            "crate::log",
            "crate::record",
            "redb::",
            "bincode::",
            "Instant::now",
            "std::fs",
            "std::io",
        ],
        "projections are folds: entries in, state out",
    ),
    (
        "ferret-core/src/",
        &["clap", "ratatui", "crossterm"],
        "the library knows no terminal and no command line",
    ),
    ("ferret-macros/src/", &["ferret::event", "redb::"], "the macro only writes calls"),
    ("ferret-cli/src/", &["redb::", "bincode::"], "commands read a log through its tail alone"),
    ("ferret-cli/src/tui/board", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/headline", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/heap", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/columns", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/copy", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/details", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/functions", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/keys", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/layout", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/list", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/pick", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/press", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/processes", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/prompt", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/stack", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/stages", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/tabs", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/timeline", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/travel", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/ui", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/unfold", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/tui/wording", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
    ("ferret-cli/src/watch/source", &["ratatui", "crossterm"], ONLY_THE_VIEW_DRAWS),
];

const ONLY_THE_VIEW_DRAWS: &str = "only the view draws, and only the screen knows a terminal";

/// The exceptions to `LAYERS`, each with its reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("ferret-core/src/record/session.rs", "crate::log", "the one file that joins recorder and log"),
    ("ferret-cli/src/fleet/store.rs", "redb::", A_STORE),
    ("ferret-cli/src/fleet/store/asking.rs", "redb::", A_STORE),
    ("ferret-cli/src/fleet/store/opening.rs", "redb::", A_STORE),
    ("ferret-cli/src/fleet/store/opening_tests.rs", "redb::", A_STORE),
    ("ferret-cli/src/fleet/store/pruning.rs", "redb::", A_STORE),
];

const A_STORE: &str = "what a fleet keeps is in a store of its own, beside no log";

/// What tasks run on. The library knows none.
const RUNTIMES: &[&str] = &["async-executor", "async-std", "futures-executor", "smol", "tokio"];

#[test]
fn the_sources_are_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found = Vec::new();
    let sources = sources(root);
    assert!(sources.len() > 20, "the sources were not found below {}", root.display());
    for path in sources {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        found.extend(faults(name, &text));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn only_the_codec_names_bincode() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let naming: Vec<_> = sources(&root.join("ferret-core"))
        .into_iter()
        .filter(|path| code(&std::fs::read_to_string(path).unwrap()).contains("bincode::"))
        .filter(|path| !path.ends_with("log/codec.rs"))
        .collect();
    assert!(naming.is_empty(), "bincode is unmaintained and stays behind codec.rs: {naming:?}");
}

#[test]
fn every_member_obeys_the_workspace_lints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for member in
        ["ferret-core", "ferret-macros", "ferret-cli", "pipeline", "examples", "tests", "benches"]
    {
        let manifest = std::fs::read_to_string(root.join(member).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{member}/Cargo.toml");
    }
}

#[test]
fn the_library_depends_on_no_runtime() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(root.join("ferret-core/Cargo.toml")).unwrap();
    let names = dependencies(&manifest);
    assert!(names.contains(&"redb"), "the dependencies were not found: {names:?}");
    let is_runtime = |name: &&str| RUNTIMES.contains(name);
    let runtimes: Vec<_> = names.into_iter().filter(is_runtime).collect();
    assert!(runtimes.is_empty(), "ferret-core records tasks of any runtime: {runtimes:?}");
}

/// What a package's users build with it: the names, and the packages that have another name here.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut is_wanted = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            is_wanted = section.contains("dependencies") && !section.contains("dev-dependencies");
            // `[dependencies.redb]`
            let name = section.split_once("dependencies.").map(|(_, name)| name);
            found.extend(name.filter(|_| is_wanted));
        } else if is_wanted && !line.starts_with('#') {
            found.extend(line.split([' ', '.', '=']).next().filter(|name| !name.is_empty()));
            let package =
                line.split_once("package = \"").and_then(|(_, rest)| rest.split('"').next());
            found.extend(package);
        }
    }
    found
}

/// What is wrong with one file.
fn faults(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // A case for the macro is a user's program, not ours.
    if name.contains("/ui/") {
        return found;
    }
    if !text.starts_with("//!") {
        found.push(format!("{name}: does not open with `//!`: what is it for?"));
    }
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        found.push(format!("{name}: {lines} lines, more than {LONGEST_FILE}: is it two?"));
    }
    let code = code(text);
    if code.contains(concat!("#[", "allow(")) || code.contains(concat!("#![", "allow(")) {
        found.push(format!("{name}: `allow` hides for ever: use `expect` with its reason"));
    }
    if names(&code, concat!("unsafe", "_code"))
        && !UNSAFE_FILES.iter().any(|(allowed, _)| *allowed == name)
    {
        found.push(format!("{name}: is no file for unsafe code"));
    }
    for (files, words, why) in LAYERS {
        if !name.starts_with(files) {
            continue;
        }
        for word in words.iter().filter(|word| names(&code, word)) {
            let excepted = EXCEPTIONS.iter().any(|(file, what, _)| *file == name && what == word);
            if !excepted {
                found.push(format!("{name}: names `{word}`: {why}"));
            }
        }
    }
    found
}

/// The lines that are code: comments may speak of anything.
fn code(text: &str) -> String {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| line.split(" // ").next().unwrap_or(line))
        .fold(String::new(), |code, line| code + line + "\n")
}

/// Whether `code` has `word` as a whole path: `crate::log`, but not `crate::logic`.
fn names(code: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        // `run.redb` is a file, not a path of the language.
        let is_cut = before.is_some_and(|c| is_part(c) || c == '.')
            || (word.ends_with(is_part) && after.is_some_and(is_part));
        let is_quoted = before == Some('"');
        !is_cut && !is_quoted
    })
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be listed") {
            let path = entry.expect("a folder can be listed").path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            if path.is_dir() && !is_hidden && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[track_caller]
fn check(name: &str, text: &str, expect: &[&str]) {
    let found = faults(name, text);
    assert_eq!(found.len(), expect.len(), "{found:?}");
    for (fault, part) in found.iter().zip(expect) {
        assert!(fault.contains(part), "{fault}");
    }
}

#[test]
fn a_tidy_file_has_no_fault() {
    check("ferret-core/src/event/ids.rs", "//! Ids.\n// as crate::log says\nuse std::fmt;\n", &[]);
    check("ferret-core/src/record/session.rs", "//! Joins.\nuse crate::log::Writer;\n", &[]);
    check("ferret-core/src/record/chunk.rs", concat!("//! A\n#![expect(unsafe", "_code)]"), &[]);
    check("ferret-core/src/event/ids.rs", "//! Ids.\nuse crate::logic::X;\n", &[]);
    check("ferret-cli/src/x.rs", "//! X\nconst LOG: &str = \"~/run.redb\";\n", &[]);
}

#[test]
fn dependencies_are_found_as_they_can_be_written() {
    let manifest = r#"
        [package]
        name = "smol"
        [features]
        tokio = ["dep:redb"]
        [dependencies]
        redb.workspace = true
        # smol = "2"
        rt = { package = "async-std", version = "1" }

        [target.'cfg(unix)'.dependencies]
        libc = "0.2"
        [dependencies.tokio]
        [dev-dependencies]
        futures = "0.3"
        [dev-dependencies.loom]
    "#;
    assert_eq!(dependencies(manifest), ["redb", "rt", "async-std", "libc", "tokio"]);
}

#[test]
fn each_fault_is_found() {
    check("ferret-cli/src/x.rs", "use std::fmt;\n", &["does not open"]);
    check("ferret-cli/src/x.rs", &format!("//! X\n{}", "\n".repeat(450)), &["451 lines"]);
    check("ferret-cli/src/x.rs", concat!("//! X\n#[", "allow(x)]"), &["`allow`"]);
    check("ferret-cli/src/x.rs", concat!("//! X\n#[expect(unsafe", "_code)]"), &["unsafe"]);
    check("ferret-cli/src/x.rs", "//! X\nuse redb::Database;", &["names `redb::`"]);
    check("ferret-core/src/record/tick.rs", "//! X\nuse crate::log::Writer;", &["crate::log"]);
    check("ferret-core/src/log/tail.rs", "//! X\nuse crate::record;", &["crate::record"]);
    check("ferret-core/src/projections/a.rs", "//! X\nlet a = Instant::now();", &["Instant::now"]);
    check("ferret-cli/src/tui/ui.rs", "//! X\nuse ratatui::Frame;", &["only the view draws"]);
}
