// Where the slices of a flame chart are, and which one is beside, above and below another. Knows no canvas.
(function (Ferret) {
  "use strict";

  const ROW = 18;
  const HEAD = 22;

  // An answer of the kind flame as lanes one below the other, each with its slices in the order of time and depth.
  function layout(answer) {
    let y = 0;
    const lanes = answer.lanes.map(({ thread, slices }) => {
      const deepest = slices.reduce((deepest, slice) => Math.max(deepest, slice.depth), 0);
      const lane = { thread, y, height: HEAD + (deepest + 1) * ROW + 6 };
      lane.slices = slices
        .map((slice) => ({ ...slice, lane, y: y + HEAD + slice.depth * ROW }))
        .sort((a, b) => a.at_ns - b.at_ns || a.depth - b.depth);
      y += lane.height;
      return lane;
    });
    return { lanes, height: y, ns: Math.max(1, (answer.to_ms - answer.from_ms) * 1e6) };
  }

  function at(chart, ns, y) {
    const lane = chart.lanes.find((lane) => y >= lane.y && y < lane.y + lane.height);
    return lane?.slices.find((slice) => y >= slice.y && y < slice.y + ROW && ns >= slice.at_ns && ns <= slice.at_ns + slice.ns) ?? null;
  }

  // The slice that the arrow keys go to from another; the same where there is none.
  function beside(chart, slice, key) {
    if (!slice) return chart.lanes.find((lane) => lane.slices.length)?.slices[0] ?? null;
    const { slices } = slice.lane;
    const end = slice.at_ns + slice.ns;
    const level = slices.filter((other) => other.depth === slice.depth);
    if (key === "ArrowLeft") return level[level.indexOf(slice) - 1] ?? slice;
    if (key === "ArrowRight") return level[level.indexOf(slice) + 1] ?? slice;
    if (key === "ArrowUp") {
      const parent = slices.findLast((other) => other.depth === slice.depth - 1 && other.at_ns <= slice.at_ns && other.at_ns + other.ns >= end);
      return parent ?? slice;
    }
    const child = slices.find((other) => other.depth === slice.depth + 1 && other.at_ns >= slice.at_ns && other.at_ns <= end);
    const lane = chart.lanes[chart.lanes.indexOf(slice.lane) + 1];
    return child ?? lane?.slices[0] ?? slice;
  }

  // A part of the time, kept within the whole and not smaller than a hundred nanoseconds.
  function view(from, to, ns) {
    const width = Math.max(100, Math.min(to - from, ns));
    const start = Math.max(0, Math.min(from, ns - width));
    return { from: start, to: start + width };
  }

  function zoom({ from, to }, by, around, ns) {
    return view(around - (around - from) * by, around + (to - around) * by, ns);
  }

  // The same name has the same colour everywhere.
  function hue(name) {
    let sum = 7;
    for (let at = 0; at < name.length; at += 1) sum = (sum * 31 + name.charCodeAt(at)) >>> 0;
    return sum % 8;
  }

  Ferret.flameLayout = { ROW, HEAD, layout, at, beside, view, zoom, hue };
})((globalThis.Ferret ??= {}));
