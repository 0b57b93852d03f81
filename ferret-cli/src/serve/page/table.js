// A table that is sorted by its heads and updated in place. Of a long one the first rows are shown, and more when asked.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed } = Ferret.dom;
  const { format } = Ferret;
  const FIRST_ROWS = 100;
  const MORE_ROWS = 500;

  // Texts by the alphabet, numbers largest first; what is not known comes last either way.
  function order(rows, value, isReverse) {
    const sign = isReverse ? -1 : 1;
    return [...rows].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      const [isNoneA, isNoneB] = [a === null || a === undefined, b === null || b === undefined];
      if (isNoneA || isNoneB) return isNoneA - isNoneB;
      return sign * (typeof a === "string" ? a.localeCompare(b) : b - a);
    });
  }

  // "p95" and "-p95", which is the other way round.
  const sortOf = (sort) => ({ column: sort.replace(/^-/, ""), isReverse: sort.startsWith("-") });

  // columns: { id, title, help, isText, value(row), show(row) → text, make(row) → node with update(row) }
  // options: { label, key(row), onsort(sort), columns, classes(row) }
  function make({ label, key, columns, onsort }) {
    let most = FIRST_ROWS;
    let last = null;

    const heads = columns.map((column) => {
      const mark = h("span.mark", { "aria-hidden": "true" });
      const press = () => {
        const { column: now, isReverse } = sortOf(last.sort);
        onsort(now === column.id && !isReverse ? `-${column.id}` : column.id);
      };
      const head = h("button", { type: "button", title: column.help ?? null, onclick: press }, column.title, mark);
      const cell = h("th", { scope: "col", class: column.isText ? "words" : "number" }, column.value ? head : column.title);
      cell.mark = mark;
      return cell;
    });

    function makeCell(column, row) {
      const cell = h(column.isText ? "td.words" : "td.number");
      if (column.make) {
        const inner = column.make(row);
        cell.append(inner);
        cell.update = inner.update;
      } else {
        cell.update = (next) => text(cell, column.show(next));
      }
      return cell;
    }

    function makeRow(row) {
      const cells = columns.map((column) => makeCell(column, row));
      const node = h("tr", {}, ...cells);
      node.update = (next) => cells.forEach((cell) => cell.update(next));
      return node;
    }

    const body = h("tbody");
    const more = h("button.more", { type: "button", onclick: () => { most += MORE_ROWS; draw(); } });
    const table = h("table", { "aria-label": label }, h("thead", {}, h("tr", {}, ...heads)), body);
    const node = h("div.table", {}, h("div.scroll", { tabindex: "0", role: "region", "aria-label": label }, table), more);

    // Up and down go from row to row, where rows have something to press.
    table.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const row = event.target.closest("tbody tr");
      if (!by || !row) return;
      const links = [...body.querySelectorAll("tr > td:first-child a, tr > td:first-child button")];
      const at = links.findIndex((link) => row.contains(link));
      links[at + by]?.focus();
      event.preventDefault();
    });

    function draw() {
      const { column: sorted, isReverse } = sortOf(last.sort);
      heads.forEach((head, at) => {
        const { id, isText } = columns[at];
        const isUp = isText ? !isReverse : isReverse;
        attribute(head, "aria-sort", id === sorted ? (isUp ? "ascending" : "descending") : null);
        text(head.mark, id === sorted ? (isUp ? "↑" : "↓") : "");
      });
      const value = columns.find((column) => column.id === sorted)?.value;
      const rows = value ? order(last.rows, value, isReverse) : last.rows;
      keyed(body, rows.slice(0, most), key, makeRow);
      show(more, rows.length > most);
      text(more, `Show ${Math.min(MORE_ROWS, rows.length - most)} more of ${format.count(rows.length)}`);
    }

    return {
      node,
      update(rows, sort) {
        last = { rows, sort };
        draw();
      },
    };
  }

  Ferret.table = { make, order, sortOf };
})((globalThis.Ferret ??= {}));
