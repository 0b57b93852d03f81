// The view of the stages: those that run with their progress, pace and time left, then those that are over.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, keyed, empty, show, state: stateMark } = Ferret.dom;
  const { format, state, api, live } = Ferret;
  const ORDER = { running: 0, failed: 1, unfinished: 2, cancelled: 3, unknown: 4, done: 5 };

  function pace(stage) {
    if (stage.per_second === null || stage.per_second === undefined) return "";
    return stage.per_second < 1 && stage.per_second > 0 ? `${format.short(stage.per_second * 60)}/min` : `${format.short(stage.per_second)}/s`;
  }

  // How much of it is done; null where that is not known.
  function partOf({ state, done, total }) {
    if (total) return Math.min(1, (done ?? 0) / total);
    if (state === "running") return null;
    return state === "done" || state === "failed" ? 1 : 0;
  }

  function makeStage(stage) {
    const mark = stateMark("");
    const name = h("h2");
    const who = h("a.faint");
    const bar = h("div.progress", { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("span"));
    const fill = bar.firstChild;
    const names = ["done", "pace", "left", "age", "calls", "mean"];
    const figures = names.map((name) => h("dd"));
    const node = h("article.stage", {},
      h("div.stage-name", {}, name, who), mark, bar,
      h("dl.figures", {}, ...figures.map((figure, at) => h("div", {}, h("dt", {}, names[at]), figure))));
    node.update = (next) => {
      const isRunning = next.state === "running";
      text(name, next.name);
      text(who, `${next.program} ${live.worker(next.worker)?.pid ?? ""}`.trim());
      attribute(who, "href", state.link({ view: "stack", worker: next.worker }));
      mark.set(next.state);
      const part = partOf(next);
      attribute(bar, "aria-valuenow", part === null ? null : Math.round(part * 100));
      attribute(bar, "aria-label", `progress of ${next.name}`);
      attribute(bar, "data-state", part === null ? "going" : next.state);
      fill.style.width = part === null ? "" : `${part * 100}%`;
      const done = next.done === null || next.done === undefined ? "" : format.short(next.done);
      const words = [
        done && next.total ? `${done} of ${format.short(next.total)}` : done || format.NONE,
        (isRunning && pace(next)) || format.NONE,
        isRunning ? format.duration(next.left_ns) : format.NONE,
        format.duration(next.age_ns),
        `${format.short(next.calls)}${next.errors ? `, ${format.short(next.errors)} failed` : ""}`,
        format.duration(next.mean_ns),
      ];
      words.forEach((word, at) => text(figures[at], word));
    };
    return node;
  }

  function make(root) {
    const list = h("div.stages");
    const note = h("p.note");
    const nothing = h("div");
    root.append(list, note, nothing);

    function put(answer) {
      const stages = [...answer.stages].sort((a, b) => ORDER[a.state] - ORDER[b.state] || b.since_ms - a.since_ms);
      // An id is the function's, and the same in all workers.
      keyed(list, stages, (stage) => `${stage.worker} ${stage.name}`, makeStage);
      show(note, answer.left_out > 0);
      text(note, `${format.count(answer.left_out)} more are left out: choose a worker or a program above, or filter.`);
      nothing.replaceChildren(...(stages.length ? [] : [empty("No stages", "A stage is a part of a program's work that tells how far it is: mark its function with `#[profile(stage)]`. If there are some, filter for less.")]));
    }

    const isOf = (now, stage) => (now.worker ?? stage.worker) === stage.worker && (now.program ?? stage.program) === stage.program;

    return {
      // What the stream brings is of all; who filters asks.
      draw(now) {
        if (!live.data.stages || (now.filter && !api.isFrozen)) return;
        put({ ...live.data.stages, stages: live.data.stages.stages.filter((stage) => isOf(now, stage)) });
      },
      async load(now) {
        if (!now.filter || api.isFrozen) return;
        put(await api.ask("stages", { worker: now.worker, program: now.program, filter: now.filter }, "stages"));
      },
    };
  }

  Ferret.views ??= {};
  Ferret.views.stages = { title: "Stages", make, partOf, isLive: true, uses: ["scope", "filter"], everyMs: 2000, filterHint: "transcribe | download" };
})((globalThis.Ferret ??= {}));
