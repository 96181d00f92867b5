"""`archspec solve`: budgets met, the papers' trades found again, and the spec that is written."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from archspec.cli import run
from archspec.network import load, lower
from archspec.search.dials import dials_of
from archspec.search.solve import Solved, solve
from archspec.spec.arguments import value_of
from archspec.spec.scope import Scope
from archspec.views.summary import totals

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        return code, *capsys.readouterr()
    return call


def solved(spec: str, sets: list[str], free: str, budget: dict[str, float], tolerance: float = 0.01, step: int | None = None) -> Solved:
    base = load(spec, sets)
    return solve(base, dials_of(base, [free], step), budget, tolerance, 32)


@pytest.mark.parametrize(("cardinality", "width"), [(1, 64), (2, 40), (4, 24), (8, 14), (32, 4)])
def test_resnexts_trade_of_cardinality_against_width_at_equal_cost(cardinality: int, width: int) -> None:
    """Table 2 of 1611.05431: as many parameters as ResNet-50's blocks have."""
    budget = {"params": float(totals(lower(load("resnet50"))).parameters.trainable)}
    found = solved("resnext50_32x4d", [f"stages.cardinality={cardinality}"], "base_width", budget, 0.03)
    assert found.reached
    assert found.nearest.overrides == (f"stages.base_width={width}",)


def test_efficientnets_compound_scaling_gives_its_next_size() -> None:
    """At alpha 1.2, beta 1.1, gamma 1.15 and the cost of B2 (1905.11946, Table 2; B0 at the exponent 1) its repeats and widths."""
    found = solved("efficientnet_b0", [], "let.deeper=1.2,let.wider=1.1,input=1.15", {"macs": 0.99e9})
    (deeper,), (wider,), sides = found.nearest.values
    assert (deeper, wider) == pytest.approx((1.2, 1.1), abs=0.01)
    assert sides == pytest.approx((258, 258), abs=2)
    ours, theirs = load("efficientnet_b0", found.nearest.overrides), load("efficientnet_b2")
    for a, b in zip(ours.stages, theirs.stages, strict=True):
        for tree in ("repeats", "width"):
            said = [getattr(each, tree, None) or each.arguments["width"] for each in (a, b)]
            scopes = [Scope.empty().knowing(wider=w, deeper=d) for w, d in ((wider, deeper), (1.1, 1.2))]
            assert value_of(said[0], scopes[0]) == value_of(said[1], scopes[1])


@pytest.mark.parametrize(("free", "budget"), [("widths", {"macs": 2e7}), ("repeats", {"params": 1e6}), ("widths,repeats=1.2", {"macs": 9e7}), ("input", {"macs": 4e7}),
                                              ("depth_and_width", {"macs": 6e7, "params": 1e9}), ("widths", {"memory": 4e7})])
def test_what_is_found_costs_what_it_says(free: str, budget: dict[str, float]) -> None:
    found = solved("resnet20_digits", ["input=32x32x3"], free, budget, 0.1)
    cost = totals(lower(load("resnet20_digits", ["input=32x32x3", *found.nearest.overrides])))
    assert found.nearest.cost is not None
    assert (found.nearest.cost.macs, found.nearest.cost.memory) == (cost.macs, cost.memory.training)
    assert found.nearest == min((each for each in found.tried if each.cost), key=lambda each: each.off)
    assert found.reached == (found.nearest.off <= 0.1)


def test_the_spec_that_is_written_says_only_what_changes(archspec: Run) -> None:
    code, out, err = archspec("solve", "resnet50", "--macs", "2G", "--free", "widths", "--set", "stages.se=8", "-o", "new/small.yaml")
    assert (code, err) == (0, "")
    assert "of budget" in out
    text = Path("new/small.yaml").read_text()
    assert text.partition("archspec: 1\n")[2] == ("extends: resnet50\ndescription: resnet50 with stages.se=8, stages.widths=[40, 88, 184, 352]\n"
                                                  "stages:\n  se: 8\n  widths: [40, 88, 184, 352]\n")
    assert text.startswith("# resnet50 fitted to a budget")
    assert archspec("check", "new/small.yaml")[0] == 0
    assert [path.name for path in Path("new").iterdir()] == ["small.yaml"]
    code, _, err = archspec("solve", "new/small.yaml", "--macs", "1G", "--free", "widths", "-o", "new/small.yaml")
    assert code == 2
    assert "is there already" in err
    assert archspec("solve", "new/small.yaml", "--macs", "1G", "--free", "widths", "-o", "other/smaller.yaml", "--tolerance", "5%")[0] == 0
    assert "extends: ../new/small.yaml" in Path("other/smaller.yaml").read_text()


