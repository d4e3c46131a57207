"""Starts `picopost listen`, devices for it, and a browser that looks at its page."""

import json
import os
import queue
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import urllib.request
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

PICOPOST = os.environ["PICOPOST"]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
# For whoever waits: nothing here takes that long, and nothing waits longer.
LIMIT = float(os.environ.get("LIMIT", "30"))
SECRET = "a-secret-that-nobody-may-see"
TOKEN = json.dumps({"grant_type": "client_credentials", "client_id": "device", "client_secret": SECRET})

expect.set_options(timeout=LIMIT * 1000)


class Server:
    """A running `picopost listen` on free ports; `folder` keeps its CA."""

    def __init__(self, folder, *options):
        command = [PICOPOST, "listen", "--json", "--port", "0", "--page", "127.0.0.1:0", "--ca", folder / "ca"]
        # A later `--page` would be refused: a test that chooses its port says so itself.
        if "--page" in options:
            del command[5:7]
        self.process = subprocess.Popen([*map(str, command), *map(str, options)], stdout=subprocess.PIPE, text=True)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        listening = self.next_event("listening")
        self.port = listening["port"]
        self.page = listening["page"]
        self.anchors = listening["anchors"]

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def next_event(self, name):
        """The next event of this name."""
        while True:
            event = self.lines.get(timeout=LIMIT)
            if event["event"] == name:
                return event

    def connect(self, server_name="picopost.test", alpn=None):
        """A device's TLS connection."""
        context = ssl.create_default_context(cafile=self.anchors)
        context.check_hostname = False
        if alpn:
            context.set_alpn_protocols(alpn)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT)
        return context.wrap_socket(plain, server_hostname=server_name)

    def send(self, octets, **options):
        """One attempt with these octets as its request; gives its number when it has ended."""
        with self.connect(**options) as device:
            device.sendall(octets)
            device.settimeout(LIMIT)
            answer = device.recv(65536)
            assert answer, "no answer"
            try:
                device.unwrap().close()
            except (OSError, ssl.SSLError):
                pass
        return self.next_event("closed")["attempt"]

    def send_plain(self, octets):
        """One attempt without TLS."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as device:
            device.sendall(octets)
            device.recv(65536)
        return self.next_event("closed")["attempt"]

    def get(self, path):
        """What the page's server answers, as text."""
        with urllib.request.urlopen(self.page.rstrip("/") + path, timeout=LIMIT) as answer:
            return answer.read().decode()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()


def post(target="/oauth/token", body=TOKEN, fields=(), content_type="application/json"):
    """A request as octets; str is UTF-8."""
    octets = lambda text: text.encode() if isinstance(text, str) else text
    body = octets(body)
    head = [b"POST " + octets(target) + b" HTTP/1.1", b"Host: picopost.test", b"User-Agent: test/1",
            b"Content-Type: " + octets(content_type), b"Content-Length: %d" % len(body)]
    head += [octets(name) + b": " + octets(value) for name, value in fields]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class PageTest(unittest.TestCase):
    """A browser that is held to asking nobody else, to no error, and to no dialog."""

    @classmethod
    def setUpClass(cls):
        cls.playwright = sync_playwright().start()
        # Chromium's own sandbox needs what root and containers do not have; it only sees this page.
        cls.browser = cls.playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.playwright.stop()
        cls.temporary.cleanup()

    def setUp(self):
        self.complaints = []
        # What a test knows that the browser will complain about.
        self.expected = []
        self.hosts = set()
        self.own_hosts = set()

    def serve(self, *options):
        server = Server(self.folder, *options)
        self.addCleanup(server.end)
        return server

    def open(self, server, address="", **options):
        """The page, with everything watched that it must not do."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.addCleanup(context.close)
        context.set_default_timeout(LIMIT * 1000)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.page.rstrip("/"))
        page = context.new_page()
        page.on("dialog", lambda dialog: (self.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        context.on("request", lambda request: self.hosts.add(request.url.split("/")[2])
                   if not request.url.startswith("data:") else None)
        self.own_hosts.add(server.page.split("/")[2])
        page.goto(server.page + address)
        return page

    def tearDown(self):
        self.assertEqual([line for line in self.complaints if not any(known in line for known in self.expected)], [])
        self.assertEqual(self.hosts - self.own_hosts, set())

    def open_all(self, page):
        """Opens every layer of the detail, and what is in it."""
        closed = page.locator("#detail details:not([open]) > summary")
        while closed.count() > 0:
            closed.first.click()

    def assert_fits(self, page):
        """Nothing makes the page, or a pane of it, wider than it is."""
        for selector in ["html", "#attempts", "#detail"]:
            wide, window = page.locator(selector).evaluate("(pane) => [pane.scrollWidth, pane.clientWidth]")
            self.assertLessEqual(wide, window, selector)
