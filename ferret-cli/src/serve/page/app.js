// The page as a whole: which view is shown, when it asks anew, and the keys that hold everywhere.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, tone } = Ferret.dom;
  const { format, state, api, live, range, shell, views } = Ferret;
  const ORDER = ["workers", "stack", "stages", "functions", "metrics", "flame", "events", "history", "alerts"];
  const part = (id) => document.getElementById(id);

  const made = {};
  const tabs = {};
  let current = null;
  let timer = null;
  let controls = null;

  function makeTab(name, at) {
    const badge = h("span.badge.number");
    const node = h("a.tab", { role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, href: `#${name}` }, h("span", {}, views[name].title), badge);
    node.title = `${views[name].title} (${at + 1})`;
    node.badge = badge;
    return node;
  }

  function makePanel(name) {
    const node = h(`section.view.view-${name}`, { role: "tabpanel", id: `view-${name}`, "aria-labelledby": `tab-${name}`, hidden: true });
    part("views").append(node);
    made[name] = { node, ...views[name].make(node) };
  }

  // The numbers beside the names of the views.
  function badges() {
    const { workers, stages, alerts } = live.data;
    const all = views.workers.totals(workers?.programs ?? []);
    const running = stages?.stages.filter((stage) => stage.state === "running").length;
    const firing = alerts?.rules.filter((rule) => rule.state === "firing").length;
    text(tabs.workers.badge, all.workers ? `${format.count(all.alive)}/${format.count(all.workers)}` : "");
    text(tabs.stages.badge, running ? format.count(running) : "");
    text(tabs.alerts.badge, firing ? format.count(firing) : "");
    const worst = views.alerts.worst(alerts?.rules ?? []);
    attribute(tabs.alerts.badge, "data-tone", worst && tone(worst));
  }

  function drawTabs(now) {
    for (const name of ORDER) {
      const isOn = name === now.view;
      attribute(tabs[name], "aria-selected", String(isOn));
      attribute(tabs[name], "tabindex", isOn ? "0" : "-1");
      attribute(tabs[name], "href", name === now.view ? state.write(now) : state.link({ view: name }));
    }
  }

  // The address as it is, but of a view that there is.
  function now() {
    const found = state.now();
    return ORDER.includes(found.view) ? found : { ...found, view: ORDER[0] };
  }

  function drawControls(at) {
    const view = views[at.view];
    controls.scope(at, view.uses.includes("scope"));
    controls.filter.update(at, view);
    const hasRange = view.uses.includes("range") && !api.isFrozen;
    show(part("range"), hasRange);
    // Of the only worker there is, where a view is of one.
    const of = view.workerOf ? { ...at, worker: view.workerOf(at) } : at;
    if (hasRange) controls.range.update(of, view.ranges, view.firstRange);
  }

  // The address has changed, and `go` has not been told yet.
  const isLeaving = (at) => at.view !== current;

  function redraw() {
    const at = now();
    if (isLeaving(at)) return;
    drawTabs(at);
    drawControls(at);
    made[at.view].draw?.(at);
    badges();
  }

  // What the stream brings is drawn by the views that are made of it; the others ask for theirs.
  function redrawLive() {
    const at = now();
    if (isLeaving(at)) return;
    drawControls(at);
    if (views[at.view].isLive) made[at.view].draw(at);
    badges();
  }

  function complain(error) {
    text(part("wrong"), error.message);
    show(part("wrong"), true);
  }

  // Asks what the view asks, and again when its time has come. An answer that comes too late is for nobody.
  async function load({ isForced = true } = {}) {
    clearTimeout(timer);
    const at = now();
    if (isLeaving(at)) return;
    const view = made[at.view];
    const address = location.hash;
    const isLate = () => address !== location.hash;
    try {
      if (!view.load || live.link.state === "lost") return;
      await view.load(at, isForced);
      if (isLate()) return;
      controls.filter.complain(null);
      show(part("wrong"), false);
    } catch (error) {
      if (!isLate()) explain(error, at);
    } finally {
      // Whatever came of it, there is a next time.
      if (!isLate()) loadLater(views[at.view]);
    }
  }

  function explain(error, at) {
    const isFilter = error instanceof api.Refused && error.status === 400 && at.filter;
    if (isFilter) controls.filter.complain(error.message);
    else if (error instanceof api.Refused) complain(error);
    // That the server is away is told by the link. All else is a fault of the page.
    else if (!(error instanceof api.Away)) throw error;
  }

  function loadLater({ everyMs }) {
    clearTimeout(timer);
    if (everyMs && !api.isFrozen) timer = setTimeout(() => (document.hidden ? wake() : load({ isForced: false })), everyMs);
  }

  // Nobody looks: ask again when somebody does.
  function wake() {
    document.addEventListener("visibilitychange", () => load({ isForced: false }), { once: true });
  }

  function go() {
    const at = now();
    if (current !== at.view) {
      if (current) show(made[current].node, false);
      if (!made[at.view]) makePanel(at.view);
      show(made[at.view].node, true);
      current = at.view;
      text(part("title"), views[at.view].title);
      document.title = `${views[at.view].title} – Ferret`;
      controls.filter.complain(null);
      show(part("wrong"), false);
      scrollTo(0, 0);
      if (document.activeElement?.getAttribute("role") === "tab") tabs[at.view].focus();
      tabs[at.view].scrollIntoView({ block: "nearest", inline: "center" });
    }
    redraw();
    load();
  }

  function goAmongTabs(event) {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const at = ORDER.indexOf(now().view);
    const to = event.key === "Home" ? 0 : event.key === "End" ? ORDER.length - 1 : by && (at + by + ORDER.length) % ORDER.length;
    if (to === undefined) return;
    event.preventDefault();
    tabs[ORDER[to]].focus();
    state.set({ view: ORDER[to] });
  }

  function goByKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || part("dialog").open) return;
    if (event.target.closest("input, select, textarea, [role=application]")) return;
    if (event.key === "?") shell.showKeys();
    else if (event.key === "/" && controls.filter.focus()) event.preventDefault();
    else if (ORDER[Number(event.key) - 1]) state.set({ view: ORDER[Number(event.key) - 1] });
  }

  function start() {
    ORDER.forEach((name, at) => {
      tabs[name] = makeTab(name, at);
      part("tabs").append(tabs[name]);
    });
    part("tabs").addEventListener("keydown", goAmongTabs);
    document.addEventListener("keydown", goByKey);
    controls = { scope: shell.makeScope(), filter: shell.makeFilter(), range: range.make(part("range")) };
    shell.start();
    let isFirst = true;
    let wasLost = false;
    live.listen((what) => {
      shell.drawLink();
      shell.drawHealth();
      const isLost = live.link.state === "lost";
      // What is asked now takes the place of a question that went out while nobody answered.
      if (wasLost && !isLost) load({ isForced: false });
      wasLost = isLost;
      if (what !== "data") return;
      redrawLive();
      // Some views wait for the first word of who is there.
      if (isFirst && live.data.workers) {
        isFirst = false;
        load();
      }
    });
    addEventListener("hashchange", go);
    go();
    live.start();
  }

  Ferret.app = { redraw, load, complain };
  start();
})((globalThis.Ferret ??= {}));
