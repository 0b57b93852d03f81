//! The page of `ferret serve`, as a reader has it: in a headless Chromium that clicks and types (`tools/page.py`), over logs
//! that real programs write meanwhile. After each story nothing may be on the browser's console, nothing may have been
//! refused by the policy, and no other server asked.

use ferret_tests::{PATIENCE, Place, Talker, example, ferret, output};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// What happens is on the page so soon.
const SOON_S: f64 = 2.0;
const VIEWS: [&str; 9] =
    ["workers", "stack", "stages", "functions", "metrics", "flame", "events", "history", "alerts"];

/// A running server, killed when dropped.
struct Server {
    child: Child,
    /// Whoever closes it ends a server that has something to say.
    stderr: Option<BufReader<ChildStderr>>,
    /// `http://127.0.0.1:PORT/`
    address: String,
}

impl Server {
    fn start(logs: &Path, args: &[&str]) -> Self {
        // Beside the logs, not in the home folder.
        let history =
            if logs.is_dir() { logs.join("history") } else { logs.with_extension("history") };
        let child = ferret()
            .arg("serve")
            .arg(logs)
            .args(["--listen", "127.0.0.1:0"])
            .args(args)
            .arg("--store")
            .arg(history)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("ferret starts");
        let mut server = Self { child, stderr: None, address: String::new() };
        let mut stderr = BufReader::new(server.child.stderr.take().expect("a pipe"));
        let mut said = String::new();
        while stderr.read_line(&mut said).expect("it is text") > 0 {
            if let Some(word) = said.split_whitespace().find(|word| word.starts_with("http://")) {
                word.clone_into(&mut server.address);
                server.stderr = Some(stderr);
                return server;
            }
        }
        panic!("it has no address: {said}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only where it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
        drop(self.stderr.take());
    }
}

/// The order to wait until this is so.
fn until_it_is(js: &str) -> Value {
    json!({ "do": "until", "js": js, "patience_s": PATIENCE.as_secs() - 5 })
}

/// Who reads the page.
struct Reader {
    browser: Talker,
    address: String,
}

impl Reader {
    fn open(server: &Server, view: &str) -> Self {
        Self::open_at(server.address.clone(), view)
    }

    fn open_at(address: String, view: &str) -> Self {
        let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/page.py");
        let browser = Talker::start(Command::new("python3").arg(tool));
        let mut reader = Self { browser, address };
        reader.ask(&json!({ "do": "size", "width": 1280, "height": 900 }));
        reader.go(view);
        reader
    }

    #[track_caller]
    fn ask(&mut self, order: &Value) -> Value {
        self.answer(order)["value"].take()
    }

    #[track_caller]
    fn answer(&mut self, order: &Value) -> Value {
        self.browser.say(&order.to_string());
        let answer = self.browser.hear().expect("the browser answers");
        let answer: Value = serde_json::from_str(&answer).expect("it answers in JSON");
        assert!(answer["error"].is_null(), "{order}: {}", answer["error"]);
        answer
    }

    /// As if the address of this view were typed in.
    #[track_caller]
    fn go(&mut self, view: &str) {
        self.ask(&json!({ "do": "open", "url": format!("{}{view}", self.address) }));
    }

    /// Waits until this is so.
    #[track_caller]
    fn sees(&mut self, js: &str) -> Value {
        self.ask(&until_it_is(js))
    }

    /// How long it takes until this is so, seconds.
    #[track_caller]
    fn seconds_to(&mut self, js: &str) -> f64 {
        self.answer(&until_it_is(js))["seconds"].as_f64().expect("it looks at the clock")
    }

    #[track_caller]
    fn click(&mut self, at: &str) {
        self.ask(&json!({ "do": "click", "at": at }));
    }

    fn press(&mut self, key: &str) {
        self.ask(&json!({ "do": "press", "key": key }));
    }

    /// Writes over what is in the filter.
    fn filter(&mut self, text: &str) {
        self.press("/");
        self.sees("document.activeElement.id === 'filter'");
        self.ask(&json!({ "do": "type", "text": text }));
        self.press("Enter");
        // Keys are for the page again.
        self.press("Escape");
    }

