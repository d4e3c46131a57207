// One attempt: its timeline, and each layer with its facts, findings and octets.

import { FORMATS } from "./copy.js";
import { el } from "./dom.js";
import { SEVERITIES, findingsOf, layersOf, requestsOf, words } from "./layers.js";
import { ladder } from "./list.js";
import { octetView, octetsOf } from "./octets.js";

/** TCP segments that are listed; the rest is counted. */
const MAX_SEGMENTS = 100;

/**
 * The view of an attempt. `opened` are the indices of the layers that are open; `actions` are
 * `{back, mark}`.
 */
export function detailView({ attempt, overview }, server, opened, actions) {
  const layers = layersOf(attempt);
  const findings = findingsOf(layers);
  return [
    el("header", { class: "detail-head" },
      el("button", { type: "button", class: "back", on: { click: actions.back } }, "← Back"),
      el("h2", { id: "detail-title", tabindex: "-1" }, `Attempt ${attempt.number}`),
      ladder(overview),
      el("span", { id: "stored-badge", class: "badge stored-badge", hidden: !overview.stored }, "stored"),
      el("button", { type: "button", on: { click: () => actions.mark(attempt.number) } }, "Compare …"),
      el("p", { class: "where" }, `from ${attempt.peer} to ${attempt.local}, `,
        new Date(attempt.started_microseconds / 1000).toISOString())),
    el("p", { class: "title" }, overview.title),
    findings.length > 0 && findingList(findings),
    timeline(layers),
    el("div", { class: "layers" }, layers.map((layer, at) => layerView(layer, at, opened)),
      (attempt.segments ?? []).length > 0 && segmentsView(attempt, opened, layers.length)),
    requestsOf(attempt).map((request, at) => copyView(request, at, server)),
  ];
}

/** Findings with their hints; what follows from another stands under it. */
export function findingList(findings) {
  return el("ul", { class: "finding-list", "aria-label": "Findings" }, findings.map((finding) => el(
    "li", { class: `finding ${finding.severity}${finding.depends_on ? " dependent" : ""}` },
    el("span", { class: `badge ${finding.severity}` }, finding.severity), " ",
    el("span", { class: "finding-title" }, finding.title), " ",
    el("code", {}, finding.code),
    finding.evidence && el("span", { class: "place" }, ` ${finding.evidence.in}, octets ${finding.evidence.start
      } to ${finding.evidence.end}`),
    finding.hint && el("p", { class: "hint" }, "hint: ", finding.hint))));
}

/** When each layer was reached: bars from the one before. */
function timeline(layers) {
  const end = Math.max(1, ...layers.map((layer) => layer.at));
  const rows = layers.map((layer, at) => {
    const from = at === 0 ? 0 : layers[at - 1].at;
    const bar = el("i", { class: layer.failed ? "bar failed" : "bar" });
    bar.style.marginInlineStart = `${(from / end) * 100}%`;
    bar.style.width = `${Math.max(((layer.at - from) / end) * 100, 0.8)}%`;
    return el("li", {},
      el("a", { href: `#layer-${at}`, on: { click: (event) => { event.preventDefault(); openLayer(at); } } },
        el("span", { class: "layer-name" }, layer.name),
        el("span", { class: "track", "aria-hidden": "true" }, bar),
        el("span", { class: "time" }, `${layer.at} ms`)));
  });
  return el("ol", { class: "timeline", "aria-label": "Timeline of the layers" }, rows);
}

function openLayer(at) {
  const layer = document.getElementById(`layer-${at}`);
  layer.open = true;
  layer.querySelector("summary").focus();
  layer.scrollIntoView({ block: "start" });
}

/** Octets are put into the page when their layer is opened, not before. */
function layerView(layer, at, opened) {
  const content = () => [
    layer.facts.length > 0 && factList(layer.facts),
    layer.headers.length > 0 && [el("h4", {}, "Header fields"),
      factList(layer.headers.map(({ name, value }) => [name, value]))],
    layer.findings.length > 0 && [el("h4", {}, "Findings"), findingList(layer.findings)],
    layer.parts.map((part) => [el("h4", {}, `${words(part.name)}, ${part.octets.length + part.omitted} octets`),
      octetView(part.octets, part.marks, part.omitted)]),
  ];
  const worst = SEVERITIES.find((severity) =>
    layer.findings.some((finding) => finding.severity === severity));
  return lazyDetails(`layer-${at}`, at, opened, [
    el("span", { class: "layer-name" }, layer.name), " ",
    el("span", { class: "brief" }, layer.brief), " ",
    worst && el("span", { class: `badge ${worst}` }, worst), " ",
    el("span", { class: "time" }, `${layer.at} ms`)], content);
}

function segmentsView(attempt, opened, at) {
  const segments = attempt.segments.slice(0, MAX_SEGMENTS);
  const left = attempt.segments.length - segments.length + (attempt.segments_omitted ?? 0);
  const content = () => [
    segments.map((segment, index) => {
      const octets = octetsOf({ base64: segment.octets });
      return lazyDetails(`segment-${index}`, `segment-${index}`, opened, [
        el("span", { class: "layer-name" }, segment.direction === "in" ? "← received" : "→ sent"), " ",
        `${octets.length + segment.omitted} octets `,
        el("span", { class: "time" }, `${(segment.microseconds / 1000).toFixed(3)} ms`)],
        () => octetView(octets, [], segment.omitted));
    }),
    left > 0 && el("p", {}, `… and ${left} more`),
  ];
  return lazyDetails("segments", at, opened, [el("span", { class: "layer-name" }, "TCP octets"), " ",
    el("span", { class: "brief" }, `${attempt.segments.length} reads and writes`)], content);
}

function lazyDetails(id, key, opened, summary, content) {
  const inside = el("div", { class: "layer-inside" });
  const details = el("details", { id, class: "layer", open: opened.has(key) },
    el("summary", {}, summary), inside);
  const follow = () => {
    if (details.open) opened.add(key);
    else opened.delete(key);
    if (details.open && !inside.hasChildNodes()) inside.append(...[content()].flat(Infinity).filter(Boolean));
  };
  details.addEventListener("toggle", follow);
  if (details.open) follow();
  return details;
}

/** Names and values. */
export function factList(facts) {
  return el("dl", { class: "facts" }, facts.map(([name, value]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

/** Buttons that copy a request as code; the code is shown too, since copying may not be allowed. */
function copyView(request, at, server) {
  const code = el("pre", { class: "code", tabindex: "0", hidden: true, "aria-label": "The copied code" });
  const told = el("span", { role: "status" });
  const buttons = FORMATS.map(([name, format]) => el("button", {
    type: "button",
    on: {
      click: async () => {
        code.textContent = format(request, server);
        code.hidden = false;
        try {
          await navigator.clipboard.writeText(code.textContent);
          told.textContent = `copied as ${name}`;
        } catch {
          told.textContent = "the browser does not allow copying: here it is";
        }
      },
    },
  }, name));
  return el("section", { class: "copy", "aria-label": `Copy request ${at + 1}` },
    el("h3", {}, `Copy ${request.method} as`), buttons, told,
    !server.show_secrets && el("p", { class: "hint" }, "Secrets are shortened, as everywhere on this page."),
    code);
}

