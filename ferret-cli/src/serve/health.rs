//! How well it is: as well as the worst of the checks.

use super::serving::{Check, Status};
use crate::alert::SinkReport;
use crate::format;
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

/// Whether messages come to where they go: not so where the last try failed, until one does not.
pub(super) fn of_sinks(reports: &[SinkReport]) -> Check {
    let failing: Vec<_> = reports.iter().filter(|report| report.is_failing).collect();
    let Some(first) = failing.first() else {
        let text = match reports.len() {
            1 => "the sink delivers what it is given".to_owned(),
            all => format!("the {all} sinks deliver what they are given"),
        };
        return Check { name: "sinks".to_owned(), status: Status::Healthy, text };
    };
    let SinkReport { name, waiting, lost, last_error, .. } = first;
    let why = last_error.as_deref().unwrap_or("it says not why");
    let what = match waiting {
        0 => format!("messages lost: {}", format::count(*lost)),
        _ => format!("messages waiting: {}", format::count(*waiting)),
    };
    let more = match failing.len() {
        1 => String::new(),
        all => format!("; so do {} more", all - 1),
    };
    let text = format!("sink {name} fails ({what}): {why}{more}");
    Check { name: "sinks".to_owned(), status: Status::Degraded, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, is_failing: bool, waiting: u64, lost: u64) -> SinkReport {
        SinkReport {
            name: name.to_owned(),
            kind: "webhook",
            sent: 3,
            failed: 7,
            waiting,
            lost,
            is_failing,
            // It is kept when it goes well again.
            last_error: Some("no route".to_owned()),
        }
    }

    fn check_sinks(reports: &[&SinkReport], status: Status, text: &str) {
        let reports: Vec<_> = reports.iter().map(|report| (*report).clone()).collect();
        let check = of_sinks(&reports);
        assert_eq!((check.status, check.text.as_str()), (status, text));
    }

    #[test]
    fn a_sink_that_fails_is_not_well_until_it_delivers() {
        use Status::{Degraded, Healthy};
        let well = report("ops", false, 1, 2);
        check_sinks(&[&well], Healthy, "the sink delivers what it is given");
        check_sinks(&[&well, &well], Healthy, "the 2 sinks deliver what they are given");
        let (waits, gave_up) = (report("chat", true, 1_200, 0), report("mail", true, 0, 1));
        let text = "sink chat fails (messages waiting: 1,200): no route";
        check_sinks(&[&well, &waits], Degraded, text);
        check_sinks(&[&gave_up], Degraded, "sink mail fails (messages lost: 1): no route");
        check_sinks(&[&waits, &gave_up], Degraded, &format!("{text}; so do 1 more"));
    }

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
