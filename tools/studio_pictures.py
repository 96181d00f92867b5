"""The pictures of the studio in the README and in docs/studio.md, light and dark, taken from the page itself.

    python tools/studio_pictures.py

It starts a studio on a spec that was changed since it was saved, and photographs it in headless Chromium
($ARCHSPEC_CHROMIUM, or chromium on the PATH; pip install playwright). For who changes the page.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from bench_studio import FLAGS, served
from PIL import Image

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIZE = {"width": 1280, "height": 760}
NAME = "my_net.yaml"
TEXT = """\
archspec: 1
extends: resnet50
description: ResNet-50 with gates, grouped
stages:
  cardinality: 32
  base_width: 4
  widths: [64, 128, 256, 512]
parameters: {drop_path: $(0.2 * depth)}
train:
  recipe: resnet_2015
  batch: 256
"""


def main() -> None:
    """Takes both."""
    from playwright.sync_api import sync_playwright
    where = os.environ.get("ARCHSPEC_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=[*FLAGS])
        for theme in ("light", "dark"):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, NAME).write_text(TEXT, encoding="utf-8")
                with served(Path(folder), NAME) as address:
                    page = browser.new_page(viewport=SIZE, color_scheme=theme, reduced_motion="reduce")
                    changed(page, address)
                    path = PICTURES / f"studio_{theme}.png"
                    with Image.open(BytesIO(page.screenshot())) as image:  # by a palette it has a third of the bytes
                        image.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
                    page.close()
            print(f"{path.relative_to(PICTURES.parent.parent)} written")
        browser.close()


def changed(page: Any, address: str) -> None:
    """The page with a line more than the file has, and the pointer at a stage."""
    page.goto(address)
    page.locator("#canvas svg").wait_for()
    page.locator("#code .cm-line", has_text="base_width").click()
    page.keyboard.press("End")
    page.keyboard.insert_text("\n  se: 16")
    page.locator("#details").get_by_text("against the saved file").wait_for()
    page.locator("#card").get_by_text("against leaving it out").wait_for()
    page.locator("[data-key='section:stage2']").hover()
    page.locator("#details").get_by_text("written in").wait_for()


if __name__ == "__main__":
    main()
