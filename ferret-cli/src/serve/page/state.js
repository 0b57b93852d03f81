// What is looked at, in the address behind `#`: `#functions?worker=…&range=1h&sort=p95`. So links can be passed on, and back goes back.
(function (Ferret) {
  "use strict";

  const FIRST = "workers";
  const KEYS = [
    "worker", "program", "range", "from", "to", "filter", "sort", "function", "kind", "metric", "state", "start", "end",
  ];
  // What stays from one view to the next.
  const CARRIED = ["worker", "program", "range", "from", "to"];

  function parse(hash) {
    const bare = hash.replace(/^#/, "");
    const cut = bare.indexOf("?");
    const state = { view: (cut < 0 ? bare : bare.slice(0, cut)) || FIRST };
    for (const [name, value] of new URLSearchParams(cut < 0 ? "" : bare.slice(cut + 1))) {
      if (KEYS.includes(name) && value) state[name] = value;
    }
    return state;
  }

  function write(state) {
    const query = new URLSearchParams();
    for (const name of KEYS) if (state[name]) query.set(name, state[name]);
    const text = query.toString();
    return `#${state.view}${text ? `?${text}` : ""}`;
  }

  function carried(state, view) {
    const next = { view };
    for (const name of CARRIED) if (state[name]) next[name] = state[name];
    return next;
  }

  // A change to another view keeps what is carried; one within a view keeps all else. Null takes away.
  function changed(state, changes) {
    const isElsewhere = changes.view && changes.view !== state.view;
    const next = { ...(isElsewhere ? carried(state, changes.view) : state), ...changes };
    // A worker is of a program already, and a time is either a range or from–to.
    if (changes.worker) next.program = null;
    if (changes.program) next.worker = null;
    if (changes.range) next.from = next.to = null;
    if (changes.from) next.range = null;
    return next;
  }

  // Asked for by every link of every row, so it is parsed once.
  let known = { hash: null, state: null };
  function now() {
    if (known.hash !== location.hash) known = { hash: location.hash, state: parse(location.hash) };
    return known.state;
  }

  const link = (changes) => write(changed(now(), changes));

  function set(changes, { isSmall = false } = {}) {
    const next = link(changes);
    if (next === location.hash) return;
    // What is typed letter by letter is one step back, not ten.
    if (isSmall) location.replace(next);
    else location.hash = next;
  }

  Ferret.state = { parse, write, changed, now, link, set };
})((globalThis.Ferret ??= {}));
