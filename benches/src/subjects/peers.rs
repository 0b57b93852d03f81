//! Other profilers, each used as its documentation recommends, and where there is a choice, in the
//! way that is better for it: inside an open scope or root, writing on a thread of its own.

use super::tree::{step, tree};
use super::{Kept, Library, PLAIN, Profiler, Subject};
use crate::clocks::process_cpu_ns;
use fastrace::collector::{Config, Reporter, SpanRecord};
use fastrace::prelude::{Span, SpanContext};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;

pub(super) static SUBJECTS: &[Subject] = &[
    Subject {
        key: "hotpath",
        name: "hotpath, report",
        library: &HOTPATH,
        call: Some(hotpath_call),
        tree: Some(hotpath_tree::a),
    },
    Subject {
        key: "puffin",
        name: "puffin, file",
        library: &PUFFIN,
        call: Some(puffin_call),
        tree: Some(puffin_tree::a),
    },
    Subject {
        key: "puffin-top-level",
        name: "puffin, no scope around",
        library: &PUFFIN_TOP_LEVEL,
        call: Some(puffin_call),
        tree: None,
    },
    Subject {
        key: "fastrace",
        name: "fastrace, file",
        library: &FASTRACE,
        call: Some(fastrace_call),
        tree: Some(fastrace_tree::a),
    },
    Subject {
        key: "tracing",
        name: "tracing, empty layer",
        library: &TRACING,
        call: Some(tracing_call),
        tree: None,
    },
    Subject {
        key: "tracing-chrome",
        name: "tracing-chrome, file",
        library: &TRACING_CHROME,
        call: Some(tracing_call),
        tree: Some(tracing_tree::a),
    },
    Subject {
        key: "tracy",
        name: "tracy-client, no server",
        library: &TRACY,
        call: Some(tracy_call),
        tree: None,
    },
];

/// A profiler that is ended by dropping its guard, and that loses nothing or does not tell.
struct Guarded<G> {
    guard: G,
    lost: Option<u64>,
}

impl<G> Profiler for Guarded<G> {
    fn settle(&mut self) -> anyhow::Result<()> {
        wait_until_calm();
        Ok(())
    }

    fn finish(self: Box<Self>, _made: u64) -> anyhow::Result<Kept> {
        drop(self.guard);
        Ok(Kept { lost: self.lost, log: None })
    }
}

/// Waits until the other threads of this process have nothing to do, for a second at most: until a
/// millisecond passes in which they took less than a twentieth of a core.
fn wait_until_calm() {
    for _ in 0..1_000 {
        let before = process_cpu_ns();
        std::thread::sleep(Duration::from_millis(1));
        if process_cpu_ns() - before < 50_000 {
            return;
        }
    }
}

static HOTPATH: Library = Library {
    start: |folder| {
        let guard = hotpath::HotpathGuardBuilder::new("benches")
            .format(hotpath::Format::Json)
            .output_path(folder.join("hotpath.json"))
            .build();
        Ok(Box::new(Guarded { guard, lost: None }))
    },
    ..PLAIN
};

static TRACING: Library = Library {
    start: |_| {
        struct Empty;
        impl Layer<Registry> for Empty {}
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Empty))?;
        Ok(Box::new(Guarded { guard: (), lost: None }))
    },
    ..PLAIN
};

static TRACING_CHROME: Library = Library {
    start: |folder| {
        let file = folder.join("trace.json");
        let (layer, guard) = tracing_chrome::ChromeLayerBuilder::new().file(file).build();
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;
        // Its channel has no bound.
        Ok(Box::new(Guarded { guard, lost: Some(0) }))
    },
    ..PLAIN
};

static TRACY: Library = Library {
    start: |_| Ok(Box::new(Guarded { guard: tracy_client::Client::start(), lost: None })),
    ..PLAIN
};

static PUFFIN: Library = Library {
    start: start_puffin,
    around: |batch| {
        puffin::profile_scope!("around");
        AROUND.fetch_add(1, Ordering::Relaxed);
        batch();
    },
    frame: || puffin::GlobalProfiler::lock().new_frame(),
};

static PUFFIN_TOP_LEVEL: Library = Library { start: start_puffin, ..PLAIN };

/// Scopes and roots that are not part of what is measured.
static AROUND: AtomicU64 = AtomicU64::new(0);

/// Spans that have been kept.
static KEPT: AtomicU64 = AtomicU64::new(0);

