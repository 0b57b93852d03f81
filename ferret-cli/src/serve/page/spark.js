// A line of the last minutes, as small as a word.
(function (Ferret) {
  "use strict";

  const { svg, attribute } = Ferret.dom;
  const WIDTH = 100;
  const HEIGHT = 24;

  // The pieces of a line between its gaps, as points of WIDTH × HEIGHT; the newest is at the right end.
  function pieces(values, top, places) {
    const found = [];
    let piece = null;
    const first = places - values.length;
    values.forEach((value, at) => {
      if (value === null) {
        piece = null;
        return;
      }
      if (!piece) found.push((piece = []));
      const x = ((first + at) / Math.max(1, places - 1)) * WIDTH;
      piece.push([x, HEIGHT - 1 - (Math.min(value, top) / top) * (HEIGHT - 2)]);
    });
    return found;
  }

  const tenth = (value) => Math.round(value * 10) / 10;
  const point = ([x, y]) => `${tenth(x)} ${tenth(y)}`;
  const stroke = (piece) => `M${piece.map(point).join("L")}${piece.length === 1 ? "h1.5" : ""}`;
  const area = (piece) => `M${tenth(piece[0][0])} ${HEIGHT}L${piece.map(point).join("L")}L${tenth(piece.at(-1)[0])} ${HEIGHT}z`;

  function make() {
    const fill = svg("path", { class: "area" });
    const line = svg("path", { class: "line" });
    const node = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    node.append(fill, line);
    let drawnOf = null;
    return {
      node,
      // `least` is the value that the top has at least, so that noise near nothing looks like that.
      update(values, least, label, places = 60) {
        attribute(node, "aria-label", label);
        const drawing = `${least} ${values}`;
        if (drawing === drawnOf) return;
        drawnOf = drawing;
        const known = values.filter((value) => value !== null);
        const drawn = pieces(values, Math.max(least, ...known), places);
        attribute(line, "d", drawn.map(stroke).join(""));
        attribute(fill, "d", drawn.map(area).join(""));
      },
    };
  }

  Ferret.spark = { make, pieces };
})((globalThis.Ferret ??= {}));
