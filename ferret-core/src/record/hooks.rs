//! The process's own events: exit, fork, signals. Everything here runs inside the host at awkward
//! moments, so each function says what it may touch.
#![expect(unsafe_code, reason = "libc has no safe face for these; each call has its proof")]

use super::{callsite, engine, registration, session};
use parking_lot::MutexGuard;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
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
    MutexGuard<'static, session::Recording>,
    MutexGuard<'static, Option<&'static engine::Engine>>,
    MutexGuard<'static, callsite::Registered>,
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
pub(super) fn close(descriptors: impl Iterator<Item = RawFd>) {
    for descriptor in descriptors {
        // SAFETY: in the child nothing else uses these: the recorder, their only user, is not
        // among its threads.
        unsafe { libc::close(descriptor) };
    }
}

/// Every signal is blocked on the calling thread, until this is dropped: threads started meanwhile
/// keep it so.
#[derive(Debug)]
pub(super) struct SignalsBlocked(libc::sigset_t);

/// Blocks every signal on the calling thread.
pub(super) fn block_signals() -> SignalsBlocked {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: fills the set it is given.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the first set was filled, the second is memory for one.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr()) };
    // SAFETY: zeroed is valid for this plain C struct, and the call has filled it.
    SignalsBlocked(unsafe { before.assume_init() })
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: a set that the kernel gave; a null old set is allowed.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut())
        };
    }
}

/// The signal that asked us to end, if one did.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

/// Those that ask a program to end.
const ENDING: [c_int; 3] = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP];

/// Handles SIGTERM, SIGINT and SIGHUP where the host leaves them at their default.
pub(super) fn handle_signals() {
    for signal in ENDING {
        replace(signal, libc::SIG_DFL, catcher());
    }
}

/// Gives them their default back, where the handler is still ours: nobody looks at what it notes
/// any more, and a program must not survive its first Ctrl-C for that.
pub(super) fn leave_signals() {
    for signal in ENDING {
        replace(signal, catcher(), libc::SIG_DFL);
    }
}

/// In a forked child: the handlers are the parent's recording's, and so is what they have caught.
pub(super) fn forget_signals() {
    leave_signals();
    SIGNAL.store(0, Ordering::Relaxed);
}

/// The signal caught, once.
pub(super) fn caught() -> Option<i32> {
    Some(SIGNAL.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

extern "C" fn catch(signal: c_int) {
    // Called by the kernel it finds the default again, which comes with `SA_RESETHAND`. Else it is called
    // by a handler that the host has put in its place, as those of `signal-hook` and `tokio` call the one
    // before them: the host has a use for the signal, and it does not end the program.
    let is_hosts = action_of(signal).is_none_or(|action| action.sa_sigaction != libc::SIG_DFL);
    if !is_hosts {
        // One atomic store, after sigaction(2): async-signal-safe. The recorder looks at each tick, after
        // 40 ms at most.
        SIGNAL.store(signal, Ordering::Relaxed);
    }
}

/// What the signal does now.
fn action_of(signal: c_int) -> Option<libc::sigaction> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asks only, into memory for it.
    let failed = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: zeroed is valid for this plain C struct, and the call has filled it.
    let action = unsafe { action.assume_init() };
    (failed == 0).then_some(action)
}

fn catcher() -> libc::sighandler_t {
    catch as *const () as libc::sighandler_t
}

/// Gives the signal the handler `to` if it has `from`.
fn replace(signal: c_int, from: libc::sighandler_t, to: libc::sighandler_t) {
    let Some(mut action) = action_of(signal).filter(|action| action.sa_sigaction == from) else {
        return;
    };
    action.sa_sigaction = to;
    // The second signal finds the default again and ends the process at once.
    action.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
    // SAFETY: a complete action, with a handler that is async-signal-safe, or none.
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
