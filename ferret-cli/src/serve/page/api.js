// Questions to the server. In a page that was frozen into a file there is none: the answers are in the page.
(function (Ferret) {
  "use strict";

  class Refused extends Error {
    constructor(message, status) {
      super(message);
      this.status = status;
    }
  }

  // Nobody answers.
  class Away extends Error {}

  const place = globalThis.document?.getElementById("frozen");
  const answers = place ? JSON.parse(place.textContent) : null;

  function url(path, params = {}) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(params)) {
      if (value !== null && value !== undefined && value !== "") query.set(name, value);
    }
    const text = query.toString();
    return `api/${path}${text ? `?${text}` : ""}`;
  }

  // What an answer is about: another one is no answer at all. Of times, limits and orders the nearest does.
  const ABOUT = ["function", "heatmap", "worker", "program"];
  // Lists whose items say which worker they are of, so that the part can be taken from the whole.
  const LISTS = { stack: ["workers", "id"], stages: ["stages", "worker"], events: ["events", "worker"] };

  function split(address) {
    const [path, query] = address.replace(/^\//, "").split("?", 2);
    return [path, new URLSearchParams(query ?? "")];
  }

  function part(path, answer, asked) {
    const [list, id] = LISTS[path.replace("api/", "")] ?? [];
    if (!list) return null;
    const isOf = (item) => (asked.get("worker") ?? item[id]) === item[id];
    const isIn = (item) => (asked.get("program") ?? item.program) === item.program;
    return { ...answer, [list]: answer[list].filter((item) => isOf(item) && isIn(item)) };
  }

  // The answer among `all` that is nearest to what is asked; null where none is about it.
  function nearest(all, address) {
    const [path, asked] = split(address);
    let best = null;
    for (const [key, answer] of Object.entries(all)) {
      const [other, had] = split(key);
      if (other !== path) continue;
      const differs = ABOUT.filter((name) => asked.get(name) !== had.get(name));
      const isWhole = differs.every((name) => !had.has(name) && (name === "worker" || name === "program"));
      const found = differs.length === 0 ? answer : isWhole ? part(path, answer, asked) : null;
      const rest = [...asked].filter(([name, value]) => had.get(name) === value).length - differs.length * 100;
      if (found && (!best || rest > best.rest)) best = { rest, found };
    }
    return best?.found ?? null;
  }

  const frozenAnswer = (address) => answers[`/${address}`] ?? answers[address] ?? nearest(answers, address);

  // Whether there will be an answer. A server has one to everything.
  const has = (path, params) => answers === null || frozenAnswer(url(path, params)) !== null;

  // The server takes 30 s for an answer at most, and two minutes for a window; whether it is well it says at once.
  const PATIENCE_MS = { health: 10e3, flame: 130e3 };
  const USUAL_PATIENCE_MS = 40e3;

  const lanes = new Map();

  // Asks; a later question of the same lane takes the place of one that is under way (whose promise then never ends).
  async function ask(path, params = {}, lane = null) {
    const address = url(path, params);
    if (answers) {
      const found = frozenAnswer(address);
      if (found) return found;
      throw new Refused("This is not in the frozen file: ask a running `ferret serve`.", 404);
    }
    const stop = new AbortController();
    const patience = setTimeout(() => stop.abort(new Away("The server does not answer.")), PATIENCE_MS[path] ?? USUAL_PATIENCE_MS);
    if (lane) {
      lanes.get(lane)?.abort();
      lanes.set(lane, stop);
    }
    try {
      return await read(await send(address, { signal: stop.signal }));
    } catch (error) {
      if (error.name === "AbortError") return new Promise(() => {});
      throw error;
    } finally {
      clearTimeout(patience);
      if (lanes.get(lane) === stop) lanes.delete(lane);
    }
  }

  // Whatever breaks on the way is the server's absence, a body that ends too early too.
  async function arrives(promise) {
    try {
      return await promise;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Away("The server does not answer.");
    }
  }

  const send = (address, options) => arrives(fetch(address, { ...options, credentials: "same-origin" }));

  async function read(response) {
    const isJson = (response.headers.get("content-type") ?? "").includes("json");
    const body = isJson ? await arrives(response.json()) : null;
    // Unhealthy is an answer, too.
    if (response.ok || body?.kind === "health") return body;
    if (response.status === 401) throw new Refused("The session has ended: load the page again to sign in.", 401);
    throw new Refused(body?.error ?? `The server answers with status ${response.status}.`, response.status);
  }

  async function forget(id) {
    const address = `api/workers/${encodeURIComponent(id)}/forget`;
    const response = await send(address, { method: "POST" });
    if (!response.ok) await read(response);
  }

  // The moment of a frozen page: that of its newest answer.
  const frozenMs = answers ? Math.max(...Object.values(answers).map((answer) => answer.now_ms ?? 0)) : null;

  Ferret.api = { ask, has, url, nearest, forget, Refused, Away, isFrozen: answers !== null, frozenMs };
})((globalThis.Ferret ??= {}));
