"""The site is built without a warning, its links lead somewhere, and a browser finds nothing to complain about."""

import ast
import functools
import importlib.util
import os
import re
import subprocess
import sys
import threading
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urljoin, urlsplit

import browser
import pytest
from conftest import ROOT

if os.environ.get("CI") is None and importlib.util.find_spec("material") is None:
    pytest.skip("needs the packages of the extra docs", allow_module_level=True)

SOUNDING = {f"chip/{name}.html" for name in ("lfo", "noise", "phase", "envelope", "operators", "mixer", "timers")}
SOUNDING |= {"index.html", "chip/board.html", *(f"howto/{name}.html" for name in ("array", "stems", "voice"))}
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
LOADED = """async () => {
    const all = (tag) => [...document.querySelectorAll(tag)];
    all('details').forEach(element => element.open = true);
    all('img').forEach(image => image.loading = 'eager');
    const heard = audio => audio.readyState >= 1 ? true : new Promise(done => {
        audio.addEventListener('loadedmetadata', () => done(true));
        audio.addEventListener('error', () => done(false));
        audio.load();
    });
    await Promise.all(all('img').map(image => image.decode().catch(() => 0)));
    const sounds = await Promise.all(all('audio').map(heard));
    return {
        pictures: all('img').filter(image => !image.naturalWidth).map(image => image.src),
        sounds: all('audio').map((audio, i) => sounds[i] && audio.duration > 0.1),
    };
}"""
NOTHING_TO_FIND = {"config": {"lang": ["en"], "separator": " ", "pipeline": [], "fields": {}}, "docs": []}
TOO_WIDE = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """What each page links to, and its anchors."""
    return {page.relative_to(site).as_posix(): Links.of(page.read_text()) for page in sorted(site.rglob("*.html"))}


class Links(HTMLParser):
    """Collects what a page refers to, and what can be referred to in it."""

    @classmethod
    def of(cls, text):
        links = cls()
        links.targets, links.anchors, links.fetched = set(), set(), set()
        links.feed(text)
        return links

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.targets.add(values["href"])
        if values.get("src") or tag == "link":
            self.fetched.add(values.get("src") or values["href"])


def test_every_link_and_anchor_leads_somewhere(site, pages):
    lost = []
    for page, links in pages.items():
        for target in links.targets | links.fetched:
            scheme, host, path, _, anchor = urlsplit(urljoin(f"http://site/{page}", target))
            if host != "site" or scheme != "http":
                continue
            path = unquote(path).strip("/") or "index.html"
            if not (site / path).is_file():
                lost.append(f"{page}: {target}: no such file")
            elif anchor and path in pages and unquote(anchor) not in pages[path].anchors | {"__comments"}:
                lost.append(f"{page}: {target}: no such anchor")
    assert not lost, "\n".join(lost)


def test_nothing_is_fetched_from_outside(pages):
    """But for what the browser test sees, the page itself must not ask: no fonts, scripts or pictures of others."""
    for page, links in pages.items():
        assert not {target for target in links.fetched if urlsplit(target).netloc}, page


def test_pages_are_all_there(pages):
    notebooks = {f"notebooks/{path.stem}.html" for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert {"CHANGELOG.html", "CONTRIBUTING.html", "formats.html", "player.html", *SOUNDING, *notebooks} <= set(pages)


def test_every_function_of_the_chip_is_shown(pages):
    shown = set().union(*(links.anchors for page, links in pages.items() if page.startswith("reference/source/")))
    for source in (path for room in ("cycle", "frame", "span") for path in ROOT.glob(f"opm/{room}/*.py")):
        functions = (node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef))
        assert {f"opm.{source.parent.name}.{source.stem}.{name}" for name in functions} <= shown, source


def test_every_other_chip_has_its_registers_and_its_state(site, pages):
    """As tables: none of what they are made of is left, and no cell is cut off by the next."""
    from opm.board import CORES, core

    assert set(CORES) <= pages["reference/chips.html"].anchors
    html = (site / "reference" / "chips.html").read_text()
    assert "=====" not in html
    assert html.count("<details>") == html.count("</details>") == len(CORES)
    text = re.sub(r"<[^>]+>|\s+", " ", html)
    for name in CORES:
        assert all(f" {field.name} " in text for field in core(name).FIELDS), name
    parts = (site / "chip" / "board.html").read_text()
    assert all(f"<code>{name}</code>" in parts for name in CORES)


def test_defaults_are_those_of_the_signature(site):
    text = re.sub(r"<[^>]+>|\s+", " ", (site / "reference" / "trace.html").read_text())
    shown = set(re.findall(r"(st\w+) +\( *int *, *default: +(\S+)", text))
    assert shown == {("start", "0"), ("stop", "1000"), ("stop", "3200")}


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture
def address(site):
    """Serve the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@browser.needed()
def test_a_browser_has_no_complaints(pages, address):
    """Each page: no error, no failed request, none to outside; pictures and sounds there; as wide as the window."""
    found = []
    with browser.chromium() as chromium:
        # Without transitions, or what slides in when the window gets wider counts as too wide for a moment.
        page = chromium.new_page(viewport=WIDE, reduced_motion="reduce")
        page.on("request", lambda r: r.url.startswith((address, "data:", "blob:")) or found.append(f"asks {r.url}"))
        complaints = browser.complaints(page)
        # Search has a test of its own; each page would read all that is to be found.
        page.route("**/search/search_index.js*", lambda route: route.fulfill(json=NOTHING_TO_FIND))
        sizes = [WIDE, PHONE]
        for name in pages:
            page.goto(f"{address}/{name}")
            loaded = page.evaluate(LOADED)
            found += [f"{name}: {complaint}" for complaint in complaints]
            complaints.clear()
            found += [f"{name}: no picture {source}" for source in loaded["pictures"]]
            if not all(loaded["sounds"]) or (name in SOUNDING and not loaded["sounds"]):
                found.append(f"{name}: sounds {loaded['sounds']}")
            for size in sizes:
                page.set_viewport_size(size)
                if (over := page.evaluate(TOO_WIDE)) > 0:
                    found.append(f"{name}: {over} pixels too wide at {size['width']}")
            sizes.reverse()  # The next page begins as wide as this one ends.
    assert not found, "\n".join(found)


@browser.needed()
def test_search_works_from_a_folder_without_a_server(site):
    with browser.chromium() as chromium:
        page = chromium.new_page(viewport=WIDE)
        complaints = browser.complaints(page)
        page.goto((site / "chip" / "noise.html").as_uri())
        page.wait_for_selector(".md-search__input[placeholder=Search]")
        page.type(".md-search__input", "vibrato")
        page.click(".md-search-result__item a")
        page.wait_for_url(lambda url: "noise" not in url)
        assert "vibrato" in page.inner_text("article").lower()
        assert not complaints
