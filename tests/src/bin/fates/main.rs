//! A program that comes to the end that its argument names, or does to its process what programs do.
//!
//! What it records first is always the same: [`RECORDED`] spans, the first half of which is surely in
//! the log before it goes on.

mod fork;

use ferret::{Session, profile};
use std::error::Error;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Spans before the end, of [`recorded`].
const RECORDED: u32 = 1_000;
/// Calls within calls, and how many of them return.
const DEPTH: u32 = 20_000;
const RETURNED: u32 = 15_000;
/// Spans of each forked child.
const IN_CHILD: u32 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // One that makes its sessions itself.
    if let ["sessions", count] = *arguments {
        return sessions(count.parse()?);
    }
    let session = ferret::start("run.redb")?;
    record(&session);
    match *arguments {
        ["abort"] => abort(),
        ["kill"] => kill(),
        ["kill when deep"] => kill_when_deep(&session)?,
        ["overflow"] => overflow()?,
        ["no memory"] => exhaust_memory()?,
        ["exit in a thread"] => exit_in_a_thread()?,
        ["exec", program] => return Err(exec(program).into()),
        ["fork", children] => fork_often(children.parse()?)?,
        ["churn", threads] => churn(&session, threads.parse()?)?,
        _ => return Err(format!("no such end: {arguments:?}").into()),
    }
    Ok(())
}

fn record(session: &Session) {
    for number in 0..RECORDED {
        if number == RECORDED / 2 {
            assert!(session.flush(Duration::from_secs(20)), "the log can be written");
        }
        recorded();
    }
}

#[profile]
fn recorded() {}

#[profile]
fn abort() {
    std::process::abort();
}

/// As the kernel does to one of those that have taken all memory.
#[profile]
fn kill() {
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::KILL).expect("a signal is sent");
    thread::sleep(Duration::MAX);
}

/// Is killed after most of its calls have returned, of which the log knows that all were open.
fn kill_when_deep(session: &Session) -> io::Result<()> {
    let deep = thread::Builder::new().name("deep".to_owned()).stack_size(1 << 30);
    thread::scope(|scope| deep.spawn_scoped(scope, || call_and_return(1, session)).map(drop))
}

#[profile]
fn call_and_return(depth: u32, session: &Session) {
    if depth < DEPTH {
        call_and_return(depth + 1, session);
    } else {
        assert!(session.flush(Duration::from_secs(20)), "the log can be written");
    }
    if depth == DEPTH - RETURNED {
        kill();
    }
}

/// On a small stack, so that it takes no long time.
fn overflow() -> io::Result<()> {
    let small = thread::Builder::new().name("deep".to_owned()).stack_size(128 << 10);
    let _never: u64 = small.spawn(|| deeper(1))?.join().unwrap_or(0);
    Ok(())
}

#[profile]
fn deeper(depth: u64) -> u64 {
    // Something to do after the call, or there would be no frame.
    std::hint::black_box(deeper(depth + 1)) + depth
}

#[profile]
fn exhaust_memory() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = Some(256 << 20);
    setrlimit(Resource::As, Rlimit { current: most, maximum: most })?;
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        all.push(vec![1; 1 << 20]);
    }
}

fn exit_in_a_thread() -> io::Result<()> {
    thread::Builder::new().name("leaver".to_owned()).spawn(leave)?;
    wait_for_the_end();
    Ok(())
}

#[profile]
fn leave() {
    // Until the other's span is there to be left open.
    while !IS_WAITING.load(Ordering::Acquire) {
        thread::yield_now();
    }
    std::process::exit(3);
}

static IS_WAITING: AtomicBool = AtomicBool::new(false);

#[profile]
fn wait_for_the_end() {
    IS_WAITING.store(true, Ordering::Release);
    thread::sleep(Duration::MAX);
}

#[profile]
fn exec(program: &str) -> io::Error {
    Command::new(program).exec()
}

/// Forks while other threads record, whatever they are at.
fn fork_often(children: u32) -> io::Result<()> {
    let (is_over, busy) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for number in 0..3 {
            let (is_over, busy) = (&is_over, &busy);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    meanwhile(number);
                    busy.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_micros(50));
                }
            });
        }
        let forked = (0..children).try_for_each(|_| fork_one());
        is_over.store(true, Ordering::Relaxed);
        forked
    })?;
    println!("{}", busy.load(Ordering::Relaxed));
    Ok(())
}

/// Of everything that may hold a lock at the moment of a fork.
#[profile]
fn meanwhile(number: u64) {
    let _named = ferret::span!(name = format_args!("thread {number}"), number);
    ferret::counter!(turns, 1);
    let _place = ferret::current_span();
    drop(String::with_capacity(100));
}

#[profile]
fn fork_one() -> io::Result<()> {
    fork::in_child(|| {
        for _ in 0..IN_CHILD {
            in_child();
        }
    })
}

#[profile]
fn in_child() {}

/// Threads that come, record one span, and go; a few at a time. Now and then they wait for the recorder: how far it is
/// behind on a busy machine is another matter.
fn churn(session: &Session, threads: u64) -> Result<(), Box<dyn Error>> {
    let started = peak_kib()?;
    for number in 0..threads / 8 {
        if number % 64 == 0 {
            assert!(session.flush(Duration::from_mins(1)), "the log can be written");
        }
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || visit(number));
            }
        });
    }
    println!("{}", peak_kib()?.saturating_sub(started));
    // Until who looks has looked.
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}

#[profile]
fn visit(number: u64) {
    std::hint::black_box(number);
}

/// The most memory that the process has had, KiB: `VmHWM` of proc(5).
fn peak_kib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse()?)
}

/// One recording after the other. What is left of them is told once they have become routine, and at
/// the end.
fn sessions(count: u32) -> Result<(), Box<dyn Error>> {
    for number in 0..count {
        if number == 20 {
            println!("{}", left_behind()?);
        }
        let session = ferret::start("run.redb")?;
        recorded();
        drop(session);
    }
    println!("{}", left_behind()?);
    Ok(())
}

/// Descriptors, mappings, threads; once the threads of the last recording are gone, or ten seconds.
fn left_behind() -> io::Result<String> {
    let threads = || Ok::<_, io::Error>(std::fs::read_dir("/proc/self/task")?.count());
    for _ in 0..10_000 {
        if threads()? == 1 {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let descriptors = std::fs::read_dir("/proc/self/fd")?.count();
    let mappings = std::fs::read_to_string("/proc/self/maps")?.lines().count();
    let threads = threads()?;
    Ok(format!("{descriptors} {mappings} {threads}"))
}
