"""A studio that is served, and its page as a person has it."""

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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from archspec.train.progress import REQUIRED

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync")
SOON = 60_000
"""Milliseconds that anything may take on a machine with other work."""
WIDE, HIGH = 1200, 700
"""Pixels of the window: details stand at the right in it."""
NUMBERS = count()
MINE = """\
extends: resnet50
description: ResNet-50, grouped
stages:
  cardinality: 32
  base_width: 4
  repeats: [2, 2, 2, 2]
"""


BEHIND = """(line, at) => {
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT), range = document.createRange();
  let node = walker.nextNode();
  for (; node.data.length < at; node = walker.nextNode()) at -= node.data.length;
  range.setStart(node, at - 1);
  range.setEnd(node, at);
  const {right, top, height} = range.getBoundingClientRect();
  return [right, top + height / 2];
}"""
"""Where the place behind so many signs of a line is seen."""


def chromium() -> str | None:
    """Where Chromium is: $ARCHSPEC_CHROMIUM, or on the PATH."""
    return os.environ.get("ARCHSPEC_CHROMIUM") or shutil.which("chromium")


@dataclass
class Served:
    """A server, its folder and its address."""

    folder: Path
    process: subprocess.Popen[str]
    address: str

    def file(self, text: str) -> Path:
        """A file of the folder that no other test has."""
        path = self.folder / f"net{next(NUMBERS)}.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def at(self, file: Path) -> str:
        """The address of the page that opens a file; another one each time, or the browser would not load it anew."""
        return f"{self.address}?{next(NUMBERS)}#{urlencode({'file': file.name})}"

    def ask(self, name: str, /, **body: Any) -> Any:
        """The answer to a request."""
        request = Request(f"{self.address}api/{name}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=SOON / 1000) as answer:
            return json.load(answer)


def state_of(folder: Path) -> Path:
    """What a server of a folder keeps: beside the folder."""
    return folder.with_name(f"{folder.name}_state")


def kept(folder: Path, words: str) -> None:
    """Waits until a server of a folder has kept an unsaved text with these words."""
    end = time.monotonic() + SOON / 1000
    while not any(_has(each, words) for each in state_of(folder).glob("archspec/studio/*.json")):
        assert time.monotonic() < end, f"it is never kept: {words}"
        time.sleep(0.05)


def _has(path: Path, words: str) -> bool:
    """Whether a text is kept there with these words; one that is just being written or dropped has none."""
    with suppress(OSError, ValueError):
        return words in json.loads(path.read_bytes())["text"]
    return False


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Served]:
    """A server of a folder."""
    environment = {**os.environ, "XDG_STATE_HOME": str(state_of(folder))}
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


@dataclass
class Seen:
    """A page, as a person has it before them."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    """What the console says, and what was thrown."""
    expected: tuple[str, ...] = ()
    """Of which that may be."""
    file: Path = Path()
    """What it has open, where that is a file."""

    def said(self, message: Any) -> None:
        """Keeps what the console complains of."""
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def thrown(self, error: Any) -> None:
        """Keeps what was thrown."""
        self.complaints.append(f"thrown: {error}")

    def asked_elsewhere(self, address: str) -> list[str]:
        """What is asked for from now on that is not below an address."""
        found: list[str] = []
        self.page.on("request", lambda request: None if request.url.startswith((address, "blob:", "data:")) else found.append(request.url))
        return found

    def leave(self) -> None:
        """Leaves the tab as it was found."""
        if self.page.is_closed() or self.page.url == "about:blank":
            return
        self.page.evaluate("localStorage.clear()")
        self.page.goto("about:blank")
        self.page.remove_listener("console", self.said)
        self.page.remove_listener("pageerror", self.thrown)

    @property
    def text(self) -> str:
        """What stands in the editor."""
        lines = self.page.locator("#code .cm-line")
        return "\n".join(line.replace("\n", "") for line in lines.all_inner_texts())

    def select(self, word: str) -> None:
        """Puts the cursor behind the first place of a word, as a pointer does."""
        number, line = next((number, line) for number, line in enumerate(self.text.split("\n")) if word in line)
        place = self.page.locator("#code .cm-line").nth(number)
        place.scroll_into_view_if_needed()
        x, y = place.evaluate(BEHIND, line.index(word) + len(word))
        self.page.mouse.click(x, y)

    def key(self, *keys: str) -> None:
        """Presses keys, one after the other."""
        for each in keys:
            self.page.keyboard.press(each)

    def type(self, words: str) -> None:
        """Puts words in at once, without completion getting in between."""
        self.page.keyboard.insert_text(words)

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
            self.page.wait_for_timeout(50)

    def saved(self) -> None:
        """Waits until the page says that the file is saved."""
        self.until("document.querySelector('#file-state').textContent === 'saved'")

    @property
    def focus(self) -> str:
        """What has the focus: its label, or its words."""
        return str(self.page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent"))


Look = Callable[..., Seen]


def trained(run: Path, epoch: int) -> None:
    """One more epoch of a run."""
    row = {**dict.fromkeys(REQUIRED, 1.0), "epoch": epoch, "step": 10 * epoch, "loss": 2 / epoch, "accuracy": 0.2 * epoch, "test_top1": 0.15 * epoch}
    with (run / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(row)}\n")
