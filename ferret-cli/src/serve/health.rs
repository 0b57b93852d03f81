//! How well it is: as well as the worst of the checks.

use super::serving::{Check, Status};
use serde_json::json;

/// The document, and whether it is well enough to be asked on.
pub(super) fn document(now_ms: u64, checks: &[Check]) -> (String, bool) {
    let status = checks.iter().map(|check| check.status).max().unwrap_or(Status::Healthy);
    let checks = checks.iter().map(
        |check| json!({ "name": check.name, "status": check.status.name(), "text": check.text }),
    );
    let document = json!({
        "format": 1,
        "kind": "health",
        "now_ms": now_ms,
        "status": status.name(),
        "checks": checks.collect::<Vec<_>>(),
    });
    (document.to_string(), status < Status::Unhealthy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_status(statuses: &[Status], expect: &str, is_well: bool) {
        let check = |status: &Status| Check {
            name: "logs".to_owned(),
            status: *status,
            text: "4 logs are read".to_owned(),
        };
        let checks: Vec<Check> = statuses.iter().map(check).collect();
        let (document, found) = document(0, &checks);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!((document["status"].as_str(), found), (Some(expect), is_well));
        assert_eq!(document["checks"].as_array().unwrap().len(), statuses.len());
    }

    #[test]
    fn it_is_as_well_as_the_worst_of_the_checks() {
        use Status::{Degraded, Healthy, Unhealthy};
        check_status(&[], "healthy", true);
        check_status(&[Healthy, Degraded, Healthy], "degraded", true);
        check_status(&[Degraded, Unhealthy], "unhealthy", false);
    }
}
