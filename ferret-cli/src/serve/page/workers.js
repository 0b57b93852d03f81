// The view of the workers: a card for each, by program, with what the fleet adds up to above them.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, empty, state: stateMark } = Ferret.dom;
  const { format, state, api, live } = Ferret;
  const STATES = ["running", "stalled", "zombie", "unknown", "stopped", "exited", "failed", "crashed"];

  const FIGURES = [
    ["CPU", (worker) => format.percent(worker.cpu_percent)],
    ["RSS", (worker) => format.bytes(worker.rss_bytes)],
    ["threads", (worker) => format.count(worker.threads)],
    ["spans/s", (worker) => format.short(worker.spans_per_second)],
  ];
  // As many as the API gives at once; the stream has fewer.
  const MOST_ASKED = 2000;
  const TROUBLES = ["errors", "panics", "cancelled", "dropped"];

  const SIGNALS = { 1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 13: "SIGPIPE", 15: "SIGTERM" };

  // How it ended, and when.
  function end({ state, death, exit_code: code, signal, ended_ms: ended, last_panic: panic, gone }) {
    const how = death ?? (code ? `exited with code ${code}` : signal ? `stopped by ${SIGNALS[signal] ?? `signal ${signal}`}` : "ended");
    const said = [
      state === "unknown" && gone ? null : ended ? `${how} at ${format.moment(ended)}` : how,
      panic && (state === "failed" || state === "crashed") ? `last panic: ${panic}` : null,
      gone ? "its log is gone" : null,
    ];
    return said.filter(Boolean).join("  ·  ");
  }

  // What is worth knowing of it in one line.
  function doing(worker) {
    if (!worker.alive) return end(worker);
    if (worker.state === "stalled") return `not heard of for ${format.duration(worker.heard_ns)}`;
    if (worker.doing) return `${worker.doing.name} for ${format.duration(worker.doing.age_ns)}`;
    return worker.idle_ns === null ? "–" : `idle for ${format.duration(worker.idle_ns)}`;
  }

  async function forget(button, id) {
    button.disabled = true;
    try {
      await api.forget(id);
      const answer = live.data.workers;
      answer.workers = answer.workers.filter((worker) => worker.id !== id);
      Ferret.app.redraw();
    } catch (error) {
      button.disabled = false;
      Ferret.app.complain(error);
    }
  }

  function makeCard({ id }) {
    const mark = stateMark("");
    const who = h("a.who", {});
    const age = h("span.faint.number");
    const activity = h("p.doing");
    const spark = Ferret.spark.make();
    const figures = FIGURES.map(([name]) => ({ value: h("dd"), name: h("dt", {}, name) }));
    const troubles = h("p.troubles");
    const links = ["stack", "flame", "metrics"].map((view) => [view, h("a", {}, view)]);
    const forgetting = h("button.quiet", { type: "button", hidden: true, onclick: () => forget(forgetting, id) }, "forget");
    const node = h("article.card", {},
      h("header", {}, mark, who, age),
      activity,
      h("div.pulse", {}, h("dl.figures", {}, ...figures.map(({ name, value }) => h("div", {}, name, value))), spark.node),
      h("footer", {}, troubles, h("span.links", {}, ...links.map(([, link]) => link), forgetting)));
    node.update = (worker) => {
      const isOver = !worker.alive;
      const name = `${worker.program} ${worker.pid}`;
      attribute(node, "aria-label", `${name}, ${worker.state}`);
      mark.set(worker.state);
      attribute(node, "data-tone", mark.dataset.tone);
      attribute(node, "data-over", isOver);
      text(who, `${worker.pid}${worker.host ? ` @ ${worker.host}` : ""}`);
      attribute(who, "title", [worker.exe || worker.args?.[0], ...(worker.args ?? []).slice(1)].join(" ") + `\n${worker.log}${worker.gone ? " (gone)" : ""}`);
      attribute(who, "href", state.link({ view: "stack", worker: id }));
      text(age, format.duration(worker.uptime_ns));
      attribute(age, "title", `started ${format.moment(worker.started_ms)}`);
      text(activity, doing(worker));
      attribute(activity, "title", isOver ? doing(worker) : null);
      FIGURES.forEach(([, figure], at) => text(figures[at].value, isOver ? format.NONE : figure(worker)));
      const line = worker.line?.cpu_percent ?? [];
      spark.update(line, 100, `CPU of the last ten minutes, now ${format.percent(worker.cpu_percent)}`);
      const had = TROUBLES.filter((name) => worker[name] > 0);
      text(troubles, had.map((name) => `${format.short(worker[name])} ${worker[name] === 1 ? name.replace(/s$/, "") : name}`).join(" · "));
      for (const [view, link] of links) {
        attribute(link, "href", state.link({ view, worker: id }));
        attribute(link, "aria-label", `${view} of ${name}`);
      }
      // While its log is there it would come back.
      show(forgetting, worker.gone && !api.isFrozen);
      attribute(forgetting, "aria-label", `forget ${name}`);
    };
    return node;
  }

  // What programs add up to. Null is "not known", and adds nothing.
  function totals(programs) {
    const names = ["workers", "alive", "cpu_percent", "rss_bytes", "spans_per_second", "open_spans", "errors", "dropped"];
    const sum = (name) => programs.map((program) => program[name]).reduce((sum, value) => (value === null ? sum : (sum ?? 0) + value), null);
    const states = STATES.map((name) => [name, programs.reduce((many, program) => many + (program.states[name] ?? 0), 0)]);
    return { ...Object.fromEntries(names.map((name) => [name, sum(name)])), states: Object.fromEntries(states) };
  }

  // What is chosen of all, as a program has it.
  function chosen({ programs, workers }, now) {
    if (!now.worker) return programs.filter(({ name }) => (now.program ?? name) === name);
    const of = workers.filter(({ id }) => id === now.worker);
    return of.map((worker) => ({ ...worker, workers: 1, alive: Number(worker.alive), states: { [worker.state]: 1 } }));
  }

  function makeGroup({ name }) {
    const title = h("h2", {}, name);
    const alive = h("span.alive");
    const sums = h("span.faint.number");
    const cards = h("div.cards");
    const node = h("section.group", { "aria-label": name }, h("div.group-head", {}, title, alive, sums), cards);
    node.update = ({ program, shown }) => {
      text(alive, `${program.alive} of ${program.workers} alive`);
      attribute(alive, "data-tone", program.alive === program.workers ? "good" : program.alive === 0 ? "idle" : "warn");
      const figures = [
        `CPU ${format.percent(program.cpu_percent)}`,
        `RSS ${format.bytes(program.rss_bytes)}`,
        `${format.short(program.spans_per_second)} spans/s`,
      ];
      text(sums, program.alive ? figures.join("  ·  ") : "");
      keyed(cards, shown, (worker) => worker.id, makeCard);
    };
    return node;
  }

  function makeTile(name) {
    const value = h("dd");
    const node = h("div.tile", {}, h("dt", {}, name), value);
    node.set = (words, tone = null) => {
      text(value, words);
      attribute(value, "data-tone", tone);
    };
    return node;
  }

  function fleet(tiles, all) {
    const errors = all.errors ?? 0;
    const dropped = all.dropped ?? 0;
    tiles.alive.set(`${format.count(all.alive)} of ${format.count(all.workers)}`);
    tiles.CPU.set(format.percent(all.cpu_percent));
    tiles.RSS.set(format.bytes(all.rss_bytes));
    tiles["spans/s"].set(format.short(all.spans_per_second));
    tiles["open spans"].set(format.short(all.open_spans));
    tiles.errors.set(format.short(errors), errors ? "bad" : null);
    tiles.dropped.set(format.short(dropped), dropped ? "warn" : null);
  }

  // A part of what a worker is called, whatever it is.
  function passes(worker, words) {
    const all = [worker.program, worker.pid, worker.host, worker.state, worker.log, worker.id, worker.doing?.name, worker.death];
    return all.join(" ").toLowerCase().includes(words.toLowerCase());
  }

  function make(root) {
    const tiles = Object.fromEntries(["alive", "CPU", "RSS", "spans/s", "open spans", "errors", "dropped"].map((name) => [name, makeTile(name)]));
    const strip = h("dl.tiles", {}, ...Object.values(tiles));
    const chips = h("div.chips.states", { role: "group", "aria-label": "States" });
    const groups = h("div");
    const note = h("p.note");
    const nothing = h("div");
    root.append(strip, chips, groups, note, nothing);

    function chip({ name }) {
      const number = h("span.number");
      const node = h("button", { type: "button", onclick: () => state.set({ state: state.now().state === name ? null : name }) }, stateMark(name), number);
      node.update = ({ many, isOn }) => {
        text(number, format.count(many));
        attribute(node, "aria-pressed", String(isOn));
      };
      return node;
    }

    // Where not all workers fit into the stream, those that somebody looks for are asked for.
    let more = null;
    const isNarrow = (now) => Boolean(now.filter || now.program || now.worker || now.state);
    const isPart = (now) => !api.isFrozen && live.data.workers?.left_out > 0 && isNarrow(now);
    const keyOf = (now) => JSON.stringify([now.program, now.worker]);

    async function load(now) {
      const asked = { program: now.program, worker: now.worker, limit: MOST_ASKED };
      more = isPart(now) ? { key: keyOf(now), answer: await api.ask("workers", asked, "workers") } : null;
      draw(now);
    }

    function draw(now) {
      const first = live.data.workers;
      if (!first) return;
      const { programs } = first;
      const found = isPart(now) && more?.key === keyOf(now) ? more.answer : null;
      const { workers, left_out: leftOut } = found ?? first;
      const all = totals(chosen({ programs, workers }, now));
      fleet(tiles, all);
      const known = STATES.map((name) => ({ name, many: all.states[name], isOn: now.state === name }));
      keyed(chips, known.filter(({ many, isOn }) => many || isOn), ({ name }) => name, chip);
      const ofProgram = (worker) => (now.program ?? worker.program) === worker.program && (now.worker ?? worker.id) === worker.id;
      const shown = workers.filter((worker) => ofProgram(worker) && (now.state ?? worker.state) === worker.state && passes(worker, now.filter ?? ""));
      const drawn = programs.map((program) => ({ name: program.name, program, shown: shown.filter((worker) => worker.program === program.name) }));
      keyed(groups, drawn.filter(({ shown }) => shown.length), ({ name }) => name, makeGroup);
      const isAsking = isPart(now) && !found;
      const advice = isNarrow(now) ? "were not looked at: choose a program" : "not shown: filter, or choose a program or a state";
      text(note, isAsking ? "Looking among all workers …" : leftOut ? `${format.ending(leftOut, "more worker")} ${advice}.` : "");
      show(strip, workers.length > 0);
      if (!workers.length) nothing.replaceChildren(nobody(first));
      else if (!shown.length && !isAsking) nothing.replaceChildren(empty("No worker passes", "Take back the filter, the state or the choice of workers above."));
      else nothing.replaceChildren();
    }

    return { draw, load };
  }

  function nobody({ watched, unreadable }) {
    if (unreadable?.length) return empty(unreadable.length > 1 ? "These logs cannot be read" : "This log cannot be read", ...unreadable.map((why) => why.replaceAll("`", "'")));
    const places = watched?.length ? ` in ${watched.join(", ")}` : "";
    const path = watched?.[0] ?? "FOLDER";
    return empty(`No logs yet${places}`, `Start a program with \`ferret run --log ${path}${path.endsWith(".redb") ? "" : "/run.redb"} -- PROGRAM\`, or one that records by itself with \`FERRET_LOG\` set.`, "It is shown here as soon as its log is there.");
  }

  Ferret.views ??= {};
  Ferret.views.workers = { title: "Workers", make, isLive: true, uses: ["scope", "filter"], everyMs: 2000, filterHint: "part of a name, pid, host, log", nobody, totals, chosen, doing };
})((globalThis.Ferret ??= {}));
