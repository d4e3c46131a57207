// From an attempt as the server tells it to what the page shows of it. Pure functions.

import { octetsOf } from "./octets.js";

/** The ladder: what an attempt can reach, in order. */
export const STEPS = [
  { id: "tcp", name: "TCP" },
  { id: "hello", name: "ClientHello" },
  { id: "handshake", name: "handshake" },
  { id: "request", name: "request" },
  { id: "answered", name: "answer" },
  { id: "end", name: "end" },
];

/** The worst first. */
export const SEVERITIES = ["error", "warning", "note"];

/** What each event is called; others are called as they are. */
const NAMES = {
  tcp: "TCP",
  client_hello: "ClientHello",
  not_tls: "Not TLS",
  handshake: "Handshake",
  handshake_failed: "Handshake failed",
  request: "Request",
  upstream: "The real service",
  response: "Answer",
  closed: "End",
};

/** Not shown as facts: they have a place of their own. */
const PLACED = new Set(["attempt", "milliseconds", "event", "findings", "headers", "hint", "code_points"]);
const HANDSHAKE_RECORD = 22;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;

/** One layer for each event: `{name, event, at, facts, headers, findings, parts}`. */
export function layersOf(attempt) {
  const hellos = helloMessages(attempt.segments ?? []);
  return attempt.lines.map((line) => {
    const findings = line.findings ?? [];
    const parts = Object.entries(line).filter(([, value]) => isOctets(value) && value.count > 0).map(([name, value]) => part(
      name, octetsOf(value), value.omitted ?? 0, findings));
    if (line.event === "client_hello") {
      const message = line.second ? hellos[1] : hellos[0];
      if (message) parts.push(part("hello", message, 0, findings));
    }
    return {
      name: NAMES[line.event] ?? words(line.event),
      event: line.event,
      at: line.milliseconds ?? 0,
      brief: brief(line),
      facts: facts(line),
      headers: line.headers ?? [],
      findings,
      parts,
      failed: line.event === "not_tls" || line.event === "handshake_failed",
    };
  });
}

/** All findings of an attempt: the worst first, and what follows from one right behind it. */
export function findingsOf(layers) {
  const all = layers.flatMap((layer) => layer.findings);
  const isRoot = (finding) => !all.some((other) => other.code === finding.depends_on);
  const roots = all.filter(isRoot).sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const withDependents = (finding) => [finding, ...all
    .filter((other) => other !== finding && other.depends_on === finding.code).flatMap(withDependents)];
  return [...new Set([...roots.flatMap(withDependents), ...all])];
}

/** The requests of an attempt, with their octets. */
export function requestsOf(attempt) {
  return attempt.lines.filter((line) => line.event === "request").map((line) => ({
    ...line, headOctets: octetsOf(line.head), bodyOctets: octetsOf(line.body),
  }));
}

/** The ClientHello as the server decoded it: names and values as text. */
export function helloOf(attempt) {
  const line = attempt.lines.find((line) => line.event === "client_hello");
  return line ? facts(line) : [];
}

/** `snake_case` as words. */
export function words(name) {
  return name.replaceAll("_", " ");
}

function part(name, octets, omitted, findings) {
  const marks = findings.filter((finding) => finding.evidence?.in === name).map((finding) => ({
    start: finding.evidence.start,
    // Where something is missing, the range is empty: then its neighbour is marked.
    end: Math.max(finding.evidence.end, finding.evidence.start + 1),
    kind: finding.severity,
    label: `${finding.severity}: ${finding.title}`,
  })).map((mark) => mark.start < octets.length || octets.length === 0 ? mark
    : { ...mark, start: octets.length - 1, end: octets.length });
  return { name, octets, omitted, marks };
}

function facts(line) {
  return Object.entries(line)
    .filter(([name, value]) => !PLACED.has(name) && value !== null && !isOctets(value))
    .map(([name, value]) => [words(name), factText(value)])
    .filter(([, text]) => text !== "");
}

function factText(value) {
  if (Array.isArray(value)) return value.map(factText).join(", ");
  if (value !== null && typeof value === "object") {
    return Object.entries(value).map(([name, inner]) => `${words(name)} ${factText(inner)}`).join(", ");
  }
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? "none" : String(value);
}

function isOctets(value) {
  return value !== null && typeof value === "object" && "count" in value && "text" in value;
}

/** The layer in a few words, for the timeline. */
function brief(line) {
  switch (line.event) {
    case "tcp": return `from ${line.peer}`;
    case "client_hello": return `for ${line.server_name ?? "no name"}`;
    case "not_tls": return words(line.kind);
    case "handshake": return [line.version, line.cipher_suite, line.group].filter(Boolean).join(", ");
    case "handshake_failed": return line.alert ? `${line.reason}: ${line.alert.name}` : line.reason;
    case "request": return `${line.method} ${line.target}`;
    case "upstream": return `${line.authority}: ${line.status ?? "no answer"}`;
    case "response": return `${line.status} ${line.reason}`;
    case "closed": return words(line.how);
    default: return "";
  }
}

/**
 * The ClientHello messages, put together from the client's TCP octets: records of handshake type
 * hold fragments of messages (RFC 9846 §5.1).
 */
function helloMessages(segments) {
  const received = segments.filter((segment) => segment.direction === "in")
    .flatMap((segment) => Array.from(octetsOf({ base64: segment.octets })));
  const fragments = [];
  for (let at = 0; at + RECORD_HEADER <= received.length;) {
    const length = received[at + 3] * 256 + received[at + 4];
    if (received[at] === HANDSHAKE_RECORD) {
      fragments.push(...received.slice(at + RECORD_HEADER, at + RECORD_HEADER + length));
    }
    at += RECORD_HEADER + length;
  }
  const messages = [];
  for (let at = 0; at + MESSAGE_HEADER <= fragments.length && fragments[at] === 1;) {
    const end = at + MESSAGE_HEADER + fragments[at + 1] * 65536 + fragments[at + 2] * 256 + fragments[at + 3];
    messages.push(Uint8Array.from(fragments.slice(at, end)));
    at = end;
  }
  return messages;
}