def test_without_a_file_the_spec_is_what_is_printed(archspec: Run) -> None:
    code, out, err = archspec("solve", "resnet20_digits", "--params", "100k", "--free", "widths", "--round", "1")
    assert code == 0
    Path("spec.yaml").write_text(out)
    assert totals(lower(load("spec.yaml"))).parameters.trainable == pytest.approx(100e3, rel=0.01)
    assert "candidates" in err


def test_the_command_in_the_spec_finds_the_same_again(archspec: Run) -> None:
    given = ("solve", "resnet20_digits", "--params", "100k", "--free", "widths", "--round", "1", "--set", "description=a word or two", "--tolerance", "3%")
    _, out, _ = archspec(*given, "--verbose")
    line = " ".join(line.removeprefix("# ") for line in out.splitlines() if line.startswith("#"))
    command = shlex.split(line.split("`")[1])
    assert sorted(command) == sorted(["archspec", *given])
    assert archspec(*command[1:])[1] == out


def test_what_cannot_be_reached_is_said_with_the_nearest(archspec: Run) -> None:
    code, _, err = archspec("solve", "resnet20_digits", "--macs", "10k", "--free", "repeats", "-o", "a.yaml")
    assert code == 1
    assert "the nearest, --set stages.repeats=[1, 1, 1]" in err
    assert not Path("a.yaml").exists()


