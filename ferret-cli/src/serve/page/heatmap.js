// Workers × time: a row for each worker, a cell for each step, darker where there is more. Read with the pointer, with the arrow keys,
// or as a table.
(function (Ferret) {
  "use strict";

  const { h, text, keyed, tip, sharpen } = Ferret.dom;
  const { format, theme } = Ferret;
  const ROW = 16;
  const LABEL = 150;
  const AXIS = 20;
  const STEPS = 6;

  // From the least to the most in even steps of its square root: a single outlier leaves the rest of the colours to the others.
  function shade(value, most) {
    if (value === null || most <= 0) return null;
    return Math.min(STEPS - 1, Math.floor(Math.sqrt(Math.max(0, value) / most) * STEPS));
  }

  function make({ label, onchoose, name }) {
    const canvas = h("canvas", { tabindex: "0", role: "img", "aria-label": label });
    const spoken = h("p.unseen", { "aria-live": "polite" });
    const legend = h("div.legend");
    const rows = h("tbody");
    const heads = ["worker", "least", "mean", "most"].map((title, at) => h("th", { scope: "col", class: at ? "number" : "words" }, title));
    const table = h("details.as-table", {}, h("summary", {}, "As a table"), h("div.scroll", {}, h("table", {}, h("thead", {}, h("tr", {}, ...heads)), rows)));
    const place = h("div.heat", {}, canvas);
    const node = h("div", {}, place, legend, spoken, table);
    let answer = null;
    let cursor = null;

    const labelWidth = () => (place.clientWidth < 500 ? 84 : LABEL);
    const column = () => (place.clientWidth - labelWidth()) / Math.max(1, answer.times_ms.length);
    const most = () => answer.workers.reduce((most, row) => row.values.reduce((most, value) => Math.max(most, value ?? 0), most), 0);

    function draw() {
      if (!answer || place.clientWidth === 0) return;
      const height = answer.workers.length * ROW + AXIS;
      const context = sharpen(canvas, place.clientWidth, height);
      const shades = Array.from({ length: STEPS }, (_, at) => theme.colour(`heat-${at}`));
      const [width, left, top] = [column(), labelWidth(), most()];
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      const words = theme.colour("faint");
      answer.workers.forEach((row, at) => {
        context.fillStyle = words;
        context.fillText(clip(context, name(row), left - 10), 0, at * ROW + ROW / 2);
        row.values.forEach((value, step) => {
          const level = shade(value, top);
          if (level === null) return;
          context.fillStyle = shades[level];
          context.fillRect(left + step * width, at * ROW + 1, Math.max(1, width - (width > 5 ? 1 : 0)), ROW - 2);
        });
      });
      drawAxis(context, words, left, width, height);
      if (cursor) {
        context.strokeStyle = theme.colour("text");
        context.strokeRect(left + cursor.step * width, cursor.row * ROW + 0.5, Math.max(2, width), ROW - 1);
      }
    }

    function drawAxis(context, colour, left, width, height) {
      context.fillStyle = colour;
      const places = Math.max(1, Math.floor((place.clientWidth - left) / 90));
      for (let at = 0; at < Math.min(places, answer.times_ms.length); at += 1) {
        const step = Math.floor((at * answer.times_ms.length) / places);
        const ms = answer.times_ms[step];
        if (ms !== undefined) context.fillText(format.tick(ms, answer.to_ms - answer.from_ms), left + step * width, height - AXIS / 2 + 2);
      }
    }

    // What a cell says, in lines.
    function words({ row, step }) {
      const worker = answer.workers[row];
      return [name(worker), format.unit(worker.values[step], answer.unit), format.moment(answer.times_ms[step])];
    }

    function cellAt(event) {
      const box = canvas.getBoundingClientRect();
      const row = Math.floor((event.clientY - box.top) / ROW);
      const step = Math.floor((event.clientX - box.left - labelWidth()) / column());
      return answer?.workers[row] ? { row, step: Math.max(0, Math.min(step, answer.times_ms.length - 1)) } : null;
    }

    function point(next) {
      cursor = next;
      draw();
    }

    canvas.addEventListener("pointermove", (event) => {
      const cell = cellAt(event);
      point(cell);
      if (cell) tip.show(event.clientX, event.clientY, words(cell));
      else tip.hide();
    });
    for (const name of ["pointerleave", "blur"]) {
      canvas.addEventListener(name, () => {
        tip.hide();
        point(null);
      });
    }
    canvas.addEventListener("click", (event) => {
      const cell = cellAt(event);
      if (cell) onchoose(answer.workers[cell.row]);
    });
    canvas.addEventListener("keydown", (event) => {
      const by = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
      if (!answer?.workers.length) return;
      if (event.key === "Enter" && cursor) onchoose(answer.workers[cursor.row]);
      if (!by) return;
      event.preventDefault();
      const from = cursor ?? { row: 0, step: answer.times_ms.length - 1 };
      const within = (at, length) => Math.max(0, Math.min(at, length - 1));
      point({ row: within(from.row + by[0], answer.workers.length), step: within(from.step + by[1], answer.times_ms.length) });
      text(spoken, words(cursor).join(", "));
      const box = canvas.getBoundingClientRect();
      tip.show(box.left + labelWidth() + cursor.step * column(), box.top + cursor.row * ROW, words(cursor));
    });
    new ResizeObserver(draw).observe(place);
    Ferret.theme.listen(draw);

    function makeRow() {
      const cells = [h("td.words"), h("td.number"), h("td.number"), h("td.number")];
      const node = h("tr", {}, ...cells);
      node.update = (worker) => {
        const known = worker.values.filter((value) => value !== null);
        const sum = known.reduce((sum, value) => sum + value, 0);
        const figures = known.length ? [Math.min(...known), sum / known.length, Math.max(...known)] : [null, null, null];
        text(cells[0], name(worker));
        figures.forEach((figure, at) => text(cells[at + 1], format.unit(figure, answer.unit)));
      };
      return node;
    }

    return {
      node,
      update(next) {
        cursor = cursor && cellOf(next, answer.workers[cursor.row].id, answer.times_ms[cursor.step]);
        answer = next;
        const swatches = Array.from({ length: STEPS }, (_, at) => h(`span.swatch.heat-${at}`));
        legend.replaceChildren("0 ", ...swatches, ` ${format.unit(most(), next.unit)}`, next.left_out ? ` · ${format.count(next.left_out)} more workers are left out` : "");
        keyed(rows, next.workers, (worker) => worker.id, makeRow);
        draw();
      },
    };
  }

  // Where a worker's cell of that time is; null where the worker is not.
  function cellOf({ workers, times_ms: times }, id, ms) {
    const row = workers.findIndex((worker) => worker.id === id);
    const step = times.findLastIndex((time) => time <= ms);
    return row < 0 || !times.length ? null : { row, step: Math.max(0, step) };
  }

  // As much of a text as there is room for.
  function clip(context, words, width) {
    if (context.measureText(words).width <= width) return words;
    let end = Math.floor((words.length * width) / context.measureText(words).width);
    while (end > 0 && context.measureText(`${words.slice(0, end)}…`).width > width) end -= 1;
    return end > 0 ? `${words.slice(0, end)}…` : "";
  }

  Ferret.heatmap = { make, shade, clip, cellOf };
})((globalThis.Ferret ??= {}));
