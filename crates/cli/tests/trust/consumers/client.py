"""A TLS client over Python's ssl: `client.py PORT pem|der|module FILE` does a handshake with
device.example on that port of the loopback. `module` is a MicroPython module, whose own function
loads it. Exit status: 0 verified, 1 refused, 2 anything else."""

import importlib.util
import socket
import ssl
import sys

port, kind, path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
if kind == "pem":
    context.load_verify_locations(cafile=path)
elif kind == "der":
    with open(path, "rb") as file:
        context.load_verify_locations(cadata=file.read())
elif kind == "module":
    specification = importlib.util.spec_from_file_location("anchors", path)
    anchors = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(anchors)
    anchors.load(context)
else:
    sys.exit(2)
try:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        with context.wrap_socket(connection, server_hostname="device.example"):
            sys.exit(0)
except ssl.SSLCertVerificationError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
