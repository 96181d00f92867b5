"""How long it takes from a keystroke in `archspec studio` to problems, cost and picture on the screen.

    python tools/bench_studio.py [--keys N] [SPEC ...]

It starts a studio on a variant of each spec, opens it in headless Chromium ($ARCHSPEC_CHROMIUM, or chromium on the PATH;
pip install playwright), and presses keys as a person does: one digit, then a rest. The page itself marks when the key came
and when the frame with the answer was painted. Prints median and 95th percentile in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

SPECS = ("resnet152", "cifar_resnet1202")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
GOALS = {"resnet152": (150, 300), "cifar_resnet1202": (600, None)}
"""Milliseconds to the picture: median and 95th percentile."""
MARKS = {"problems": "studio: problems", "picture": "studio: picture"}
NAME = "net.yaml"
REST = 400
"""Milliseconds between an answer and the next key."""
LONGEST = 60
"""Seconds that an answer may take."""
TEXT = "extends: {spec}\ndescription: a variant\nclasses: 1000\n"


def main() -> None:
    """Measures, and prints a row a spec."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("specs", nargs="*", default=SPECS, metavar="SPEC")
    parser.add_argument("--keys", type=int, default=40)
    options = parser.parse_args()
    print(f"{'':<18}{'problems':>22}{'picture':>22}{'goal':>12}\n{'':<18}" + 2 * f"{'median':>11}{'95 %':>11}")
    for spec in options.specs:
        found = measured(spec, options.keys)
        told = "".join(f"{median(times):>8.0f} ms{quantiles(times, n=20)[-1]:>8.0f} ms" for times in found.values())
        goal = " / ".join(str(each) for each in GOALS.get(spec, ()) if each)
        print(f"{spec:<18}{told}{goal:>12}", flush=True)


def measured(spec: str, keys: int) -> dict[str, list[float]]:
    """Milliseconds of each key to problems and picture."""
    from playwright.sync_api import sync_playwright
    where = os.environ.get("ARCHSPEC_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        Path(folder, NAME).write_text(TEXT.format(spec=spec), encoding="utf-8")
        with served(Path(folder), NAME) as address:
            browser = playwright.chromium.launch(executable_path=where, args=[*FLAGS])
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(address)
            page.locator("#canvas svg").wait_for(timeout=60_000)
            page.locator("#code .cm-line").nth(2).click()
            page.keyboard.press("End")
            found = [pressed(page, "Backspace" if number % 2 else "1") for number in range(keys + 4)][4:]
            browser.close()
    return {name: [each[name] for each in found] for name in MARKS}


def pressed(page: Any, key: str) -> dict[str, float]:
    """Presses a key, waits for what comes of it, and rests."""
    page.evaluate("performance.clearMeasures()")
    page.keyboard.press(key)
    count = f"performance.getEntriesByName({MARKS['picture']!r}).length"
    end = time.monotonic() + LONGEST
    while not page.evaluate(count):
        if time.monotonic() > end:
            raise SystemExit(f"no answer within {LONGEST} s: the studio has ended, or hangs")
        page.wait_for_timeout(20)
    found = {name: page.evaluate(f"performance.getEntriesByName({mark!r})[0].duration") for name, mark in MARKS.items()}
    page.wait_for_timeout(REST)
    return found


@contextmanager
def served(folder: Path, name: str) -> Iterator[str]:
    """The address of a studio on a file of a folder."""
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    with subprocess.Popen([sys.executable, "-m", "archspec", "studio", name, "--no-browser"], cwd=folder, env=environment,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        yield found[0]
        process.terminate()


if __name__ == "__main__":
    main()
