//! Forking, and going on in the child as a program may.
#![expect(unsafe_code, reason = "fork has no safe face")]

use std::io;

/// Forks. The child does this and exits; here its end is waited for.
pub(super) fn in_child(does: impl FnOnce()) -> io::Result<()> {
    // SAFETY: the child goes on with the forking thread's stack and the C library's locks in order,
    // which is what the C library promises; Ferret's hooks have to cope with the rest.
    let child = unsafe { libc::fork() };
    if child == 0 {
        does();
        std::process::exit(0);
    }
    if child < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut status = 0;
    // SAFETY: waits for a child of ours, and writes where it may.
    if unsafe { libc::waitpid(child, &raw mut status, 0) } != child {
        return Err(io::Error::last_os_error());
    }
    if status == 0 { Ok(()) } else { Err(io::Error::other(format!("a child ended with {status}"))) }
}
