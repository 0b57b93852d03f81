//! The log
