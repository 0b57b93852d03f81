//! What the keeper gives the store: what was counted and what happened, and now and then the word to drop what is old.

use super::{ADD_SHARE, Keeper, LOOK_NS, PRUNE_NS};
use crate::fleet::Counted;
use crate::fleet::clock::unix_ms;
use crate::fleet::store::StoreError;
use crate::fleet::worker::Worker;
use ferret::event::{LogTime, ProcessUid};
use ferret::log;
use std::collections::BTreeMap;

impl Keeper {
    /// Gives the store what was counted, if it is time or `at_once`; says whether there was anything.
    pub(super) fn add(&mut self, now: LogTime, at_once: bool) -> bool {
        if !self.shared.settings.keeps_history() {
            self.events.clear();
            return false;
        }
        if now < self.next_add && !at_once {
            return false;
        }
        self.slots = 0;
        // How that went shows when it is written.
        self.shared.recover().ok();
        // What was read and what it means is stored together.
        self.tell(now);
        let read_ms = unix_ms();
        let counted: Vec<Counted> = {
            let mut workers = self.shared.workers.lock();
            let all = workers.iter_mut().filter_map(|(uid, worker)| {
                let is_new = worker.is_to_be_kept();
                match worker.take_slots() {
                    Some((read, slots)) => Some((*uid, Some(read), slots)),
                    None => is_new.then(|| (*uid, None, BTreeMap::new())),
                }
            });
            all.collect()
        };
        let is_nothing = counted.is_empty() && self.events.is_empty();
        let has_failed = self.shared.troubles.lock().store.is_some();
        if is_nothing && !has_failed && now < self.next_prune {
            self.shared.has_counted(read_ms);
            return false;
        }
        let now_ms = unix_ms();
        let uids: Vec<ProcessUid> = counted.iter().map(|(uid, ..)| *uid).collect();
        let added = self.shared.add(counted, Some(&self.events), now_ms);
        let mut workers = self.shared.workers.lock();
        for uid in uids {
            if let Some(worker) = workers.get_mut(&uid) {
                worker.was_added(added.is_ok());
            }
        }
        drop(workers);
        if added.is_ok() {
            self.shared.has_counted(read_ms);
            self.events.clear();
        }
        let pruned = self.prune(now, now_ms);
        self.shared.troubles.lock().store = added.and(pruned).err().map(|error| error.to_string());
        let cost_ns = log::now().since(now);
        self.next_add = log::now().after(LOOK_NS.max(cost_ns * ADD_SHARE));
        !is_nothing
    }

    fn prune(&mut self, now: LogTime, now_ms: u64) -> Result<(), StoreError> {
        if now < self.next_prune {
            return Ok(());
        }
        self.next_prune = now.after(PRUNE_NS);
        self.shared.store.prune(now_ms)?;
        let Some(after_ns) = self.shared.settings.forget_after_ns else { return Ok(()) };
        // What is not mounted, say, is not gone.
        let is_all_there = {
            let troubles = self.shared.troubles.lock();
            troubles.missing.is_empty() && troubles.empty.is_empty()
        };
        if !is_all_there {
            return Ok(());
        }
        let old: Vec<ProcessUid> = {
            let workers = self.shared.workers.lock();
            let is_old = |worker: &&Worker| {
                let kept = &worker.kept;
                let last_ms = kept.ended_ms.or(kept.started_ms).unwrap_or(now_ms);
                worker.is_gone && now_ms.saturating_sub(last_ms) > after_ns / 1_000_000
            };
            workers.values().filter(is_old).map(|worker| worker.kept.uid).collect()
        };
        self.shared.forget(&old).map(drop)
    }
}
