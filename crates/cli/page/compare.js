// Two attempts side by side: their ClientHellos field by field, their requests octet by octet.

import { factList } from "./detail.js";
import { diff, differences } from "./diff.js";
import { el } from "./dom.js";
import { helloOf, requestsOf } from "./layers.js";
import { glyph, hex, rowLength } from "./octets.js";

/** Octets of each side in the comparison; what is longer is compared so far. */
const MAX_OCTETS = 16384;
/** Rows of a part that is the same on both sides, before it is folded. */
const SAME_ROWS = 2;
/** Rows that are shown: the page stays small. */
const MAX_ROWS = 400;

export function compareView(first, second, actions) {
  const [a, b] = [first.attempt, second.attempt];
  const [requestA, requestB] = [requestsOf(a)[0], requestsOf(b)[0]];
  return [
    el("header", { class: "detail-head" },
      el("button", { type: "button", class: "back", on: { click: actions.back } }, "← Back"),
      el("h2", { id: "detail-title", tabindex: "-1" }, `Attempt ${a.number} and attempt ${b.number}`)),
    el("section", { class: "comparison" }, el("h3", {}, "ClientHello"), fields(a, b)),
    requestA && requestB ? [
      part("Head", requestA.headOctets, requestB.headOctets, a, b),
      part("Body", requestA.bodyOctets, requestB.bodyOctets, a, b),
    ] : el("p", { class: "hint" }, requestA || requestB
      ? `Only attempt ${(requestA ? a : b).number} has a request.` : "Neither has a request."),
  ];
}

function fields(a, b) {
  const [helloA, helloB] = [new Map(helloOf(a)), new Map(helloOf(b))];
  if (helloA.size === 0 || helloB.size === 0) return el("p", { class: "hint" }, "Not both have a ClientHello.");
  const names = [...new Set([...helloA.keys(), ...helloB.keys()])];
  const same = names.filter((name) => helloA.get(name) === helloB.get(name));
  const differ = names.filter((name) => !same.includes(name));
  return [
    differ.length > 0 ? el("table", {},
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "field"),
        el("th", { scope: "col" }, `attempt ${a.number}`), el("th", { scope: "col" }, `attempt ${b.number}`))),
      el("tbody", {}, differ.map((name) => {
        const [valueA, valueB] = [helloA.get(name) ?? "", helloB.get(name) ?? ""];
        return el("tr", { class: "differs" }, el("th", { scope: "row" }, name),
          el("td", {}, items(valueA, valueB)), el("td", {}, items(valueB, valueA)));
      }))) : el("p", {}, "No field differs."),
    same.length > 0 && el("details", { class: "layer" }, el("summary", {}, `${same.length} fields are the same`),
      el("div", { class: "layer-inside" }, factList(same.map((name) => [name, helloA.get(name)])))),
  ];
}

/** A list with those marked that the other does not have. */
function items(value, other) {
  const others = new Set(other.split(", "));
  return value.split(", ").flatMap((item, at) => [at > 0 && ", ",
    others.has(item) ? item : el("mark", { class: "differs" }, item === "" ? "none" : item)]);
}

function part(name, allA, allB, a, b) {
  const [octetsA, octetsB] = [allA.subarray(0, MAX_OCTETS), allB.subarray(0, MAX_OCTETS)];
  const parts = diff(octetsA, octetsB);
  const count = differences(parts);
  const cut = allA.length > MAX_OCTETS || allB.length > MAX_OCTETS;
  return el("section", { class: "comparison" },
    el("h3", {}, `${name}: `, count === 0 ? "the same" : `${count} octets differ`),
    cut && el("p", { class: "omitted" }, `only the first ${MAX_OCTETS} octets are compared`),
    count > 0 && el("div", { class: "octets compared", role: "group", "aria-label": `${name}, aligned` },
      el("div", { class: "octet-row heading" },
        el("span", { class: "side" }, `attempt ${a.number}`), el("span", { class: "side" }, `attempt ${b.number}`)),
      rows(columns(octetsA, octetsB, parts))));
}

/** Pairs of octets, aligned: `[a, b, same]`, -1 where a side has none. */
function columns(a, b, parts) {
  return parts.flatMap(({ same, a: inA, b: inB }) => {
    const length = Math.max(inA[1] - inA[0], inB[1] - inB[0]);
    return Array.from({ length }, (_, at) => [
      inA[0] + at < inA[1] ? a[inA[0] + at] : -1, inB[0] + at < inB[1] ? b[inB[0] + at] : -1, same]);
  });
}

function rows(pairs) {
  const length = Math.max(rowLength() / 2, 8);
  const chunks = [];
  for (let at = 0; at < pairs.length; at += length) chunks.push(pairs.slice(at, at + length));
  const differs = chunks.map((chunk) => chunk.some(([, , same]) => !same));
  const near = (at) => differs.slice(Math.max(at - SAME_ROWS, 0), at + SAME_ROWS + 1).includes(true);
  const shown = [];
  let folded = 0;
  const fold = () => {
    if (folded > 0) shown.push(el("p", { class: "omitted" }, `${folded * length} octets that are the same`));
    folded = 0;
  };
  for (const [at, chunk] of chunks.entries()) {
    if (shown.length >= MAX_ROWS) {
      shown.push(el("p", { class: "omitted" }, `… and ${(chunks.length - at) * length} octets more`));
      break;
    }
    if (near(at)) {
      fold();
      shown.push(el("div", { class: "octet-row" }, side(chunk, 0, length), side(chunk, 1, length)));
    } else {
      folded += 1;
    }
  }
  fold();
  return shown;
}

function side(chunk, which, length) {
  const [hexPart, textPart] = [el("span", { class: "hex" }), el("span", { class: "text" })];
  for (const pair of chunk) {
    const octet = pair[which];
    const [asHex, asText] = octet < 0 ? ["  ", " "] : [hex(octet), glyph(octet)];
    const wrap = (text) => (pair[2] ? text : el("mark", { class: octet < 0 ? "gap" : "differs" }, text));
    hexPart.append(wrap(asHex), " ");
    textPart.append(wrap(asText));
  }
  hexPart.append("   ".repeat(length - chunk.length));
  textPart.append(" ".repeat(length - chunk.length));
  return el("span", { class: "side" }, hexPart, textPart);
}
