"""The live page of `picopost listen` in a real browser: `cargo xtask page` runs this."""

import functools
import json
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from playwright.sync_api import expect

from support import LIMIT, SECRET, TOKEN, PageTest, post

HERE = Path(__file__).parent
# Markup that does something as soon as something takes it for markup.
HOSTILE = [
    "<script>window.hacked=1;alert(1)</script>",
    "<img src=x onerror=window.hacked=2>",
    "\"><svg onload=window.hacked=3>",
    "javascript:window.hacked=4",
    "</textarea></title></style><iframe srcdoc='<script>parent.hacked=5</script>'>",
    "{{window.hacked=6}}${window.hacked=7}`",
]


class Live(PageTest):
    def test_an_attempt_appears_while_the_page_is_open(self):
        server = self.serve("--store", self.folder / "live.db")
        page = self.open(server)
        expect(page.locator("#empty")).to_contain_text("Nothing has come yet")
        with server.connect() as device:
            row = page.locator("#attempt-1")
            expect(row.locator(".ladder")).to_have_attribute("aria-label", "reached handshake")
            device.sendall(post())
            expect(row).to_contain_text("POST /oauth/token: 200 OK")
            expect(page.locator("#announce")).to_contain_text("Attempt 1")
            device.recv(65536)
            device.unwrap().close()
        expect(row.locator(".ladder")).to_have_attribute("aria-label", "reached end")
        expect(row.locator(".number")).to_contain_text("stored")
        expect(page.locator("#count")).to_have_text("1 attempt")

    def test_an_open_attempt_grows(self):
        server = self.serve()
        with server.connect() as device:
            page = self.open(server, "#/attempt/1")
            layers = page.locator(".layers > details .layer-name")
            expect(layers).to_contain_text(["TCP", "ClientHello", "Handshake", "TCP octets"])
            page.locator("#layer-2 summary").click()
            device.sendall(post())
            expect(page.locator(".timeline li")).to_have_count(5)
            # What was open stays open.
            expect(page.locator("#layer-2")).to_have_attribute("open", "")

    def test_a_server_that_comes_back_is_found_again(self):
        store = self.folder / "again.db"
        server = self.serve("--store", store)
        server.send(post())
        page = self.open(server)
        expect(page.locator(".row")).to_have_count(1)
        address = server.page.split("/")[2]
        server.end()
        expect(page.locator("#connection")).to_have_text("connection lost, trying again …")
        server = self.serve("--store", store, "--page", address)
        server.send(post("/second"))
        expect(page.locator("#attempt-2")).to_contain_text("/second")
        expect(page.locator("#attempt-1 .number")).to_contain_text("stored")
        self.expected = ["ERR_"]


