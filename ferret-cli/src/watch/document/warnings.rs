//! What looks wrong.

use crate::tui::board::Scene;
use serde::Serialize;

/// One thing that does.
#[derive(Debug, Serialize)]
pub(super) struct Warning {
    kind: &'static str,
    /// The process's uid.
    process: Option<String>,
    what: String,
    look: String,
}

/// All there are, the worst first.
pub(super) fn warnings(scene: &Scene) -> Vec<Warning> {
    let warning = |warning: &crate::tui::warnings::Warning| Warning {
        kind: warning.kind.name(),
        process: scene
            .process(warning.log)
            .and_then(|process| Some(process.start.as_ref()?.uid.to_string())),
        what: warning.what.clone(),
        look: warning.look.clone(),
    };
    scene.warnings.iter().map(warning).collect()
}
