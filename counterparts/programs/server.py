"""An HTTPS server of Python's standard library.

`server.py CERT KEY [CERT KEY ...]` listens on one port of the loopback for each pair of PEM
files, and prints the ports, one a line. What it answers with:

/echo     the request's body
/dribble  the same, each octet in a TLS record of its own
/large    the same again and again, a mebibyte in all, ended by close_notify
/cut      the same, ended by the end of the TCP connection alone

Headers say how the server saw the connection. In the environment, COUNTERPART_ONLY_P256 makes P-256
the only group, and COUNTERPART_CLIENT_CA is the PEM file of the authority whose clients alone are let
in.
"""

import os
import platform
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGE = 1 << 20


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("X-Counterpart", "python")
        self.send_header("X-Library", f"Python {platform.python_version()}, {ssl.OPENSSL_VERSION}")
        self.send_header("X-Resumed", "yes" if self.connection.session_reused else "no")
        if client := self.connection.getpeercert():
            self.send_header("X-Client", str(client["subject"]))
        if self.path in ("/echo", "/dribble"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/dribble":
            for octet in body:
                self.wfile.write(bytes([octet]))
        elif self.path == "/large":
            self.wfile.write((body * (LARGE // len(body) + 1))[:LARGE])
            # The class itself ends connections without close_notify.
            self.connection = self.connection.unwrap()
        else:
            self.wfile.write(body)


def listen(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if "COUNTERPART_ONLY_P256" in os.environ:
        context.set_ecdh_curve("prime256v1")
    if authority := os.environ.get("COUNTERPART_CLIENT_CA"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # Not in accept(), where one client would keep all others waiting.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever).start()


for pair in zip(sys.argv[1::2], sys.argv[2::2]):
    listen(*pair)
