"""A studio that is served, and Chromium to look at it; where there is none, these tests are left out."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from archspec.network import load, lower
from archspec.schema.keys import to_json
from archspec.train.progress import REQUIRED
from archspec.train.saving.manifest import Manifest

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
SOON = 20_000
"""Milliseconds that anything may take on a machine with other work."""
MINE = """\
extends: resnet50
description: ResNet-50, grouped
stages:
  cardinality: 32
  base_width: 4
  repeats: [2, 2, 2, 2]
"""


def chromium() -> str | None:
    """Where Chromium is. Without $ARCHSPEC_CHROMIUM these tests are left out: they take more minutes than the whole suite may have."""
    return os.environ.get("ARCHSPEC_CHROMIUM")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    where = chromium()
    if where is None:
        pytest.skip("the page is tried where $ARCHSPEC_CHROMIUM names a Chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright drives the browser: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=where, args=[*FLAGS])
        yield found
        found.close()


@dataclass
class Served:
    """A server, its folder and its address."""

    folder: Path
    process: subprocess.Popen[str]
    address: str

    def ask(self, name: str, /, **body: Any) -> Any:
        """The answer to a request."""
        request = Request(f"{self.address}api/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=SOON / 1000) as answer:
            return json.load(answer)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    """A server of a folder, with unsaved texts beside the folder."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder.with_name(f"{folder.name}_state"))}
    with subprocess.Popen([sys.executable, "-m", "archspec", "studio", "--no-browser", *arguments], cwd=folder, env=environment,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            found = re.search(r"http://\S+", line)
            assert found, line
            yield Served(folder, process, found[0])
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
            process.wait(20)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests of a module."""
    with serving(tmp_path_factory.mktemp("studio")) as found:
        yield found


@dataclass
class Seen:
    """A page, as a person has it before them."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    """What the console says, and what was thrown."""
    expected: tuple[str, ...] = ()
    """Of which that may be."""

    @property
    def text(self) -> str:
        """What stands in the editor."""
        lines = self.page.locator("#code .cm-line")
        return "\n".join(line.replace("\n", "") for line in lines.all_inner_texts())

    def select(self, word: str, by: int = 0) -> None:
        """Puts the cursor behind the first place of a word, and so many signs further."""
        lines = self.text.split("\n")
        line = next(number for number, each in enumerate(lines) if word in each)
        self.page.locator("#code .cm-line").nth(line).click()
        self.page.keyboard.press("Home")
        self.page.keyboard.press("Home")
        for _ in range(lines[line].index(word) + len(word) + by):
            self.page.keyboard.press("ArrowRight")

    def key(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for each in keys:
            self.page.keyboard.press(each)

    def type(self, words: str) -> None:
        """Types as a person does, without completion getting in between."""
        self.page.keyboard.type(words)

    def problems(self, words: str) -> None:
        """Waits until the line of problems says so."""
        self.page.locator("#problems").get_by_text(words).wait_for(timeout=SOON)

    def drawn(self, words: str) -> None:
        """Waits until the picture says so."""
        self.page.locator("#canvas").get_by_text(words).first.wait_for(timeout=SOON)

    def shown(self, selector: str) -> Any:
        """Waits for an element, and gives it."""
        found = self.page.locator(selector).first
        found.wait_for(timeout=SOON)
        return found

    def gone(self, selector: str) -> None:
        """Waits until there is no such element."""
        self.page.locator(selector).first.wait_for(state="detached", timeout=SOON)

    def until(self, script: str) -> None:
        """Waits until an expression of the page holds; asked from outside, for the page's policy lets no string be run."""
        end = time.monotonic() + SOON / 1000
        while not self.page.evaluate(script):
            assert time.monotonic() < end, f"it never holds: {script}"
            self.page.wait_for_timeout(30)

    @property
    def focus(self) -> str:
        """What has the focus: its label, or its words."""
        return str(self.page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"))


Look = Callable[..., Seen]


@pytest.fixture
def look(browser: Any) -> Iterator[Look]:
    """Opens a page in a window of its own. At the end nothing was complained of but what the test expects."""
    seen = []

    def run(address: str, width: int = 1440, height: int = 900, **options: Any) -> Seen:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(SOON)
        page = context.new_page()
        found = Seen(page)
        page.on("console", lambda message: message.type in ("error", "warning") and found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(f"thrown: {error}"))
        page.goto(address)
        seen.append(found)
        return found
    yield run
    complaints = [each for found in seen for each in found.complaints if not any(word in each for word in found.expected)]
    for found in seen:
        found.page.context.close()
    assert complaints == []


@pytest.fixture
def mine(served: Served, look: Look) -> Iterator[Seen]:
    """A page with my.yaml, a small ResNet, as it is on the disk."""
    (served.folder / "my.yaml").write_text(MINE, encoding="utf-8")
    found = look(f"{served.address}#file=my.yaml")
    found.shown("#canvas svg")
    found.shown("#card p")
    yield found
    served.ask("draft/drop", path="my.yaml", name="my")


def trained(run: Path, epoch: int) -> None:
    """One more epoch of a run."""
    row = {**dict.fromkeys(REQUIRED, 1.0), "epoch": epoch, "step": 10 * epoch, "loss": 2 / epoch, "accuracy": 0.2 * epoch, "test_top1": 0.15 * epoch}
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(row)}\n")


@pytest.fixture
def run_folder(served: Served) -> Iterator[Path]:
    """A run of my.yaml that goes on, after three epochs."""
    path = served.folder / "my.yaml"
    path.write_text(MINE, encoding="utf-8")
    spec = load(str(path))
    run = served.folder / "runs" / "first"
    run.mkdir(parents=True)
    (run / "spec.yaml").write_text(spec.to_yaml(expand=True), encoding="utf-8")
    for epoch in (1, 2, 3):
        trained(run, epoch)
    Manifest("my", lower(spec).fingerprint, 7, ["archspec", "train", "my.yaml"], {}, {}, to_json(spec.train), False, []).write(run / "manifest.json")
    yield run
    shutil.rmtree(run)
