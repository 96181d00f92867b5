"""The picture beside the spec: elements lead to lines and lines to elements; views, runs, exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from studio_page import MINE, SOON, trained

if TYPE_CHECKING:
    from pathlib import Path

    from studio_page import Look, Seen, Served

pytestmark = pytest.mark.slow
STAGE2 = "[data-key='section:stage2']"


def test_an_element_under_the_pointer_is_told_and_its_lines_marked(served: Served, look: Look) -> None:
    seen = look(served.at(served.file(
        "input: 32x32x3\nclasses: 10\nstem:\n  - conv: 3x3 16\n  - max_pool: 2x2 /2\nhead: [global_avg_pool, dense: $classes]\n")))
    seen.shown("[data-key=stem_conv]").hover()
    seen.until("document.querySelector('#details').innerText.includes('stem_conv')")
    assert "3×3 conv, 16" in seen.shown("#details").inner_text()
    assert seen.shown("#code .cm-said").inner_text().strip() == "- conv: 3x3 16"
    seen.page.locator("[data-key=stem_max_pool]").click()
    seen.until("document.querySelector('#position').textContent.startsWith('line 5')")
    assert seen.page.evaluate("document.activeElement.closest('#code') !== null")


def test_what_a_parent_says_opens_beside_it_to_be_read(mine: Seen) -> None:
    mine.page.locator("[data-key=stem_conv]").click()
    tab = mine.shown("#documents [aria-selected=true]")
    assert "resnet50.yaml" in tab.inner_text()
    assert "conv: 7x7 64 /2" in mine.shown(".reader:not([hidden]) .cm-activeLine").inner_text()
    mine.page.locator("#documents").get_by_role("button", name="Close").click()
    assert mine.page.locator("#documents").is_hidden()
    assert mine.page.locator("#code").is_visible()
    mine.page.locator(STAGE2).click()
    mine.until("document.querySelector('#position').textContent.startsWith('line 6')")
    ways = mine.page.locator("#details .written")
    ways.get_by_role("button", name="line 4").click()
    mine.until("document.querySelector('#position').textContent.startsWith('line 4')")
    ways.get_by_role("button", name="resnet50.yaml").first.click()
    mine.shown("#documents [aria-selected=true]")


def test_the_picture_is_walked_through_by_keys(mine: Seen) -> None:
    mine.page.locator("#code .cm-content").focus()
    mine.key("Control+.")
    seen = []
    for _ in range(5):
        seen.append(mine.focus.split(";")[0])
        mine.key("ArrowDown")
    assert [each.split(":")[0] for each in seen] == ["stem_conv", "stem_max_pool", "stage1", "stage2", "stage3"]
    mine.key("ArrowUp", "ArrowUp")
    assert mine.focus.startswith("stage2")
    assert "stage2" in mine.shown("#details h2").inner_text()
    mine.key("Shift+Enter")
    mine.shown("#views [data-view=block][aria-selected=true]")
    mine.drawn("stage2, repeat 1 of 2")
    mine.key("Escape")
    mine.shown("#views [data-view=network][aria-selected=true]")
    mine.shown(STAGE2)
    mine.until("document.activeElement.dataset.key === 'section:stage2'")
    mine.key("Control+.")
    assert mine.page.evaluate("document.activeElement.closest('#side') !== null")
    mine.key("Control+.")
    assert mine.page.evaluate("document.activeElement.closest('#code') !== null")


def test_the_picture_keeps_its_place_and_outlines_what_changed(served: Served, look: Look) -> None:
    seen = look(served.at(served.file(MINE)), height=500, motion="no-preference")
    seen.shown("#canvas svg")
    seen.page.evaluate("document.querySelector('#canvas').scrollTop = 200")
    seen.page.evaluate("""() => { window.outlined = new Set(); new MutationObserver(() => document.querySelectorAll('.el.changed').forEach(
        (each) => window.outlined.add(each.dataset.key))).observe(document.querySelector('#canvas'), {subtree: true, attributes: true, childList: true}) }""")
    seen.select("repeats: [2, 2, 2, ")
    seen.key("Delete")
    seen.type("5")
    seen.drawn("× 5")
    assert seen.page.evaluate("document.querySelector('#canvas').scrollTop") == 200
    seen.until("window.outlined.size && !document.querySelector('.el.changed')")
    outlined = seen.page.evaluate("[...window.outlined]")
    assert "section:stage4" in outlined
    assert "section:stage1" not in outlined


def test_each_view_has_a_key_and_a_double_click_shows_the_block(mine: Seen) -> None:
    for view, words in ((2, "repeat 1 of 2"), (3, "3×3 max pool, /2"), (4, "global average pool"), (6, "No runs here yet"), (1, "stage2")):
        mine.key(f"Alt+{view}")
        mine.drawn(words)
    mine.page.locator(STAGE2).dblclick()
    mine.drawn("stage2, repeat 1 of 2")
    mine.page.locator("#choose-repeat").select_option("2")
    mine.drawn("stage2, repeat 2 of 2")
    assert mine.page.locator("#documents").is_hidden()


def test_a_table_with_long_lines_is_seen_from_side_to_side(served: Served, look: Look) -> None:
    seen = look(served.at(served.file("extends: inception_v4\n")), width=1400)
    seen.shown("#canvas svg")
    seen.key("Alt+4")
    seen.shown("#canvas .bracket")
    for width in (1400, 1120, 900):
        seen.page.set_viewport_size({"width": width, "height": 700})
        assert seen.page.evaluate("(() => { const e = document.querySelector('#canvas .table'); return e.scrollWidth - e.clientWidth })()") <= 0, width
        for bracket in seen.page.locator(".bracket").all():
            assert bracket.bounding_box()["width"] >= 100


def test_of_what_is_too_large_a_part_is_chosen(served: Served, look: Look) -> None:
    seen = look(served.at(served.file("extends: cifar_resnet110\nstages: {repeats: [150, 40, 2]}\n")))
    seen.shown("#canvas svg")
    seen.key("Alt+3")
    seen.drawn("too many boxes")
    seen.page.locator("#canvas").get_by_role("button", name="stage1, one of its repeats").wait_for(timeout=SOON)
    seen.page.locator("#canvas").get_by_role("button", name="stage3").click()
    seen.drawn("3×3 conv")
    seen.page.locator("#choose-stage").select_option("head")
    seen.drawn("dense, 10")


def test_of_a_text_with_problems_only_a_view_that_was_drawn_is_shown(mine: Seen) -> None:
    box = mine.page.locator(STAGE2).bounding_box()
    mine.select("cardinal")
    mine.key("Backspace")
    mine.shown("#old")
    assert mine.page.locator(STAGE2).bounding_box() == box
    mine.key("Alt+4")
    mine.drawn("No picture yet")
    assert "comes with the first version" in mine.shown("#old").inner_text()
    mine.key("Alt+1")
    mine.shown(STAGE2)
    assert "shows the last version" in mine.shown("#old").inner_text()
    mine.page.set_viewport_size({"width": 1400, "height": 700})
    assert mine.page.evaluate("document.querySelector('#old').offsetHeight") < 40  # one row: it lies over the picture


def test_a_difference_has_both_texts_and_f8_goes_through_it(mine: Seen) -> None:
    mine.page.locator("[data-key=stem_conv]").click()
    mine.shown(".reader")
    mine.key("Alt+5")
    mine.drawn("Nothing differs")
    assert mine.page.locator("#code").is_visible()  # the own text, where a parent was open
    assert mine.page.locator(".against").is_visible()
    mine.select("grouped")
    mine.type(", mine")
    mine.drawn("The text differs from the saved file, the network does not.")
    mine.key("Control+z")
    mine.drawn("Nothing differs")
    mine.select("repeats: [2, 2, 2, ")
    mine.key("Delete")
    mine.type("5")
    mine.drawn("whole network")
    assert mine.page.locator("#code .cm-said").inner_text().strip() == "repeats: [2, 2, 2, 5]"
    assert mine.page.locator(".against .cm-said").inner_text().strip() == "repeats: [2, 2, 2, 2]"
    mine.key("Control+Home", "F8")
    assert mine.shown("#position").inner_text().startswith("line 6")
    mine.page.locator("#choose-other").select_option("zoo resnet50")
    mine.page.locator(".against-head", has_text="resnet50").wait_for(timeout=SOON)
    mine.drawn("resnet50")
    for width in (1000, 1200, 1366, 1700):  # in which the picture has its width, and the texts what is left, or all above it
        mine.page.set_viewport_size({"width": width, "height": 700})
        mine.until("document.querySelector('#canvas').scrollWidth === document.querySelector('#canvas').clientWidth")
        own, other, drawn = (mine.page.locator(each).bounding_box() for each in ("#code", ".against", "#picture"))
        assert own["width"] >= 320
        assert (drawn["y"] >= own["y"] + own["height"], other["x"] > own["x"]) == ((True, True) if width == 1000 else (False, False)), width
    mine.key("Alt+1")
    mine.gone(".against")


def test_runs_have_their_curves_which_grow(mine: Seen, run_folder: Path) -> None:
    mine.until("document.querySelector('#views [data-view=runs]').textContent === 'Runs 1'")
    assert run_folder.name in mine.shown("#details [aria-label='Runs of this spec']").inner_text()
    mine.key("Alt+6")
    points = "document.querySelector('.runs polyline.c0')?.getAttribute('points').split(' ').length"
    mine.until(f"{points} === 3")
    assert run_folder.name in mine.shown(".runs table").inner_text()
    trained(run_folder, 4)
    mine.until(f"{points} === 4")
    for width in (1400, 1110, 360):
        mine.page.set_viewport_size({"width": width, "height": 700})
        assert mine.page.evaluate("document.documentElement.scrollWidth") == width
        assert mine.page.evaluate("(() => { const e = document.querySelector('.runs .table'); return e.scrollWidth - e.clientWidth })()") <= 0, width
    mine.page.set_viewport_size({"width": 1200, "height": 700})
    mine.page.get_by_role("button", name=f"Compare with {run_folder.name}").click()
    mine.page.locator(".against-head", has_text=run_folder.name).wait_for(timeout=SOON)


def test_what_is_exported_is_a_file_or_a_text_to_copy(mine: Seen) -> None:
    for name, ending in (("SVG", ".svg"), ("PNG", ".png")):
        mine.page.locator("#export-button").click()
        with mine.page.expect_download() as downloading:
            mine.page.get_by_role("menuitem", name=name).click()
        assert downloading.value.suggested_filename == f"{mine.file.stem}{ending}"
        content = downloading.value.path().read_bytes()
        assert content.startswith(b"<svg" if ending == ".svg" else b"\x89PNG")
        assert len(content) > 5000
    for name, words in (("LaTeX", r"\begin{tabular}"), ("Markdown", "| stage"), ("Command", f"archspec draw {mine.file.name}")):
        mine.page.locator("#export-button").click()
        mine.page.get_by_role("menuitem", name=name).click()
        assert words in mine.shown("dialog .exported").inner_text()
        mine.key("Escape")
        mine.gone("dialog")


def test_everything_is_found_by_name_and_a_budget_has_meters(mine: Seen) -> None:
    mine.key("Control+k")
    mine.type("stage3")
    mine.shown(".palette-option")
    mine.key("Enter")
    mine.gone("dialog")
    assert mine.focus.startswith("stage3")
    mine.key("Control+k")
    mine.type("table")
    mine.shown(".palette-option")
    mine.key("Enter")
    mine.drawn("global average pool")
    mine.page.get_by_role("button", name="Set the budget").click()
    mine.page.locator("#budget-trainable").fill("nothing")
    mine.key("Enter")
    assert mine.page.locator("#budget-trainable").get_attribute("aria-invalid") == "true"
    assert "'nothing' is no number" in mine.shown("#details [role=alert]").inner_text()
    mine.page.locator("#budget-trainable").fill("1 M")
    mine.key("Enter")
    assert "over the budget of 1.00 M" in mine.shown("[role=meter]").inner_text()
