// A request as a command or as code that sends it again. Pure functions.
//
// What a peer sent ends up in somebody's shell or editor here: every octet outside a small safe set
// is escaped, no value can become an option or the name of a file, and none gets into a comment.

/** RFC 9110 §5.6.2: what a field name is made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
/** Written by the client itself, from what it sends. */
const FRAMING = new Set(["host", "content-length", "transfer-encoding", "connection"]);
/** What curl adds by itself, and must not where the device did not. */
const CURL_ADDS = ["accept", "user-agent", "content-type"];
const IDF_METHODS = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);

/** The formats, in the order of their buttons: a name, and a function of a request and the server. */
export const FORMATS = [
  ["curl", curl],
  ["C, Arduino", arduino],
  ["C, ESP-IDF", espIdf],
  ["Rust", rust],
];

/** For bash: `$'…'` is what it and zsh and ksh have for octets. */
export function curl(request, server) {
  const words = ["curl", "--http1.1", "--globoff", "--path-as-is", "--cacert", shell(utf8(server.anchors)),
    "--request", shell(utf8(request.method))];
  const fields = request.headers.filter(({ name }) => TOKEN.test(name));
  for (const { name, value } of fields) {
    // Its own Host would name the server's address; the length it counts by itself.
    if (FRAMING.has(name.toLowerCase()) && name.toLowerCase() !== "host") continue;
    words.push("--header", shell(utf8(value === "" ? `${name};` : `${name}: ${value}`)));
  }
  for (const name of CURL_ADDS) {
    if (!fields.some((field) => field.name.toLowerCase() === name)) words.push("--header", shell(utf8(`${name}:`)));
  }
  // No program can have a NUL in an argument: then the content comes through a pipe.
  const piped = request.bodyOctets.includes(0);
  if (piped) words.push("--data-binary", "@-");
  else if (request.bodyOctets.length > 0) words.push("--data-raw", shell(request.bodyOctets));
  words.push("--request-target", shell(utf8(request.target)), shell(utf8(server.url)));
  const command = words.join(" ");
  return piped ? `printf '%b' ${shell(utf8(octal(request.bodyOctets)))} | ${command}` : command;
}

export function arduino(request, server) {
  return lines(
    "#include <HTTPClient.h>",
    "#include <WiFiClientSecure.h>",
    "",
    "// The roots that the server's certificate leads to, in PEM: `picopost listen` prints where they are.",
    "extern const char ANCHORS[];",
    "",
    "// Gives the status, or a negative error of HTTPClient.",
    "int postAgain() {",
    `  static const char BODY[] = ${cString(request.bodyOctets)};`,
    "  WiFiClientSecure tls;",
    "  tls.setCACert(ANCHORS);",
    "  HTTPClient http;",
    `  if (!http.begin(tls, ${cString(utf8(server.url + request.target))})) return -1;`,
    ownFields(request).map(({ name, value }) => `  http.addHeader(${cString(utf8(name))}, ${cString(utf8(value))});`),
    `  int status = http.sendRequest(${cString(utf8(request.method))}, (uint8_t *)BODY, sizeof(BODY) - 1);`,
    "  http.end();",
    "  return status;",
    "}",
  );
}

export function espIdf(request, server) {
  const method = IDF_METHODS.has(request.method) ? request.method : "POST";
  return lines(
    "#include \"esp_http_client.h\"",
    "",
    "// The roots that the server's certificate leads to, in PEM: `picopost listen` prints where they are.",
    "extern const char ANCHORS[];",
    "",
    "esp_err_t post_again(int *status) {",
    `  static const char BODY[] = ${cString(request.bodyOctets)};`,
    "  esp_http_client_config_t config = {",
    `    .url = ${cString(utf8(server.url + request.target))},`,
    `    .method = HTTP_METHOD_${method},`,
    "    .cert_pem = ANCHORS,",
    "  };",
    "  esp_http_client_handle_t client = esp_http_client_init(&config);",
    "  if (client == NULL) return ESP_FAIL;",
    ownFields(request).map(({ name, value }) =>
      `  esp_http_client_set_header(client, ${cString(utf8(name))}, ${cString(utf8(value))});`),
    "  esp_http_client_set_post_field(client, BODY, sizeof(BODY) - 1);",
    "  esp_err_t error = esp_http_client_perform(client);",
    "  *status = esp_http_client_get_status_code(client);",
    "  esp_http_client_cleanup(client);",
    "  return error;",
    "}",
  );
}

