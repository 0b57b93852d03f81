//! Names that are made when a span begins.

use crate::script::{check, record};
use ferret::{profile, span};
use futures::executor::block_on;
use futures::future::BoxFuture;
use std::collections::BTreeMap;

#[profile(name = format_args!("{method} {path}"), tags(method), stage)]
fn request(method: &str, path: &str) {
    let _span = span!(name = path.len(), path);
}

#[profile(name = concat!("fixed", " name"))]
fn fixed() {}

#[profile(name = format!("load {key}"))]
async fn load(key: String) -> String {
    key
}

#[profile(name = name)]
fn boxed(name: &'static str) -> BoxFuture<'static, ()> {
    Box::pin(load(name.to_owned()).map_into())
}

trait MapInto: Future + Sized {
    async fn map_into(self) {
        self.await;
    }
}

impl<F: Future> MapInto for F {}

struct Worker {
    queue: String,
}

#[profile]
impl Worker {
    #[profile(name = self.queue)]
    fn work(&mut self) -> usize {
        self.queue.clear();
        self.queue.len()
    }
}

#[test]
fn spans_are_named_when_they_begin() {
    check(
        || {
            request("GET", "/users");
            request("PUT", "/");
            fixed();
            block_on(boxed("name"));
            Worker { queue: "mail".to_owned() }.work();
            Worker { queue: String::new() }.work();
        },
        r#"
        stage GET /users
          method = Text("GET")
          block 6
            path = Text("/users")
          6: ok
        GET /users: ok
        stage PUT /
          method = Text("PUT")
          block 1
            path = Text("/")
          1: ok
        PUT /: ok
        fixed name
        fixed name: ok
        async name
        enter name
          async load name
          enter load name
          exit load name
          load name: ok
        exit name
        name: ok
        mail
        mail: ok
        Worker::work
        Worker::work: ok
        "#,
    );
}

const LINE: u32 = line!() + 4;

#[profile(name = n)]
#[inline(never)]
fn of_many(n: usize) {
    std::hint::black_box(n);
}

#[test]
fn of_too_many_names_the_last_are_other() {
    let log = record(|| (0..100).for_each(of_many));
    let mut lines = BTreeMap::new();
    for info in log.names.callsites.values().filter(|info| info.line == LINE) {
        lines.insert(info.name.clone(), info.module.clone());
    }
    assert_eq!(lines.len(), 65);
    assert_eq!(lines["<other>"], module_path!());
    let script = log.script();
    assert_eq!(script.matches("<other>: ok").count(), 36);
    assert!(script.contains("63: ok") && !script.contains("64: ok"));
}

#[test]
fn a_long_name_is_cut_at_a_character() {
    #[profile(name = name)]
    fn long(name: &str) {}

    let log = record(|| long(&format!("{}é", "x".repeat(127))));
    let expected = "x".repeat(127);
    assert_eq!(log.script(), format!("{expected}\n{expected}: ok\n"));
}
