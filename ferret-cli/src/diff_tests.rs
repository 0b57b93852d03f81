//! What `diff` shows of made-up runs.
