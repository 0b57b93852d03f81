// The view of the alerts: the rules and what they say, and where messages go.
(function (Ferret) {
  "use strict";

  const { h, text, attribute, show, keyed, empty, tone, state: stateMark } = Ferret.dom;
  const { format, live } = Ferret;
  const ORDER = { firing: 0, pending: 1, ok: 2 };

  // What is told as information is no fault, though it fires.
  function put(mark, state, severity) {
    mark.set(state);
    if (state === "firing") attribute(mark, "data-tone", tone(severity));
  }

  function makeSubject() {
    const mark = stateMark("");
    const who = h("strong");
    const said = h("span.said");
    const since = h("span.faint.number");
    const node = h("li.subject", {}, mark, who, said, since);
    node.update = (subject) => {
      put(mark, subject.state, subject.severity);
      text(who, subject.subject);
      text(said, subject.text ?? "");
      text(since, subject.since_ms === null ? "" : `since ${format.moment(subject.since_ms)}`);
    };
    return node;
  }

  // Of one subject there may be more than one, at the same moment too; and a pid comes again.
  function numbered(subjects) {
    const seen = new Map();
    return subjects.map((subject) => {
      const name = JSON.stringify([subject.subject, subject.state, subject.since_ms]);
      const before = seen.get(name) ?? 0;
      seen.set(name, before + 1);
      return { ...subject, key: `${before} ${name}` };
    });
  }

  function makeRule() {
    const mark = stateMark("");
    const name = h("h2");
    const severity = h("span.faint");
    const condition = h("code.condition");
    const subjects = h("ul.subjects");
    const more = h("p.note");
    const node = h("article.rule", {}, h("div.rule-head", {}, mark, name, severity, condition), subjects, more);
    node.update = (rule) => {
      put(mark, rule.state, rule.severity);
      attribute(node, "data-tone", rule.state === "ok" ? null : mark.dataset.tone);
      text(name, rule.name);
      text(severity, rule.severity);
      text(condition, rule.condition ?? "");
      keyed(subjects, numbered(rule.subjects.map((subject) => ({ ...subject, severity: rule.severity }))), (subject) => subject.key, makeSubject);
      show(subjects, rule.subjects.length > 0);
      text(more, rule.left_out ? `${format.count(rule.left_out)} more are left out.` : "");
      show(more, Boolean(rule.left_out));
    };
    return node;
  }

  const SINKS = [
    { id: "name", title: "sink", isText: true, value: (sink) => sink.name, show: (sink) => sink.name },
    { id: "kind", title: "kind", isText: true, value: (sink) => sink.kind, show: (sink) => sink.kind },
    ...["sent", "failed", "waiting", "lost"].map((id) => ({ id, title: id, value: (sink) => sink[id], show: (sink) => format.count(sink[id]) })),
    { id: "error", title: "last error", isText: true, show: (sink) => sink.last_error ?? format.NONE },
  ];

  function make(root) {
    let sort = "name";
    const rules = h("div.rules");
    const sinks = Ferret.table.make({ label: "Sinks", key: (sink) => sink.name, columns: SINKS, onsort: (next) => { sort = next; draw(); } });
    const sinksPanel = h("section", {}, h("h2.section", {}, "Where messages go"), sinks.node);
    const nothing = h("div");
    root.append(rules, sinksPanel, nothing);

    function draw() {
      const answer = live.data.alerts;
      if (!answer) return;
      const sorted = [...answer.rules].sort((a, b) => ORDER[a.state] - ORDER[b.state] || a.name.localeCompare(b.name));
      keyed(rules, sorted, (rule) => rule.name, makeRule);
      sinks.update(answer.sinks, sort);
      show(sinksPanel, answer.sinks.length > 0);
      nothing.replaceChildren(...(sorted.length ? [] : [empty("No rules", "Write what is not to happen into a file of rules and start with it: `ferret serve --rules rules.toml FOLDER`.", "`ferret alert test rules.toml run.redb` says what would have fired in a log that is there.")]));
    }

    return { draw };
  }

  // Of all that fires, the worst.
  function worst(rules) {
    const firing = rules.filter(({ state }) => state === "firing").map(({ severity }) => severity);
    return ["error", "warning", "info"].find((severity) => firing.includes(severity)) ?? null;
  }

  Ferret.views ??= {};
  Ferret.views.alerts = { title: "Alerts", make, isLive: true, uses: [], numbered, worst };
})((globalThis.Ferret ??= {}));
