// What is true now, kept so by server-sent events; where those do not come, by asking every two seconds. Says which of the two it is,
// and since when the server is away.
(function (Ferret) {
  "use strict";

  const POLL_MS = 2000;
  const HEALTH_MS = 10000;
  const LONGEST_WAIT_MS = 30000;
  // A stream that says nothing at first is held back on its way: it is told at once what is true.
  const FIRST_WORD_MS = 5000;
  const MOST_EVENTS = 2000;

  const { api } = Ferret;
  const data = { workers: null, stages: null, alerts: null, health: null, events: [] };
  const link = { state: "connecting", sinceMs: null, error: null, behindMs: 0 };
  const listeners = [];
  let source = null;
  let waitMs = 1000;
  // What comes next where the stream brings nothing.
  let retry = null;
  let healthTimer = null;
  let heardMs = 0;
  // By how much the server's clock is behind ours, and the quickest word on its way.
  let quickestMs = Infinity;
  // Which chain of polls is under way, if one is.
  let polling = null;
  let next = 0;
  // The event behind which some are missing; whether they are asked for; and the first of those that were asked for once.
  let missingAfter = null;
  let isFilling = false;
  let older = null;

  const tell = (what) => listeners.forEach((listener) => listener(what));

  // Events come in pieces that may overlap, and begin again when the server does.
  function merge(known, answer) {
    if (answer.next < (known.at(-1)?.number ?? 0)) known = [];
    const numbers = new Set(known.map((event) => event.number));
    const all = known.concat(answer.events.filter((event) => !numbers.has(event.number)));
    return all.sort((a, b) => a.number - b.number).slice(-MOST_EVENTS);
  }

  // What the stream and polls tell. After a pause that is the newest alone.
  function takeEvents(answer) {
    const last = data.events.at(-1)?.number ?? null;
    if (answer.next < last) older = missingAfter = null;
    else if (last !== null && answer.events[0]?.number > last + 1) missingAfter ??= last;
    data.events = merge(data.events, answer);
    next = answer.next;
    if (missingAfter !== null) fill();
  }

  // Nothing is missing in the list: what is left out between two of its events is asked for until it comes.
  async function fill() {
    if (isFilling) return;
    isFilling = true;
    const after = missingAfter;
    try {
      const answer = await api.ask("events", { after, limit: MOST_EVENTS });
      if (missingAfter === after) {
        missingAfter = null;
        add(answer);
      }
    } catch {
      // It is asked again with the next word of the stream.
    }
    isFilling = false;
  }

  // What was asked for may be older than what has come meanwhile.
  function add(answer) {
    data.events = merge(data.events, { ...answer, next: Infinity });
    tell("data");
  }

  // What was before the page: once, if it is answered.
  async function askOlder() {
    if (older || api.isFrozen) return;
    const answer = await api.ask("events", { limit: MOST_EVENTS }, "older");
    putOlder(answer);
    add(answer);
  }

  function putOlder({ events, next: last, left_out: leftOut }) {
    older = { first: events[0]?.number ?? last + 1, leftOut };
  }

  // How many are older than the first of the list, if that is known. They are numbered without a gap.
  const leftOut = () => (older ? older.leftOut + Math.max(0, (data.events[0]?.number ?? 0) - older.first) : 0);

  function take(now) {
    heardMs = Date.now();
    const lateMs = heardMs - now.workers.now_ms;
    quickestMs = Math.min(quickestMs, lateMs);
    link.behindMs = lateMs - quickestMs;
    data.workers = now.workers;
    data.stages = now.stages;
    data.alerts = now.alerts;
    takeEvents(now.events);
    tell("data");
  }

  function say(state, error = null) {
    if (state === "lost" && link.state !== "lost") link.sinceMs = Date.now();
    link.state = state;
    link.error = error;
    tell("link");
  }

  // A page that nobody looks at, also one that the browser keeps for "back", must not hold a connection: there are six for all pages of
  // a server, and with a seventh nothing would be answered any more.
  function follow() {
    source?.close();
    source = null;
    polling = null;
    clearTimeout(retry);
    clearTimeout(healthTimer);
    if (document.hidden) return;
    waitMs = 1000;
    connect();
    askHealth();
  }

  function connect() {
    source = new EventSource("api/stream");
    quickestMs = Infinity;
    clearTimeout(retry);
    retry = setTimeout(fallBack, FIRST_WORD_MS);
    source.addEventListener("now", (event) => {
      clearTimeout(retry);
      polling = null;
      waitMs = 1000;
      if (link.state !== "live") say("live");
      take(JSON.parse(event.data));
    });
    // The browser would try again by itself, but tells nobody when.
    source.onerror = fallBack;
  }

  function fallBack() {
    source?.close();
    source = null;
    if (polling === null) poll();
    clearTimeout(retry);
    retry = setTimeout(connect, waitMs);
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }

  async function poll() {
    const mine = (polling = {});
    try {
      const [workers, stages, events, alerts] = await Promise.all([
        api.ask("workers"), api.ask("stages"), api.ask("events", { after: next }), api.ask("alerts"),
      ]);
      // A stream may have come meanwhile.
      if (polling !== mine) return;
      say("polling");
      take({ workers, stages, events, alerts });
    } catch (error) {
      if (polling === mine) say("lost", error);
    }
    const again = () => polling === mine && poll();
    setTimeout(again, link.state === "lost" ? waitMs : POLL_MS);
  }

  async function askHealth() {
    const askedMs = Date.now();
    try {
      data.health = await api.ask("health", {}, "health");
      tell("data");
    } catch (error) {
      if (error instanceof api.Away && heardMs < askedMs && !document.hidden) {
        say("lost", error);
        // A stream that nobody serves any more may look open for minutes.
        if (source?.readyState === EventSource.OPEN) fallBack();
      }
    }
    if (!document.hidden) healthTimer = setTimeout(askHealth, HEALTH_MS);
  }

  async function thaw() {
    say("frozen");
    const names = ["workers", "stages", "alerts", "health", "events"];
    const found = await Promise.allSettled(names.map((name) => api.ask(name)));
    found.forEach(({ value }, at) => {
      if (names[at] === "events" && value) {
        data.events = value.events;
        putOlder(value);
      } else if (names[at] !== "events") data[names[at]] = value ?? null;
    });
    tell("data");
  }

  function start() {
    if (api.isFrozen) {
      thaw();
      return;
    }
    document.addEventListener("visibilitychange", follow);
    addEventListener("pagehide", () => source?.close());
    addEventListener("pageshow", (event) => event.persisted && follow());
    follow();
  }

  // By id; undefined of one that is not among them.
  const worker = (id) => data.workers?.workers.find((worker) => worker.id === id);

  Ferret.live = { data, link, start, worker, merge, askOlder, leftOut, listen: (listener) => listeners.push(listener) };
})((globalThis.Ferret ??= {}));
