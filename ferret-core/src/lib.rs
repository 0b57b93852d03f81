//! Ferret.