    #[track_caller]
    fn is_untroubled(&mut self) {
        let trouble = self.ask(&json!({ "do": "trouble" }));
        assert_eq!(trouble, json!([]));
    }
}

/// The texts of what matches, one a line.
fn texts(selector: &str) -> String {
    let selector = Value::from(selector);
    format!(
        "[...document.querySelectorAll({selector})].map((node) => node.textContent).join('\\n')"
    )
}

fn has(selector: &str, part: &str) -> String {
    format!("{}.includes({})", texts(selector), Value::from(part))
}

const NAMES: &str = ".view-functions > .table tbody .name";

/// The programs of `examples/` that end by themselves.
fn recorded(name: &str) -> Place {
    let place = Place::new();
    let done = output(example(name).env("FERRET_LOG", &place.log));
    assert_eq!(done.code, Some(0), "{name}: {}", done.stderr);
    place
}

#[test]
fn what_happens_is_on_the_page_within_two_seconds() {
    let place = Place::new();
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    let server = Server::start(place.folder(), &[]);
    let mut reader = Reader::open(&server, "#workers");
    reader.sees(&has(".card .state", "running"));
    reader.sees(&has(".group h2", "stuck"));
    reader.sees("document.getElementById('link').dataset.state === 'live'");

    reader.go("#stack");
    reader.sees(&has(".frame .name", "serve"));
    // An answer that breaks off is asked for again.
    let cut = "window.real = fetch; window.cuts = 0; fetch = async (at, how) => at.includes('stack') && ++cuts \
        ? new Response(new ReadableStream({ start: (body) => body.error(new TypeError('cut')) }), \
        { headers: { 'content-type': 'application/json' } }) : real(at, how); 0";
    reader.ask(&json!({ "do": "eval", "js": cut }));
    reader.sees("cuts > 1");
    reader.ask(&json!({ "do": "eval", "js": "fetch = real; 0" }));
    assert_eq!(program.hear().as_deref(), Some("ready"));
    let waits = has(".frame .name", "wait_for_a_word");
    // A machine that stands still for a second does not do so each time.
    let mut took_s = Vec::new();
    while took_s.len() < 3 && took_s.iter().all(|seconds| *seconds >= SOON_S) {
        program.say("get stuck");
        assert_eq!(program.hear().as_deref(), Some("stuck"));
        took_s.push(reader.seconds_to(&waits));
        program.say("go on");
        assert_eq!(program.hear().as_deref(), Some("free"));
        reader.sees(&format!("!({waits})"));
    }
    assert!(took_s.iter().any(|seconds| *seconds < SOON_S), "{took_s:?}");

    // A second one, of which the page hears by itself.
    reader.go("#workers");
    reader.sees(&has(".card .state", "running"));
    let other = place.folder().join("other.redb");
    let mut other_program = Talker::start(example("stuck").env("FERRET_LOG", &other));
    assert_eq!(other_program.hear().as_deref(), Some("ready"));
    // Its log has to be found, which is looked for once a second.
    let took_s = reader.seconds_to("document.querySelectorAll('.card').length === 2");
    assert!(took_s < 3.0 * SOON_S, "{took_s}");

    // It dies and stays; when its log is gone, too, it can be forgotten.
    other_program.signal(Signal::KILL);
    let tone = "[...document.querySelectorAll('.card')].find((card) => card.textContent.startsWith('crashed'))?.dataset.tone";
    assert_eq!(reader.sees(tone), "bad", "it is red as soon as it is said");
    reader.sees(&has(".alive", "1 of 2 alive"));
    reader.go("#events?kind=crash");
    reader.sees(&has(".event .state", "crash"));
    reader.go("#workers");
    std::fs::remove_file(other).expect("its folder is ours");
    reader.sees(&has(".doing", "its log is gone"));
    reader.click(".card[data-tone=bad] .links button:not([hidden])");
    reader.sees("document.querySelectorAll('.card').length === 1");
    reader.is_untroubled();
}

#[test]
fn functions_are_sorted_filtered_and_looked_into() {
    let place = recorded("stages");
    let server = Server::start(&place.log, &[]);
    let mut reader = Reader::open(&server, "#functions");
    reader.sees(&has(NAMES, "read_one"));

    reader.click(".view-functions > .table th:nth-child(1) button");
    reader.sees(&format!("{} === 'one block\\nread\\nread_one\\nsum up'", texts(NAMES)));
    // With the keyboard the other way around, and back.
    reader.press("Enter");
    reader.sees(&format!("{} === 'sum up\\nread_one\\nread\\none block'", texts(NAMES)));
    reader.sees("location.hash === '#functions?sort=-name'");
    reader.ask(&json!({ "do": "eval", "js": "history.back()" }));
    reader.sees("location.hash === '#functions?sort=name'");
    reader.is_untroubled();

    reader.filter("read & calls >");
    reader.sees("!document.getElementById('filter-error').hidden");
    let wrong = reader.sees(&texts("#filter-error"));
    assert!(wrong.as_str().is_some_and(|text| text.contains("calls")), "{wrong}");
    // That the server refuses a question is on the console. Nothing else is.
    let trouble = reader.ask(&json!({ "do": "trouble" }));
    assert!(trouble.to_string().contains("400 (Bad Request)"), "{trouble}");
    reader.filter("read & calls > 10");
    reader.sees(&format!("{} === 'read_one'", texts(NAMES)));

    reader.click(NAMES);
    reader.sees(&has(".details h2", "read_one"));
    reader.sees(&has(".details .figures", "calls20"));
    reader.sees("document.querySelectorAll('.details .plot canvas').length === 3");
    reader.sees(&has(".details tbody", "stages"));
    reader.sees(&has(".details .times", "the last 1h"));

    // One further down, from where the details cannot be seen.
    reader.ask(&json!({ "do": "size", "width": 1280, "height": 400 }));
    reader.ask(
        &json!({ "do": "eval", "js": "location.hash = location.hash.replace(/filter=[^&]*/, '')" }),
    );
    reader.sees(&format!("{}.includes('one block')", texts(NAMES)));
    reader.click(".view-functions > .table tbody tr:first-child .name");
    reader.sees(&format!("{} !== 'read_one'", texts(".details h2")));
    reader.sees("document.querySelector('.details h2').getBoundingClientRect().top > 0");
    reader.is_untroubled();
}

#[test]
fn history_and_flame_chart_are_of_the_time_that_is_chosen() {
    let place = recorded("stages");
    let server = Server::start(&place.log, &[]);
    let mut reader = Reader::open(&server, "#history?range=1h");
    reader.sees("document.querySelectorAll('.view-history .plot canvas').length === 3");
    reader.sees(&has(".view-history option", "read_one"));
    reader.sees(&has(".view-history tbody", "stages"));
    reader.click("#range .chips .chips button:last-child");
    reader.sees("location.hash === '#history?range=30d'");
    reader.sees("document.querySelectorAll('.view-history .plot canvas').length === 3");

    // What is typed stays, whatever comes from the server meanwhile.
    reader.click("#range > .chips > button");
    reader.sees("document.activeElement.ariaLabel === 'From'");
    let typed = "document.querySelector('#range input').value = '2020-01-02T03:04:05'; document.activeElement.blur(); \
        for (let times = 0; times < 3; times += 1) Ferret.app.redraw(); \
        document.querySelector('#range form').hidden + document.querySelector('#range input').value";
    assert_eq!(reader.ask(&json!({ "do": "eval", "js": typed })), "false2020-01-02T03:04:05");

    // It is the only worker, so it needs not be chosen.
    reader.go("#flame");
    reader.sees("document.querySelector('.flame canvas').width > 500");
    reader.sees(&has(".view-flame .note", "spans"));
    reader.ask(&json!({ "do": "eval", "js": "document.querySelector('.flame').focus()" }));
    for key in ["ArrowDown", "ArrowDown", "Enter"] {
        reader.press(key);
    }
    reader.sees(&format!("{} !== ''", texts(".chosen strong")));
    let saved = "fetch(document.querySelector('.saves a').href).then((answer) => answer.status)";
    assert_eq!(reader.ask(&json!({ "do": "eval", "js": saved })), 200);

    // Another window, for which there is no place: nothing of the first one stands for it, and it is asked again.
    let busy = "window.real = fetch; fetch = async (at, how) => at.includes('flame') \
        ? Response.json({ error: 'no place' }, { status: 503 }) : real(at, how); \
        const { started_ms: start } = Ferret.live.data.workers.workers[0]; \
        location.hash = `#flame?start=${start}&end=${start + 60000}`";
    reader.ask(&json!({ "do": "eval", "js": busy }));
    reader.sees(&has("#wrong", "no place"));
    reader
        .sees("document.querySelector('.flame').hidden && document.querySelector('.saves').hidden");
    reader.ask(&json!({ "do": "eval", "js": "fetch = real; 0" }));
    reader.sees("document.getElementById('wrong').hidden");
    reader.sees(&has(".view-flame .note", "spans"));
    reader.sees("!document.querySelector('.flame').hidden");

    // A worker for which there is never a place in the stream is found by who looks for it.
    let crowd = "const told = Ferret.live.data.workers; let cut; Object.defineProperty(Ferret.live.data, 'workers', \
        { get: () => cut, set: (all) => { cut = { ...all, left_out: 1, workers: [] }; } }); \
        Ferret.live.data.workers = told; location.hash = '#workers?filter=stages'";
    reader.ask(&json!({ "do": "eval", "js": crowd }));
    reader.sees(&has(".card .state", "exited"));
    reader.is_untroubled();
}

#[test]
fn a_token_is_asked_for_and_a_wrong_one_refused() {
    let place = recorded("hello");
    let token = place.folder().join("token");
    std::fs::write(&token, "6a9f2e7c-known-to-few").expect("the folder can be written");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    let server = Server::start(&place.log, &["--token-file", token.to_str().expect("UTF-8")]);
    let mut reader = Reader::open(&server, "#functions?sort=p95");
    let enter = |reader: &mut Reader, token: &str| {
        reader.sees("document.querySelector('input[name=token]') !== null");
        reader.click("input[name=token]");
        reader.ask(&json!({ "do": "type", "text": token }));
        reader.press("Enter");
    };
    enter(&mut reader, "6a9f2e7c-known-to-nobody");
    reader.sees(&has("[role=alert]", "not the token"));
    assert_eq!(reader.ask(&json!({ "do": "eval", "js": "typeof Ferret" })), "undefined");
    enter(&mut reader, "6a9f2e7c-known-to-few");
    // What was asked for is there.
    reader.sees(&format!("{} !== ''", texts(NAMES)));
    assert_eq!(
        reader.ask(&json!({ "do": "eval", "js": "location.pathname + location.hash" })),
        "/#functions?sort=p95"
    );
    // Neither a script nor who reads over the shoulder has it.
    let seen = reader.ask(&json!({ "do": "eval", "js": "document.cookie + location.href" }));
    assert!(!seen.to_string().contains("known-to"), "{seen}");
}

#[test]
fn hostile_names_are_texts() {
    let evil = "<img src=x onerror=alert(1)>";
    let place = Place::new();
    let session = ferret::start(&place.log).expect("the log can be written");
    let thread = std::thread::Builder::new().name("<b>thread</b>".to_owned());
    let (stop, stops) = std::sync::mpsc::channel::<()>();
    let working = thread.spawn(move || {
        let _span =
            ferret::span!("<img src=x onerror=alert(1)>", tag = "</script><script>alert(2)");
        stops.recv()
    });
    let working = working.expect("a thread starts");
    let server = Server::start(&place.log, &[]);
    let mut reader = Reader::open(&server, "#stack");
    reader.sees(&has(".frame .name", evil));
    reader.sees(&has(".frame .tags", "</script><script>alert(2)"));
    reader.sees(&has(".thread h3", "<b>thread</b>"));
    reader.go("#workers");
    reader.sees(&has(".doing", evil));
    drop(stop);
    working.join().expect("it does not panic").expect_err("it was told nothing");
    drop(session);
    reader.go("#functions");
    reader.sees(&has(NAMES, evil));
    reader.go("#flame");
    reader.sees(&has(".view-flame .note", "span"));
    assert_eq!(reader.ask(&json!({ "do": "eval", "js": "document.images.length" })), 0);
    reader.is_untroubled();
}

#[test]
fn a_page_in_a_file_shows_what_a_crash_left_open() {
    let place = Place::new();
    let mut program = Talker::start(example("stuck").env("FERRET_LOG", &place.log));
    program.say("go");
    program.hear_until("it to be stuck", |line| (line == "stuck").then_some(()));
    // What it has open is in its log before it says so, or in its memory.
    program.signal(Signal::KILL);
    program.wait();
    let page = place.folder().join("page.html");
    let done = output(ferret().arg("export").arg(&place.log).arg("-o").arg(&page));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut reader = Reader::open_at(format!("file://{}", page.display()), "#stack");
    reader.sees(&has(".frame .name", "serve"));
    reader.sees(&has(".group-head", "crashed: what was open at its end"));
    reader.sees(&format!("{} === 'healthy'", texts("#health .words")));
    reader.go("#workers");
    reader.sees(&has(".doing", "died without a word at 20"));
    reader.is_untroubled();
}

#[test]
fn every_view_fits_a_phone_in_light_and_dark() {
    let place = recorded("stages");
    let server = Server::start(&place.log, &[]);
    let mut reader = Reader::open(&server, "#workers");
    reader.sees(&has(".group h2", "stages"));
    for dark in [false, true] {
        reader.ask(&json!({ "do": "size", "width": 360, "height": 740, "dark": dark }));
        for (number, view) in (1..).zip(VIEWS) {
            reader.press(&number.to_string());
            reader.sees(&format!("document.getElementById('view-{view}').hidden === false"));
            reader.sees(&format!("location.hash.startsWith('#{view}')"));
            let wide = reader.ask(&json!({ "do": "eval", "js": "document.body.scrollWidth" }));
            assert_eq!(wide, 360, "{view}");
        }
    }
    reader.is_untroubled();
}
