//! The commands: arguments to calls of the library, and what comes back to lines.

pub(crate) mod convert_model;
pub(crate) mod digest;
pub(crate) mod run;
pub(crate) mod search;
pub(crate) mod status;
