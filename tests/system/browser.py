"""Debian's Chromium, headless, driven by Playwright (which brings no browser of its own here), and axe-core in it."""

from __future__ import annotations

import shutil
from types import TracebackType
from typing import Any, Literal, Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, sync_playwright

Scheme = Literal["light", "dark"]
LAPTOP, PHONE = (1280, 800), (390, 844)
SERIOUS = ("serious", "critical")
PATIENCE_MS = 15_000


class Browser:
    """One Chromium; every `page` is somebody else's, with cookies of its own."""

    def __enter__(self) -> Self:
        path = shutil.which("chromium")
        assert path, "Chromium is not installed: make test-system installs it"
        self._playwright = sync_playwright().start()
        self._chromium = self._playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._chromium.close()
        self._playwright.stop()

    def page(self, *, scheme: Scheme = "light", size: tuple[int, int] = LAPTOP) -> Page:
        context: BrowserContext = self._chromium.new_context(
            color_scheme=scheme, viewport={"width": size[0], "height": size[1]}
        )
        context.set_default_timeout(PATIENCE_MS)
        return context.new_page()


def faults(page: Page) -> list[str]:
    """What axe finds serious or critical, in words."""
    found: dict[str, Any] = Axe().run(page).response
    return [
        f"{each['impact']}: {each['id']}: {node['html'][:200]} ({node.get('failureSummary', '')[:300]})"
        for each in found["violations"]
        if each["impact"] in SERIOUS
        for node in each["nodes"]
    ]
