// A client of Node.js: `node client.js PORT HOST ANCHORS` POSTs a reading to HOST on the loopback.
// Exit status: 0 a response came, 1 anything else.

"use strict";

const fs = require("fs");
const https = require("https");

const [port, host, anchors] = process.argv.slice(2);
const body = '{"reading":21}';
const headers = {
  "User-Agent": "device/1.0",
  "Content-Type": "application/json",
  "Content-Length": Buffer.byteLength(body),
};
const options = { host: "127.0.0.1", servername: host, port, path: "/readings", method: "POST", agent: false };
headers.Host = `${host}:${port}`;
const request = https.request({ ...options, headers, ca: fs.readFileSync(anchors) }, (response) => {
  response.resume();
  response.on("end", () => process.exit(0));
});
request.on("error", (error) => {
  console.error(error.message);
  process.exit(1);
});
request.end(body);
