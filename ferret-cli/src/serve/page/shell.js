// What is around the views: which workers, the filter, whether the page is live, health, theme and keys.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, dialog, state: stateMark } = Ferret.dom;
  const { format, state, api, live, theme } = Ferret;
  const TYPING_MS = 250;
  // Less is the usual way of things.
  const LATE_MS = 5000;
  const part = (id) => document.getElementById(id);

  const LINKS = {
    connecting: ["connecting", "idle"],
    live: ["live", "good"],
    polling: ["polling every 2 s", "warn"],
    lost: ["connection lost", "bad"],
    frozen: ["frozen", "idle"],
  };

  const KEYS = [
    ["/", "to the filter"], ["1 – 9", "to a view"], ["↑ ↓ ← →", "among the views, in tables, in the flame chart and the heatmap"], ["Home End", "first and last view"],
    ["Enter", "opens what has the focus; in the flame chart: fills the width with the span"], ["+ − 0", "flame chart: zoom in, out, show all"], ["A D", "flame chart: to the left, to the right"],
    ["Esc", "closes this, leaves the filter"], ["?", "these keys"],
  ];

  function makeScope() {
    const place = part("scope");
    const select = place.querySelector("select");
    select.addEventListener("change", () => {
      const [kind, ...rest] = select.value.split(":");
      const value = rest.join(":") || null;
      state.set({ worker: kind === "worker" ? value : null, program: kind === "program" ? value : null });
    });

    function makeOption() {
      const node = h("option");
      node.update = ({ value, title }) => {
        attribute(node, "value", value);
        text(node, title);
      };
      return node;
    }

    function makeGroup(group) {
      const node = h("optgroup", { label: group.title });
      node.update = ({ options }) => keyed(node, options, (option) => option.value, makeOption);
      return node;
    }

    function options(now) {
      const answer = live.data.workers ?? { programs: [], workers: [] };
      const top = [{ value: "all:", title: "All workers", make: makeOption }];
      // One that is not there any more is still what was asked for.
      if (now.worker && !live.worker(now.worker)) top.push({ value: `worker:${now.worker}`, title: `worker ${now.worker.slice(0, 8)}`, make: makeOption });
      const groups = answer.programs.map((program) => {
        const of = answer.workers.filter((worker) => worker.program === program.name);
        const each = of.map((worker) => ({ value: `worker:${worker.id}`, title: `${worker.program} ${worker.pid} (${worker.state})` }));
        return { value: `group:${program.name}`, title: program.name, make: makeGroup, options: [{ value: `program:${program.name}`, title: `All of ${program.name} (${program.workers})` }, ...each] };
      });
      return [...top, ...groups];
    }

    return (now, isUsed) => {
      show(place, isUsed);
      const value = now.worker ? `worker:${now.worker}` : now.program ? `program:${now.program}` : "all:";
      // Open lists do not like to be changed.
      if (document.activeElement !== select) keyed(select, options(now), (option) => option.value, (option) => option.make(option));
      if (select.value !== value) select.value = value;
    };
  }

  function makeFilter() {
    const place = part("search");
    const input = part("filter");
    const wrong = part("filter-error");
    let timer = null;
    const put = () => {
      clearTimeout(timer);
      state.set({ filter: input.value || null }, { isSmall: true });
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(put, TYPING_MS);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") put();
      if (event.key === "Escape") input.blur();
    });
    return {
      update(now, view) {
        show(place, view.uses.includes("filter"));
        if (document.activeElement !== input) input.value = now.filter ?? "";
        attribute(input, "placeholder", (api.isFrozen ? null : view.filterHint) ?? "part of a name");
      },
      complain(message) {
        text(wrong, message ?? "");
        show(wrong, Boolean(message));
        attribute(input, "aria-invalid", message ? "true" : null);
      },
      focus() {
        if (place.hidden) return false;
        input.focus();
        input.select();
        return true;
      },
    };
  }

  function drawLink() {
    const node = part("link");
    const { state: name, sinceMs, error, behindMs } = live.link;
    const [words, tone] = LINKS[name];
    const isLate = name === "live" && behindMs > LATE_MS;
    attribute(node, "data-state", name);
    attribute(node, "data-tone", isLate ? "warn" : tone);
    const late = isLate ? `, ${format.duration(behindMs * 1e6)} behind` : "";
    text(node.querySelector(".words"), name === "frozen" ? `frozen at ${format.moment(api.frozenMs)}` : words + late);
    const isLost = name === "lost";
    show(part("lost"), isLost);
    const why = error instanceof api.Refused ? ` ${error.message}` : " Trying again; what is shown is from before.";
    text(part("lost"), isLost ? `Connection lost since ${format.clock(sinceMs)}.${why}` : "");
  }

  function drawHealth() {
    const { health } = live.data;
    const node = part("health");
    show(node, Boolean(health));
    if (!health) return;
    attribute(node, "data-tone", stateMark(health.status).dataset.tone);
    text(node.querySelector(".words"), health.status);
    attribute(node, "aria-label", `Health: ${health.status}. Show the checks`);
  }

  function showHealth() {
    const checks = live.data.health.checks.map((check) => h("li.check", {}, stateMark(check.status), h("strong", {}, check.name), h("span", {}, check.text)));
    dialog("Health", h("ul.checks", {}, ...checks));
  }

  function showKeys() {
    const rows = KEYS.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what)));
    dialog("Keys", h("dl.keys", {}, ...rows));
  }

  function start() {
    const drawTheme = (choice) => text(part("theme"), { auto: "Theme: auto", light: "Theme: light", dark: "Theme: dark" }[choice]);
    part("theme").addEventListener("click", theme.next);
    theme.listen(drawTheme);
    drawTheme(theme.choice());
    part("help").addEventListener("click", showKeys);
    part("health").addEventListener("click", showHealth);
    part("dialog-close").addEventListener("click", () => part("dialog").close());
    // `#main` would be taken for a view.
    part("skip").addEventListener("click", (event) => {
      event.preventDefault();
      part("main").focus();
    });
    show(part("health"), false);
  }

  Ferret.shell = { start, makeScope, makeFilter, drawLink, drawHealth, showKeys };
})((globalThis.Ferret ??= {}));