class Detail(PageTest):
    def test_the_timeline_opens_each_layer(self):
        server = self.serve()
        number = server.send(post("/readings?device=7"))
        page = self.open(server)
        page.locator(f"#attempt-{number}").click()
        expect(page.locator(".timeline .layer-name")).to_have_text(
            ["TCP", "ClientHello", "Handshake", "Request", "Answer", "End"])
        page.locator(".timeline a", has_text="Request").click()
        request = page.locator("#layer-3")
        expect(request.locator(".facts").first).to_contain_text("/readings?device=7")
        expect(request.locator(".facts").nth(1)).to_contain_text("picopost.test")
        head = request.locator(".octets").first
        expect(head.locator(".octet-row").first).to_contain_text("50 4f 53 54 20 2f")
        expect(head.locator(".octet-row").first).to_contain_text("POST /")
        # The ClientHello's own octets, put together from TCP's.
        page.locator("#layer-1 > summary").click()
        expect(page.locator("#layer-1 .octets .octet-row").first).to_contain_text("01 00")
        expect(page.locator("#layer-1 .facts").first).to_contain_text("TLS_AES_128_GCM_SHA256")
        page.locator("#segments > summary").click()
        page.locator("#segment-0 > summary").click()
        expect(page.locator("#segment-0 .octet-row").first).to_contain_text("16 03 01")

    def test_a_large_body_is_shown(self):
        server = self.serve()
        number = server.send(post("/large", body="x" * 500_000, content_type="text/plain"))
        page = self.open(server, f"#/attempt/{number}")
        page.locator(".timeline a", has_text="Request").click()
        expect(page.locator("#layer-3 h4", has_text="Body, 500000 octets")).to_be_visible()
        expect(page.locator("#layer-3 .octets").nth(1).locator(".octet-row").first).to_contain_text("78 78")

    def test_what_cannot_be_shown_says_so(self):
        server = self.serve()
        number = server.send(post())
        page = self.open(server)
        broken = {"attempt": {"number": number, "lines": 7}, "overview": {"number": number}}
        page.route(f"**/api/attempts/{number}", lambda route: route.fulfill(json=broken))
        page.locator(f"#attempt-{number}").click()
        expect(page.locator("#detail-title")).to_have_text("This page has an error")
        expect(page.locator("#detail")).to_contain_text("It cannot show this attempt")
        self.expected = ["TypeError"]

    def test_a_finding_is_marked_at_its_place(self):
        server = self.serve()
        number = server.send_plain(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        page = self.open(server, f"#/attempt/{number}")
        finding = page.locator(".finding-list > .finding.error").first
        expect(finding).to_contain_text("HTTP without TLS on a TLS port")
        expect(finding).to_contain_text("hint: use an `https` URL")
        page.locator(".timeline a", has_text="Not TLS").click()
        mark = page.locator(".layer .octets mark.error")
        expect(mark.first).to_have_attribute("title", "error: HTTP without TLS on a TLS port")
        self.assertEqual("".join(mark.all_inner_texts()[1::2])[:4], "POST")
        number = server.send(post(body=TOKEN[:-1] + ",}"))
        page.goto(server.page + f"#/attempt/{number}")
        page.locator(".timeline a", has_text="Request").click()
        mark = page.locator("#layer-3 .octets").nth(1).locator("mark.error")
        # The comma that is too many, or what stands behind it.
        self.assertIn(mark.last.inner_text().strip(), [",", "}", ",}"])

    def test_two_attempts_are_compared_octet_by_octet(self):
        server = self.serve()
        server.send(post("/a", body='{"t":21}'))
        server.send(post("/b", body='{"t":22.5}'), alpn=["http/1.1"])
        page = self.open(server)
        page.locator("#attempt-1 .mark-button").click()
        expect(page.locator("#attempt-1 .mark-button")).to_have_attribute("aria-pressed", "true")
        page.locator("#attempt-2 .mark-button").click()
        expect(page.locator("#detail-title")).to_have_text("Attempt 1 and attempt 2")
        expect(page.locator("tr.differs", has_text="alpn")).to_contain_text("http/1.1")
        body = page.locator(".comparison", has_text="Body").last
        expect(body.locator("h3")).to_have_text("Body: 3 octets differ")
        for side, differs in [(1, "1"), (2, "2.5")]:
            marks = body.locator(f".side:nth-child({side}) .text mark.differs")
            self.assertEqual("".join(marks.all_inner_texts()), differs)

    def test_everything_is_downloaded_for_other_tools(self):
        for options in [[], ["--store", self.folder / "download.db"]]:
            server = self.serve(*options)
            server.send(post("/first"))
            server.send(post("/second"))
            page = self.open(server)
            expect(page.locator(".row")).to_have_count(2)
            if options:
                expect(page.locator(".stored")).to_have_count(2)
            files = {}
            for name in ["HAR", "NDJSON", "pcapng"]:
                with page.expect_download() as download:
                    page.get_by_role("link", name=name).click()
                self.assertEqual(download.value.suggested_filename, f"picopost-listen.{name.lower()}")
                files[name] = Path(download.value.path()).read_bytes()
            entries = json.loads(files["HAR"])["log"]["entries"]
            self.assertEqual([entry["request"]["url"].split("/")[-1] for entry in entries], ["first", "second"])
            self.assertEqual([json.loads(line)["number"] for line in files["NDJSON"].splitlines()], [1, 2])
            self.assertEqual(files["pcapng"][:4].hex(), "0a0d0d0a")
            self.assertTrue(all(SECRET.encode() not in file for file in files.values()))
            self.assertIn(SECRET[:4].encode(), files["HAR"])

    def test_what_is_not_kept_is_said(self):
        page = self.open(self.serve(), "#/attempt/99")
        expect(page.locator("#detail")).to_contain_text("Not kept any more")
        self.expected = ["404"]


class Secrets(PageTest):
    def test_secrets_are_shortened_everywhere(self):
        store = self.folder / "secrets.db"
        server = self.serve("--store", store)
        number = server.send(post("/oauth/token?code=" + SECRET, fields=[("Authorization", "Bearer " + SECRET)]))
        server.send_plain(b"POST /?code=" + SECRET.encode() + b" HTTP/1.1\r\n\r\n")
        page = self.open(server, f"#/attempt/{number}")
        self.open_all(page)
        page.get_by_role("button", name="curl").click()
        expect(page.locator("pre.code")).to_contain_text("Bearer a-se")
        shown = page.evaluate("document.documentElement.outerHTML")
        for text in [shown, server.get("/api/attempts"), server.get("/api/attempts/1"), server.get("/api/attempts/2")]:
            self.assertNotIn(SECRET, text)
            self.assertNotIn(SECRET[4:], text)
        expect(page.locator("#stored-badge")).to_be_visible()
        for file in self.folder.glob("secrets.db*"):
            self.assertNotIn(SECRET[4:].encode(), file.read_bytes())

    def test_they_are_whole_where_asked_for_and_only_there(self):
        store = self.folder / "whole.db"
        server = self.serve("--store", store, "--show-secrets")
        server.send(post("/oauth/token?code=" + SECRET))
        page = self.open(server, "#/attempt/1")
        page.locator(".timeline a", has_text="Request").click()
        expect(page.locator("#layer-3 .facts").first).to_contain_text(SECRET)
        expect(page.locator("#stored-badge")).to_be_visible()
        server.end()
        # What was stored whole is shortened for a server that shortens.
        server = self.serve("--store", store)
        self.assertNotIn(SECRET, server.get("/api/attempts") + server.get("/api/attempts/1"))
        self.assertIn(SECRET[:4], server.get("/api/attempts/1"))
        # The browser's page of the first server has lost it.
        self.expected = ["ERR_"]


class Use(PageTest):
    def test_everything_is_done_with_keys(self):
        server = self.serve()
        for target in ["/first", "/second", "/third"]:
            server.send(post(target))
        page = self.open(server)
        expect(page.locator(".row")).to_have_count(3)
        keys = page.keyboard
        keys.press("j")
        keys.press("j")
        expect(page.locator("#attempts")).to_have_attribute("aria-activedescendant", "attempt-2")
        keys.press("k")
        keys.press("ArrowDown")
        keys.press("Enter")
        expect(page.locator("#detail-title")).to_have_text("Attempt 2")
        expect(page.locator("#detail-title")).to_be_focused()
        keys.press("Escape")
        expect(page.locator("#attempts")).to_be_focused()
        keys.press("c")
        keys.press("k")
        keys.press("c")
        expect(page.locator("#detail-title")).to_have_text("Attempt 2 and attempt 3")
        keys.press("Escape")
        keys.press("?")
        expect(page.locator("#help")).to_be_visible()
        keys.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        keys.press("/")
        keys.type("first j")
        # Letters in the filter are letters.
        expect(page.locator(".row")).to_have_count(0)
        keys.press("Escape")
        expect(page.locator(".row")).to_have_count(3)
        expect(page.locator("#attempts")).to_be_focused()

    def test_every_control_is_reached_by_tab_and_has_a_name(self):
        server = self.serve()
        server.send(post())
        page = self.open(server, "#/attempt/1")
        expect(page.locator(".timeline")).to_be_visible()
        nameless = page.evaluate("""[...document.querySelectorAll('button, input, select, summary, a')]
            .filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).length""")
        self.assertEqual(nameless, 0)
        for landmark in ["banner", "search", "main"]:
            expect(page.get_by_role(landmark)).to_have_count(1)
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 12)"))
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            self.assertTrue(outline != "none" or page.evaluate("document.activeElement === document.body"))
        self.assertLessEqual({"theme", "help-open", "filter-text", "filter-layer", "attempts", "Compare …"}, reached)

    def test_the_filter_takes_text_layer_and_severity(self):
        server = self.serve()
        server.send(post("/readings", body="{}"))
        server.send(post("/oauth/token"))
        server.send_plain(b"GET / HTTP/1.1\r\n\r\n")
        page = self.open(server)
        rows = page.locator(".row")
        expect(rows).to_have_count(3)
        page.fill("#filter-text", "POST  readings")
        expect(rows).to_have_count(1)
        expect(page.locator("#count")).to_have_text("1 of 3 attempts")
        page.fill("#filter-text", "plain-http")
        expect(page.locator("#attempt-3")).to_be_visible()
        page.fill("#filter-text", "")
        page.select_option("#filter-layer", "tcp")
        expect(rows).to_have_count(1)
        page.select_option("#filter-layer", "")
        page.select_option("#filter-severity", "error")
        expect(rows).to_have_count(1)
        expect(page.locator("#attempt-3")).to_be_visible()
        page.select_option("#filter-severity", "none")
        expect(page.locator("#attempt-3")).to_have_count(0)
        page.fill("#filter-text", "no such thing")
        expect(page.locator("#empty")).to_have_text("No attempt passes the filter.")

    def test_a_phone_never_scrolls_sideways(self):
        server = self.serve()
        long = "/" + "a" * 3000
        server.send(post(long, body=json.dumps({"k" * 500: "v" * 500}), fields=[("X-Long", "y" * 2000)]))
        server.send(post("/b"))
        page = self.open(server, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
        expect(page.locator(".row")).to_have_count(2)
        self.assert_fits(page)
        page.locator("#attempt-1").tap()
        expect(page.locator(".timeline")).to_be_visible()
        expect(page.locator("#attempts")).to_be_hidden()
        self.open_all(page)
        page.get_by_role("button", name="Rust").click()
        self.assert_fits(page)
        page.get_by_role("button", name="← Back").click()
        expect(page.locator("#attempts")).to_be_visible()
        page.goto(server.page + "#/compare/1/2")
        expect(page.locator("#detail-title")).to_have_text("Attempt 1 and attempt 2")
        self.assert_fits(page)

    def test_dark_and_light(self):
        server = self.serve()
        server.send(post())
        page = self.open(server, color_scheme="dark")
        # What the eye gets, as numbers: computed colours come as the sRGB that they are.
        ground = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
        self.assertEqual(ground(), "rgb(20, 24, 27)")
        self.assert_contrast(page)
        page.emulate_media(color_scheme="light")
        self.assertEqual(ground(), "rgb(251, 251, 250)")
        self.assert_contrast(page)
        button = page.locator("#theme")
        button.click()
        expect(button).to_have_text("Theme: dark")
        self.assertEqual(ground(), "rgb(20, 24, 27)")
        page.reload()
        expect(button).to_have_text("Theme: dark")
        self.assertEqual(ground(), "rgb(20, 24, 27)")

    def assert_contrast(self, page):
        """WCAG 2.2, 1.4.3: 4.5 to 1 for text."""
        pairs = [("ink", "ground"), ("ink", "raised"), ("soft", "ground"), ("soft", "raised"), ("soft", "chosen"),
                 ("accent", "ground"), ("accent", "chosen"), ("error", "error-ground"), ("error", "raised"),
                 ("warning", "warning-ground"), ("note", "note-ground")]
        for ink, ground in pairs:
            ratio = page.evaluate("""([ink, ground]) => {
                const probe = document.createElement("i");
                document.body.append(probe);
                const light = (name) => {
                  probe.style.color = `var(--${name})`;
                  const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map((part) => part / 255)
                    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
                  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                };
                const [a, b] = [light(ink), light(ground)];
                probe.remove();
                return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            }""", [ink, ground])
            self.assertGreaterEqual(ratio, 4.5, f"{ink} on {ground}")


class Hostile(PageTest):
    def test_no_markup_of_a_peer_becomes_markup(self):
        server = self.serve("--store", self.folder / "hostile.db", "--show-secrets")
        for text in HOSTILE:
            compact = text.replace(" ", "/").replace("\n", "")
            server.send(post("/" + compact, body=text, fields=[("X-Field", text)], content_type=text))
            server.send(post(body=json.dumps({"client_id": text})))
            server.send_plain(f"POST /{compact} HTTP/1.1\r\nHost: {text}\r\n\r\n{text}".encode())
        server.send(f"<script>alert(1)</script> / HTTP/1.1\r\n<b>: x\r\n\r\n".encode())
        page = self.open(server)
        count = 3 * len(HOSTILE) + 1
        expect(page.locator("#count")).to_have_text(f"{count} attempts")
        page.fill("#filter-text", "<script>")
        page.fill("#filter-text", "")
        for number in range(1, count + 1):
            page.goto(server.page + f"#/attempt/{number}")
            expect(page.locator("#detail-title")).to_have_text(f"Attempt {number}")
            self.open_all(page)
            for button in page.locator(".copy button").all():
                button.click()
        page.goto(server.page + "#/compare/1/4")
        expect(page.locator("#detail-title")).to_have_text("Attempt 1 and attempt 4")
        self.assertIsNone(page.evaluate("window.hacked ?? null"))
        self.assertEqual(page.locator("iframe, img, svg, script:not([src='/page.js'])").count(), 0)

    def test_even_a_mistake_of_the_page_would_not_run(self):
        server = self.serve()
        page = self.open(server)
        said = page.evaluate("""() => {
            try { document.body.innerHTML = "<img src=x onerror=window.hacked=1>"; return "taken"; }
            catch (error) { return error.name; }
        }""")
        self.assertEqual(said, "TypeError")
        page.evaluate("""() => { const e = document.createElement("p"); document.body.append(e);
            try { e.setAttribute("onclick", "window.hacked=1"); } catch { /* refused at once */ } e.click(); }""")
        self.assertIsNone(page.evaluate("window.hacked ?? null"))
        blocked = page.evaluate("fetch('http://localhost:1/').then(() => 'sent', () => 'blocked')")
        self.assertEqual(blocked, "blocked")
        self.expected = ["Content Security Policy", "requires 'Trusted"]

    def test_copied_as_curl_it_is_the_same_request(self):
        server = self.serve("--show-secrets")
        for body in ["{\"a\": \"it's $HOME `id` \\\\ !! ☃\"}", b"\x00\x01\xff'\"\n", "@/etc/hostname", "-d", ""]:
            fields = [("X-Quote", "' ; touch hacked ; '"), ("X-Empty", ""), ("X-At", "@/etc/hostname")]
            first = server.send(post("/a?b=[1-3]&c={x,y}%20'$(id)", body=body, fields=fields))
            page = self.open(server, f"#/attempt/{first}")
            page.get_by_role("button", name="curl").click()
            expect(page.locator(".copy [role=status]")).to_have_text("copied as curl")
            command = page.evaluate("navigator.clipboard.readText()")
            with tempfile.TemporaryDirectory() as folder:
                subprocess.run(["bash", "-c", command], cwd=folder, check=True, timeout=LIMIT, capture_output=True)
                self.assertEqual(list(Path(folder).iterdir()), [])
            second = server.next_event("closed")["attempt"]
            requests = [self.request(server, number) for number in (first, second)]
            self.assertEqual(*requests)

    def request(self, server, number):
        """What of a request a client can choose; the order of its fields is the client's own."""
        lines = json.loads(server.get(f"/api/attempts/{number}"))["attempt"]["lines"]
        request = next(line for line in lines if line["event"] == "request")
        fields = sorted((field["name"].lower(), field["value"]) for field in request["headers"])
        # An empty body is said with a length by one, and without by the other.
        fields = [field for field in fields if field != ("content-length", "0")]
        return request["method"], request["target"], fields, request["body"]["text"]

    def test_copied_as_c_it_compiles(self):
        server = self.serve("--show-secrets")
        body = "\"??/\\x41 */ // \0 \r\n ☃ %s"
        number = server.send(post("/a\"b??>", body=body, fields=[("X-C", "*/ \"); system(\"id\"); // \\")]))
        page = self.open(server, f"#/attempt/{number}")
        for name, compiler, kind in [("C, Arduino", ["c++", "-std=c++14"], "cpp"), ("C, ESP-IDF", ["cc"], "c")]:
            page.get_by_role("button", name=name).click()
            expect(page.locator(".copy [role=status]")).to_have_text(f"copied as {name}")
            source = self.folder / f"copied.{kind}"
            source.write_text(page.locator("pre.code").text_content())
            compiled = subprocess.run(
                [*compiler, "-Wall", "-Werror", "-trigraphs", "-fsyntax-only", "-I", HERE / "stub", source],
                timeout=LIMIT, capture_output=True, text=True)
            self.assertEqual(compiled.stderr, "")
            self.assertIn("\\", source.read_text())

    def test_copied_as_rust_it_is_what_compiles_here(self):
        server = self.serve("--show-secrets")
        body = "{\"a\":\"\\\" ☃\"}"
        number = server.send(post("/readings?d=7", body=body, fields=[("X-Device", "a \"b\" \\ {}")]))
        page = self.open(server, f"#/attempt/{number}")
        page.get_by_role("button", name="Rust").click()
        code = page.locator("pre.code").text_content().replace(f":{server.port}/", ":8443/")
        # `cargo test` compiles that file.
        self.assertEqual(code, (HERE / "copied.rs").read_text())


class Many(PageTest):
    COUNT = 10_000

    def test_ten_thousand_attempts_stay_usable(self):
        store = self.folder / "many.db"
        server = self.serve("--store", store)
        server.send(post("/readings"))
        server.end()
        self.multiply(store)
        server = self.serve("--store", store)
        page = self.open(server)
        expect(page.locator("#count")).to_have_text(f"{self.COUNT} attempts")
        elements = lambda: page.evaluate("document.getElementsByTagName('*').length")
        self.assertLess(elements(), 1500)
        page.focus("#attempts")
        page.keyboard.press("End")
        expect(page.locator("#attempt-1")).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.locator("#detail-title")).to_have_text("Attempt 1")
        page.fill("#filter-text", "#777")
        # 777 and 7770 to 7779.
        expect(page.locator("#count")).to_have_text(f"11 of {self.COUNT} attempts")
        page.fill("#filter-text", "")
        self.assertLess(elements(), 1500)
        # News goes on above, and does not move what is looked at.
        page.locator("#attempts").evaluate("(grid) => { grid.scrollTop = 58 * 5000; }")
        expect(page.locator(f"#attempt-{self.COUNT - 5000}")).to_be_visible()
        place = lambda: page.evaluate(
            "(id) => document.getElementById(id)?.getBoundingClientRect().y ?? null", f"attempt-{self.COUNT - 5000}")
        before = place()
        number = server.send(post("/new"))
        self.assertEqual(number, self.COUNT + 1)
        expect(page.locator("#count")).to_have_text(f"{self.COUNT + 1} attempts")
        # Drawn with the next frame.
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        self.assertEqual(place(), before)

    def multiply(self, store):
        """Copies of the first attempt, under other numbers."""
        with sqlite3.connect(store) as database:
            started, whole, overview, attempt = database.execute(
                "SELECT started_microseconds, whole, overview, attempt FROM attempts").fetchone()
            numbered = lambda text, number: text.replace('"number":1,', f'"number":{number},', 1)
            database.executemany("INSERT INTO attempts VALUES (?, ?, ?, ?, ?)", (
                (number, started + number, whole, numbered(overview, number), numbered(attempt, number))
                for number in range(2, self.COUNT + 1)))
        database.close()


class Screenshot(PageTest):
    """Not a test: the picture in the docs."""

    def picture(self, path):
        server = self.serve("--store", self.folder / "picture.db")
        server.send(post(body=TOKEN[:-1] + ",}"))
        server.send_plain(post("/readings"))
        server.send(post("/readings", body='{"temperature": 21.5}', fields=[("Authorization", "Bearer " + SECRET)]))
        server.send(post("/readings", body='{"temperature": 21.5}\r\n'))
        server.send(post())
        page = self.open(server, "#/attempt/1", viewport={"width": 1160, "height": 720})
        expect(page.locator(".not-stored")).to_have_count(0)
        page.locator(".layers .layer-name", has_text="Request").click()
        page.locator(".layer .octets").last.scroll_into_view_if_needed()
        page.screenshot(path=path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--screenshot"]:
        maker = Screenshot("picture")
        maker.picture = functools.partial(maker.picture, sys.argv[2])
        sys.exit(not unittest.TextTestRunner().run(unittest.TestSuite([maker])).wasSuccessful())
    unittest.main(verbosity=2)
