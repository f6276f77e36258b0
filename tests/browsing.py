"""A real browser that is refused the network."""

import os
import shutil
from dataclasses import dataclass, field

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
_PATIENCE_MS = 600_000  # for what does come, however busy the machine


@dataclass
class Visit:
    """An opened page and what went wrong on it."""

    page: object
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def rest(self, milliseconds):
        """Let the page do what it has begun or planned for so long, and paint it.

        The time passes in the page's own queue, behind what stands there before: a slow machine waits longer.
        """
        self.page.evaluate(
            "ms => new Promise(done => setTimeout("
            "() => requestAnimationFrame(() => requestAnimationFrame(() => done())), ms))",
            milliseconds,
        )


@pytest.fixture(scope="session")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    found = os.environ.get("ZJK_GIS_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here; install it, or name it in ZJK_GIS_CHROMIUM")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=found, args=_ARGUMENTS, timeout=_PATIENCE_MS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Open a file in a page of 1200 by 800, refuse all requests but for the file, and keep what happens.

    The page is there when `ready`, in JavaScript, is true. Requests to `server`, one of the test's own, are
    let through, and kept in `asked`.
    """
    pages = []

    def open_page(path, width=1200, height=800, ready="window.zjk !== undefined", server=None):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(_PATIENCE_MS)
        pages.append(page)
        seen = Visit(page)

        def decide(route):
            if route.request.url == path.as_uri():
                route.continue_()
            elif server is not None and route.request.url.startswith(server):
                seen.asked.append(route.request.url)
                route.continue_()
            else:
                seen.requests.append(route.request.url)
                route.abort()

        page.route("**/*", decide)
        page.on("console", lambda m: seen.errors.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("dialog", lambda dialog: (seen.dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(path.as_uri())
        page.wait_for_function(ready)
        return seen

    yield open_page
    for page in pages:
        page.close()
