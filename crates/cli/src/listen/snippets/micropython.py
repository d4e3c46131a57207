# A POST to `picopost listen` with MicroPython, when the network is there and the clock is set
# (ntptime.settime()). The anchors: picopost listen --anchors micropython=anchors.py

import socket
import ssl

import anchors

HOST, PORT = "192.0.2.7", 8443


def post_reading(body=b'{"reading":21}'):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anchors.load(context)
    head = "POST /readings HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: device/1.0\r\nConnection: close\r\n" % (HOST, PORT)
    head += "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    stream = socket.socket()
    stream.connect(socket.getaddrinfo(HOST, PORT)[0][-1])
    try:
        stream = context.wrap_socket(stream, server_hostname=HOST)
        stream.write(head.encode() + body)
        return stream.read(1024)
    finally:
        stream.close()


print(post_reading())
