//! The process's own events: exit, fork, signals. Everything here runs inside the host at awkward
//! moments, so each function says what it may touch.
#![expect(unsafe_code, reason = "libc has no safe face for these; each call has its proof")]

use super::{callsite, engine, registration, session};
use parking_lot::MutexGuard;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

/// Registers the exit and fork hooks, once in the life of the process.
pub(super) fn install() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        at_exit();
        // SAFETY: the three functions are `extern "C"`, live for ever, and do what the docs of
        // `pthread_atfork` allow: see each.
        let failed = unsafe {
            libc::pthread_atfork(Some(before_fork), Some(after_fork_parent), Some(after_fork_child))
        };
        // ENOMEM: a fork would then share the log's descriptors, which only leaves the log owned
        // until the child is gone too.
        debug_assert_eq!(failed, 0);
    });
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn at_exit() {
    unsafe extern "C" {
        /// glibc: as `atexit`, but knows the exit code. `on_exit(3)`.
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }
    extern "C" fn exiting(code: c_int, _argument: *mut c_void) {
        session::process_exits(Some(code));
    }
    // SAFETY: the declaration matches on_exit(3); the function lives for ever and ignores its
    // argument.
    let failed = unsafe { on_exit(exiting, std::ptr::null_mut()) };
    debug_assert_eq!(failed, 0, "no memory for an exit hook");
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn at_exit() {
    extern "C" fn exiting() {
        session::process_exits(None);
    }
    // SAFETY: the function lives for ever.
    let failed = unsafe { libc::atexit(exiting) };
    debug_assert_eq!(failed, 0, "no memory for an exit hook");
}

/// Every lock of ours that a forked child may need.
type Locks = (
    session::Locks,
    MutexGuard<'static, Option<&'static engine::Engine>>,
    MutexGuard<'static, Vec<&'static callsite::Callsite>>,
);

thread_local! {
    /// Held by the forking thread, across the fork.
    static HELD: Cell<Option<Locks>> = const { Cell::new(None) };
}

/// In the parent, before `fork`: takes our locks, so that the child gets them free.
extern "C" fn before_fork() {
    let locks = (session::lock_for_fork(), engine::lock_for_fork(), callsite::lock_for_fork());
    // A thread that forks while its thread-locals are destroyed does without.
    let _held: bool = HELD.try_with(|held| held.set(Some(locks))).is_ok();
}

/// In the parent, after `fork`.
extern "C" fn after_fork_parent() {
    let _released: bool = HELD.try_with(Cell::take).is_ok();
}

/// In the child, on its only thread, perhaps between `fork` and `exec`: no allocation, no lock
/// but ours, no drop of anything that belongs to the parent.
extern "C" fn after_fork_child() {
    after_fork_parent();
    registration::forget();
    session::forget_in_child();
}

/// Closes descriptors that the parent's log holds, in a forked child, without the parent's drops.
pub(super) fn close(descriptors: &[AtomicI32]) {
    for descriptor in descriptors {
        let number = descriptor.swap(-1, Ordering::Relaxed);
        if number >= 0 {
            // SAFETY: in the child nothing else uses these: the recorder, their only user, is not
            // among its threads.
            unsafe { libc::close(number) };
        }
    }
}

/// Blocks every signal on the calling thread, so that the host's handlers never run on it.
pub(super) fn block_signals() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: fills the set it is given.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled; a null old set is allowed.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut()) };
}

/// The signal that asked us to end, if one did.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Handles SIGTERM, SIGINT and SIGHUP where the host leaves them at their default.
pub(super) fn handle_signals() {
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        handle(signal);
    }
}

/// The signal caught, once.
pub(super) fn caught() -> Option<i32> {
    Some(SIGNAL.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

extern "C" fn catch(signal: c_int) {
    // One atomic store: async-signal-safe. The recorder looks at each tick.
    SIGNAL.store(signal, Ordering::Relaxed);
}

fn handle(signal: c_int) {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, into memory for it.
    let failed = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeroed is valid for this plain C struct, and the call has filled it.
    let mut action = unsafe { action.assume_init() };
    if failed != 0 || action.sa_sigaction != libc::SIG_DFL {
        return;
    }
    action.sa_sigaction = catch as *const () as libc::sighandler_t;
    // The second signal finds the default again and ends the process at once.
    action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
    // SAFETY: a complete action with a handler that is async-signal-safe.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

/// Ends the process by `signal`, as if it had never been caught.
pub(super) fn raise_again(signal: c_int) {
    let mut only = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: fills the set it is given.
    unsafe { libc::sigemptyset(only.as_mut_ptr()) };
    // SAFETY: the set is initialised.
    unsafe { libc::sigaddset(only.as_mut_ptr(), signal) };
    // SAFETY: the set is initialised; this thread had blocked everything.
    unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, only.as_ptr(), std::ptr::null_mut()) };
    // SAFETY: no memory is involved.
    unsafe { libc::raise(signal) };
}
