//! What is judged a change.
