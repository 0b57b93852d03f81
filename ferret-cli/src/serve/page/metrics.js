// The view of the metrics: the numbers of the processes over time, a chart for each. A drag takes a closer look.
(function (Ferret) {
  "use strict";

  const { h, text, show } = Ferret.dom;
  const { state, api, range, chart } = Ferret;
  const FIRST_RANGE = "15m";

  const CHARTS = [
    { title: "CPU", unit: "percent", series: [["cpu_percent", "mean of all together", "line-1"], ["cpu_max_percent", "most of one worker", "line-2"]] },
    { title: "resident memory", unit: "bytes", series: [["rss_bytes", "RSS", "line-1"]] },
    { title: "spans per second", unit: "per_second", series: [["spans_per_second", "spans/s", "line-1"]] },
    { title: "errors per second", unit: "per_second", series: [["errors_per_second", "errors/s", "bad"]] },
    { title: "open", unit: "count", series: [["open_spans", "spans", "line-1"], ["open_tasks", "tasks", "line-2"]] },
    { title: "threads", unit: "count", series: [["threads", "threads", "line-1"]] },
    { title: "workers heard of", unit: "count", series: [["alive", "heard of", "good"]] },
    { title: "events dropped", unit: "count", series: [["dropped", "dropped", "warn"]] },
  ];

  function make(root) {
    const choose = (from, to) => state.set({ from: Math.round(from), to: Math.round(to) });
    const charts = CHARTS.map(({ series, ...rest }) => chart.make({
      ...rest,
      series: series.map(([name, label, colour]) => ({ name, label, colour })),
      onselect: api.isFrozen ? null : choose,
    }));
    const note = h("p.note");
    root.append(h("div.charts", {}, ...charts.map(({ node }) => node)), note);

    return {
      async load(now) {
        const answer = await api.ask("history", { worker: now.worker, program: now.program, ...range.params(now, FIRST_RANGE) }, "metrics");
        for (const one of charts) one.update(answer);
        show(note, !answer.complete);
        text(note, "Older logs are still being read: what is missing here comes by itself.");
      },
    };
  }

  const ranges = ["15m", "1h", "6h", "24h", "7d", "30d"];
  Ferret.views ??= {};
  Ferret.views.metrics = { title: "Metrics", make, uses: ["scope", "range"], ranges, firstRange: FIRST_RANGE, everyMs: 4000 };
})((globalThis.Ferret ??= {}));
