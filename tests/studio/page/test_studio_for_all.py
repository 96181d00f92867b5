"""The studio for everybody: by keyboard alone, with a screen reader, in light and dark, in a narrow window; and safe."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from studio_page import MINE, SOON

import archspec.studio

if TYPE_CHECKING:
    from studio_page import Look, Seen, Served

pytestmark = pytest.mark.slow
PAGE = Path(archspec.studio.__file__).parent / "page"
HOSTILE = """\
extends: resnet18
description: '<img src=x onerror="window.hit=1"><script>window.hit=1</script> `</code><b onclick=1>`'
blocks:
  evil:
    description: '"><svg onload="window.hit=1">'
    body: [conv: 3x3 $in_channels]
stem: [conv: 7x7 64 /2, evil]
train: {recipe: '<iframe src="https://example.org">'}
"""


def _states(served: Served) -> dict[str, Callable[[Seen], object]]:
    """States of studio.md in an order, and how one gets from each to the next."""
    def wrong(seen: Seen) -> None:
        seen.key("Escape")
        seen.select("cardinal")
        seen.key("Backspace")
        seen.problems("1 problem")
        seen.shown(".msg .fix")

    def completion(seen: Seen) -> None:
        seen.key("Alt+Enter")
        seen.problems("no problems")
        seen.select("repeats: [2, 2, 2, 2]")
        seen.key("Enter")
        seen.page.keyboard.type("stri")
        seen.shown(".cm-tooltip-autocomplete li[aria-selected]")

    def export(seen: Seen) -> None:
        seen.page.locator("#export-button").click()
        seen.shown("[role=menu]")

    def parent(seen: Seen) -> None:
        seen.key("Escape", "Alt+1")
        seen.shown("[data-key=stem_conv]").click()
        seen.shown("#documents [aria-selected=true]")

    def save_as(seen: Seen) -> None:
        seen.key("Escape")
        seen.page.goto(f"{served.address}?#zoo=resnet18")
        seen.problems("no problems")
        seen.key("Control+s")
        seen.shown("dialog")

    def conflict(seen: Seen) -> None:
        seen.select("grouped")
        seen.type(", mine")
        seen.file.write_text(MINE.replace("grouped", "theirs"), encoding="utf-8")
        seen.key("Control+s")
        seen.shown("dialog .unified")

    def block(seen: Seen) -> None:
        seen.page.goto(served.at(seen.file))
        seen.shown("[data-bar=draft]").get_by_role("button", name="Take the saved file").click()
        seen.problems("no problems")
        seen.key("Alt+2")
        seen.shown("#choose-block")

    return {"valid": lambda seen: seen.problems("no problems"), "conflict": conflict,
            "errors": lambda seen: (seen.key("Escape"), seen.gone("dialog"), wrong(seen)), "completion": completion,
            "block": block,
            "full": lambda seen: (seen.key("Alt+3"), seen.shown("#choose-stage"), seen.drawn("3×3 max pool, /2")),
            "table": lambda seen: (seen.key("Alt+4"), seen.shown(".table")),
            "diff": lambda seen: (seen.key("Alt+5"), seen.shown(".against")), "runs": lambda seen: (seen.key("Alt+6"), seen.drawn("No runs")),
            "parent": parent, "export": export,
            "keys": lambda seen: (seen.key("Escape"), seen.page.locator("#keys-button").click(), seen.shown("dialog")),
            "everything": lambda seen: (seen.key("Escape"), seen.gone("dialog"), seen.key("Control+k"), seen.shown("dialog")),
            "start": lambda seen: (seen.key("Escape"), seen.page.locator("#zoo-button").click(), seen.shown(".network")), "save as": save_as}


def _barriers(seen: Seen, **options: object) -> list[tuple[str, list[str]]]:
    """What axe finds in a page that it has been put into."""
    found = seen.page.evaluate("(options) => axe.run(document, options)", {"resultTypes": ["violations"], **options})["violations"]
    return [(each["id"], [node["html"][:160] for node in each["nodes"]][:3]) for each in found if each["impact"] in ("serious", "critical", "moderate")]


def test_axe_finds_nothing_serious(served: Served, mine: Seen) -> None:
    axe = pytest.importorskip("axe_playwright_python.base", reason="axe looks for barriers: pip install axe-playwright-python")
    script = axe.AXE_FILE_PATH.read_text(encoding="utf-8")
    found = {}
    for state, go in _states(served).items():
        go(mine)
        if not mine.page.evaluate("'axe' in window"):
            mine.page.evaluate(script)
        found[state] = _barriers(mine)
        mine.page.emulate_media(color_scheme="dark")  # in which colours alone are others
        found[f"{state}, dark"] = _barriers(mine, runOnly=["color-contrast"])
        mine.page.emulate_media(color_scheme="light")
    assert {state: barriers for state, barriers in found.items() if barriers} == {}


def test_all_is_reached_by_the_tab_key_and_the_focus_is_seen(mine: Seen) -> None:
    mine.page.locator("#code .cm-content").focus()
    mine.key("Escape")
    reached = []
    for _ in range(60):
        mine.key("Tab")
        reached.append(mine.page.evaluate("""(() => { const e = document.activeElement, s = getComputedStyle(e);
            return [e.id || e.dataset.key || e.dataset.view || e.className, s.outlineStyle !== 'none' || e.closest('.cm-content') !== null
                || e.querySelector('rect,circle') !== null || e.id === 'divider' || e === document.body] })()"""))
        if mine.page.evaluate("document.activeElement.closest('.cm-content') !== null"):
            break
    names = [name for name, _ in reached]
    assert [name for name, visible in reached if not visible] == []
    for name in ("divider", "stem_conv", "details", "theme-button", "keys-button", "network", "zoo-button", "export-button", "save-button"):
        assert name in names, names


def test_the_page_itself_does_not_scroll_and_its_divider_is_moved_by_arrow_keys(mine: Seen) -> None:
    assert mine.page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0
    wide = "document.querySelector('#spec').clientWidth"
    before = mine.page.evaluate(wide)
    mine.page.locator("#divider").focus()
    mine.key("ArrowRight", "ArrowRight")
    assert mine.page.evaluate(wide) > before
    mine.key("Home")
    assert mine.page.locator("#divider").get_attribute("aria-valuenow") == "20"


def _inside(seen: Seen, selector: str, width: int) -> None:
    box = seen.shown(selector).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width, selector


@pytest.mark.parametrize("width", [360, 500, 900])
def test_a_narrow_window_has_all_of_it(width: int, served: Served, look: Look) -> None:
    seen = look(served.at(served.file(MINE)), width=width)
    seen.problems("no problems")
    assert seen.page.evaluate("document.documentElement.scrollWidth") == width
    if width < 760:
        assert seen.page.locator("#picture").is_hidden()
        seen.page.locator("#pane-picture").click()
        assert seen.page.locator("#spec").is_hidden()
    seen.shown("[data-key='section:stage2']")
    seen.page.locator("#sheet-handle").click()
    seen.shown("#details h2")
    assert seen.page.locator("#problems").is_visible()
    for each in ("#zoo-button", "#export-button", "#save-button", "#views [data-view=runs]"):
        _inside(seen, each, width)
    if width < 760:
        seen.page.locator("[data-key='section:stage2']").click()
        seen.page.locator("#details h2", has_text="stage2").wait_for(timeout=SOON)
        seen.page.wait_for_timeout(400)  # longer than a double click may take
        assert seen.page.locator("#spec").is_hidden()
    below = seen.page.evaluate("""[...document.querySelectorAll('#details section:not(:empty)')].map((each) =>
        each.lastElementChild.getBoundingClientRect().bottom <= each.getBoundingClientRect().bottom + 1 && each.clientHeight > 0)""")
    assert all(below)
    if width < 760:
        seen.page.locator("#details .written button").first.click()
        seen.page.locator("#spec").wait_for(timeout=SOON)


@pytest.mark.parametrize("width", [360, 500])
def test_in_a_narrow_window_the_top_has_two_rows_and_its_menu_is_inside(width: int, served: Served, look: Look) -> None:
    file = served.file(MINE).rename(served.folder / f"{'a_long_name_' * 4}{width}.yaml")
    seen = look(served.at(file), width=width)
    seen.problems("no problems")
    seen.select("grouped")
    seen.type(", mine")
    seen.until("document.querySelector('#file-state').textContent.includes('not saved')")
    assert seen.page.evaluate("document.querySelector('.top').offsetHeight") <= 76
    _inside(seen, "#file-state", width)
    seen.page.locator("#export-button").click()
    _inside(seen, "[role=menu]", width)
    seen.key("Escape")
    file.write_text(MINE.replace("grouped", "theirs"), encoding="utf-8")
    bar = seen.shown("[data-bar=disk]")
    words, close = bar.locator("span").bounding_box(), bar.get_by_role("button", name="Close").bounding_box()
    assert abs(words["y"] - close["y"]) < 10, "the cross stands beside the first row"
    assert seen.page.get_by_role("heading", name="archspec studio").count() == 1


def test_light_and_dark_follow_the_system_and_a_switch(served: Served, look: Look) -> None:
    seen = look(served.at(served.file(MINE)), scheme="dark")
    seen.shown("#canvas svg")
    colours = """[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('#canvas rect.panel')).fill,
        getComputedStyle(document.querySelector('.cm-content')).color]"""
    dark = seen.page.evaluate(colours)
    seen.page.locator("#theme-button").click()
    light = seen.page.evaluate(colours)
    seen.page.locator("#theme-button").click()
    assert seen.page.evaluate(colours) == dark
    assert all(a != b for a, b in zip(dark, light, strict=True))
    assert light == ["rgb(255, 255, 255)", "rgb(245, 246, 248)", "rgb(27, 31, 36)"]


def _nothing_came_of_it(seen: Seen) -> None:
    assert seen.page.evaluate("window.hit") is None
    assert seen.page.locator("img, iframe, script:not([src]), #main script, svg a").count() == 0


def test_a_spec_from_a_stranger_does_nothing(served: Served, look: Look) -> None:
    file, named = served.file(HOSTILE), served.folder / "<img src=x onerror=window.hit=1>.yaml"
    named.write_text(HOSTILE, encoding="utf-8")
    seen = look(served.address)
    elsewhere = seen.asked_elsewhere(served.address)
    seen.shown("#start .network")
    seen.page.locator("#start").get_by_role("button", name=named.name).click()
    seen.problems("2 problems")
    assert "cannot name a network" in seen.shown(".msg").inner_text()
    assert seen.page.locator("#file-name").inner_text() == named.name
    _nothing_came_of_it(seen)
    seen.page.goto(served.at(file))
    seen.problems("1 problem")
    seen.shown(".msg")
    file.write_text(HOSTILE.replace("train:", "#"), encoding="utf-8")
    seen.shown("[data-bar=disk]").get_by_role("button", name="Reload").click()
    seen.problems("no problems")
    seen.shown("#canvas svg")
    seen.select("description")
    seen.until("document.querySelector('#card').innerText.includes('<img')")
    for view, words in ((2, "112×112×64"), (3, "1×1 conv, 128, /2"), (4, "7×7, 64, /2"), (5, "Nothing differs"), (1, "7×7 conv, 64, /2")):
        seen.key(f"Alt+{view}")
        seen.drawn(words)
    _nothing_came_of_it(seen)
    named.unlink()
    assert elsewhere == []


SVGS = (
    '<svg xmlns="http://www.w3.org/2000/svg"><script>window.hit=1</script><g data-layer="a" onclick="window.hit=1"><rect width="9" height="9"/></g></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg"><a href="javascript:window.hit=1"><text>x</text></a><image href="https://example.org/x"/><use href="#a"/></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="window.hit=1"/></body></foreignObject></svg>',
    '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><rect style="fill:url(https://example.org);stroke-width:3"/><animate attributeName="x"/></svg>')


def test_of_an_svg_only_what_is_known_to_be_harmless_comes_in(mine: Seen) -> None:
    for svg in SVGS:
        found = mine.page.evaluate("""async (text) => { const {admitted} = await import('./admitting.js'), {svg} = admitted(text);
            document.body.append(svg); return [svg, ...svg.querySelectorAll('*')].map((each) => each.outerHTML.replace(/^<([^>]*)>.*/s, '$1')) }""", svg)
        assert mine.page.evaluate("window.hit") is None
        assert found
        for each in found:
            assert re.fullmatch(r'(svg|g|rect|text|title)( (xmlns|data-layer|width|height|style)="[^":]*(: 3;)?")*/?', each), each


def test_no_file_of_the_page_reads_markup_or_leaves_this_machine() -> None:
    for path in sorted(PAGE.glob("*.js")):
        if path.name == "codemirror.js":
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc", text), path.name
        assert not [each for each in re.findall(r"https?://[^\s\"'`]+", text) if not each.startswith("http://www.w3.org/")], path.name
        assert max(map(len, text.split("\n"))) <= 128, path.name
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=| style=|https?:", html)
    assert not re.search(r"https?:|@import|url\(", (PAGE / "studio.css").read_text(encoding="utf-8"))
