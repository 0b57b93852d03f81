// One function: how many calls and how long they took over time, and in which workers.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show } = Ferret.dom;
  const { format, state, api, range, live, chart, table } = Ferret;
  const FIRST_RANGE = "1h";
  const WORKERS_AT_ONCE = 12;
  // It takes a question for each worker.
  const WORKERS_EVERY_MS = 60000;

  const PERCENTILES = [
    { name: "p50_ns", label: "p50", colour: "line-1" },
    { name: "p90_ns", label: "p90", colour: "line-2" },
    { name: "p95_ns", label: "p95", colour: "line-3" },
    { name: "p99_ns", label: "p99", colour: "line-4" },
  ];

  const choose = (from, to) => state.set({ from: Math.round(from), to: Math.round(to) });

  function charts() {
    return {
      percentiles: chart.make({ title: "how long", unit: "ns", series: PERCENTILES, height: 180, onselect: choose }),
      calls: chart.make({ title: "calls per second", unit: "per_second", series: [{ name: "calls_per_second", label: "calls/s", colour: "line-1" }], onselect: choose }),
      errors: chart.make({ title: "errors per second", unit: "per_second", series: [{ name: "errors_per_second", label: "errors/s", colour: "bad" }], onselect: choose }),
    };
  }

  const values = (answer, name) => answer.series.find((series) => series.name === name)?.values ?? [];

  // What a worker's history of the function adds up to.
  function summary(worker, answer) {
    const calls = values(answer, "calls");
    const means = values(answer, "mean_ns");
    const sum = calls.reduce((sum, value) => sum + (value ?? 0), 0);
    const total = calls.reduce((total, value, at) => total + (value ?? 0) * (means[at] ?? 0), 0);
    const worst = values(answer, "p95_ns").reduce((worst, value) => Math.max(worst, value ?? 0), 0);
    return { worker, line: values(answer, "calls_per_second"), calls: sum, total_ns: total, mean_ns: sum ? total / sum : null, worst_ns: sum ? worst : null };
  }

  function makeWho() {
    const node = h("a");
    node.update = ({ worker }) => {
      text(node, `${worker.program} ${worker.pid}`);
      attribute(node, "href", state.link({ worker: worker.id }));
    };
    return node;
  }

  function makeLine() {
    const spark = Ferret.spark.make();
    spark.node.update = ({ line, calls }) => spark.update(line, 1, `${format.count(calls)} calls over the time`, line.length);
    return spark.node;
  }

  const COLUMNS = [
    { id: "worker", title: "worker", isText: true, value: ({ worker }) => `${worker.program} ${worker.pid}`, make: makeWho },
    { id: "line", title: "calls over time", isText: true, make: makeLine },
    { id: "calls", title: "calls", value: ({ calls }) => calls, show: ({ calls }) => format.short(calls) },
    { id: "total", title: "total", value: ({ total_ns }) => total_ns, show: ({ total_ns }) => format.duration(total_ns) },
    { id: "mean", title: "mean", value: ({ mean_ns }) => mean_ns, show: ({ mean_ns }) => format.duration(mean_ns) },
    { id: "worst", title: "worst p95", help: "of a step of the time", value: ({ worst_ns }) => worst_ns, show: ({ worst_ns }) => format.duration(worst_ns) },
  ];

  function makeWorkers() {
    let sort = "calls";
    let found = [];
    const draw = () => rows.update(found, sort);
    const rows = table.make({ label: "Workers with calls", key: ({ worker }) => worker.id, columns: COLUMNS, onsort: (next) => { sort = next; draw(); } });
    const note = h("p.note");
    const more = h("button.more", { type: "button" });
    const node = h("section", { hidden: true }, h("h3", {}, "In which workers"), rows.node, note, more);
    let asked = { key: null };

    async function ask(mine, now, row) {
      const all = (live.data.workers?.workers ?? []).filter(({ program, id }) => program === row.program && (now.worker ?? id) === id);
      const some = [...all].sort((a, b) => b.alive - a.alive || b.spans - a.spans).slice(0, mine.most);
      const time = range.params(now, FIRST_RANGE);
      const histories = await Promise.all(some.map((worker) => api.ask("history", { function: row.id, worker: worker.id, ...time })));
      if (mine !== asked) return;
      found = some.map((worker, at) => summary(worker, histories[at])).filter(({ calls }) => calls > 0);
      draw();
      show(node, found.length > 0);
      text(note, `${format.count(found.length)} of the ${format.ending(some.length, "worker")} asked had calls in this time.`);
      show(more, some.length < all.length);
      text(more, `Ask ${Math.min(WORKERS_AT_ONCE, all.length - some.length)} more of ${format.count(all.length)} workers`);
      more.onclick = () => begin(now, row, asked.key, mine.most + WORKERS_AT_ONCE).catch(Ferret.app.complain);
    }

    async function begin(now, row, key, most) {
      const mine = { key, most, atMs: Date.now() };
      asked = mine;
      try {
        await ask(mine, now, row);
      } catch (error) {
        // It is asked again with the next numbers.
        mine.atMs = 0;
        throw error;
      }
    }

    return {
      node,
      // Anew when something else is asked, and now and then where the time goes on.
      async load(now, row) {
        const key = JSON.stringify([row.id, now.worker, now.range, now.from, now.to]);
        const isSame = key === asked.key;
        const isFresh = asked.atMs > 0 && (now.from || Date.now() - asked.atMs < WORKERS_EVERY_MS);
        if ((isSame && isFresh) || api.isFrozen) return;
        await begin(now, row, key, isSame ? asked.most : WORKERS_AT_ONCE);
      },
    };
  }

  function make() {
    const title = h("h2", { tabindex: "-1" });
    const place = h("span.faint");
    const close = h("button.quiet", { type: "button", "aria-label": "Close details", onclick: () => state.set({ function: null }) }, "Close");
    const figures = h("dl.figures");
    const wrong = h("p.wrong", { hidden: true });
    const times = h("p.faint.times");
    const drawn = charts();
    const workers = makeWorkers();
    const node = h("section.details", { hidden: true, "aria-label": "Details of the function" },
      h("div.details-head", {}, title, place, close), figures, times, wrong,
      h("div.charts.of-three", {}, ...Object.values(drawn).map((one) => one.node)), workers.node);
    let row = null;
    let shownOf = null;

    return {
      node,
      update(now, next) {
        row = next ?? (row?.id === now.function ? row : null);
        const isNew = now.function && now.function !== shownOf;
        shownOf = now.function;
        show(node, Boolean(now.function));
        show(times, !api.isFrozen && !now.from && range.length(now.range) === null);
        text(times, `The numbers above are since the logs began; what follows is of ${range.life(now) ? "the worker's life" : `the last ${FIRST_RANGE}`}: choose a range for more.`);
        if (!now.function) return;
        text(title, row?.name ?? "A function that is not among those below");
        text(place, row ? [row.module, row.file && `${row.file}:${row.line}`].filter(Boolean).join("  ·  ") : "");
        const known = row ? [["calls", format.count(row.calls)], ["errors", format.count(row.errors)], ["panics", format.count(row.panics)], ["cancelled", format.count(row.cancelled)], ["total", format.duration(row.total_ns)], ["self", format.duration(row.self_ns)], ["min", format.duration(row.min_ns)], ["p95", format.duration(row.p95_ns)], ["max", format.duration(row.max_ns)]] : [];
        figures.replaceChildren(...known.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
        if (isNew) title.scrollIntoView({ block: "nearest" });
      },
      async load(now) {
        if (!now.function) return;
        try {
          const answer = await api.ask("history", { function: now.function, worker: now.worker, program: now.program, ...range.params(now, FIRST_RANGE) }, "function");
          for (const one of Object.values(drawn)) one.update(answer);
          show(wrong, false);
          if (row) await workers.load(now, row);
        } catch (error) {
          text(wrong, error.message);
          show(wrong, true);
        }
      },
    };
  }

  Ferret.functionDetails = { make, PERCENTILES, summary };
})((globalThis.Ferret ??= {}));
