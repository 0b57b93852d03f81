// The view of the functions: what each costs in a range, and behind each name its details.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, empty } = Ferret.dom;
  const { format, state, api, range, table } = Ferret;
  const MOST_ROWS = 1000;
  const SORT = "total";

  const ns = (field) => (row) => format.duration(row[field]);

  function makeName() {
    const name = h("a.name");
    const module = h("span.faint");
    const kind = h("span.kind");
    const node = h("div.function", {}, name, module, kind);
    node.update = (row) => {
      text(name, row.name);
      attribute(name, "href", state.link({ function: row.id }));
      attribute(name, "title", row.file ? `${row.file}:${row.line}` : null);
      attribute(name, "aria-current", state.now().function === row.id ? "true" : null);
      text(module, row.module ?? "");
      text(kind, row.kind === "function" ? "" : row.kind);
    };
    return node;
  }

  // How much of the longest it is, behind the number.
  function makeTotal(share) {
    const words = h("span");
    const bar = h("span.share");
    const node = h("span.shared", {}, bar, words);
    node.update = (row) => {
      text(words, format.duration(row.total_ns));
      bar.style.width = `${share(row) * 100}%`;
    };
    return node;
  }

  function makeErrors() {
    const node = h("span");
    node.update = (row) => {
      const bad = row.errors + row.panics;
      text(node, bad ? format.short(bad) : format.NONE);
      attribute(node, "data-tone", bad ? "bad" : "idle");
      attribute(node, "title", `${format.count(row.errors)} errors, ${format.count(row.panics)} panics, ${format.count(row.cancelled)} cancelled, ${format.count(row.unknown)} unknown`);
    };
    return node;
  }

  function columns(share) {
    const durations = [
      ["self", "self_ns", "by itself, without what it called"], ["mean", "mean_ns"], ["p50", "p50_ns"], ["p90", "p90_ns"],
      ["p95", "p95_ns"], ["p99", "p99_ns"], ["max", "max_ns"],
    ];
    return [
      { id: "name", title: "function", isText: true, value: (row) => row.name, make: makeName },
      { id: "calls", title: "calls", value: (row) => row.calls, show: (row) => format.short(row.calls) },
      { id: "rate", title: "per s", help: "calls per second", show: (row) => format.short(row.calls_per_second) },
      { id: "errors", title: "errors", value: (row) => row.errors + row.panics, make: makeErrors },
      { id: "total", title: "total", value: (row) => row.total_ns, make: () => makeTotal(share) },
      ...durations.map(([id, field, help]) => ({ id, title: id, help, value: (row) => row[field], show: ns(field) })),
    ];
  }

  // In a frozen page there is nobody who knows the filter language: a part of the name must do.
  function passes(row, words) {
    return `${row.module ?? ""}::${row.name}`.toLowerCase().includes(words.toLowerCase());
  }

  function make(root) {
    let largest = 1;
    const share = (row) => row.total_ns / largest;
    const rows = table.make({
      label: "Functions",
      key: (row) => row.id,
      columns: columns(share),
      onsort: (sort) => state.set({ sort: sort === SORT ? null : sort }),
    });
    const details = Ferret.functionDetails.make();
    const note = h("p.note");
    const nothing = h("div");
    root.append(details.node, rows.node, note, nothing);
    let answer = null;

    function draw(now) {
      if (!answer) return;
      const shown = api.isFrozen && now.filter ? answer.functions.filter((row) => passes(row, now.filter)) : answer.functions;
      largest = shown.reduce((largest, row) => Math.max(largest, row.total_ns), 1);
      rows.update(shown, now.sort ?? SORT);
      show(rows.node, shown.length > 0);
      text(note, answer.left_out ? `The first ${format.count(answer.functions.length)} of ${format.count(answer.rows)}, in this order: filter for the others.` : format.ending(shown.length, "function"));
      show(note, shown.length > 0);
      nothing.replaceChildren(...(shown.length ? [] : [empty("No calls", `Nothing that ended in this time passes. Take ${api.isFrozen ? "" : "a longer range, "}other workers, or filter for less.`)]));
      details.update(now, shown.find((row) => row.id === now.function) ?? null);
    }

    return {
      draw,
      async load(now) {
        const sort = now.sort && now.sort.replace(/^-/, "") !== "rate" ? now.sort : SORT;
        const time = range.params(now, null);
        const asked = { ...time, worker: now.worker, program: now.program, filter: api.isFrozen ? null : now.filter, sort, limit: MOST_ROWS };
        answer = await api.ask("functions", asked, "functions");
        draw(now);
        await details.load(now);
      },
    };
  }

  Ferret.views ??= {};
  Ferret.views.functions = { title: "Functions", make, uses: ["scope", "range", "filter"], ranges: ["", "15m", "1h", "6h", "24h", "7d", "30d"], firstRange: "", everyMs: 3000, filterHint: "transcri & p95 > 1s" };
})((globalThis.Ferret ??= {}));
