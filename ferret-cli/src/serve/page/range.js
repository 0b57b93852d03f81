// The choice of a time: up to now, or from–to. Also what it is for the API.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed } = Ferret.dom;
  const { format, state } = Ferret;
  const LIFE = "its life";
  // The history has steps of ten seconds.
  const MARGIN_MS = 10e3;
  // The API knows of no later time.
  const LAST_MS = 9e12;
  const UNITS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3 };

  // Of "15m" the milliseconds; null of anything else.
  function length(range) {
    const [, number, unit] = /^(\d+)([smhd])$/.exec(range ?? "") ?? [];
    return number ? Number(number) * UNITS[unit] : null;
  }

  // When a worker that has ended was there, with a margin; null of any other. Of one that ended long ago there is nothing up to now.
  function life(now) {
    const worker = now.worker ? Ferret.live.worker(now.worker) : null;
    if (!worker || worker.alive || !worker.started_ms || !worker.ended_ms) return null;
    const end = Math.max(worker.ended_ms, worker.started_ms);
    const margin = Math.max(MARGIN_MS, Math.round((end - worker.started_ms) * 0.05));
    return { from: worker.started_ms - margin, to: end + margin };
  }

  // As the API wants it: where the address says nothing the life of a worker that is over, or else `fallback`; null: all there is.
  function params(now, fallback) {
    if (now.from) return { from: now.from, to: now.to ?? Date.now() };
    if (length(now.range)) return { range: now.range };
    return (fallback && life(now)) || { range: fallback };
  }

  // What is wrong with a time that was typed; null: nothing is.
  function fault([from, to]) {
    if (from === null || to === null) return "Give both times, with the hour.";
    if (from < 0) return "The beginning must be in 1970 or later.";
    if (to > LAST_MS) return "The end must be before 2255.";
    return from < to ? null : "The end must be behind the beginning.";
  }

  // The control of the bar above the views. A view has choices, of which "" is all there is, and a first one.
  function make(place) {
    const chips = h("div.chips", { role: "group", "aria-label": "Range" });
    const from = h("input", { type: "datetime-local", step: "1", "aria-label": "From" });
    const to = h("input", { type: "datetime-local", step: "1", "aria-label": "To" });
    const wrong = h("p.wrong", { role: "alert", hidden: true });
    const custom = h("form.custom", { hidden: true }, from, h("span.faint", {}, "–"), to, h("button", {}, "Show"), wrong);
    const open = h("button", { type: "button", "aria-expanded": "false" }, "custom");
    place.append(h("div.chips", {}, chips, open), custom);
    // Whether the form is opened or closed by hand, for the time that the address says; null: neither.
    let wish = null;
    let wishFor = null;

    function expand(isOpen) {
      show(custom, isOpen);
      attribute(open, "aria-expanded", String(isOpen));
    }

    open.addEventListener("click", () => {
      wish = custom.hidden;
      expand(wish);
      if (!custom.hidden) from.focus();
    });
    custom.addEventListener("submit", (event) => {
      event.preventDefault();
      const ends = [format.fromInput(from.value), format.fromInput(to.value)];
      const why = fault(ends);
      text(wrong, why ?? "");
      show(wrong, why !== null);
      if (why === null) state.set({ from: ends[0], to: ends[1] });
    });

    function chip(range) {
      const node = h("button", { type: "button", onclick: () => state.set({ range: range === LIFE ? null : range || null, from: null, to: null }) }, range || "all");
      return node;
    }

    return {
      update(now, all, usual) {
        // A view that begins with all there is has it already.
        const its = usual ? life(now) : null;
        const [choices, first] = its ? [[LIFE, ...all], LIFE] : [all, usual];
        const chosen = now.from ? null : (length(now.range) ? now.range : first);
        keyed(chips, choices.includes(chosen) || chosen === null ? choices : [...choices, chosen], (range) => range, chip);
        for (const node of chips.children) attribute(node, "aria-pressed", String(node.textContent === (chosen === "" ? "all" : chosen)));
        attribute(open, "aria-pressed", String(Boolean(now.from)));
        const ends = now.from ? [Number(now.from), Number(now.to ?? Date.now())] : chosen === LIFE ? [its.from, its.to] : [Date.now() - (length(chosen) ?? UNITS.h), Date.now()];
        const key = JSON.stringify([now.view, now.range, now.from, now.to]);
        if (key !== wishFor) wish = null;
        // Not under the fingers of who is typing, or of who looks something up meanwhile.
        if (key !== wishFor || custom.hidden) {
          from.value = format.toInput(ends[0]).slice(0, 19);
          to.value = format.toInput(ends[1]).slice(0, 19);
        }
        wishFor = key;
        expand(wish ?? Boolean(now.from));
      },
    };
  }

  Ferret.range = { length, life, params, fault, make };
})((globalThis.Ferret ??= {}));
