// Elements: made, changed only where they differ, and kept by key, so that focus, scroll and selection stay where they are while
// numbers change. Whatever a log says becomes text here, never markup.
(function (Ferret) {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";

  function put(node, attributes) {
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else attribute(node, name, value);
    }
    return node;
  }

  // Without what turns the direction of the text behind it, by which a name could be read as another one, or a pid.
  const plain = (words) => String(words ?? "").replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

  // h("a.name.strong", { href: "#x", onclick: f }, "text", element)
  function h(what, attributes = {}, ...children) {
    const [tag, ...classes] = what.split(".");
    const node = put(document.createElement(tag), attributes);
    if (classes.length) node.className = classes.join(" ");
    node.append(...children.filter((child) => child !== null).map((child) => (child instanceof Node ? child : plain(child))));
    return node;
  }

  const svg = (tag, attributes = {}) => put(document.createElementNS(SVG, tag), attributes);

  function text(node, value) {
    const words = plain(value);
    if (node.textContent !== words) node.textContent = words;
  }

  // True is an attribute without a value, null and false are none.
  function attribute(node, name, value) {
    if (value === null || value === false) {
      if (node.hasAttribute(name)) node.removeAttribute(name);
      return;
    }
    const written = value === true ? "" : String(value);
    if (node.getAttribute(name) !== written) node.setAttribute(name, written);
  }

  function show(node, isShown) {
    if (node.hidden === isShown) node.hidden = !isShown;
  }

  const kept = new WeakMap();

  // Makes the children of `parent` those of `items`, in their order. `make(item)` makes a node; `node.update(item, index)`, which it
  // may have, is called each time. A node that stays is moved only when the order asks for it.
  function keyed(parent, items, key, make) {
    const before = kept.get(parent) ?? new Map();
    const after = new Map();
    const focused = parent.contains(document.activeElement) ? document.activeElement : null;
    items.forEach((item, index) => {
      const name = String(key(item, index));
      if (after.has(name)) return;
      const node = before.get(name) ?? make(item);
      after.set(name, node);
      if (node.update) node.update(item, index);
    });
    for (const [name, node] of before) if (!after.has(name)) node.remove();
    let next = parent.firstChild;
    for (const node of after.values()) {
      if (node === next) next = next.nextSibling;
      else parent.insertBefore(node, next);
    }
    kept.set(parent, after);
    // To be moved costs an element its focus.
    if (focused && focused !== document.activeElement && parent.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
  }

  // What there is to say when there is nothing to show: a sentence, and what to do, where words in `backticks` are commands.
  function empty(title, ...lines) {
    const paragraphs = lines.map((line) => {
      const parts = line.split("`").map((part, at) => (at % 2 ? h("code", {}, part) : part));
      return h("p", {}, ...parts);
    });
    return h("div.empty", {}, h("h2", {}, title), ...paragraphs);
  }

  // The names of the three sizes of trouble, of states and of severities.
  const TONES = {
    running: "good", stalled: "warn", zombie: "warn", exited: "idle", stopped: "idle", unknown: "idle",
    failed: "bad", crashed: "bad", healthy: "good", degraded: "warn", unhealthy: "bad", done: "idle", unfinished: "warn", cancelled: "warn", ok: "good",
    pending: "warn", firing: "bad", info: "idle", warning: "warn", error: "bad",
  };
  const tone = (name) => TONES[name] ?? "idle";

  function state(name) {
    const words = h("span", {}, name);
    const node = h("span.state", { "data-tone": tone(name) }, h("span.dot"), words);
    node.set = (next) => {
      text(words, next);
      attribute(node, "data-tone", tone(next));
    };
    return node;
  }

  // One small window beside the pointer, for what is drawn on a canvas.
  const tip = {
    show(x, y, lines) {
      const node = document.getElementById("tip");
      node.replaceChildren(...lines.map((line, at) => h(at ? "div.faint" : "div", {}, line)));
      node.hidden = false;
      const box = node.getBoundingClientRect();
      node.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 4))}px`;
      node.style.top = `${y + 16 + box.height > innerHeight ? Math.max(4, y - box.height - 8) : y + 16}px`;
    },
    hide() {
      document.getElementById("tip").hidden = true;
    },
  };

  function dialog(title, ...body) {
    const node = document.getElementById("dialog");
    text(document.getElementById("dialog-title"), title);
    document.getElementById("dialog-body").replaceChildren(...body);
    if (!node.open) node.showModal();
  }

  // A canvas as sharp as the screen; gives its context, in CSS pixels.
  function sharpen(canvas, width, height) {
    const scale = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.width = `${width}px`;
      canvas.style.height = `${height}px`;
    }
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  Ferret.dom = { h, svg, plain, text, attribute, show, keyed, empty, tone, state, tip, dialog, sharpen };
})((globalThis.Ferret ??= {}));
