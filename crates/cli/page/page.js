// The page: what it knows, what it shows, and the keys.

import { compareView } from "./compare.js";
import { detailView } from "./detail.js";
import { byId, el, fill } from "./dom.js";
import { List, passes } from "./list.js";

/** Attempts that are asked for at once, and that are loaded before somebody asks for older ones. */
const BATCH = 1000;
const LOADED_AT_FIRST = 10000;
/** Milliseconds between two announcements, and before a live attempt is asked for again. */
const ANNOUNCE_EVERY = 2000;
const REFRESH_AFTER = 150;
const THEMES = ["system", "dark", "light"];

const state = {
  server: { url: "", anchors: "", show_secrets: false, exports: [] },
  /** Overviews by number. */
  overviews: new Map(),
  /** Their numbers, the newest first. */
  numbers: [],
  older: false,
  /** `{attempt, overview}` of what the detail shows, and which of its layers are open. */
  details: [],
  opened: new Set(),
  news: [],
};

const list = new List(byId("attempts"), byId("rows"), { open: (number) => goTo(`#/attempt/${number}`), mark });

start();

function start() {
  showTheme(storedTheme());
  byId("theme").addEventListener("click", nextTheme);
  byId("help-open").addEventListener("click", () => byId("help").showModal());
  byId("older").addEventListener("click", () => loadMore(BATCH));
  byId("filter").addEventListener("input", showList);
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", route);
  addEventListener("keydown", key);
  setInterval(announce, ANNOUNCE_EVERY);
  follow();
}

// What the server tells.

function follow() {
  const events = new EventSource("/events");
  events.addEventListener("begin", () => load().catch((error) => connection("lost", error.message)));
  events.addEventListener("overview", (event) => take(JSON.parse(event.data)));
  events.addEventListener("stored", (event) => JSON.parse(event.data).forEach(stored));
  events.addEventListener("open", () => connection("live", "live"));
  events.addEventListener("error", () => connection("lost", "connection lost, trying again …"));
}

function connection(kind, text) {
  byId("connection").className = kind;
  byId("connection").textContent = text;
}

/** Everything anew: at the start, and when the server says that something was missed. */
async function load() {
  state.server = await ask("/api/server");
  byId("server").textContent = state.server.url;
  fill(byId("exports"), state.server.exports.map(({ name, path }) => el("a", { href: path, download: true }, name)));
  state.overviews.clear();
  state.numbers = [];
  state.older = true;
  await loadMore(LOADED_AT_FIRST);
  await route();
}

async function loadMore(count) {
  for (let loaded = 0; state.older && loaded < count; loaded += BATCH) {
    const before = state.numbers.at(-1);
    const batch = await ask(`/api/attempts?limit=${BATCH}${before === undefined ? "" : `&before=${before}`}`);
    state.older = batch.older;
    batch.attempts.forEach(keep);
    showList();
  }
}

