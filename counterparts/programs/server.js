// An HTTPS server of Node.js: `server.js CERT KEY [CERT KEY ...]` listens on one port of the
// loopback for each pair of PEM files, and prints the ports, one a line. It answers with the
// request's body. Headers say how the server saw the connection. In the environment,
// COUNTERPART_ONLY_P256 makes P-256 the only group, and COUNTERPART_CLIENT_CA is the PEM file of the
// authority whose clients alone are let in.
"use strict";

const { readFileSync } = require("node:fs");
const { createServer } = require("node:https");

const echo = async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  response.writeHead(200, { "Content-Length": body.length, "X-Counterpart": "node", ...view(request.socket) });
  response.end(body);
};

const view = (socket) => {
  const client = socket.getPeerCertificate().subject;
  return {
    "X-Library": `Node.js ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    "X-Resumed": socket.isSessionReused() ? "yes" : "no",
    ...(client && { "X-Client": `CN=${client.CN}` }),
  };
};

const settings = () => {
  const { COUNTERPART_ONLY_P256: p256, COUNTERPART_CLIENT_CA: authority } = process.env;
  return {
    ...(p256 && { ecdhCurve: "P-256" }),
    ...(authority && { ca: readFileSync(authority), requestCert: true, rejectUnauthorized: true }),
  };
};

const listen = (cert, key) =>
  new Promise((done) => {
    const options = { cert: readFileSync(cert), key: readFileSync(key), ...settings() };
    const server = createServer(options, echo);
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
