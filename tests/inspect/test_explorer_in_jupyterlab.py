"""The explorer in JupyterLab, clicked by a headless browser: sliders move, the picture changes, the note is heard."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import browser
import nbformat
from conftest import ROOT

pytestmark = browser.needed()
CELLS = (
    "import opm\n"
    "modulator, carrier = opm.Operator(tl=30, mul=2), opm.Operator(tl=8, d1r=10, d1l=3)\n"
    "e = opm.explorer(opm.Voice('test', con=4, ops=(modulator, modulator, carrier, carrier)))\n"
    "e",
    "print(e.voice.ops[0].tl, e.voice.ops[0].mul, bin(e.voice.slots))",
)
QUIET = {"fetchNews": "false", "checkForUpdates": False}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def jupyterlab(folder):
    """Run a server with nothing but what is in a folder; yield its address."""
    settings = folder / "home" / ".jupyter" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(QUIET))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "XDG"))}
    environment |= {"HOME": str(folder / "home"), "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    environment.pop("MPLBACKEND", None)
    port = free_port()
    options = ["--no-browser", "--allow-root", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += ["--IdentityProvider.token=", f"--ServerApp.root_dir={folder}"]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=environment, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while not answers(f"{address}/api/status"):
            assert server.poll() is None, (folder / "server.log").read_text()
            assert time.monotonic() < deadline, "JupyterLab did not start"
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


def run_cell(page, number):
    page.locator(".jp-Notebook .jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")


def test_a_slider_moves_picture_sound_and_voice(tmp_path):
    cells = [nbformat.v4.new_code_cell(cell) for cell in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / "test.ipynb")
    with jupyterlab(tmp_path) as address, browser.chromium() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        page.set_default_timeout(120_000)
        complaints = browser.complaints(page)
        page.goto(f"{address}/lab/tree/test.ipynb")
        page.get_by_text("| Idle").wait_for()  # a key pressed before the kernel is there is lost
        run_cell(page, 0)
        explorer = page.locator(".opm-explorer")
        explorer.locator("audio:not([autoplay])").wait_for()
        shown = "document.querySelector('.opm-explorer img')"
        assert page.evaluate(f"{shown}.decode().then(() => {shown}.naturalWidth)") == 1100
        before = explorer.locator("img").get_attribute("src")

        total_level = explorer.locator(".widget-slider", has=page.get_by_text("TL", exact=True)).first
        total_level.locator("[role=slider]").focus()
        page.keyboard.press("ArrowRight")
        explorer.locator("audio[autoplay]").wait_for()
        page.wait_for_function(f"before => {shown}.src != before", arg=before)
        page.wait_for_function("document.querySelector('.opm-explorer audio').currentTime > 0")
        assert page.evaluate(f"{shown}.decode().then(() => {shown}.naturalWidth)") == 1100
        explorer.get_by_role("button", name="C1, carrier").click()

        run_cell(page, 1)
        page.get_by_text("31 2 0b1101").wait_for()
        assert complaints == []
