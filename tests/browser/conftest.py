"""A real server in its own process and a real Chromium: what a person meets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser.servers import Server
from playwright.sync_api import Browser, expect, sync_playwright

from mergelab.checkpoints import list_suites

expect.set_options(timeout=30_000)  # other tests may run on the same cores

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first of these is the same browser without windows of its own, which cost time and show nothing here."""
CHROMIUM = next((path for name in BROWSERS if (path := shutil.which(name))), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = pytest.mark.skipif("pixels" not in list_suites(), reason="the pixels suite is not built here")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(missing)


@pytest.fixture(scope="package")
def launched() -> Iterator[Browser]:
    """One Chromium for all files here, and none for tests elsewhere: while Playwright runs, so does its loop of events."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def browser(launched: Browser) -> Iterator[Browser]:
    """A browser that nobody has used yet: what a file's pages have stored goes with them."""
    yield launched
    for context in launched.contexts:
        context.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of `mergelab ui`, started as a person starts it."""
    started = Server(tmp_path_factory.mktemp("server"), tmp_path_factory.getbasetemp() / "cache")
    started.start()
    try:
        yield started.address
    finally:
        started.stop()
