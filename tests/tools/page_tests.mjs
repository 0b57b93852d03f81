// What of the page needs no browser: how things are written, the address, the order of rows, events that overlap, the nearest answer of a
// frozen page, and where the slices of a flame chart are.
//
//     node --test tests/tools/page_tests.mjs

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import vm from "node:vm";

const folder = new URL("../../ferret-cli/src/serve/page/", import.meta.url);

// The scripts in a world of their own: what they do when they are loaded needs a page only in `theme.js` and `app.js`. What else of a
// browser they are to have is in `more`.
const load = (...names) => loadWith({}, ...names);

function loadWith(more, ...names) {
  const world = vm.createContext({ URLSearchParams, AbortController, AbortSignal, location: { hash: "" }, setTimeout, clearTimeout, console, Ferret: {}, ...more });
  for (const name of names) vm.runInContext(readFileSync(new URL(`${name}.js`, folder), "utf8"), world, { filename: `${name}.js` });
  return world.Ferret;
}

// Objects of another world have other prototypes.
const same = (found, expect) => assert.deepEqual(JSON.parse(JSON.stringify(found)), expect);

test("durations have three digits that count, and long ones two units", () => {
  const { format } = load("format");
  const cases = [
    [null, "–"], [undefined, "–"], [0, "0 ns"], [999, "999 ns"], [1234, "1.23 µs"], [999_499, "999 µs"], [999_999, "1.00 ms"],
    [12_345_678, "12.3 ms"], [1.5e9, "1.50 s"], [59.9e9, "59.9 s"], [60e9, "1m 00s"], [3599e9, "59m 59s"], [3600e9, "1h 00m"],
    [86400e9 * 5 + 3 * 3600e9, "5d 03h"], [-500, "-500 ns"], [-1.5e9, "-1.50 s"], [-325e9, "-5m 25s"], [-7200e9, "-2h 00m"],
  ];
  for (const [ns, expect] of cases) assert.equal(format.duration(ns), expect, String(ns));
});

test("bytes, counts and shares", () => {
  const { format } = load("format");
  assert.equal(format.bytes(0), "0 B");
  assert.equal(format.bytes(1023), "1.00 KiB");
  assert.equal(format.bytes(104_857_600), "100 MiB");
  assert.equal(format.bytes(1e15), "909 TiB");
  assert.equal(format.count(1_234_567), "1,234,567");
  assert.equal(format.short(9_999), "9,999");
  assert.equal(format.short(12_345), "12.3k");
  assert.equal(format.short(4_560_000), "4.56M");
  assert.equal(format.percent(93.456), "93.5 %");
  assert.equal(format.percent(null), "–");
  assert.equal(format.ending(1, "span"), "1 span");
  assert.equal(format.ending(2000, "span"), "2,000 spans");
});

test("programs add up, and what is not known of one adds nothing", () => {
  const { views } = load("format", "dom", "state", "api", "live", "workers");
  const program = { workers: 3, alive: 1, cpu_percent: 1.5, rss_bytes: null, spans_per_second: 2, open_spans: null, errors: 1, dropped: 0, states: { running: 1, exited: 2 } };
  const { states, ...all } = views.workers.totals([program, { ...program, cpu_percent: null, rss_bytes: 7 }]);
  same(all, { workers: 6, alive: 2, cpu_percent: 1.5, rss_bytes: 7, spans_per_second: 4, open_spans: null, errors: 2, dropped: 0 });
  assert.equal(states.exited, 4);
  assert.equal(states.crashed, 0);
});

test("what is chosen adds up: a program, or one worker", () => {
  const { views } = load("format", "dom", "state", "api", "live", "workers");
  const worker = { id: "a", program: "load", alive: false, state: "failed", cpu_percent: null, rss_bytes: null, spans_per_second: 0, open_spans: null, errors: 3, dropped: 0 };
  const programs = ["load", "jobs"].map((name, at) => ({ name, workers: 2, alive: 1, cpu_percent: 1 + at, rss_bytes: 5, spans_per_second: 0, open_spans: 0, errors: 0, dropped: 0, states: { running: 1, failed: 1 } }));
  const totals = (now) => views.workers.totals(views.workers.chosen({ programs, workers: [worker] }, now));
  assert.equal(totals({}).workers, 4);
  assert.equal(totals({ program: "load" }).cpu_percent, 1);
  assert.equal(totals({ program: "load" }).states.running, 1);
  const one = totals({ worker: "a", program: "load" });
  same([one.workers, one.alive, one.errors, one.states.failed, one.states.running], [1, 0, 3, 1, 0]);
  assert.equal(totals({ worker: "nobody" }).workers, null);
});

