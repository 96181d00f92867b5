"""What is opened, kept and saved: nothing that a person wrote is lost, nothing is written over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from studio_page import MINE, SOON, kept, serving

if TYPE_CHECKING:
    from pathlib import Path

    from studio_page import Look, Seen, Served

pytestmark = pytest.mark.slow


def test_one_starts_from_the_zoo_tries_a_change_takes_it_back_and_saves(served: Served, look: Look) -> None:
    seen = look(served.address)
    seen.expected = ("422",)
    seen.shown("[data-name=resnet50] svg")
    assert seen.page.locator(".network").count() == 10
    seen.page.locator("#zoo-search").fill("parametres < 3M")
    seen.page.locator("#start [role=status]", has_text="did you mean").wait_for(timeout=SOON)
    seen.page.locator("#zoo-search").fill("resnet50")
    seen.until("document.querySelector('.network').dataset.name === 'resnet50' && document.querySelectorAll('.network').length > 10")
    seen.page.locator("#zoo-search").fill("resnet20 parameters < 1M")
    seen.until("document.querySelectorAll('.network').length < 10 && document.querySelector('[data-name=resnet20_digits]')")
    seen.key("ArrowDown")
    seen.page.locator("[data-name=resnet20_digits]").click()
    seen.drawn("resnet20_digits_variant")
    seen.problems("no problems")
    before, text = seen.shown("#totals").inner_text(), seen.text
    seen.shown("button.try").click()
    seen.until(f"document.querySelector('#totals').textContent !== {before!r}")
    assert seen.text != text
    assert "against resnet20_digits" in seen.shown("#details [aria-label='Whole network']").inner_text()
    assert "from 269 k" in seen.shown("#details [aria-label='Whole network']").inner_text()
    seen.key("Control+z")
    seen.until(f"document.querySelector('#totals').textContent === {before!r}")
    assert seen.text == text
    seen.key("Control+s")
    seen.shown("#save-name").fill("tried")
    seen.key("Enter")
    seen.saved()
    assert (served.folder / "tried.yaml").read_text(encoding="utf-8") == text
    assert "file=tried.yaml" in seen.page.url


def test_a_file_of_the_folder_is_opened_from_the_start_and_by_name(served: Served, mine: Seen) -> None:
    second = served.file("extends: resnet18\n")
    mine.select("grouped")
    mine.type(", kept")
    mine.page.locator("#zoo-button").click()
    mine.shown("#start .network[data-name=resnet50]")
    mine.key("Escape")
    assert mine.page.locator("#start").is_hidden()
    assert mine.page.evaluate("document.activeElement.closest('#code') !== null")
    mine.page.locator("#zoo-button").click()
    mine.page.locator("#start").get_by_role("button", name=second.name).click()
    mine.until(f"document.querySelector('#file-name').textContent === {second.name!r}")
    assert mine.text.strip() == "extends: resnet18"
    mine.key("Control+k")
    mine.page.keyboard.type(mine.file.name)
    mine.key("Enter")
    mine.shown("[data-bar=draft]")
    assert "grouped, kept" in mine.text
    mine.page.locator("#zoo-button").click()
    mine.shown("#start .network")
    assert mine.page.locator("[data-bar=draft]").is_hidden()


def test_ctrl_s_writes_the_file_unless_it_has_changed_or_is_gone(mine: Seen) -> None:
    mine.expected = ("422",)
    mine.select("grouped")
    mine.type(", mine")
    mine.key("Control+s")
    mine.saved()
    assert "grouped, mine" in mine.file.read_text(encoding="utf-8")
    mine.type(" again")
    mine.file.write_text(MINE.replace("grouped", "theirs"), encoding="utf-8")
    mine.key("Control+s")
    difference = mine.shown("dialog .unified").inner_text()
    assert "-description: ResNet-50, theirs" in difference
    assert "+description: ResNet-50, grouped, mine again" in difference
    mine.key("Escape")
    mine.gone("dialog")
    assert mine.file.read_text(encoding="utf-8") == MINE.replace("grouped", "theirs")
    mine.key("Control+s")
    mine.page.get_by_role("button", name="Write my text over it").click()
    mine.saved()
    assert "grouped, mine again" in mine.file.read_text(encoding="utf-8")
    mine.type(", kept")
    mine.file.unlink()
    mine.key("Control+s")
    dialog = mine.shown("dialog")
    assert "no longer on the disk" in dialog.inner_text()
    assert dialog.get_by_role("button").all_inner_texts() == ["✕", "Keep editing", "Write it again"]
    mine.file.mkdir()
    dialog.get_by_role("button", name="Write it again").click()
    assert f"{mine.file.name} is not written" in mine.shown("[data-bar=failed]").inner_text()
    mine.file.rmdir()
    mine.key("Control+s")
    mine.shown("dialog").get_by_role("button", name="Write it again").click()
    mine.saved()
    mine.gone("[data-bar=failed]")
    assert "mine again, kept" in mine.file.read_text(encoding="utf-8")


def test_a_change_on_the_disk_has_a_bar_that_reloads_compares_or_keeps(mine: Seen) -> None:
    mine.file.write_text(MINE.replace("grouped", "theirs"), encoding="utf-8")
    bar = mine.shown("[data-bar=disk]")
    bar.get_by_role("button", name="Compare").click()
    assert "-description: ResNet-50, theirs" in mine.shown("dialog .unified").inner_text()
    mine.shown("dialog").get_by_role("button", name="Load the file").click()
    mine.gone("[data-bar=disk]")
    assert "theirs" in mine.text
    mine.file.write_text(MINE.replace("grouped", "others"), encoding="utf-8")
    bar.get_by_role("button", name="Keep mine").click()
    mine.gone("[data-bar=disk]")
    mine.file.write_text(MINE.replace("grouped", "theirs again"), encoding="utf-8")
    bar.get_by_role("button", name="Reload").click()
    mine.gone("[data-bar=disk]")
    assert "theirs again" in mine.text
    assert mine.shown("#file-state").inner_text() == "saved"
    mine.file.unlink()
    mine.shown("[data-bar=disk]").get_by_role("button", name="Write it again").click()
    mine.gone("[data-bar=disk]")
    assert "theirs" in mine.file.read_text(encoding="utf-8")


def test_what_was_not_saved_is_there_again_after_the_tab_was_closed(served: Served, mine: Seen, look: Look) -> None:
    mine.select("grouped")
    mine.type(", kept for later")
    kept(served.folder, "grouped, kept for later")
    mine.leave()
    again = look(served.at(mine.file))
    bar = again.shown("[data-bar=draft]")
    assert "grouped, kept for later" in again.text
    bar.get_by_role("button", name="Take the saved file").click()
    assert again.text == MINE
    again.gone("[data-bar=draft]")
    assert again.shown("#file-state").inner_text() == "saved"


def test_texts_of_one_file_that_were_not_saved_are_told_apart(served: Served, mine: Seen, look: Look) -> None:
    other = look(served.at(mine.file))
    for number, seen in enumerate((mine, other)):
        seen.shown("#canvas svg")
        seen.select("grouped")
        seen.type(f", text {number}")
        kept(served.folder, f"grouped, text {number}")
    for seen in (mine, other):
        seen.leave()
    start = look(served.address)
    offered = start.shown("#start .drafts").get_by_role("button", name=mine.file.name).all_inner_texts()
    assert (len(offered), len({*offered})) == (2, 2), offered
    start.page.goto(served.at(mine.file))
    older = start.shown("[data-bar=drafts]").locator(".framed")
    assert f"{mine.file.name}, {older.inner_text()}" in offered
    assert "grouped, text 1" in start.text
    older.click()
    start.until("document.querySelector('#code').textContent.includes('grouped, text 0')")


def test_where_the_server_is_killed_one_may_go_on_and_is_told(tmp_path: Path, look: Look) -> None:
    (tmp_path / "my.yaml").write_text(MINE, encoding="utf-8")
    with serving(tmp_path, "my.yaml") as server:
        seen = look(server.address)
        seen.expected = ("ERR_", "Failed to load")
        seen.shown("#canvas svg")
        server.process.kill()
        bar = seen.shown("[data-bar=gone]")
        assert bar.get_by_role("button", name="Copy the text").is_visible()
        assert "not checked" in seen.shown("#problems").inner_text()
        seen.select("grouped")
        seen.type(", kept")
        assert "grouped, kept" in seen.text
    seen.page.close()  # which asks nobody whether the text may be lost


def test_two_tabs_on_a_file_are_told(served: Served, mine: Seen, look: Look) -> None:
    other = look(served.at(mine.file))
    assert "1 other tab" in other.shown("[data-bar=tabs]").inner_text()
    assert "1 other tab" in mine.shown("[data-bar=tabs]").inner_text()
    other.page.close()
    mine.gone("[data-bar=tabs]")


def test_a_name_that_no_file_may_have_is_told_beside_it_and_what_ships_is_only_read(served: Served, look: Look) -> None:
    seen = look(f"{served.address}#shipped=resnet18")
    seen.expected = ("422",)
    seen.problems("no problems")
    before = seen.text
    seen.select("extends")
    seen.type("x")
    assert seen.text == before
    seen.shown("[data-bar=shipped] button").click()
    seen.until("document.querySelector('#file-state').textContent.includes('not saved')")
    seen.key("Control+s")
    for name, words in (("../above.yaml", "outside"), ("no/such/folder.yaml", "folder")):
        seen.shown("#save-name").fill(name)
        seen.key("Enter")
        seen.page.locator("dialog .wrong", has_text=words).wait_for(timeout=SOON)
    there = served.file(MINE)
    seen.page.locator("#save-name").fill(there.stem)
    seen.key("Enter")
    seen.page.locator("dialog .wrong", has_text="another name").wait_for(timeout=SOON)
    assert there.read_text(encoding="utf-8") == MINE
