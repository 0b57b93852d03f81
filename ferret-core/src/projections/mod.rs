//! What entries add up to: each file a fold over the entries of one or several logs.
//!
//! A projection takes entries and gives state. It reads no clock, no terminal and no file: where
//! "now" matters it is a parameter. So `watch` at any moment and `analyze` at the end show the
//! same numbers, and every projection is tested on made-up entries.