test("a card says what went wrong", () => {
  const { views, format } = load("format", "dom", "state", "api", "live", "workers");
  const ended_ms = 1764000000000;
  const at = format.moment(ended_ms);
  const check = (worker, expect) => assert.equal(views.workers.doing({ alive: false, gone: false, death: null, exit_code: null, signal: null, last_panic: null, ended_ms, ...worker }), expect);
  check({ state: "failed", exit_code: 3 }, `exited with code 3 at ${at}`);
  check({ state: "failed", exit_code: 101, last_panic: "no <b>, a.rs:1:2" }, `exited with code 101 at ${at}  ·  last panic: no <b>, a.rs:1:2`);
  check({ state: "stopped", signal: 15 }, `stopped by SIGTERM at ${at}`);
  check({ state: "stopped", signal: 64 }, `stopped by signal 64 at ${at}`);
  // It was caught, and did not end it.
  check({ state: "exited", exit_code: 0, last_panic: "caught" }, `ended at ${at}`);
  check({ state: "crashed", death: "killed by signal 9 (SIGKILL)", gone: true }, `killed by signal 9 (SIGKILL) at ${at}  ·  its log is gone`);
  check({ state: "unknown", gone: true, ended_ms: null }, "its log is gone");
});

test("of a worker that is over the time it was there is looked at", () => {
  const { range, live } = load("format", "dom", "state", "api", "live", "range");
  const worker = (id, alive, started_ms, ended_ms) => ({ id, alive, started_ms, ended_ms });
  live.data.workers = { workers: [worker("over", false, 1000000, 1400000), worker("short", false, 1000000, 1000002), worker("lives", true, 1000000, null), worker("lost", false, 1000000, null)] };
  same(range.params({ worker: "over" }, "15m"), { from: 980000, to: 1420000 });
  same(range.params({ worker: "short" }, "15m"), { from: 990000, to: 1010002 });
  same(range.params({ worker: "lives" }, "15m"), { range: "15m" });
  same(range.params({ worker: "unheard" }, "15m"), { range: "15m" });
  // Its log was lost while it lived: when it ended is not known.
  same(range.params({ worker: "lost" }, "15m"), { range: "15m" });
  same(range.params({ worker: "over", range: "1h" }, "15m"), { range: "1h" });
  same(range.params({ worker: "over", from: "5", to: "9" }, "15m"), { from: "5", to: "9" });
  same(range.params({ worker: "over" }, null), { range: null });
});

test("a time that cannot be asked for is refused with its reason", () => {
  const { range } = load("format", "dom", "state", "api", "live", "range");
  assert.equal(range.fault([0, 5]), null);
  assert.match(range.fault([null, 5]), /both/);
  assert.match(range.fault([-29761183800000, 5]), /1970/);
  assert.match(range.fault([1, 9999999999999]), /2255/);
  assert.match(range.fault([5, 5]), /behind/);
});

test("how far a stage is, and that it is over when it is", () => {
  const { views } = load("format", "dom", "state", "api", "live", "stages");
  const { partOf } = views.stages;
  assert.equal(partOf({ state: "unfinished", done: 14, total: 20 }), 0.7);
  assert.equal(partOf({ state: "unfinished", done: null, total: null }), 0);
  assert.equal(partOf({ state: "running", done: 3, total: null }), null);
  assert.equal(partOf({ state: "done", done: null, total: null }), 1);
});

test("what fires is as bad as the worst rule says", () => {
  const { views } = load("format", "dom", "state", "api", "live", "alerts");
  const rule = (state, severity) => ({ state, severity });
  assert.equal(views.alerts.worst([rule("firing", "info"), rule("ok", "error")]), "info");
  assert.equal(views.alerts.worst([rule("firing", "info"), rule("firing", "error"), rule("firing", "warning")]), "error");
  assert.equal(views.alerts.worst([rule("pending", "error")]), null);
});

