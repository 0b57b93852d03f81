//! Which functions there are: callsites of several processes merged by what they say of
//! themselves, and numbered.

use crate::event::{CallsiteInfo, CallsiteKind};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A function, block or stage: one callsite, in however many processes it ran. Numbers are given
/// in order of first appearance and mean nothing outside their projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId(pub u32);

/// Stands for every callsite that a log does not name, which only a damaged one lacks.
static UNNAMED: LazyLock<CallsiteInfo> = LazyLock::new(|| CallsiteInfo {
    name: "?".to_owned(),
    module: String::new(),
    file: String::new(),
    line: 0,
    kind: CallsiteKind::Function,
});

/// The functions of a projection, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Functions {
    infos: Vec<CallsiteInfo>,
    ids: BTreeMap<CallsiteInfo, FunctionId>,
}

impl Functions {
    /// The function of a callsite, merged by module, name, file, line and kind; `?` for none.
    pub(super) fn intern(&mut self, info: Option<&CallsiteInfo>) -> FunctionId {
        let info = info.unwrap_or(&UNNAMED);
        if let Some(&id) = self.ids.get(info) {
            return id;
        }
        // A process has fewer than 2^24 callsites; past 2^32 in all, the last is shared.
        let id = FunctionId(u32::try_from(self.infos.len()).unwrap_or(u32::MAX));
        self.infos.push(info.clone());
        self.ids.insert(info.clone(), id);
        id
    }

    /// The function of a callsite that is known.
    pub(super) fn get(&self, info: &CallsiteInfo) -> Option<FunctionId> {
        self.ids.get(info).copied()
    }

    /// What is known of each, by number.
    pub(super) fn all(&self) -> impl Iterator<Item = &CallsiteInfo> {
        self.infos.iter()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.infos.len()
    }

    /// What is known of a function.
    pub(super) fn info(&self, id: FunctionId) -> &CallsiteInfo {
        &self.infos[id.0 as usize]
    }
}
