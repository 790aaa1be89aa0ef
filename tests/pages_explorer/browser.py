"""A browser without a window and without a network, for the pages of the explorer."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = "chromium", "chromium-browser", "google-chrome"
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")


@contextmanager
def started() -> Iterator[Any]:
    """The browser; without playwright or chromium the test is skipped."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Tab:
    """A page that is opened from a file, offline; whatever it says or asks for is noted."""

    def __init__(self, browser: Any, path: Path, address: str = "", **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_offline(True)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = path.as_uri()
        self.page.goto(self.url + address)

    def ready(self) -> "Tab":
        """Wait until all images are answered."""
        self.page.evaluate("window.minicnn.ready")
        self.page.locator("#images-note", has_text="are right").wait_for(timeout=120_000)
        return self

    def run(self, code: str, data: Any = None) -> Any:
        return self.page.evaluate(code, data)

    def text(self, selector: str) -> str:
        """What is read there; a change is drawn in the next frame."""
        self.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.locator(selector).inner_text()

    def close(self) -> None:
        """Close the page, which must have been silent."""
        strangers = [url for url in self.asked if not url.startswith((self.url, "data:", "blob:"))]
        self.context.close()
        assert strangers == []
        assert self.said == []
