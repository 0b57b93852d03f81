// How numbers, durations and times are written. Null, which is "not known", is a dash. Knows no page.
(function (Ferret) {
  "use strict";

  const NONE = "–";
  const isNone = (value) => value === null || value === undefined || !Number.isFinite(value);

  // Three digits that count, and no more after the point than that.
  function digits(value) {
    const size = Math.abs(value);
    return value.toFixed(size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
  }

  // 1.23 s, 340 ms, 12.5 µs, 2m 05s, 3h 12m, 5d 03h
  function duration(ns) {
    if (isNone(ns)) return NONE;
    if (ns < 0) return `-${duration(-ns)}`;
    if (ns < 1e3) return `${Math.round(ns)} ns`;
    if (ns < 999.5e3) return `${digits(ns / 1e3)} µs`;
    if (ns < 999.5e6) return `${digits(ns / 1e6)} ms`;
    if (ns < 60e9) return `${digits(ns / 1e9)} s`;
    const pad = (part) => String(part).padStart(2, "0");
    const s = Math.floor(ns / 1e9);
    if (s < 3600) return `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
    if (s < 86400) return `${Math.floor(s / 3600)}h ${pad(Math.floor(s / 60) % 60)}m`;
    return `${Math.floor(s / 86400)}d ${pad(Math.floor(s / 3600) % 24)}h`;
  }

  function bytes(value) {
    if (isNone(value)) return NONE;
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let at = 0;
    while (Math.abs(value) >= 1000 && at < units.length - 1) {
      value /= 1024;
      at += 1;
    }
    return `${digits(value)} ${units[at]}`;
  }

  const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

  // 1,234,567
  function count(value) {
    return isNone(value) ? NONE : grouped.format(value);
  }

  // 999, 12.3k, 4.56M
  function short(value) {
    if (isNone(value)) return NONE;
    const size = Math.abs(value);
    if (size >= 999.5e6) return `${digits(value / 1e9)}G`;
    if (size >= 999.5e3) return `${digits(value / 1e6)}M`;
    if (size >= 9999.5) return `${digits(value / 1e3)}k`;
    if (size >= 1000) return count(value);
    return digits(value);
  }

  function percent(value) {
    if (isNone(value)) return NONE;
    return `${Math.abs(value) >= 1000 ? count(value) : digits(value)} %`;
  }

  const two = (part) => String(part).padStart(2, "0");

  function clock(ms) {
    if (isNone(ms)) return NONE;
    const at = new Date(ms);
    return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  }

  function day(ms) {
    const at = new Date(ms);
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  }

  const moment = (ms) => (isNone(ms) ? NONE : `${day(ms)} ${clock(ms)}`);

  // As short as the whole that it is a moment of allows.
  function tick(ms, wholeMs) {
    if (wholeMs > 3 * 86400e3) return day(ms).slice(5);
    if (wholeMs > 20 * 3600e3) return `${day(ms).slice(5)} ${clock(ms).slice(0, 5)}`;
    return wholeMs > 600e3 ? clock(ms).slice(0, 5) : clock(ms);
  }

  // As an input of the kind datetime-local has it, to the millisecond, and back.
  const toInput = (ms) => `${day(ms)}T${clock(ms)}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;
  function fromInput(text) {
    const ms = new Date(text).getTime();
    return Number.isNaN(ms) ? null : ms;
  }

  // A value of a series, by the unit that the API tells.
  function unit(value, name) {
    if (name === "percent") return percent(value);
    if (name === "bytes") return bytes(value);
    if (name === "ns") return duration(value);
    return short(value);
  }

  const ending = (many, one) => `${count(many)} ${one}${many === 1 ? "" : "s"}`;

  Ferret.format = {
    NONE, duration, bytes, count, short, percent, clock, moment, tick, toInput, fromInput, unit, ending,
  };
})((globalThis.Ferret ??= {}));
