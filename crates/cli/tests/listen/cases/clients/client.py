"""A client of Python's standard library: `client.py PORT HOST ANCHORS VARIANT`.

It connects to the loopback, and POSTs a reading to HOST. VARIANT is `good`, `no-type` (no Content-Type),
or `unverified`. Exit status: 0 a response came, 1 anything else.
"""

import http.client
import ssl
import sys

port, host, anchors, variant = int(sys.argv[1]), *sys.argv[2:5]
context = ssl.create_default_context(cafile=anchors)
if variant == "unverified":
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
connection = http.client.HTTPSConnection(host, port, timeout=30, context=context)
fields = {"User-Agent": "device/1.0", "Content-Type": "application/json"}
if variant == "no-type":
    del fields["Content-Type"]
connection.request("POST", "/readings", '{"reading":21}', fields)
sys.exit(0 if connection.getresponse().read() else 1)