test("no name turns around what stands behind it", () => {
  const { dom } = load("dom");
  assert.equal(dom.plain("exe.\u202etxt 5571 \u2066"), "exe.\ufffdtxt 5571 \ufffd");
  assert.equal(dom.plain("עברית"), "עברית");
});

test("what happened to one subject has a line for each time", () => {
  const { views } = load("format", "dom", "state", "api", "live", "alerts");
  const happened = (subject, since_ms, text) => ({ subject, state: "happened", since_ms, text });
  const all = [happened("job 7", 2, "exited"), happened("job 7", 1, "started"), happened("job 7", 1, "was lost"), happened("job 8", 1, "started")];
  assert.equal(new Set(views.alerts.numbered(all).map(({ key }) => key)).size, 4);
});

test("what is typed as a time is that time", () => {
  const { format } = load("format");
  const ms = 1764000000123;
  assert.equal(format.fromInput(format.toInput(ms)), ms);
  assert.equal(format.fromInput(""), null);
});

test("an address says what is looked at, whatever it holds", () => {
  const { state } = load("state");
  same(state.parse(""), { view: "workers" });
  same(state.parse("#functions?sort=-p95&filter=dur%20%3E%201s%20%26%20a%3Fb&evil=1"), { view: "functions", sort: "-p95", filter: "dur > 1s & a?b" });
  const all = { view: "flame", worker: "ab", start: "1", end: "2", filter: "<&?#=" };
  same(state.parse(state.write(all)), all);
});

test("another view keeps workers and time, and nothing else", () => {
  const { state } = load("state");
  const now = { view: "functions", program: "p", range: "1h", sort: "p95", filter: "x" };
  assert.equal(state.write(state.changed(now, { view: "metrics" })), "#metrics?program=p&range=1h");
  assert.equal(state.write(state.changed(now, { worker: "w" })), "#functions?worker=w&range=1h&filter=x&sort=p95");
  assert.equal(state.write(state.changed(now, { from: 5, to: 9, sort: null })), "#functions?program=p&from=5&to=9&filter=x");
});

test("rows are in order, and what is not known comes last both ways", () => {
  const { table } = load("format", "dom", "table");
  const rows = [{ n: 2, s: "b" }, { n: null, s: "a" }, { n: 10, s: "C" }];
  same(table.order(rows, (row) => row.n, false).map((row) => row.n), [10, 2, null]);
  same(table.order(rows, (row) => row.n, true).map((row) => row.n), [2, 10, null]);
  same(table.order(rows, (row) => row.s, false).map((row) => row.s), ["a", "b", "C"]);
  same(table.sortOf("-p95"), { column: "p95", isReverse: true });
});

test("events that come twice are there once, and a server that begins again is heard", () => {
  const { live } = load("format", "dom", "state", "api", "live");
  const event = (number) => ({ number });
  const known = live.merge([], { next: 3, events: [1, 2, 3].map(event) });
  same(live.merge(known, { next: 5, events: [3, 4, 5].map(event) }), [1, 2, 3, 4, 5].map(event));
  same(live.merge(known, { next: 3, events: [] }), known);
  same(live.merge(known, { next: 1, events: [event(1)] }), [event(1)]);
});

test("a frozen page has the nearest answer, and of another function none", () => {
  const { api } = load("api");
  const stages = { stages: [{ worker: "a", program: "p" }, { worker: "b", program: "q" }] };
  const all = { "/api/history?range=6h": "six", "/api/history?range=1h": "one", "/api/history?function=3&range=1h": "three", "/api/stages": stages, "/api/functions": "all" };
  assert.equal(api.nearest(all, "api/history?range=1h"), "one");
  assert.ok(["one", "six"].includes(api.nearest(all, "api/history?from=5&to=9")));
  assert.equal(api.nearest(all, "api/history?function=3"), "three");
  assert.equal(api.nearest(all, "api/history?function=4"), null);
  assert.equal(api.nearest(all, "api/functions?sort=p95&limit=7"), "all");
  assert.equal(api.nearest(all, "api/functions?worker=a"), null);
  same(api.nearest(all, "api/stages?worker=b"), { stages: [{ worker: "b", program: "q" }] });
  assert.equal(api.nearest(all, "api/flame?worker=b"), null);
});

