// Draws a flame chart, and lets it be moved, zoomed and pointed at, with pointer, fingers and keys.
(function (Ferret) {
  "use strict";

  const { h, tip, sharpen } = Ferret.dom;
  const { format, theme, flameLayout } = Ferret;
  const { ROW, HEAD } = flameLayout;
  const AXIS = 20;
  const TALLEST = 620;
  const HUES = 8;

  // `onchoose(slice)` is told of every slice that is chosen, and of null.
  function make({ onchoose }) {
    const canvas = h("canvas");
    const filler = h("div.filler");
    const node = h("div.flame", { tabindex: "0", role: "application", "aria-label": "Flame chart. Arrow keys go from span to span, plus and minus zoom, A and D move, 0 shows all." }, canvas, filler);
    let chart = null;
    let shown = null;
    let chosen = null;
    let isAsked = false;

    const width = () => node.clientWidth;
    const scale = () => width() / (shown.to - shown.from);
    const nsAt = (x) => shown.from + x / scale();

    function draw() {
      isAsked = false;
      if (!chart || width() === 0) return;
      const height = node.clientHeight;
      const context = sharpen(canvas, width(), height);
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      const colours = {
        hues: Array.from({ length: HUES }, (_, at) => theme.colour(`flame-${at}`)),
        text: theme.colour("text"), faint: theme.colour("faint"), line: theme.colour("line"),
        ink: theme.colour("flame-ink"), bad: theme.colour("bad"), back: theme.colour("panel"),
      };
      drawGrid(context, colours, height);
      const top = node.scrollTop;
      for (const lane of chart.lanes) {
        if (lane.y + lane.height < top || lane.y > top + height) continue;
        drawLane(context, lane, AXIS - top, colours);
      }
      drawAxis(context, colours);
    }

    function drawLane(context, lane, down, colours) {
      context.fillStyle = colours.line;
      context.fillRect(0, lane.y + down, width(), 1);
      for (const slice of lane.slices) drawSlice(context, slice, slice.y + down, colours);
      context.fillStyle = colours.faint;
      context.fillText(lane.thread, 6, lane.y + down + HEAD / 2 + 1);
    }

    function drawSlice(context, slice, y, colours) {
      const left = (slice.at_ns - shown.from) * scale();
      const wide = slice.ns * scale();
      if (left > width() || left + wide < 0) return;
      const x = Math.max(-2, left);
      const room = Math.max(1, Math.min(left + wide, width() + 2) - x - (wide > 3 ? 1 : 0));
      context.fillStyle = colours.hues[flameLayout.hue(slice.name)];
      context.fillRect(x, y, room, ROW - 1);
      if (slice.outcome !== "ok" && !slice.open) {
        context.fillStyle = colours.bad;
        context.fillRect(x, y + ROW - 4, room, 3);
      }
      if (slice.open) {
        // Not over: its end is torn.
        context.fillStyle = colours.back;
        for (let tooth = 0; tooth < ROW; tooth += 6) context.fillRect(x + room - 3, y + tooth, 3, 3);
      }
      if (room > 28) {
        context.fillStyle = colours.ink;
        context.fillText(Ferret.heatmap.clip(context, slice.name, room - 8), Math.max(x, 0) + 4, y + ROW / 2);
      }
      if (slice === chosen) {
        context.strokeStyle = colours.text;
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, Math.max(2, room - 2), ROW - 3);
      }
    }

    // Places of the axis, at round times.
    function* ticks() {
      const least = (shown.to - shown.from) / Math.max(2, width() / 90);
      const power = 10 ** Math.floor(Math.log10(least));
      const step = [1, 2, 5, 10].map((by) => by * power).find((step) => step >= least);
      for (let ns = Math.ceil(shown.from / step) * step; ns < shown.to; ns += step) yield [ns, (ns - shown.from) * scale()];
    }

    function drawGrid(context, colours, height) {
      context.fillStyle = colours.line;
      for (const [, x] of ticks()) context.fillRect(x, 0, 1, height);
    }

    function drawAxis(context, colours) {
      context.fillStyle = colours.back;
      context.fillRect(0, 0, width(), AXIS);
      context.fillStyle = colours.faint;
      for (const [ns, x] of ticks()) context.fillText(format.duration(ns), x + 3, AXIS / 2);
    }

    function redraw() {
      if (isAsked) return;
      isAsked = true;
      requestAnimationFrame(draw);
    }

    function move(next) {
      shown = next;
      redraw();
    }

    function choose(slice) {
      chosen = slice;
      if (slice) reveal(slice);
      onchoose(slice);
      redraw();
    }

    function reveal(slice) {
      const isOut = slice.at_ns + slice.ns < shown.from || slice.at_ns > shown.to;
      const half = (shown.to - shown.from) / 2;
      const middle = slice.at_ns + slice.ns / 2;
      if (isOut) move(flameLayout.view(middle - half, middle + half, chart.ns));
      if (slice.y < node.scrollTop) node.scrollTop = slice.y - HEAD;
      if (slice.y + ROW + AXIS > node.scrollTop + node.clientHeight) node.scrollTop = slice.y + ROW + AXIS - node.clientHeight;
    }

    const fit = (slice) => move(flameLayout.view(slice.at_ns - slice.ns * 0.05, slice.at_ns + slice.ns * 1.05, chart.ns));

    function under(event) {
      const box = node.getBoundingClientRect();
      return flameLayout.at(chart, nsAt(event.clientX - box.left), event.clientY - box.top - AXIS + node.scrollTop);
    }

    // Fingers or mouse: one moves, two zoom.
    const pointers = new Map();
    let moved = 0;
    node.addEventListener("pointerdown", (event) => {
      if (!chart) return;
      pointers.set(event.pointerId, event.clientX);
      moved = 0;
    });
    node.addEventListener("pointermove", (event) => {
      if (!chart) return;
      if (!pointers.has(event.pointerId)) {
        hover(event);
        return;
      }
      tip.hide();
      const before = [...pointers.values()];
      const by = event.clientX - pointers.get(event.pointerId);
      moved += Math.abs(by);
      pointers.set(event.pointerId, event.clientX);
      const after = [...pointers.values()];
      if (moved > 4) node.setPointerCapture(event.pointerId);
      if (after.length === 1) move(flameLayout.view(shown.from - by / scale(), shown.to - by / scale(), chart.ns));
      else {
        const [was, is] = [before, after].map(([a, b]) => Math.max(20, Math.abs(a - b)));
        const middle = (after[0] + after[1]) / 2 - node.getBoundingClientRect().left;
        move(flameLayout.zoom(shown, was / is, nsAt(middle), chart.ns));
      }
    });
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      node.addEventListener(name, (event) => {
        pointers.delete(event.pointerId);
        if (name === "pointerleave") tip.hide();
      });
    }
    node.addEventListener("click", (event) => chart && moved <= 4 && choose(under(event)));
    node.addEventListener("dblclick", (event) => {
      const slice = chart && under(event);
      if (slice) fit(slice);
    });
    // The wheel alone scrolls, as everywhere; with Ctrl, and by a pinch on a touchpad, it zooms.
    node.addEventListener("wheel", (event) => {
      if (!chart) return;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const x = event.clientX - node.getBoundingClientRect().left;
        move(flameLayout.zoom(shown, Math.exp(event.deltaY / 300), nsAt(x), chart.ns));
      } else if (sideways) move(flameLayout.view(shown.from + sideways / scale(), shown.to + sideways / scale(), chart.ns));
      else return;
      event.preventDefault();
    }, { passive: false });
    node.addEventListener("scroll", redraw);
    node.addEventListener("keydown", (event) => {
      if (!chart || event.ctrlKey || event.metaKey || event.altKey) return;
      const step = (shown.to - shown.from) / 8;
      const middle = chosen ? chosen.at_ns + chosen.ns / 2 : (shown.from + shown.to) / 2;
      const acts = {
        a: () => move(flameLayout.view(shown.from - step, shown.to - step, chart.ns)),
        d: () => move(flameLayout.view(shown.from + step, shown.to + step, chart.ns)),
        "+": () => move(flameLayout.zoom(shown, 0.6, middle, chart.ns)),
        "-": () => move(flameLayout.zoom(shown, 1.7, middle, chart.ns)),
        0: all,
        Enter: () => chosen && fit(chosen),
        Escape: () => choose(null),
      };
      acts["="] = acts["+"];
      if (event.key.startsWith("Arrow")) choose(flameLayout.beside(chart, chosen, event.key));
      else if (acts[event.key]) acts[event.key]();
      else return;
      event.preventDefault();
    });

    function hover(event) {
      const slice = under(event);
      node.classList.toggle("over", slice !== null);
      if (!slice) tip.hide();
      else tip.show(event.clientX, event.clientY, [slice.name, `${format.duration(slice.ns)}${slice.open ? " so far" : `, ${slice.outcome}`}`]);
    }

    const all = () => move({ from: 0, to: chart.ns });
    new ResizeObserver(redraw).observe(node);
    theme.listen(redraw);

    return {
      node,
      all,
      fit,
      zoom: (by) => chart && move(flameLayout.zoom(shown, by, (shown.from + shown.to) / 2, chart.ns)),
      update(answer) {
        chart = flameLayout.layout(answer);
        chosen = null;
        shown = { from: 0, to: chart.ns };
        filler.style.height = `${chart.height + AXIS}px`;
        node.style.height = `${Math.max(120, Math.min(chart.height + AXIS + 2, TALLEST))}px`;
        node.scrollTop = 0;
        redraw();
      },
    };
  }

  Ferret.flameCanvas = { make };
})((globalThis.Ferret ??= {}));
