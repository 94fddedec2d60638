"""Debian's Chromium, headless and driven by Playwright, for tests that look at pages and click."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
LEFT = "net::ERR_ABORTED"


def available() -> bool:
    """Return whether the browser and Playwright are installed."""
    return importlib.util.find_spec("playwright") is not None and CHROMIUM.exists()


def needed() -> pytest.MarkDecorator:
    """Return the mark for a module's tests: skipped without a browser, except in CI, which must have one."""
    if os.environ.get("CI") and not available():
        pytest.fail(f"CI needs playwright and {CHROMIUM}", pytrace=False)
    return pytest.mark.skipif(not available(), reason=f"needs playwright and {CHROMIUM}")


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Run a browser that may play sound unasked."""
    from playwright.sync_api import sync_playwright

    options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser
        finally:
            browser.close()


def complaints(page: "Page") -> list[str]:
    """Return a list that grows with the errors of a page: its console's, uncaught ones, requests that failed.

    What is still on its way when the browser goes on to another page has not failed.
    """
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
    page.on("requestfailed", lambda request: request.failure == LEFT or said.append(f"failed: {request.url}"))
    return said