test("an answer that breaks off is no answer, and one that is refused says why", async () => {
  const json = { "content-type": "application/json" };
  const broken = new ReadableStream({ start: (body) => body.error(new TypeError("network error")) });
  const answers = [new Response(broken, { headers: json }), new Response('{"work', { headers: json }), Response.json({ error: "no place" }, { status: 503 }), Response.json({ now_ms: 1 })];
  const { api } = loadWith({ fetch: async () => answers.shift() }, "api");
  const fails = (kind) => (error) => error instanceof kind;
  await assert.rejects(api.ask("workers"), fails(api.Away));
  await assert.rejects(api.ask("workers"), fails(api.Away));
  await assert.rejects(api.ask("workers"), (error) => error instanceof api.Refused && error.status === 503 && error.message === "no place");
  same(await api.ask("workers"), { now_ms: 1 });
});

// The page's connection over a server that the test plays. `pass(ms)` lets time go by, as far as the page can tell.
function connection(answer) {
  let now = 1e12;
  let timers = [];
  const sources = [];
  class EventSource {
    static OPEN = 1;
    readyState = 1;
    constructor() { sources.push(this); }
    addEventListener(name, listener) { this[name] = listener; }
    close() { this.readyState = 2; }
  }
  class Clock extends Date { static now() { return now; } }
  const setTimeout = (run, ms) => { timers.push({ run, at: now + ms }); return timers.at(-1); };
  const clearTimeout = (timer) => { timers = timers.filter((one) => one !== timer); };
  // A question that is never answered ends when it is given up, as in a browser.
  const fetch = (address, { signal }) => new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    const found = answer(address);
    if (found) resolve(Response.json(found));
  });
  const document = { hidden: false, addEventListener() {}, getElementById: () => null };
  const Ferret = loadWith({ document, addEventListener() {}, EventSource, Date: Clock, setTimeout, clearTimeout, fetch }, "format", "dom", "state", "api", "live");
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  async function pass(ms) {
    const end = now + ms;
    for (;;) {
      await settle();
      const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      clearTimeout(next);
      now = Math.max(now, next.at);
      next.run();
    }
    now = end;
  }
  const told = { workers: { workers: [], get now_ms() { return now - 3000; } }, stages: { stages: [] }, alerts: { rules: [] }, events: { next: 0, left_out: 0, events: [] } };
  const stream = () => sources.filter(({ readyState }) => readyState === 1);
  return { ...Ferret, pass, told, stream, say: (more = {}) => stream().at(-1).now({ data: JSON.stringify({ ...told, ...more }) }) };
}

const part = (told, address) => told[address.replace("api/", "").split("?")[0]] ?? { kind: "health" };

test("a server that hangs is lost within twenty seconds, and live again when it goes on", async () => {
  let hangs = false;
  const page = connection((address) => (hangs ? null : part(page.told, address)));
  page.live.start();
  page.say();
  await page.pass(60_000);
  assert.equal(page.live.link.state, "live");
  assert.equal(page.stream().length, 1);
  hangs = true;
  await page.pass(20_000);
  assert.equal(page.live.link.state, "lost");
  hangs = false;
  await page.pass(1000);
  page.say();
  assert.equal(page.live.link.state, "live");
});

test("what comes late is said to be behind, whatever the server's clock says", async () => {
  const page = connection((address) => part(page.told, address));
  page.live.start();
  page.say();
  const before = JSON.parse(JSON.stringify(page.told.workers));
  await page.pass(3000);
  page.say();
  assert.equal(page.live.link.behindMs, 0);
  await page.pass(4000);
  page.say({ workers: before });
  assert.equal(page.live.link.behindMs, 7000);
});

test("where a stream is held back on its way it is polled, and the stream tried again", async () => {
  const asked = [];
  const page = connection((address) => asked.push(address) && part(page.told, address));
  page.live.start();
  await page.pass(4000);
  assert.equal(page.live.link.state, "connecting");
  await page.pass(2000);
  assert.equal(page.live.link.state, "polling");
  assert.ok(asked.includes("api/workers"));
  // Also while one is open again that says nothing.
  await page.pass(60_000);
  assert.equal(page.live.link.state, "polling");
  assert.ok(asked.filter((address) => address === "api/workers").length > 20);
  await page.pass(30_000);
  while (!page.stream().length) await page.pass(1000);
  page.say();
  assert.equal(page.live.link.state, "live");
  const many = asked.length;
  await page.pass(9000);
  assert.ok(asked.slice(many).every((address) => address === "api/health"), "nothing is polled beside a stream");
});

