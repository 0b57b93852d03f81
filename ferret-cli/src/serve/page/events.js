// The view of what happened: a line of time for each kind, and the list.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, tip, sharpen, empty, state: stateMark } = Ferret.dom;
  const { format, state, theme, live } = Ferret;
  const KINDS = ["start", "exit", "stop", "fail", "crash", "stall", "zombie", "recover", "gone", "error", "panic", "drop", "alert", "resolved", "mark", "clock", "damage"];
  const FIRST_ROWS = 200;
  const ROW = 20;
  const LABEL = 70;
  const COLOURS = { info: "faint", warning: "warn", error: "bad" };

  function makeTimeline() {
    const canvas = h("canvas", { role: "img" });
    const place = h("div", {}, canvas);
    const node = h("div.timeline-panel", {}, place);
    let events = [];
    let kinds = [];

    const first = () => events[0]?.at_ms ?? 0;
    const span = () => Math.max(1000, (events.at(-1)?.at_ms ?? 0) - first());
    const x = (event) => LABEL + ((event.at_ms - first()) / span()) * (place.clientWidth - LABEL - 8);

    function draw() {
      if (!place.clientWidth || !kinds.length) return;
      const height = kinds.length * ROW + ROW;
      const context = sharpen(canvas, place.clientWidth, height);
      const colours = Object.fromEntries(Object.entries(COLOURS).map(([severity, name]) => [severity, theme.colour(name)]));
      const faint = theme.colour("faint");
      const line = theme.colour("line");
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      kinds.forEach((kind, at) => {
        context.fillStyle = line;
        context.fillRect(LABEL, at * ROW + ROW / 2, place.clientWidth - LABEL, 1);
        context.fillStyle = faint;
        context.fillText(kind, 0, at * ROW + ROW / 2);
      });
      for (const event of events) {
        context.fillStyle = colours[event.severity] ?? faint;
        context.fillRect(x(event) - 1.5, kinds.indexOf(event.what) * ROW + 4, 3, ROW - 8);
      }
      const places = Math.max(1, Math.floor((place.clientWidth - LABEL) / 120));
      for (let at = 0; at < places; at += 1) {
        const ms = first() + (span() * at) / places;
        context.fillStyle = faint;
        context.fillText(format.tick(ms, span()), LABEL + ((place.clientWidth - LABEL - 8) * at) / places, height - ROW / 2);
      }
    }

    function under(event) {
      const box = canvas.getBoundingClientRect();
      const kind = kinds[Math.floor((event.clientY - box.top) / ROW)];
      const near = events.filter((one) => one.what === kind && Math.abs(x(one) - (event.clientX - box.left)) < 6);
      return near.at(-1) ?? null;
    }

    canvas.addEventListener("pointermove", (event) => {
      const found = under(event);
      if (found) tip.show(event.clientX, event.clientY, [`${found.what}: ${found.text}`, found.program ?? "", format.moment(found.at_ms)]);
      else tip.hide();
    });
    canvas.addEventListener("pointerleave", tip.hide);
    new ResizeObserver(draw).observe(place);
    theme.listen(draw);

    return {
      node,
      update(next) {
        events = next;
        kinds = KINDS.filter((kind) => next.some((event) => event.what === kind));
        attribute(canvas, "aria-label", `${format.ending(next.length, "event")} from ${format.moment(first())} to ${format.moment(first() + span())}: the list below has them.`);
        draw();
      },
    };
  }

  // Their numbers are in the order in which they were found, which is another one when old logs are read.
  const byTime = (events) => [...events].sort((a, b) => a.at_ms - b.at_ms || a.number - b.number);

  function makeEvent(event) {
    const at = h("time.faint.number", { datetime: new Date(event.at_ms).toISOString() }, format.moment(event.at_ms));
    const mark = stateMark(event.what);
    mark.dataset.tone = { info: "idle", warning: "warn", error: "bad" }[event.severity] ?? "idle";
    const who = event.worker ? h("a.who", { href: state.link({ view: "stack", worker: event.worker }) }) : h("span.who");
    const node = h("li.event", {}, at, mark, who, h("span.said", {}, event.text));
    // Who it is may be known only later.
    node.update = () => text(who, `${event.program ?? ""} ${live.worker(event.worker)?.pid ?? ""}`.trim());
    return node;
  }

  function make(root) {
    const chips = h("div.chips.states", { role: "group", "aria-label": "Kinds" });
    const timeline = makeTimeline();
    const list = h("ol.events");
    const more = h("button.more", { type: "button", onclick: () => { most += FIRST_ROWS * 5; draw(state.now()); } });
    const note = h("p.note");
    const nothing = h("div");
    let most = FIRST_ROWS;
    root.append(chips, timeline.node, list, more, note, nothing);

    function press(kind) {
      const chosen = new Set((state.now().kind ?? "").split(",").filter(Boolean));
      if (!chosen.delete(kind)) chosen.add(kind);
      state.set({ kind: [...chosen].join(",") || null });
    }

    function chip({ kind }) {
      const number = h("span.number");
      const node = h("button", { type: "button", onclick: () => press(kind) }, kind, number);
      node.update = ({ many, isOn }) => {
        text(number, format.count(many));
        attribute(node, "aria-pressed", String(isOn));
      };
      return node;
    }

    function draw(now) {
      const chosen = (now.kind ?? "").split(",").filter(Boolean);
      const words = (now.filter ?? "").toLowerCase();
      const of = byTime(live.data.events).filter((event) =>
        (now.worker ?? event.worker) === event.worker && (now.program ?? event.program) === event.program && `${event.what} ${event.program} ${event.text}`.toLowerCase().includes(words));
      const kinds = KINDS.map((kind) => ({ kind, many: of.filter((event) => event.what === kind).length, isOn: chosen.includes(kind) }));
      keyed(chips, kinds.filter(({ many, isOn }) => many || isOn), ({ kind }) => kind, chip);
      const shown = chosen.length ? of.filter((event) => chosen.includes(event.what)) : of;
      timeline.update(shown);
      show(timeline.node, shown.length > 0);
      keyed(list, shown.slice(-most).reverse(), (event) => event.number, makeEvent);
      show(more, shown.length > most);
      text(more, `Show more of ${format.count(shown.length)}`);
      const leftOut = live.leftOut();
      text(note, leftOut ? `${format.ending(leftOut, "older event")} not shown: the newest ${format.count(live.data.events.length)} are here. The API has all, by from= and to=.` : "");
      nothing.replaceChildren(...(shown.length ? [] : [empty("Nothing has happened", "Starts, ends, crashes, losses and alerts are listed here. Take back the filter or the choice of workers, if there is one.")]));
    }

    return {
      draw,
      // The stream tells what is new; what was before is asked for until it has come.
      async load(now) {
        await live.askOlder();
        draw(now);
      },
    };
  }

  Ferret.views ??= {};
  Ferret.views.events = { title: "Events", make, isLive: true, uses: ["scope", "filter"], everyMs: 5000, filterHint: "part of a text or program" };
})((globalThis.Ferret ??= {}));
