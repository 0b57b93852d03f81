//! The log as a whole: what a writer wrote is what readers read, whatever happens in between.

mod child;
mod damage;
mod families;
mod faults;
mod format;
mod format_1;
mod format_2;
mod format_3;
mod growth;
mod leases;
mod lost;
mod open_tasks;
mod oracle;
mod power;
mod processes;
mod prune;
mod round_trip;

use super::family::{Durability, Place, Unsaved};
use super::info::ReadOptions;
use super::limits::Limits;
use super::tail::Tail;
use crate::event::Entry;
use std::path::Path;

fn place(path: &Path) -> Place {
    Place {
        path: path.to_owned(),
        join: None,
        keep_families: 10,
        durability: Durability::Process,
        limits: Limits::default(),
        outlived: false,
        unsaved: |_folder| Unsaved::new(),
    }
}

fn open(path: &Path) -> Tail {
    Tail::open(path, &ReadOptions::default()).unwrap()
}

/// Everything from the tail's place on, which must be sound.
fn read_all(tail: &mut Tail, at_once: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    loop {
        let more = tail.poll(at_once).unwrap();
        assert!(more.len() <= at_once);
        if more.is_empty() {
            assert_eq!(tail.damage(), (&[][..], 0));
            return entries;
        }
        entries.extend(more);
    }
}
