// An HTTPS server of Node.js: `server.js CERT KEY [CERT KEY ...]` listens on one port of the
// loopback for each pair of PEM files, and prints the ports, one a line. It answers with the
// request's body.
"use strict";

const { readFileSync } = require("node:fs");
const { createServer } = require("node:https");

const echo = async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  response.writeHead(200, { "Content-Length": body.length, "X-Counterpart": "node" });
  response.end(body);
};

const listen = (cert, key) =>
  new Promise((done) => {
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, echo);
    server.on("tlsClientError", (error) => console.error(error.message));
    server.listen(0, "127.0.0.1", () => {
      console.log(server.address().port);
      done();
    });
  });

(async () => {
  const files = process.argv.slice(2);
  for (let pair = 0; pair + 1 < files.length; pair += 2) await listen(files[pair], files[pair + 1]);
})();
