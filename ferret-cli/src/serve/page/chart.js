// A chart of series over time, drawn by uPlot: in the page's colours, with the values under the pointer, and a drag that chooses a time.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show } = Ferret.dom;
  const { format, theme } = Ferret;
  const HEIGHT = 150;
  const RECENT_STEPS = 3;
  const FONT = "11px system-ui, sans-serif";

  // Of bytes the steps are powers of two, of all else the usual ones.
  const BYTE_STEPS = Array.from({ length: 50 }, (_, at) => 2 ** at);

  function axes(unit) {
    const quiet = { stroke: theme.colour("faint"), font: FONT, ticks: { show: false } };
    const grid = { stroke: theme.colour("line"), width: 1 };
    const values = (_, splits) => splits.map((split) => format.unit(split, unit));
    const times = (plot, splits) => splits.map((s) => format.tick(s * 1000, (plot.scales.x.max - plot.scales.x.min) * 1000));
    return [
      { ...quiet, grid: { show: false }, space: 90, size: 26, values: times },
      { ...quiet, grid, space: 28, size: 64, values, ...(unit === "bytes" ? { incrs: BYTE_STEPS } : {}) },
    ];
  }

  // Values between gaps on both sides, which a line would not show.
  function alone(plot, series) {
    const values = plot.data[series];
    const isNone = (at) => values[at] === null || values[at] === undefined;
    return [...values.keys()].filter((at) => !isNone(at) && isNone(at - 1) && isNone(at + 1));
  }

  // The last value that is known, if it is of the end of the time.
  function newest(values) {
    const recent = values.slice(-Math.max(RECENT_STEPS, Math.ceil(values.length / 20)));
    return recent.findLast((value) => value !== null) ?? null;
  }

  function lines(series) {
    const drawn = series.map(({ colour }) => ({
      stroke: theme.colour(colour),
      width: 1.5,
      fill: series.length === 1 ? `color-mix(in srgb, ${theme.colour(colour)} 12%, transparent)` : undefined,
      points: { show: () => false, filter: alone, size: 5, fill: theme.colour(colour) },
    }));
    return [{}, ...drawn];
  }

  // A name with its colour and value for each series; where there are several, each can be left out.
  function makeKey({ label, colour }, isOnly, toggle) {
    const value = h("span.value");
    const inside = [h(`span.swatch.colour-${colour}`), h("span", {}, isOnly ? "" : label), value];
    const node = isOnly ? h("span.key", {}, ...inside) : h("button.key", { type: "button", "aria-pressed": "true", onclick: toggle }, ...inside);
    node.words = value;
    return node;
  }

  // In words, for who does not see it.
  function summary(title, unit, series, data) {
    const said = series.map(({ label }, at) => {
      const known = data[at + 1].filter((value) => value !== null);
      if (!known.length) return `${label}: nothing`;
      const [least, most] = [Math.min(...known), Math.max(...known)].map((value) => format.unit(value, unit));
      return `${label}: ${format.unit(known.at(-1), unit)}, from ${least} to ${most}`;
    });
    return `${title}. ${said.join(". ")}`;
  }

  // options: { title, unit, series: [{ name, label, colour }], height, sync, onselect(fromMs, toMs) of a drag, onpoint(ms) of a click }
  function make({ title, unit, series, height = HEIGHT, sync = "times", onselect = null, onpoint = null }) {
    const keys = series.map((one, at) => makeKey(one, series.length === 1, () => toggle(at)));
    const when = h("span.when");
    const place = h("div.plot", { role: "img" });
    place.style.minHeight = `${height}px`;
    const nothing = h("p.nothing", { hidden: true }, "Nothing in this range");
    const node = h("figure.chart", {}, h("figcaption", {}, h("span", {}, title), h("span.keys-of", {}, ...keys), when), place, nothing);
    let plot = null;
    let data = null;
    // The time that is asked for, s, of which there may be values of a part only.
    let whole = null;

    function select(chart) {
      const { left, width } = chart.select;
      if (width > 4) onselect(chart.posToVal(left, "x") * 1000, chart.posToVal(left + width, "x") * 1000);
      chart.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    }

    function toggle(at) {
      const isOn = keys[at].getAttribute("aria-pressed") !== "true";
      attribute(keys[at], "aria-pressed", String(isOn));
      plot?.setSeries(at + 1, { show: isOn });
    }

    // The values under the pointer, or else the newest.
    function say() {
      const at = plot?.cursor.idx ?? null;
      series.forEach((_, one) => {
        const column = data[one + 1];
        text(keys[one].words, format.unit(at === null ? newest(column) : column[at], unit));
      });
      text(when, at === null ? "" : format.moment(data[0][at] * 1000));
    }

    function draw() {
      plot?.destroy();
      plot = null;
      const width = place.clientWidth;
      if (!data || width === 0) return;
      plot = new uPlot(
        {
          width,
          height,
          legend: { show: false },
          series: lines(series).map((line, at) => ({ ...line, show: !at || keys[at - 1].getAttribute("aria-pressed") !== "false" })),
          axes: axes(unit),
          padding: [8, 20, 0, 0],
          cursor: {
            y: false,
            sync: { key: sync },
            drag: { x: onselect !== null, y: false, setScale: false },
            points: { size: 6 },
          },
          scales: { x: { range: () => whole }, y: { range: (_, least, most) => [0, Math.max(most ?? 0, unit === "ns" ? 1000 : 1) * 1.08] } },
          hooks: { setCursor: [say], ...(onselect ? { setSelect: [select] } : {}) },
        },
        data,
        place,
      );
      // Fingers do not drag here: they scroll the page.
      if (onpoint) plot.over.addEventListener("click", (event) => onpoint(plot.posToVal(event.offsetX, "x") * 1000));
    }

    new ResizeObserver(() => {
      if (plot && plot.width !== place.clientWidth && place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height });
      else if (!plot) draw();
    }).observe(place);
    theme.listen(draw);

    return {
      node,
      // An answer of the kind history.
      update(answer) {
        const columns = series.map(({ name }) => {
          const found = answer.series.find((one) => one.name === name);
          return found ? found.values : answer.times_ms.map(() => null);
        });
        whole = [Math.min(answer.from_ms, answer.times_ms[0] ?? answer.from_ms) / 1000, answer.to_ms / 1000];
        data = [answer.times_ms.map((ms) => ms / 1000), ...columns];
        if (plot) plot.setData(data);
        else draw();
        show(nothing, columns.every((values) => values.every((value) => value === null)));
        say();
        attribute(place, "aria-label", summary(title, unit, series, data));
      },
    };
  }

  Ferret.chart = { make };
})((globalThis.Ferret ??= {}));