export function rust(request, server) {
  const value = (wanted) => request.headers.find(({ name }) => name.toLowerCase() === wanted)?.value;
  const others = ownFields(request)
    .filter(({ name }) => !["content-type", "user-agent", "expect"].includes(name.toLowerCase()));
  const agent = value("user-agent");
  return lines(
    "use picopost::{Buffers, Clock, Device, Error, FieldValue, Header, Request, Trust, TrustAnchor, Url, blocking};",
    "",
    "/// Gives the status.",
    "fn post_again<C: blocking::Connect, R: picopost::rand_core::TryCryptoRng>(",
    "    device: Device<'_, C, impl Clock, R>,",
    "    anchors: &[TrustAnchor<'_>],",
    ") -> Result<u16, Error> {",
    `    let url = Url::parse(${rustString(server.url + request.target)})?;`,
    `    let content_type = FieldValue::new(${rustString(value("content-type") ?? "application/octet-stream")})?;`,
    `    let headers: [Header<'_>; ${others.length}] = [`,
    others.map(({ name, value }) => `        Header::new(${rustString(name)}, ${rustString(value)})?,`),
    "    ];",
    `    let body = b${byteString(request.bodyOctets)};`,
    `    let request = Request::post(url, content_type, body).with_headers(&headers)${agent === undefined ? ";"
      : `\n        .with_user_agent(FieldValue::new(${rustString(agent)})?);`}`,
    "    let (mut receive, mut send, mut response) = ([0; 5 * 1024], [0; 2 * 1024], [0; 4 * 1024]);",
    "    let buffers = Buffers::new(&mut receive, &mut send, &mut response);",
    "    let response = blocking::post(&request, Trust::anchors(anchors), buffers, device, &mut ())?;",
    "    Ok(response.status().0)",
    "}",
  );
}

/** One word for a POSIX-like shell. */
export function shell(octets) {
  const text = Array.from(octets, (octet) => String.fromCharCode(octet)).join("");
  if (/^[A-Za-z0-9_\/.:=@%+,][A-Za-z0-9_\/.:=@%+,-]*$/u.test(text)) return text;
  if (/^[\x20-\x7e]*$/u.test(text) && !/['\\!]/u.test(text)) return `'${text}'`;
  return `$'${Array.from(octets, (octet) => {
    if (octet === 0x27 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
    return octet >= 0x20 && octet < 0x7f && octet !== 0x21 ? String.fromCharCode(octet) : hexEscape(octet);
  }).join("")}'`;
}

/** A C string literal. Octal escapes end after three digits; `?` could begin a trigraph. */
export function cString(octets) {
  return quoted(octets, "\"\\?", (octet) => `\\${octet.toString(8).padStart(3, "0")}`);
}

/** A Rust string literal: what is beyond ASCII is named by its code point. */
function rustString(text) {
  return `"${Array.from(text, (character) => {
    const code = character.codePointAt(0);
    if (character === "\"" || character === "\\") return `\\${character}`;
    return code >= 0x20 && code < 0x7f ? character : `\\u{${code.toString(16)}}`;
  }).join("")}"`;
}

/** A Rust byte string literal. */
function byteString(octets) {
  return quoted(octets, "\"\\", (octet) =>
    (octet === 0x22 || octet === 0x5c ? `\\${String.fromCharCode(octet)}` : hexEscape(octet)));
}

function quoted(octets, special, escape) {
  const inside = Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    return octet >= 0x20 && octet < 0x7f && !special.includes(character) ? character : escape(octet);
  });
  return `"${inside.join("")}"`;
}

/** The fields that are the device's own, and that a client lets one set. */
function ownFields(request) {
  return request.headers.filter(({ name }) => TOKEN.test(name) && !FRAMING.has(name.toLowerCase()));
}

const hexEscape = (octet) => `\\x${octet.toString(16).padStart(2, "0")}`;
const octal = (octets) => Array.from(octets, (octet) => `\\0${octet.toString(8).padStart(3, "0")}`).join("");
const utf8 = (text) => new TextEncoder().encode(text);
const lines = (...parts) => `${parts.flat().join("\n")}\n`;
