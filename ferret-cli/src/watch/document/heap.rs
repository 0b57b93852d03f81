//! What lives on the heaps, and who made it.

use crate::analyze;
use crate::tui::board::Scene;
use ferret::event::CallsiteInfo;
use ferret::projections::Living;
use serde::Serialize;

/// What lives of all that the processes have allocated while they were recorded.
#[derive(Debug, Serialize)]
pub(super) struct Heap {
    #[serde(flatten)]
    living: analyze::Heap,
    /// Those with the most bytes first.
    owners: Vec<Owner>,
}

#[derive(Debug, Serialize)]
struct Owner {
    name: String,
    module: String,
    #[serde(flatten)]
    living: analyze::Heap,
}

/// None where no log tells.
pub(super) fn heap(scene: &Scene) -> Option<Heap> {
    let living = scene.heap()?.into();
    let owners = scene.heap_owners();
    let owner = |(info, living): &(&CallsiteInfo, Living)| Owner {
        name: info.name.clone(),
        module: info.module.clone(),
        living: (*living).into(),
    };
    Some(Heap { living, owners: owners.iter().map(owner).collect() })
}
