// An OAuth 2.0 authorisation server, oidc-provider, and a resource that takes its tokens: on the Unix socket of
// the first argument. It says `ready` when it listens.
import http from "node:http";
import Provider from "oidc-provider";

const client = (id, method) => ({
  client_id: id,
  client_secret: "s3cr&t=+ %/~",
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: method,
});

const provider = new Provider("https://device.example", {
  clients: [client("basic device", "client_secret_basic"), client("form device", "client_secret_post")],
  features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
  scopes: ["readings:write"],
  ttl: { ClientCredentials: 600 },
});
// TLS is the edge's.
provider.proxy = true;

// RFC 6750 §3: what a resource says to a token that it does not take.
const refuse = (answer, error) => {
  answer.writeHead(401, { "WWW-Authenticate": `Bearer realm="readings"${error}` });
  answer.end();
};

const take = async (request, answer) => {
  const [scheme, value] = (request.headers.authorization ?? "").split(" ");
  if (scheme !== "Bearer") return refuse(answer, "");
  const token = await provider.ClientCredentials.find(value);
  if (!token?.isValid || !token.scope?.split(" ").includes("readings:write")) {
    return refuse(answer, ', error="invalid_token"');
  }
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const reading = JSON.parse(Buffer.concat(pieces).toString());
  // The token ends before its time, as when its client is blocked for a while.
  if (reading.revoke) await token.destroy();
  answer.writeHead(201, { "Content-Type": "application/json" });
  answer.end(JSON.stringify({ client: token.clientId, reading }));
};

const oauth = provider.callback();
const server = http.createServer((request, answer) => {
  if (request.url !== "/readings") return oauth(request, answer);
  take(request, answer).catch((error) => {
    answer.writeHead(500);
    answer.end(String(error));
  });
});
server.listen(process.argv[2], () => console.log("ready"));
