// Light or dark as the system has it, unless the reader has chosen. Loaded before anything is drawn, so that nothing flashes.
(function (Ferret) {
  "use strict";

  const KEY = "ferret-theme";
  const CHOICES = ["auto", "light", "dark"];
  const listeners = [];

  // A page opened from a file may have no storage.
  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function store(choice) {
    try {
      localStorage.setItem(KEY, choice);
    } catch {
      // It holds until the page is left.
    }
  }

  let choice = CHOICES.includes(stored()) ? stored() : "auto";

  function apply() {
    document.documentElement.dataset.theme = choice;
    for (const listener of listeners) listener(choice);
  }

  function next() {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    store(choice);
    apply();
  }

  // What a canvas is painted with: a colour of the style sheet, as it is now.
  function colour(name) {
    const probe = document.getElementById("tip");
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
  Ferret.theme = {
    next,
    colour,
    choice: () => choice,
    listen: (listener) => listeners.push(listener),
  };
})((globalThis.Ferret ??= {}));