/// How many of `made` spans, and of those around them, were not kept.
fn lost(made: u64) -> u64 {
    let around = AROUND.load(Ordering::Relaxed);
    (made + around).saturating_sub(KEPT.load(Ordering::Relaxed))
}

struct Puffin {
    sink: puffin::FrameSinkId,
    writer: JoinHandle<anyhow::Result<()>>,
}

fn start_puffin(folder: &Path) -> anyhow::Result<Box<dyn Profiler>> {
    let mut file = BufWriter::new(File::create(folder.join("run.puffin"))?);
    let (frames, queue): (SyncSender<Arc<puffin::FrameData>>, _) = sync_channel(64);
    let writer = std::thread::Builder::new().name("puffin-writer".to_owned()).spawn(move || {
        file.write_all(b"PUF0")?;
        for frame in queue {
            KEPT.fetch_add(frame.meta().num_scopes as u64, Ordering::Relaxed);
            frame.write_into(None, &mut file)?;
        }
        Ok(file.flush()?)
    })?;
    puffin::set_scopes_on(true);
    let sink = puffin::GlobalProfiler::lock().add_sink(Box::new(move |frame| {
        // Without a writer nothing is counted as kept, and the report says so.
        frames.send(frame).unwrap_or_default();
    }));
    Ok(Box::new(Puffin { sink, writer }))
}

impl Profiler for Puffin {
    fn settle(&mut self) -> anyhow::Result<()> {
        puffin::GlobalProfiler::lock().new_frame();
        wait_until_calm();
        Ok(())
    }

    fn finish(self: Box<Self>, made: u64) -> anyhow::Result<Kept> {
        let mut profiler = puffin::GlobalProfiler::lock();
        profiler.new_frame();
        drop(profiler.remove_sink(self.sink));
        drop(profiler);
        self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(Kept { lost: Some(lost(made)), log: None })
    }
}

static FASTRACE: Library = Library {
    start: |folder| {
        let file = BufWriter::new(File::create(folder.join("run.fastrace"))?);
        fastrace::set_reporter(ToFile(file), Config::default());
        Ok(Box::new(Fastrace))
    },
    around: |batch| {
        let root = Span::root("around", SpanContext::random());
        AROUND.fetch_add(1, Ordering::Relaxed);
        let _guard = root.set_local_parent();
        batch();
    },
    frame: || {},
};

struct Fastrace;

impl Profiler for Fastrace {
    fn settle(&mut self) -> anyhow::Result<()> {
        fastrace::flush();
        wait_until_calm();
        Ok(())
    }

    fn finish(self: Box<Self>, made: u64) -> anyhow::Result<Kept> {
        fastrace::flush();
        Ok(Kept { lost: Some(lost(made)), log: None })
    }
}

/// Writes records as plain as they come, for little: it is not the reporter that is measured.
struct ToFile(BufWriter<File>);

impl Reporter for ToFile {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        for span in &spans {
            let written = self
                .0
                .write_all(&span.trace_id.0.to_le_bytes())
                .and_then(|()| self.0.write_all(&span.span_id.0.to_le_bytes()))
                .and_then(|()| self.0.write_all(&span.parent_id.0.to_le_bytes()))
                .and_then(|()| self.0.write_all(&span.begin_time_unix_ns.to_le_bytes()))
                .and_then(|()| self.0.write_all(&span.duration_ns.to_le_bytes()))
                .and_then(|()| self.0.write_all(span.name.as_bytes()));
            // What is not written is lost, and counted as such.
            KEPT.fetch_add(u64::from(written.is_ok()), Ordering::Relaxed);
        }
    }
}

tree!(hotpath_tree, [#[hotpath::measure]] {});
tree!(puffin_tree, [] { puffin::profile_function!(); });
tree!(fastrace_tree, [#[fastrace::trace]] {});
tree!(tracing_tree, [#[tracing::instrument(skip_all)]] {});

#[inline(never)]
#[hotpath::measure]
fn hotpath_call(x: u64) -> u64 {
    step(x)
}

#[inline(never)]
fn puffin_call(x: u64) -> u64 {
    puffin::profile_function!();
    step(x)
}

#[inline(never)]
#[fastrace::trace]
fn fastrace_call(x: u64) -> u64 {
    step(x)
}

#[inline(never)]
#[tracing::instrument(skip_all)]
fn tracing_call(x: u64) -> u64 {
    step(x)
}

#[inline(never)]
fn tracy_call(x: u64) -> u64 {
    let _span = tracy_client::span!("tracy_call");
    step(x)
}
