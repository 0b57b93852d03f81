//! What lives on the heaps, and who made it.

use crate::tui::board::Scene;
use ferret::projections::Living;
use serde::Serialize;

/// What lives of all that the processes have allocated while they were recorded.
#[derive(Debug, Serialize)]
pub(super) struct Heap {
    #[serde(flatten)]
    living: Lives,
    /// Those with the most bytes first.
    owners: Vec<Owner>,
}

#[derive(Debug, Serialize)]
struct Lives {
    live_bytes: u64,
    live_count: u64,
    peak_bytes: u64,
}

#[derive(Debug, Serialize)]
struct Owner {
    name: String,
    module: String,
    #[serde(flatten)]
    living: Lives,
}

impl From<Living> for Lives {
    fn from(living: Living) -> Self {
        let Living { bytes: live_bytes, count: live_count, peak_bytes } = living;
        Self { live_bytes, live_count, peak_bytes }
    }
}

/// None where no log tells.
pub(super) fn heap(scene: &Scene) -> Option<Heap> {
    let living = scene.heap()?.into();
    let owners = scene.heap_owners();
    let owner = |(info, living): &(&ferret::event::CallsiteInfo, Living)| Owner {
        name: info.name.clone(),
        module: info.module.clone(),
        living: (*living).into(),
    };
    Some(Heap { living, owners: owners.iter().map(owner).collect() })
}
