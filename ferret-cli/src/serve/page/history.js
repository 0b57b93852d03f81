// The view of longer times: how long a function took, hour by hour or day by day, and workers × time.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, empty } = Ferret.dom;
  const { state, api, range, live, chart, heatmap } = Ferret;
  const FIRST_RANGE = "6h";
  const FIRST_MEASURE = "cpu_percent";
  const MOST_FUNCTIONS = 200;

  const MEASURES = {
    cpu_percent: "CPU", cpu_max_percent: "highest CPU", rss_bytes: "resident memory", spans_per_second: "spans per second",
    errors_per_second: "errors per second", threads: "threads", open_spans: "open spans", open_tasks: "open tasks", dropped: "events dropped", alive: "heard of",
  };

  function makeOption() {
    const node = h("option");
    node.update = ({ value, title }) => {
      attribute(node, "value", value);
      text(node, title);
    };
    return node;
  }

  // A choice whose value is kept while its options come and go.
  function makeSelect(label, onchange) {
    const select = h("select", { onchange: () => onchange(select.value) });
    const node = h("label.pick", {}, h("span", {}, label), select);
    node.put = (options, value) => {
      if (document.activeElement !== select) keyed(select, options, (option) => option.value, makeOption);
      if (select.value !== value) select.value = value;
    };
    return node;
  }

  // In a frozen page there is no other range.
  const none = (title) => empty(title, api.isFrozen ? "Take other workers." : "Take a longer range, or other workers.");

  const nameOf = (worker) => {
    const known = live.worker(worker.id);
    return `${worker.program} ${known ? known.pid : worker.id.slice(0, 6)}`;
  };

  function make(root) {
    const choose = (from, to) => state.set({ from: Math.round(from), to: Math.round(to) });
    const functions = makeSelect("function", (id) => state.set({ function: id }));
    const measures = makeSelect("heatmap of", (metric) => state.set({ metric: metric === FIRST_MEASURE ? null : metric }));
    const onselect = api.isFrozen ? null : choose;
    const percentiles = chart.make({ title: "how long its calls took", unit: "ns", series: Ferret.functionDetails.PERCENTILES, height: 240, onselect });
    const calls = chart.make({ title: "calls per second", unit: "per_second", series: [{ name: "calls_per_second", label: "calls/s", colour: "line-1" }], onselect });
    const errors = chart.make({ title: "errors per second", unit: "per_second", series: [{ name: "errors_per_second", label: "errors/s", colour: "bad" }], onselect });
    const heat = heatmap.make({ label: "Workers × time: go through it with the arrow keys, Enter chooses the worker", name: nameOf, onchoose: ({ id }) => state.set({ view: "metrics", worker: id }) });
    const noCalls = h("div");
    const noWorkers = h("div");
    const note = h("p.note");
    const byFunction = h("section.panel", {}, h("div.panel-head", {}, h("h2", {}, "Functions over time"), functions), percentiles.node, h("div.charts", {}, calls.node, errors.node), noCalls);
    const byWorker = h("section.panel", {}, h("div.panel-head", {}, h("h2", {}, "Workers over time"), measures), heat.node, noWorkers);
    root.append(note, byFunction, byWorker);
    // The function of the address stays among the choices, also where it had no calls in the range.
    let known = [];

    async function loadFunction(now, asked) {
      const answer = await api.ask("functions", { ...asked, sort: "total", limit: MOST_FUNCTIONS }, "history-functions");
      known = answer.functions.filter(({ id }) => api.has("history", { function: id }));
      const chosen = now.function ?? known[0]?.id ?? null;
      const options = known.map((row) => ({ value: row.id, title: `${row.name}${row.module ? `  (${row.module})` : ""}` }));
      if (chosen && !known.some(({ id }) => id === chosen)) options.unshift({ value: chosen, title: `function ${chosen}` });
      functions.put(options, chosen ?? "");
      for (const node of [functions, percentiles.node, calls.node, errors.node]) show(node, Boolean(chosen));
      noCalls.replaceChildren(...(chosen ? [] : [none("No calls in this range")]));
      if (!chosen) return;
      const history = await api.ask("history", { ...asked, function: chosen }, "history-function");
      for (const one of [percentiles, calls, errors]) one.update(history);
    }

    async function loadHeat(now, asked) {
      const metric = Object.hasOwn(MEASURES, now.metric ?? "") ? now.metric : FIRST_MEASURE;
      const options = Object.entries(MEASURES).map(([value, title]) => ({ value, title }));
      measures.put(options.filter(({ value }) => api.has("history", { heatmap: value })), metric);
      const answer = await api.ask("history", { ...asked, heatmap: metric }, "heatmap");
      heat.update(answer);
      show(heat.node, answer.workers.length > 0);
      noWorkers.replaceChildren(...(answer.workers.length ? [] : [none("No workers in this range")]));
      show(note, !answer.complete);
      text(note, "Older logs are still being read: what is missing here comes by itself.");
    }

    return {
      async load(now) {
        const asked = { ...range.params(now, FIRST_RANGE), worker: now.worker, program: now.program };
        await Promise.all([loadFunction(now, asked), loadHeat(now, asked)]);
      },
    };
  }

  const ranges = ["1h", "6h", "24h", "7d", "30d"];
  Ferret.views ??= {};
  Ferret.views.history = { title: "History", make, uses: ["scope", "range"], ranges, firstRange: FIRST_RANGE, everyMs: 15000 };
})((globalThis.Ferret ??= {}));
