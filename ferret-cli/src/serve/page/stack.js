// The view of what runs now: the open spans of each thread, outermost first, and the tasks.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, empty } = Ferret.dom;
  const { format, state, api } = Ferret;
  const DEEPEST_INDENT = 14;

  const tags = (all) => Object.entries(all ?? {}).map(([name, value]) => `${name}=${value}`).join("  ");
  const place = (frame) => (frame.file ? `${frame.file}:${frame.line}` : "");

  function makeFrame() {
    const name = h("span.name");
    const module = h("span.faint");
    const tagged = h("span.tags");
    const note = h("span.faint");
    const meter = h("span.meter", { hidden: true }, h("span"));
    const where = h("span.faint.where");
    const age = h("span.number.age");
    const what = h("span.what", {}, name, module, tagged, note, meter);
    const node = h("li.frame", {}, what, where, age);
    node.update = (frame, depth) => {
      text(name, frame.name);
      text(module, frame.module ?? "");
      text(tagged, tags(frame.tags));
      text(note, [frame.kind === "function" ? "" : frame.kind, frame.waits ? "waits" : "", frame.under ? `under ${frame.under}` : "", progress(frame)].filter(Boolean).join(" · "));
      attribute(what, "title", [frame.module, tagged.textContent, note.textContent, place(frame)].filter(Boolean).join("\n"));
      text(where, place(frame));
      text(age, format.duration(frame.age_ns));
      attribute(age, "title", `since ${format.moment(frame.since_ms)}`);
      node.style.setProperty("--depth", Math.min(depth, DEEPEST_INDENT));
      const part = frame.total ? Math.min(1, (frame.done ?? 0) / frame.total) : null;
      show(meter, part !== null);
      meter.firstChild.style.width = `${(part ?? 0) * 100}%`;
    };
    return node;
  }

  function progress({ done, total }) {
    if (done === null || done === undefined) return "";
    return total ? `${format.count(done)} of ${format.count(total)}` : `${format.count(done)} done`;
  }

  function makeThread(thread) {
    const title = h("h3");
    const hidden = h("span.faint");
    const frames = h("ol.frames");
    const node = h("section.thread", {}, h("div.thread-head", {}, title, hidden), frames);
    node.update = (next) => {
      text(title, next.name || `thread ${next.id}`);
      text(hidden, next.hidden ? `${format.ending(next.hidden, "frame")} more` : "");
      keyed(frames, next.frames, (frame, at) => `${at} ${frame.name}`, makeFrame);
    };
    return node;
  }

  function makeTasks() {
    const title = h("h3");
    const frames = h("ol.frames");
    const node = h("section.thread", {}, h("div.thread-head", {}, title), frames);
    node.update = ({ tasks }) => {
      text(title, format.ending(tasks.length, "task"));
      // Their order is theirs: it says nothing of who is in whom.
      keyed(frames, tasks, (frame, at) => `${frame.name} ${frame.since_ms} ${at}`, () => {
        const frame = makeFrame();
        const { update } = frame;
        frame.update = (next) => update(next, 0);
        return frame;
      });
    };
    return node;
  }

  function makeWorker({ id }) {
    const who = h("a");
    const summary = h("span.faint");
    const threads = h("div.threads");
    const node = h("section.group", {}, h("div.group-head", {}, h("h2", {}, who), summary), threads);
    node.update = (worker) => {
      const known = Ferret.live.worker(id);
      text(who, `${worker.program} ${known?.pid ?? id.slice(0, 8)}`);
      attribute(who, "href", state.link({ worker: id }));
      // Of one that is over, what was open when it ended.
      const end = known && !known.alive ? `${known.state}: what was open at its end  ·  ` : "";
      text(summary, worker.threads.length || worker.tasks.length ? end + format.ending(worker.threads.length, "thread") : "no span is open");
      const parts = worker.threads.map((thread) => ({ key: `thread ${thread.id}`, ...thread, make: makeThread }));
      if (worker.tasks.length) parts.push({ key: "tasks", tasks: worker.tasks, make: makeTasks });
      keyed(threads, parts, (part) => part.key, (part) => part.make(part));
    };
    return node;
  }

  function make(root) {
    const groups = h("div");
    const note = h("p.note");
    const nothing = h("div");
    root.append(groups, note, nothing);

    async function load(now) {
      const filter = api.isFrozen ? null : now.filter;
      const answer = await api.ask("stack", { worker: now.worker, program: now.program, filter }, "stack");
      keyed(groups, answer.workers, (worker) => worker.id, makeWorker);
      text(note, answer.left_out ? `${format.count(answer.left_out)} more are left out: choose a worker or a program above, or filter.` : "");
      nothing.replaceChildren(...(answer.workers.length ? [] : [nobody()]));
    }

    return { load };
  }

  function nobody() {
    const rest = "Choose others above, or look into `Functions` for what has ended.";
    return api.isFrozen ? empty("Nothing was open", `No worker had a span open at its end. ${rest}`) : empty("Nothing runs", `No worker that lives has an open span that passes. ${rest}`);
  }

  Ferret.views ??= {};
  Ferret.views.stack = { title: "Stack", make, uses: ["scope", "filter"], everyMs: 1000, filterHint: "decode & dur > 1s" };
})((globalThis.Ferret ??= {}));
