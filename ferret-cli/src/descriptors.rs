//! As many descriptors as the system gives: a log that is read needs two, and a connection one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Takes them. A child has the same limit, so not before `ferret run` has started its own.
pub(crate) fn take_all() {
    let limit = getrlimit(Resource::Nofile);
    // Where there are no more, that is said of the log that cannot be opened, and a connection waits.
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).ok();
}
