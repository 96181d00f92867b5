"""A spec is written in the studio: what is typed is checked, drawn, told of and kept."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from studio_page import Look, Seen, Served

pytestmark = pytest.mark.slow


def test_what_is_typed_is_checked_and_drawn_with_its_cost_against_the_saved_file(mine: Seen) -> None:
    before = mine.shown("#totals").inner_text()
    mine.select("base_width: 4")
    mine.type("\n  se: 16")
    mine.until(f"document.querySelector('#totals').textContent !== {before!r}")
    assert mine.shown("#details .up").inner_text().startswith("+")
    mine.problems("no problems")
    assert "not saved" in mine.shown("#file-state").inner_text()


def test_an_error_is_told_in_the_words_of_check_and_its_guess_taken(mine: Seen) -> None:
    mine.select("cardinal")
    mine.key("Backspace")
    mine.problems("1 problem")
    assert "pale" in (mine.shown("#canvas").get_attribute("class") or "")
    assert mine.page.locator("#old").is_visible()
    card = mine.shown(".msg.error")
    assert "the block bottleneck takes no 'cardinaity'" in card.inner_text()
    assert mine.page.locator(".cm-signs .cm-activeLineGutter").inner_text() == "✕"
    line = mine.page.locator(".cm-activeLine").bounding_box()
    letter = mine.page.locator(".cm-line", has_text="stages:").locator("span").first.bounding_box()
    assert letter["x"] - line["x"] >= 5  # the bar at the left of a line covers no letter
    assert mine.page.locator("#problems").get_attribute("role") == "status"
    mine.key("F8")
    assert "takes no 'cardinaity'" in mine.page.locator("#said").inner_text()
    mine.key("Alt+Enter")
    mine.problems("no problems")
    assert "cardinality: 32" in mine.text
    assert "pale" not in (mine.shown("#canvas").get_attribute("class") or "")
    mine.key("Control+z")
    mine.problems("1 problem")


def test_no_message_stands_below_a_line_while_it_is_typed_and_f8_goes_from_problem_to_problem(mine: Seen) -> None:
    mine.page.evaluate("""() => {
        const code = document.querySelector('#code');
        window.rests = [];
        code.addEventListener('beforeinput', (event) => { window.typed = event.timeStamp; });
        new MutationObserver(() => code.querySelector('.msg') && window.rests.push(performance.now() - window.typed))
            .observe(code, {subtree: true, childList: true});
    }""")
    mine.select("stages:")
    mine.type("\n  one: 1")
    mine.problems("1 problem")
    mine.page.keyboard.type("\ntwo: 2")
    mine.problems("2 problems")
    mine.until("document.querySelectorAll('.msg').length === 2")
    assert min(mine.page.evaluate("window.rests")) >= 600
    mine.key("Control+Home", "F8")
    first = mine.shown("#position").inner_text()
    mine.key("F8")
    second = mine.shown("#position").inner_text()
    mine.key("F8")
    assert first != second
    assert mine.shown("#position").inner_text().split(",")[0] == first.split(",")[0]
    mine.key("Shift+F8")
    assert mine.shown("#position").inner_text().split(",")[0] == second.split(",")[0]


def test_completion_has_one_sentence_on_each_and_no_problem_is_told_while_one_chooses(mine: Seen) -> None:
    mine.select("repeats: [2, 2, 2, 2]")
    mine.key("Enter")
    mine.page.keyboard.type("stri")
    option = mine.shown(".cm-tooltip-autocomplete li[aria-selected]")
    assert "stride" in option.inner_text()
    mine.problems("problem")
    assert mine.shown(".cm-completionInfo").inner_text()
    mine.until("""(() => {  // it is neither covered nor cut off
        const info = document.querySelector('.cm-completionInfo'), {left, top, width, height} = info.getBoundingClientRect();
        return info.contains(document.elementFromPoint(left + width / 2, top + height / 2));
    })()""")
    mine.page.wait_for_timeout(700)  # longer than a line rests until its problems are told
    assert mine.page.locator(".msg").count() == 0
    mine.key("Enter")
    assert "\n  stride: " in mine.text
    assert mine.page.locator(".cm-tooltip-autocomplete").count() == 0
    mine.shown(".msg")


def test_in_a_narrow_window_what_is_told_of_a_word_covers_no_other(served: Served, look: Look) -> None:
    seen = look(served.at(served.file("extends: resnet50\nstages:\n  se: 16\n")), width=360)
    seen.problems("no problems")
    seen.select("se: 16")
    seen.key("Enter", "Control+Space")
    seen.shown(".cm-completionInfo")
    seen.until("""(() => {
        const list = document.querySelector('.cm-tooltip-autocomplete > ul').getBoundingClientRect(),
            info = document.querySelector('.cm-completionInfo').getBoundingClientRect();
        return info.top >= list.bottom && info.left >= 0 && info.right <= innerWidth && info.bottom <= innerHeight;
    })()""")


def test_no_problem_is_told_while_what_can_be_chosen_is_looked_up(mine: Seen) -> None:
    waiting = []
    mine.page.route("**/api/complete", lambda route: waiting.append(route))
    mine.select("repeats: [2, 2, 2, 2]")
    mine.key("Enter")
    mine.page.keyboard.type("st")
    mine.problems("problem")
    mine.page.wait_for_timeout(700)  # longer than a line rests until its problems are told
    assert mine.page.locator(".msg").count() == 0
    waiting[-1].continue_()
    mine.shown(".cm-tooltip-autocomplete li[aria-selected]")
    mine.page.unroute("**/api/complete")


def test_a_line_behind_a_key_begins_one_level_further_in(served: Served, look: Look) -> None:
    seen = look(served.at(served.file("")))
    seen.shown("#code .cm-line").click()
    for each in ("input: 8x8x3", "classes: 10", "blocks:", "twig:", "body:", "- conv: 3x3 8"):
        seen.type(each)
        seen.key("Escape", "Enter")
    assert seen.text == "input: 8x8x3\nclasses: 10\nblocks:\n  twig:\n    body:\n      - conv: 3x3 8\n      "


def test_the_card_tells_of_the_word_at_the_cursor_and_the_picture_outlines_it(mine: Seen) -> None:
    before = mine.text
    mine.select("base_width")
    mine.until("document.querySelector('#card').innerText.includes('base_width')")
    mine.until("document.querySelectorAll('#canvas .el.outlined').length >= 4")
    assert "stages.base_width" in mine.shown("#position").inner_text()
    mine.key("Control+Home", "End", "F12")  # of the cursor as it is, whatever the card still tells of
    assert "read only" in mine.shown("#documents [aria-selected=true]").inner_text()
    assert "ResNet-50" in mine.shown(".reader:not([hidden]) .cm-content").inner_text()
    mine.key("Escape")
    assert mine.page.locator("#code").is_visible()
    mine.until("document.querySelector('#card').innerText.includes('F12')")
    mine.key("Tab")
    assert mine.text == before
    assert mine.page.evaluate("document.activeElement.closest('#code') === null")


def test_typing_does_not_wait_for_the_server(served: Served, mine: Seen) -> None:
    mine.select("ResNet-50")
    served.process.send_signal(signal.SIGSTOP)
    try:
        mine.page.keyboard.type(" typed while nobody answers")
        assert "typed while nobody answers" in mine.text
        mine.page.locator("#timing", has_text="checking").wait_for()
    finally:
        served.process.send_signal(signal.SIGCONT)
    mine.problems("no problems")


def test_what_is_wrong_at_the_start_has_no_picture_yet_and_twenty_cards(served: Served, look: Look) -> None:
    wrong = "".join(f"  wrong{number}: 1\n" for number in range(40))
    seen = look(served.at(served.file(f"extends: resnet50\nstages:\n{wrong}")), height=4000)
    seen.problems("40 problems")
    assert "comes with the first version" in seen.shown("#old").inner_text()
    seen.until("document.querySelectorAll('.msg').length === 20")
    assert "20 problems more" in seen.page.locator(".msg").nth(19).inner_text()


def test_a_name_of_the_spec_is_renamed_everywhere(served: Served, look: Look) -> None:
    seen = look(served.at(served.file(
        "input: 32x32x3\nclasses: 10\nblocks:\n  twig:\n    body: [conv: 3x3 8]\nstem: [twig]\nhead: [twig, global_avg_pool, dense: $classes]\n")))
    seen.problems("no problems")
    seen.select("stem: [twi")
    seen.until("document.querySelector('#card').innerText.includes('F2')")
    seen.key("F2")
    seen.shown("#rename-new").fill("branch")
    seen.key("Enter")
    seen.gone("dialog")
    assert seen.text.count("branch") == 3
    seen.problems("no problems")
