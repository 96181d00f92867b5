"""A studio that is served, and Chromium to look at it; where there is none, these tests are left out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_page import FLAGS, HIGH, MINE, SOON, WIDE, Look, Seen, Served, chromium, serving, trained

from archspec.network import load, lower
from archspec.schema.keys import to_json
from archspec.train.saving.manifest import Manifest


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    """A window of a browser; a page in it costs half of one in a window of its own, and the browser as much as three.

    For one file of tests: while Playwright is at work, an event loop runs, and other tests could have none of their own.
    """
    where = chromium()
    if where is None:
        pytest.skip("there is no Chromium: $ARCHSPEC_CHROMIUM, or chromium on the PATH (apt-get install chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=[*FLAGS])
        context = browser.new_context()
        context.set_default_timeout(SOON)
        yield context
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests, each of which has files of its own."""
    with serving(tmp_path_factory.mktemp("studio")) as found:
        yield found


@pytest.fixture
def look(window: Any) -> Iterator[Look]:
    """Opens a page, each in a tab of the window. At the end nothing was complained of but what the test expects."""
    seen: list[Seen] = []

    def run(address: str, width: int = WIDE, height: int = HIGH, scheme: str = "light", motion: str = "reduce") -> Seen:
        tabs = [each for each in window.pages if each not in [one.page for one in seen]]
        page = tabs[0] if tabs else window.new_page()
        found = Seen(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme, reduced_motion=motion)
        page.on("console", found.said)
        page.on("pageerror", found.thrown)
        seen.append(found)
        page.goto(address)
        return found
    yield run
    for found in seen:
        found.leave()
    assert [each for found in seen for each in found.complaints if not any(word in each for word in found.expected)] == []


@pytest.fixture
def mine(served: Served, look: Look) -> Seen:
    """A page with a file of the test's own, a small ResNet, as it is on the disk."""
    file = served.file(MINE)
    found = look(served.at(file))
    found.file = file
    found.shown("#canvas svg")
    found.shown("#card p")
    return found


@pytest.fixture
def run_folder(served: Served) -> Iterator[Path]:
    """A run of a spec like `mine` that goes on, after three epochs."""
    spec = load(str(served.file(MINE)))
    run = served.folder / "runs" / "first"
    run.mkdir(parents=True)
    (run / "spec.yaml").write_text(spec.to_yaml(expand=True), encoding="utf-8")
    for epoch in (1, 2, 3):
        trained(run, epoch)
    Manifest("my", lower(spec).fingerprint, 7, ["archspec", "train", "my.yaml"], {}, {}, to_json(spec.train), False, []).write(run / "manifest.json")
    yield run
    shutil.rmtree(run)