async function ask(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Keeps an overview, unless a later one of the same attempt came first. */
function keep(overview) {
  const known = state.overviews.get(overview.number);
  if (known && known.lines > overview.lines) return false;
  const isStored = overview.stored || (known?.stored ?? false);
  state.overviews.set(overview.number, { ...overview, stored: isStored });
  if (!known) insert(overview.number);
  return true;
}

/** Newer ones come first, and nearly always come last. */
function insert(number) {
  let at = 0;
  if (number < (state.numbers.at(-1) ?? 0)) at = state.numbers.length;
  while (at < state.numbers.length && state.numbers[at] > number) at += 1;
  state.numbers.splice(at, 0, number);
}

function take(overview) {
  const isNew = !state.overviews.has(overview.number);
  if (!keep(overview)) return;
  if (isNew || overview.complete) state.news.push(overview);
  if (state.details.some(({ attempt }) => attempt.number === overview.number)) refresh();
  scheduleList();
}

function stored(number) {
  const overview = state.overviews.get(number);
  if (!overview) return;
  state.overviews.set(number, { ...overview, stored: true });
  const badge = byId("stored-badge");
  if (badge && state.details.length === 1 && state.details[0].attempt.number === number) badge.hidden = false;
  scheduleList();
}

let refreshing = 0;
/** Asks for a live attempt again, once for all that comes within a moment. */
function refresh() {
  if (refreshing === 0) {
    refreshing = setTimeout(() => {
      refreshing = 0;
      route();
    }, REFRESH_AFTER);
  }
}

// The list.

let listScheduled = false;
function scheduleList() {
  if (listScheduled) return;
  listScheduled = true;
  requestAnimationFrame(() => {
    listScheduled = false;
    showList();
  });
}

function showList() {
  const filter = {
    words: byId("filter-text").value.toLowerCase().split(/\s+/u).filter((word) => word !== ""),
    layer: byId("filter-layer").value,
    severity: byId("filter-severity").value,
  };
  const shown = state.numbers.map((number) => state.overviews.get(number))
    .filter((overview) => passes(overview, filter));
  const all = `${state.numbers.length} ${state.numbers.length === 1 ? "attempt" : "attempts"}`;
  const count = shown.length === state.numbers.length ? all : `${shown.length} of ${all}`;
  if (byId("count").textContent !== count) byId("count").textContent = count;
  byId("empty").hidden = shown.length > 0;
  byId("empty").textContent = state.numbers.length === 0
    ? `Nothing has come yet. Let a device POST to ${state.server.url}.` : "No attempt passes the filter.";
  byId("older").hidden = !state.older;
  list.show(shown);
}

/** Tells what came, for those who do not see it: not each of a hundred a second. */
function announce() {
  const last = state.news.at(-1);
  if (!last) return;
  const numbers = new Set(state.news.map((overview) => overview.number));
  byId("announce").textContent = numbers.size === 1 ? `Attempt ${last.number}: ${last.title}`
    : `${numbers.size} attempts, the latest ${last.number}: ${last.title}`;
  state.news = [];
}

/** Marks an attempt; with two marked they are compared. */
function mark(number) {
  if (list.marked.delete(number)) {
    list.draw();
    return;
  }
  list.marked.add(number);
  if (list.marked.size === 2) {
    const [first, second] = [...list.marked].sort((a, b) => a - b);
    list.marked.clear();
    goTo(`#/compare/${first}/${second}`);
  } else {
    byId("announce").textContent = `Attempt ${number} is marked: mark another to compare it with`;
    goTo("#/");
  }
  list.draw();
}

// The detail.

function goTo(hash) {
  if (location.hash === hash) route();
  else location.hash = hash;
}

let routes = 0;
/** Shows what the address says: an attempt, or two of them. */
async function route() {
  const [, kind, ...numbers] = location.hash.split("/");
  const wanted = kind === "attempt" || kind === "compare" ? numbers.map(Number) : [];
  routes += 1;
  const mine = routes;
  let details;
  try {
    details = await Promise.all(wanted.map((number) => ask(`/api/attempts/${number}`)));
  } catch (error) {
    if (mine !== routes) return;
    state.details = [];
    showTrouble(wanted, "Not kept any more", [
      el("p", {}, `The server does not have it: ${error.message}. Without `, el("code", {}, "--store FILE"),
        " it keeps only the latest attempts."),
    ]);
    return;
  }
  // A later click was faster.
  if (mine !== routes) return;
  try {
    showDetails(wanted, details);
  } catch (error) {
    state.details = [];
    showTrouble(wanted, "This page has an error", [el("p", {}, `It cannot show this attempt: ${error.message}.`)]);
    console.error(error);
  }
}

function showDetails(wanted, details) {
  const same = details.length === state.details.length
    && details.every(({ attempt }, at) => attempt.number === state.details[at].attempt.number);
  if (!same) state.opened = new Set();
  const grown = !same || details.some(({ attempt }, at) => attempt.lines.length !== state.details[at].attempt.lines.length);
  state.details = details;
  if (!grown) return;
  if (details.length === 0) showDetail(wanted, [], same);
  else if (details.length === 1) showDetail(wanted, detailView(details[0], state.server, state.opened, { back, mark }), same);
  else showDetail(wanted, compareView(details[0], details[1], { back }), same);
}

/** Says why there is nothing to be seen. */
function showTrouble(wanted, title, content) {
  showDetail(wanted, [
    el("header", { class: "detail-head" },
      el("button", { type: "button", class: "back", on: { click: back } }, "← Back"),
      el("h2", { id: "detail-title", tabindex: "-1" }, title)),
    ...content,
  ]);
}

function showDetail(wanted, content, isRefresh = false) {
  const detail = byId("detail");
  document.body.classList.toggle("detail-open", wanted.length > 0);
  list.opened = wanted.length === 1 ? wanted[0] : null;
  if (wanted.length === 1) list.activate(wanted[0]);
  else list.draw();
  const scrolled = detail.scrollTop;
  fill(detail, wanted.length > 0 ? content : el("p", { class: "hint" },
    "Choose an attempt to see its layers: click it, or ", el("kbd", {}, "j"), " ", el("kbd", {}, "k"), " and ",
    el("kbd", {}, "Enter"), "."));
  if (isRefresh) {
    detail.scrollTop = scrolled;
  } else if (wanted.length > 0) {
    detail.scrollTop = 0;
    byId("detail-title").focus({ preventScroll: true });
  }
}

function back() {
  goTo("#/");
  list.grid.focus({ preventScroll: true });
}

// Keys and colours.

const KEYS = {
  j: () => list.move(1),
  ArrowDown: () => list.move(1),
  k: () => list.move(-1),
  ArrowUp: () => list.move(-1),
  PageDown: () => list.move(10),
  PageUp: () => list.move(-10),
  Home: () => list.move(-Infinity),
  End: () => list.move(Infinity),
  Enter: () => { if (list.active !== null) goTo(`#/attempt/${list.active}`); },
  c: () => { if (list.active !== null) mark(list.active); },
  "/": () => byId("filter-text").focus(),
  "?": () => byId("help").showModal(),
  t: nextTheme,
  Escape: back,
};
/** These scroll or press what has the focus, unless that is the list. */
const LIST_ONLY = new Set(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "Enter"]);

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("help").open) return;
  const field = event.target.closest?.("input, select, textarea");
  if (field) {
    if (event.key === "Escape" || (event.key === "Enter" && field.id === "filter-text")) {
      if (event.key === "Escape") clearFilter();
      list.grid.focus({ preventScroll: true });
      event.preventDefault();
    }
    return;
  }
  const inDetail = byId("detail").contains(event.target);
  const onControl = event.target.closest?.("button, a, summary");
  if (LIST_ONLY.has(event.key) && (inDetail || onControl)) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
}

function clearFilter() {
  byId("filter").reset();
  showList();
}

function storedTheme() {
  const theme = localStorage.getItem("theme");
  return THEMES.includes(theme) ? theme : "system";
}

function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(storedTheme()) + 1) % THEMES.length];
  localStorage.setItem("theme", theme);
  showTheme(theme);
}

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = `Theme: ${theme}`;
}