def test_a_search_that_ends_early_is_told(archspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.search.solve.MOST_TRIED", 12)
    code, _, err = archspec("solve", "resnet18", "--macs", "1G", "--free", "widths", "--tolerance", "1e-4")
    assert code == 1
    assert "12 candidates were tried, which is the most: fewer keys behind --free" in err


@pytest.mark.parametrize(("spec", "free", "budget", "step", "start"), [
    ("convnext_tiny", "widths", {"macs": 2e9}, None, (96, 192, 384, 768)),  # identities of each width
    ("resnet20_digits", "widths", {"macs": 6e6}, 1, (16, 32, 64)),  # zeros pad a narrower input alone
    ("shvit_s1", "widths", {"macs": 1e8}, None, (128, 224, 320)),  # four convolutions, of which the last is followed
])
def test_widths_keep_their_proportions_where_the_first_is_the_stems(spec: str, free: str, budget: dict[str, float], step: int | None, start: tuple[int, ...]) -> None:
    found = solved(spec, [], free, budget, 0.01, step)
    (widths,) = found.nearest.values
    assert found.reached
    assert [a / b for a, b in zip(widths, start, strict=True)] == pytest.approx([widths[0] / start[0]] * len(start), rel=0.1)
    assert f"filters={widths[0]}" in found.nearest.overrides[0]
    assert "the stem's width goes with that of stage1" in found.notes[0]


def test_a_stage_tied_to_a_stem_that_says_no_number_stays() -> None:
    found = solved("convnext_tiny", ["let.wide=96", "stem=[conv: 4x4 $wide /4 valid bias act=none]"], "widths", {"macs": 3e9})
    (widths,) = found.nearest.values
    assert found.reached
    assert widths[0] == 96
    assert [a / b for a, b in zip(widths[1:], (192, 384, 768), strict=True)] == pytest.approx([widths[1] / 192] * 3, rel=0.1)
    assert found.notes == ("the width of stage1 stays, which has to equal what enters it",)


@pytest.mark.parametrize("free", ["widths", "widths,repeats=1.2"])
def test_no_value_is_further_than_a_step_from_the_uniform_scale(free: str) -> None:
    spec = load("resnet20_digits")
    dials = dials_of(spec, [free], None)
    found = solve(spec, dials, {"macs": 3.1e7}, 0.0, 32)
    assert any(all(abs(a - b) <= dial.step for dial, values in zip(dials, found.nearest.values, strict=True)
                   for a, b in zip(values, dial.at(number / 100), strict=True)) for number in range(200))


@pytest.mark.parametrize(("sets", "free", "budget", "expected"), [
    (["stages.se=16"], "se", {"params": 29e6}, "stages.se=12"),  # a divisor: less is more
    (["stages.se=4"], "se", {"params": 29e6}, "stages.se=12"),
    ([], "stages.stage3.repeats", {"macs": 3.87e9}, "stages.stage3.repeats=5"),
    ([], "stem[0].filters", {"macs": 4.2e9}, "stem[0].filters=103"),
])
def test_a_key_is_turned_the_way_that_its_cost_goes(sets: list[str], free: str, budget: dict[str, float], expected: str) -> None:
    found = solved("resnet50", sets, free, budget)
    assert found.reached
    assert found.nearest.overrides == (expected,)


def test_the_ratio_of_a_block_of_ones_own_is_a_divisor_too(archspec: Run) -> None:
    assert archspec("new", "--block", "mine")[0] == 0
    start = totals(lower(load("mine.yaml", ["stages.ratio=2"]))).parameters.trainable
    code, out, _ = archspec("solve", "mine.yaml", "--set", "stages.ratio=5", "--free", "ratio", "--params", str(start))
    assert code == 0
    assert "ratio: 2\n" in out


def test_entries_of_lists_are_written_as_whole_lists(archspec: Run) -> None:
    code, _, _ = archspec("solve", "resnet50", "--macs", "2G", "--free", "repeats", "--tolerance", "20%", "--set", "stem[0].filters=32",
                          "--set", "stages.widths[1]=96", "-o", "a.yaml")
    assert code == 0
    spec = load("a.yaml")
    assert [value_of(stage.arguments["width"], Scope.empty()) for stage in spec.stages] == [64, 96, 256, 512]
    assert "filters: 32" in Path("a.yaml").read_text()


def test_only_the_nearest_are_shown_a_line_each(archspec: Run) -> None:
    given = ("solve", "alexnet", "--macs", "1M", "--free", "input")
    code, out, err = archspec(*given)
    assert code == 1
    assert "not valid; with --set input=" in err
    assert "a window of 3x3 does not fit" in err
    assert "--tolerance" not in err.partition("hint:")[2]
    assert len([line for line in err.splitlines() if line.startswith(" input=")]) == 6
    verbose = archspec(*given, "--verbose")[2] + out
    assert "not valid: input=28x28x3: " in verbose


def test_a_nearby_result_is_told_with_the_tolerance_that_takes_it(archspec: Run) -> None:
    _, _, err = archspec("solve", "resnet50", "--set", "stages.se=16", "--free", "se", "--params", "29M", "--tolerance", "0.1%")
    assert "hint: --tolerance 0.4%, or --free more keys" in err
    assert err.count("--set stages.se=") == 1


@pytest.mark.parametrize("to", [("-o", "half.yaml"), ()])
def test_a_file_that_would_be_taken_for_the_spec_is_told_before_the_search(archspec: Run, to: tuple[str, ...]) -> None:
    Path("resnet50.yaml").write_text("extends: resnet18\n")
    code, out, err = archspec("solve", "resnet50", "--macs", "2G", "--free", "widths", *to)
    assert (code, out) == (2, "")
    assert "resnet50.yaml lies beside" in err
    assert "archspec solve resnet50.yaml extends it" in err
    assert "candidate" not in err


@pytest.mark.parametrize("command", [("solve", "../base.yaml", "--macs", "2G", "--free", "widths", "-o", "a.yaml"), ("new", "a", "--from", "../base.yaml")])
def test_a_spec_out_of_reach_is_told_at_once(archspec: Run, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("base.yaml").write_text("archspec: 1\nextends: resnet50\n")
    Path("below").mkdir()
    monkeypatch.chdir("below")
    code, _, err = archspec(*command)
    assert code == 2
    assert "a.yaml cannot extend ../base.yaml" in err
    assert "write it beside that file" in err


@pytest.mark.parametrize(("arguments", "message"), [
    (["--macs", "4X", "--free", "widths"], "--macs is a number with a unit"),
    (["--free", "widths"], "no budget"),
    (["--macs", "4G", "--free", "wdths"], "did you mean 'widths'?"),
    (["--macs", "4G", "--free", "widths=1"], "a base above 1"),
    (["--macs", "4G", "--free", "widths,width"], "names a key twice"),
    (["--macs", "4G", "--free", "let.x"], "no number above 0"),
    (["--macs", "4G", "--free", "input", "--set", "input=?x?x3"], "is open"),
    (["--macs", "4G", "--free", "widths", "--set", "input=?x?x3"], "is open"),
    (["--macs", "4G", "--free", "widths", "--tolerance", "2"], "--tolerance is a share"),
    (["--macs", "4G", "--free", "widths", "-o", "x.txt"], "a spec is a YAML file"),
    (["--macs", "4G", "--free", "wider"], "--free wider: no stage of resnet50 has it"),
    (["--macs", "4G", "--free", "stages.stage9.repeats"], "the stages are stage1 stage2 stage3 stage4"),
    (["--macs", "4.1", "--free", "widths"], "is 4.1G meant?"),
    (["--params", "29", "--free", "widths"], "is 29M meant?"),
    (["--memory", "4", "--free", "widths"], "is 4GB meant?"),
    (["--macs", "2GB", "--free", "widths"], "--macs is no number of bytes"),
    (["--params", "2MiB", "--free", "widths"], "hint: 2M"),
])
def test_what_is_wrong_is_told(archspec: Run, arguments: list[str], message: str) -> None:
    code, _, err = archspec("solve", "resnet50", *arguments)
    assert code == 2
    assert message in err


def test_a_width_of_one_stage_and_all_widths_are_not_both_turned(capsys: pytest.CaptureFixture[str]) -> None:
    """The spec that is written would say both, and be another network."""
    assert run(["solve", "resnet50", "--set", "stages.stage1.width=32", "--free", "widths", "--macs", "2G"]) == 2
    assert "--set stages.stage1.width says of one stage what --free turns for all of them" in capsys.readouterr().err
