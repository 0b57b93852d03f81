// The view of a window of one worker as a flame chart: chosen by a drag in the chart above it, or typed; saved for pprof and others.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, empty } = Ferret.dom;
  const { format, state, api, range, live, chart } = Ferret;
  const FIRST_RANGE = "15m";
  const MOST_SLICES = 20000;
  // How much is shown around a moment that is clicked.
  const AROUND_MS = 5000;
  const SAVED = [["pprof", "pprof", "pprof", {}], ["chrome", "Chrome / Perfetto", "export", { format: "chrome" }], ["speedscope", "speedscope", "export", { format: "speedscope" }]];

  function makeDetails() {
    const name = h("strong");
    const rest = h("span.faint");
    const node = h("p.chosen", { "aria-live": "polite" }, name, rest);
    node.set = (slice) => {
      text(name, slice ? slice.name : "");
      text(rest, slice ? [format.duration(slice.ns) + (slice.open ? " so far" : ""), slice.open ? "open" : slice.outcome, `begins at ${format.duration(slice.at_ns)}`, `depth ${slice.depth}`, slice.lane.thread].join("  ·  ") : "Click a span, or go with the arrow keys; double-click to fill the width with it.");
    };
    node.set(null);
    return node;
  }

  function makeForm() {
    const from = h("input", { type: "datetime-local", step: "0.001", "aria-label": "Window from" });
    const to = h("input", { type: "datetime-local", step: "0.001", "aria-label": "Window to" });
    const wrong = h("p.wrong", { role: "alert", hidden: true });
    const newest = h("button.quiet", { type: "button", onclick: () => { state.set({ start: null, end: null }); Ferret.app.load(); } }, "last 10 s");
    const node = h("form.window", {}, h("span.faint", {}, "window"), from, h("span.faint", {}, "–"), to, h("button", {}, "Show"), newest, wrong);
    node.addEventListener("submit", (event) => {
      event.preventDefault();
      const ends = [format.fromInput(from.value), format.fromInput(to.value)];
      const why = range.fault(ends);
      text(wrong, why ?? "");
      show(wrong, why !== null);
      if (why === null) state.set({ start: ends[0], end: ends[1] });
    });
    node.put = (answer) => {
      if (node.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
      from.value = format.toInput(answer.from_ms);
      to.value = format.toInput(answer.to_ms);
    };
    return node;
  }

  function makeChoice(worker) {
    const node = h("a");
    node.update = (next) => {
      text(node, `${next.program} ${next.pid}`);
      attribute(node, "href", state.link({ worker: next.id }));
    };
    node.update(worker);
    return node;
  }

  // Which worker: the one that is chosen, or the only one there is.
  function workerOf(now) {
    const all = live.data.workers?.workers ?? [];
    return now.worker ?? (all.length === 1 ? all[0].id : null);
  }

  function make(root) {
    const choose = (from, to) => state.set({ start: Math.round(from), end: Math.max(Math.round(to), Math.round(from) + 1) });
    const overview = chart.make({
      title: "spans per second: drag over a stretch, or click, to see its spans",
      unit: "per_second",
      series: [{ name: "spans_per_second", label: "spans/s", colour: "line-1" }],
      height: 90,
      sync: "flame",
      onselect: choose,
      onpoint: (ms) => choose(ms - AROUND_MS, ms + AROUND_MS),
    });
    const form = makeForm();
    const details = makeDetails();
    const flame = Ferret.flameCanvas.make({ onchoose: details.set });
    const act = (words, label, onclick) => h("button.quiet", { type: "button", "aria-label": label, onclick }, words);
    const zooms = h("span.zooms", {}, act("−", "Zoom out", () => flame.zoom(1.7)), act("+", "Zoom in", () => flame.zoom(0.6)), act("all", "Show all", () => flame.all()));
    const saves = SAVED.map(([, title]) => h("a", { download: "" }, title));
    const saving = h("span.saves", {}, h("span.faint", {}, "save as"), ...saves);
    const note = h("p.note");
    const shown = h("div", {}, overview.node, h("div.flame-bar", {}, form, zooms, saving), details, flame.node, note);
    const choices = h("div.choices");
    const asking = h("div", {}, empty("Of which worker?", "A flame chart is of one worker: choose it above, or here."), choices);
    const nothing = h("div");
    root.append(asking, shown, nothing);
    if (api.isFrozen) for (const node of [overview.node, form, saving]) node.hidden = true;
    // What the chart is of, and whether the last question for it was answered.
    let shownOf = { worker: null, key: null };
    let isDue = false;

    function draw(now) {
      const worker = workerOf(now);
      show(asking, !worker && Boolean(live.data.workers));
      show(shown, Boolean(worker));
      const all = (live.data.workers?.workers ?? []).filter(({ id, program }) => (now.program ?? program) === program && api.has("flame", { worker: id }));
      keyed(choices, worker ? [] : all, ({ id }) => id, makeChoice);
    }

    function put(answer) {
      const count = answer.lanes.reduce((count, lane) => count + lane.slices.length, 0);
      form.put(answer);
      flame.update(answer);
      show(zooms, true);
      show(saving, !api.isFrozen);
      details.set(null);
      SAVED.forEach(([, , path, more], at) => attribute(saves[at], "href", api.url(path, { ...more, worker: answer.worker, from: answer.from_ms, to: answer.to_ms })));
      text(note, `${format.ending(count, "span")}, ${format.moment(answer.from_ms)} – ${format.clock(answer.to_ms)}${answer.left_out ? `; ${format.count(answer.left_out)} more are left out, the shortest: take a shorter window to see them` : ""}`);
      show(flame.node, count > 0);
      nothing.replaceChildren(...(count ? [] : [empty("No spans in this window", ...(api.isFrozen ? [] : ["Drag over a stretch of the chart above in which there are some, or type another window."]))]));
    }

    // Nothing of another worker, or of another window, stands under the name of this one.
    function clear() {
      shownOf = { worker: null, key: null };
      details.set(null);
      text(note, "");
      for (const node of [zooms, saving, flame.node]) show(node, false);
      nothing.replaceChildren();
    }

    async function loadWindow(worker, key, window) {
      if (worker !== shownOf.worker) clear();
      try {
        put(await api.ask("flame", { worker, ...window, limit: MOST_SLICES }, "flame"));
        shownOf = { worker, key };
        isDue = false;
      } catch (error) {
        if (key !== shownOf.key) clear();
        isDue = true;
        throw error;
      }
    }

    return {
      draw,
      // The chart above follows the time; the window stays until another one is asked for.
      async load(now, isForced) {
        const worker = workerOf(now);
        draw(now);
        if (!worker) return;
        const key = JSON.stringify([worker, now.start, now.end]);
        const window = now.start ? { from: now.start, to: now.end } : {};
        const waiting = [];
        if (!api.isFrozen) waiting.push(api.ask("history", { worker, ...range.params({ ...now, worker }, FIRST_RANGE) }, "overview").then(overview.update));
        if (key !== shownOf.key || isForced || isDue) waiting.push(loadWindow(worker, key, window));
        await Promise.all(waiting);
      },
    };
  }

  Ferret.views ??= {};
  Ferret.views.flame = { title: "Flame", make, workerOf, isLive: true, uses: ["scope", "range"], ranges: ["15m", "1h", "6h", "24h", "7d"], firstRange: FIRST_RANGE, everyMs: 5000 };
})((globalThis.Ferret ??= {}));
