// The list of attempts: a grid of which only the rows in sight are elements, so that ten thousand
// attempts cost no more than fifty.

import { el, fill } from "./dom.js";
import { SEVERITIES, STEPS } from "./layers.js";

/** Rows above and below what is in sight. */
const MARGIN = 8;

/** The grid in `grid`, its rows in `body`; `actions` are `{open, mark}`, each given a number. */
export class List {
  constructor(grid, body, actions) {
    this.grid = grid;
    this.body = body;
    this.actions = actions;
    /** Overviews, the newest first, as the filter lets them through. */
    this.shown = [];
    /** The number of the attempt that the keys are at. */
    this.active = null;
    /** The number of the one that is open. */
    this.opened = null;
    this.marked = new Set();
    this.frame = 0;
    grid.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(grid);
  }

  /** Shows these; what is in sight stays in sight when others come in above it. */
  show(overviews) {
    const height = this.rowHeight();
    const first = this.shown[Math.floor(this.grid.scrollTop / height)]?.number;
    const scrolled = this.grid.scrollTop > height;
    const before = this.indexOf(first);
    this.shown = overviews;
    if (scrolled && first !== undefined) {
      const moved = this.indexOf(first) - before;
      this.body.style.height = `${overviews.length * height}px`;
      if (moved > 0) this.grid.scrollTop += moved * height;
    }
    this.schedule();
  }

  /** Moves by so many rows. */
  move(by) {
    const next = Math.min(Math.max(this.indexOf(this.active) + by, 0), this.shown.length - 1);
    this.activate(this.shown[next]?.number);
  }

  /** Makes this the row that the keys are at, and brings it into sight. */
  activate(number) {
    if (number === undefined) return;
    this.active = number;
    const height = this.rowHeight();
    const top = this.indexOf(number) * height;
    if (top < this.grid.scrollTop) this.grid.scrollTop = top;
    if (top + height > this.grid.scrollTop + this.grid.clientHeight) {
      this.grid.scrollTop = top + height - this.grid.clientHeight;
    }
    this.draw();
  }

  /** Draws with the next frame, once, however much has changed. */
  schedule() {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const height = this.rowHeight();
    const first = Math.max(Math.floor(this.grid.scrollTop / height) - MARGIN, 0);
    const last = Math.min(
      Math.ceil((this.grid.scrollTop + this.grid.clientHeight) / height) + MARGIN, this.shown.length);
    this.body.style.height = `${this.shown.length * height}px`;
    this.grid.setAttribute("aria-rowcount", this.shown.length);
    const hadFocus = this.body.contains(document.activeElement);
    fill(this.body, this.shown.slice(first, last).map((overview, at) => this.row(overview, first + at, height)));
    // The focused button is gone with its row: the keys go on with the grid.
    if (hadFocus) this.grid.focus({ preventScroll: true });
    const active = this.active !== null && document.getElementById(`attempt-${this.active}`);
    if (active) this.grid.setAttribute("aria-activedescendant", active.id);
    else this.grid.removeAttribute("aria-activedescendant");
  }

  row(overview, index, height) {
    const { number } = overview;
    const marked = this.marked.has(number);
    const row = el("div", {
      id: `attempt-${number}`,
      role: "row",
      "aria-rowindex": index + 1,
      "aria-selected": String(number === this.opened),
      class: ["row", number === this.active && "active", number === this.opened && "opened", marked && "marked"]
        .filter(Boolean).join(" "),
      on: { click: () => this.actions.open(number) },
    },
      el("span", { role: "gridcell", class: "number" }, `#${number}`,
        el("span", { class: overview.stored ? "stored" : "not-stored" }, overview.stored ? "stored" : "")),
      el("span", { role: "gridcell", class: "when" }, clock(overview.started_microseconds)),
      el("span", { role: "gridcell", class: "peer" }, overview.peer),
      el("span", { role: "gridcell", class: "steps" }, ladder(overview)),
      el("span", { role: "gridcell", class: "what" }, overview.title),
      el("span", { role: "gridcell", class: "findings" }, counts(overview)),
      el("span", { role: "gridcell", class: "mark-cell" }, el("button", {
        type: "button",
        tabindex: "-1",
        class: "mark-button",
        "aria-pressed": String(marked),
        "aria-label": `Mark attempt ${number} for the comparison`,
        title: "Mark for the comparison (c)",
        on: { click: (event) => { event.stopPropagation(); this.actions.mark(number); } },
      }, "⇄")));
    row.style.transform = `translateY(${index * height}px)`;
    return row;
  }

  indexOf(number) {
    return this.shown.findIndex((overview) => overview.number === number);
  }

  rowHeight() {
    return parseFloat(getComputedStyle(this.grid).getPropertyValue("--row"));
  }
}

/** The steps that an attempt took, for eyes and for ears. */
export function ladder(overview) {
  const reached = STEPS.findIndex((step) => step.id === overview.reached);
  const broke = overview.failed ? reached + 1 : -1;
  const text = overview.failed ? `reached ${STEPS[reached].name}, then broke` : `reached ${STEPS[reached].name}`;
  return el("span", { class: "ladder", role: "img", "aria-label": text, title: text }, STEPS.map((step, at) => {
    const state = at <= reached ? "reached" : at === broke ? "broke" : "missing";
    return el("i", { class: state }, state === "broke" ? "✕" : "");
  }));
}

/** How many findings there are of each severity. */
export function counts(overview) {
  return SEVERITIES.filter((severity) => overview.severities[severity] > 0).map((severity) => el(
    "span", { class: `badge ${severity}`, title: `${overview.severities[severity]} of severity ${severity}` },
    `${overview.severities[severity]} ${severity}${overview.severities[severity] === 1 ? "" : "s"}`));
}

/** The time of day, to the millisecond. */
export function clock(microseconds) {
  const time = new Date(microseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${
    String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** Whether the filter lets an attempt through: every word is in it, and its layer and severity fit. */
export function passes(overview, { words, layer, severity }) {
  if (layer !== "" && overview.reached !== layer) return false;
  if (severity === "none" && SEVERITIES.some((name) => overview.severities[name] > 0)) return false;
  if (severity !== "" && severity !== "none" && !(overview.severities[severity] > 0)) return false;
  return words.length === 0 || words.every((word) => haystack(overview).includes(word));
}

function haystack(overview) {
  return [`#${overview.number}`, overview.peer, overview.server_name, overview.title, ...overview.codes,
    overview.stored ? "stored" : ""].join("\n").toLowerCase();
}
