// Octets as the server tells them, and hex and text side by side.

import { el } from "./dom.js";

/** Octets in a row of the view. */
const ROW = 16;
const NARROW_ROW = 8;
/** Rows that are shown at first, and more with each click: the page stays small. */
const PAGE_ROWS = 32;

const SIMPLE_ESCAPES = { r: 13, n: 10, t: 9, "\\": 92 };

/**
 * The octets of `{count, text, omitted, base64?}`: exact where there is base64, else from the text
 * with its escapes.
 */
export function octetsOf(told) {
  if (!told) return new Uint8Array();
  if (typeof told.base64 === "string") {
    return Uint8Array.from(atob(told.base64), (character) => character.charCodeAt(0));
  }
  return unescape(told.text ?? "");
}

/** Undoes the server's escapes: \r \n \t \\ and \xHH. */
export function unescape(text) {
  const octets = [];
  const encoder = new TextEncoder();
  for (const [part, simple, hex] of text.matchAll(/\\([rnt\\])|\\x([0-9a-f]{2})|[^\\]+|\\/gsu)) {
    if (simple !== undefined) octets.push(SIMPLE_ESCAPES[simple]);
    else if (hex !== undefined) octets.push(parseInt(hex, 16));
    // One by one: as arguments of one call they may be too many.
    else for (const octet of encoder.encode(part)) octets.push(octet);
  }
  return Uint8Array.from(octets);
}

export const hex = (octet) => octet.toString(16).padStart(2, "0");

/** One character for each octet: ASCII as it is, a dot for what has no shape. */
export function glyph(octet) {
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : "·";
}

/** How many octets fit into a row here. */
export function rowLength() {
  return matchMedia("(max-width: 44rem)").matches ? NARROW_ROW : ROW;
}

/**
 * Hex and text side by side. `marks` are `{start, end, kind, label}`, in octets, the end exclusive;
 * they may overlap, and then the first in the list wins.
 */
export function octetView(octets, marks = [], omitted = 0) {
  const rows = el("div", { class: "rows" });
  const length = rowLength();
  const total = Math.ceil(octets.length / length);
  let shown = 0;
  const more = el("button", { type: "button", class: "more", on: { click: () => showMore() } });
  const showMore = () => {
    const end = Math.min(shown + PAGE_ROWS, total);
    for (; shown < end; shown += 1) rows.append(row(octets, shown * length, length, marks));
    more.hidden = shown >= total;
    more.textContent = `Show more (${octets.length - shown * length} octets)`;
  };
  showMore();
  // A mark further down would not be seen: show as far as the last one, within bounds.
  const lastMark = Math.max(0, ...marks.map((mark) => mark.start));
  while (shown * length <= lastMark && shown < Math.min(total, PAGE_ROWS * 16)) showMore();
  const left = omitted > 0 && el("p", { class: "omitted" }, `… and ${omitted} octets that were not kept`);
  return el("div", { class: "octets", role: "group", "aria-label": `${octets.length} octets in hex and text` },
    octets.length === 0 ? el("p", { class: "omitted" }, "no octets") : rows, more, left);
}

/** One row: offset, hex, text. Neighbours with the same mark share an element. */
function row(octets, start, length, marks) {
  const end = Math.min(start + length, octets.length);
  const hexPart = el("span", { class: "hex" });
  const textPart = el("span", { class: "text" });
  for (let at = start; at < end;) {
    const mark = markAt(marks, at);
    let until = at + 1;
    while (until < end && markAt(marks, until) === mark) until += 1;
    const run = octets.subarray(at, until);
    hexPart.append(piece(mark, Array.from(run, hex).join(" ")), until < end ? " " : "");
    textPart.append(piece(mark, Array.from(run, glyph).join("")));
    at = until;
  }
  hexPart.append(" ".repeat(3 * (length - (end - start))));
  return el("div", { class: "octet-row" },
    el("span", { class: "offset" }, start.toString(16).padStart(4, "0")), hexPart, textPart);
}

function markAt(marks, at) {
  return marks.find((mark) => at >= mark.start && at < mark.end);
}

function piece(mark, text) {
  return mark ? el("mark", { class: mark.kind, title: mark.label }, text) : text;
}