test("events between two words of the server are asked for until they come", async () => {
  const event = (number) => ({ number });
  const events = (from, to) => Array.from({ length: to - from + 1 }, (_, at) => event(from + at));
  const asked = [];
  let isBroken = true;
  const page = connection((address) => {
    if (!address.startsWith("api/events")) return part(page.told, address);
    asked.push(address);
    if (isBroken) throw new TypeError("network error");
    return address.includes("after=") ? { next: 972, left_out: 0, events: events(769, 972) } : { next: 972, left_out: 30, events: events(31, 972) };
  });
  const tell = (from, to) => page.say({ events: { next: to, left_out: from - 1, events: events(from, to) } });
  page.live.start();
  tell(569, 768);
  await page.pass(1000);
  same(asked, []);
  tell(773, 972);
  await page.pass(1000);
  isBroken = false;
  // What has come meanwhile is newer than the answer.
  tell(973, 973);
  await page.pass(1000);
  same(asked, ["api/events?after=768&limit=2000", "api/events?after=768&limit=2000"]);
  same(page.live.data.events, events(569, 973));
  assert.equal(page.live.leftOut(), 0, "it has not been asked");
  await page.live.askOlder();
  await page.live.askOlder();
  assert.equal(asked.length, 3);
  same(page.live.data.events, events(31, 973));
  assert.equal(page.live.leftOut(), 30);
  // What falls out of the list is left out, too.
  tell(974, 3000);
  assert.equal(page.live.data.events.length, 2000);
  assert.equal(page.live.leftOut(), 1000);
});

test("a gap in a line is a gap", () => {
  const { spark } = load("dom", "spark");
  const found = spark.pieces([1, null, 1, 2], 2, 4);
  same(found.map((piece) => piece.length), [1, 2]);
  assert.equal(found[1][1][0], 100);
});

test("a cell of a heatmap is found again when time has gone on", () => {
  const { heatmap } = load("format", "dom", "heatmap");
  const answer = { workers: [{ id: "b" }, { id: "a" }], times_ms: [20, 30, 40] };
  same(heatmap.cellOf(answer, "a", 30), { row: 1, step: 1 });
  same(heatmap.cellOf(answer, "b", 39), { row: 0, step: 1 });
  same(heatmap.cellOf(answer, "b", 10), { row: 0, step: 0 });
  same(heatmap.cellOf(answer, "c", 30), null);
  same(heatmap.cellOf({ workers: [{ id: "a" }], times_ms: [] }, "a", 30), null);
});

test("the arrow keys go from slice to slice", () => {
  const { flameLayout } = load("flame_layout");
  const slice = (name, depth, at_ns, ns) => ({ name, depth, at_ns, ns });
  const answer = { from_ms: 0, to_ms: 1, lanes: [{ thread: "main", slices: [slice("inner", 1, 10, 20), slice("outer", 0, 0, 100), slice("next", 0, 200, 5)] }, { thread: "other", slices: [slice("far", 0, 0, 9)] }] };
  const chart = flameLayout.layout(answer);
  const go = (from, key) => flameLayout.beside(chart, from, key);
  const outer = go(null, "ArrowDown");
  assert.equal(outer.name, "outer");
  const inner = go(outer, "ArrowDown");
  assert.equal(inner.name, "inner");
  assert.equal(go(inner, "ArrowUp"), outer);
  assert.equal(go(outer, "ArrowRight").name, "next");
  assert.equal(go(outer, "ArrowLeft"), outer);
  assert.equal(go(inner, "ArrowDown").name, "far");
  assert.equal(flameLayout.at(chart, 15, inner.y + 1), inner);
  assert.equal(flameLayout.at(chart, 150, outer.y + 1), null);
});

test("what is shown of a flame chart stays within it", () => {
  const { flameLayout } = load("flame_layout");
  same(flameLayout.view(-50, 950, 1e6), { from: 0, to: 1000 });
  same(flameLayout.view(999_500, 1_000_500, 1e6), { from: 999_000, to: 1_000_000 });
  same(flameLayout.zoom({ from: 0, to: 1000 }, 0.5, 0, 1e6), { from: 0, to: 500 });
  same(flameLayout.zoom({ from: 0, to: 1000 }, 1e9, 500, 1e6), { from: 0, to: 1e6 });
});
