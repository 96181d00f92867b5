"""Policies: what a magnitude means in each library, written down again; how often each operation is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from augment_rule import rule

from archspec.data.augment import policies
from archspec.data.augment.dialects import CHAINS, DIALECTS, OPERATIONS, SEARCHED, TRIVIAL, Dialect
from archspec.data.augment.policies import NUMBERS, augmix, autoaugment, randaugment, trivialaugment
from archspec.data.augment.searched import ORIGINAL, V0
from archspec.data.augment.step import Step
from archspec.data.draws import uniforms
from archspec.spec.augment import AugMix, AutoAugment, RandAugment, TrivialAugment

IMAGE = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
RULE = rule(mean=(123.675, 116.28, 103.53), std=(1.0, 1.0, 1.0))
SIZE = (200, 331)
FACTORS = ("brightness", "colour", "contrast", "sharpness")


def bins(count: int, most: int, least: int) -> list[int]:
    """torchvision's posterize: (most - arange(count) / ((count - 1) / (most - least))).round()"""
    return np.round(most - np.arange(count) / ((count - 1) / (most - least))).astype(int).tolist()


def linear(greatest: float, count: int) -> list[float]:
    return np.linspace(0, greatest, count).tolist()


def torchvision(count: int, shear: float, across: float, along: float, turn: float, factor: float, bits: tuple[int, int]) -> dict[str, Any]:
    return {"shear_x": linear(shear, count), "shear_y": linear(shear, count), "rotate": linear(turn, count),
            "translate_x": [int(each) for each in linear(across, count)], "translate_y": [int(each) for each in linear(along, count)],
            **{name: [1 + each for each in linear(factor, count)] for name in FACTORS},
            "posterize": bins(count, *bits), "solarize": np.linspace(255, 0, count).tolist(), "autocontrast": [0] * count,
            "equalize": [0] * count}


RELATIVE = (150 / 331 * 331, 150 / 331 * 200)
SPACES = {
    "randaugment": (DIALECTS["torchvision"], {"identity": [0] * 31, **torchvision(31, 0.3, *RELATIVE, 30, 0.9, (8, 4))}),
    "autoaugment": (SEARCHED["original"], {"invert": [0] * 10, **torchvision(10, 0.3, *RELATIVE, 30, 0.9, (8, 4))}),
    "trivialaugment": (TRIVIAL, {"identity": [0] * 31, **torchvision(31, 0.99, 32, 32, 135, 0.99, (8, 2)),
                                 **{key: [*range(16), *range(17, 31), 32] for key in ("translate_x", "translate_y")}}),
    "augmix": (CHAINS, torchvision(10, 0.3, 331 / 3, 200 / 3, 30, 0.9, (4, 0))),
}


def amount(dialect: Dialect, name: str, magnitude: float, sign: int = 1) -> float:
    return dialect.space[name](magnitude / dialect.scale, sign, SIZE)


@pytest.mark.parametrize("policy", SPACES)
def test_torchvisions_magnitudes(policy: str) -> None:
    dialect, expected = SPACES[policy]
    assert dialect.space.keys() == expected.keys()
    for name, amounts in expected.items():
        assert [amount(dialect, name, index) for index in range(len(amounts))] == pytest.approx(amounts), name
    assert dialect.fill == "black"
    assert dialect.chance == 1


def test_torchvisions_magnitudes_to_the_last_bit() -> None:
    """What torch.linspace gives: 32 bits, and 15.999999 for the middle of 0 to 32; a threshold of 187 keeps no level 187."""
    usual = DIALECTS["torchvision"]
    assert [amount(usual, "colour", index) - 1 for index in (1, 10, 20)] == pytest.approx(
        [0.029999999329447746, 0.29999998211860657, 0.5999999642372131], abs=1e-15)
    assert [amount(CHAINS, "shear_x", index) for index in (6, 7)] == [0.20000000298023224, 0.23333334922790527]
    assert amount(TRIVIAL, "translate_x", 15, -1) == -15
    assert [amount(usual, "solarize", index) for index in (8, 10, 20, 22)] == [187, 170, 85, 68]


@pytest.mark.parametrize("name", [*FACTORS, "rotate", "shear_x", "shear_y", "translate_x", "translate_y", "posterize", "solarize"])
def test_only_what_has_two_sides_has_a_sign(name: str) -> None:
    dialect = DIALECTS["torchvision"]
    neutral = 1 if name in FACTORS else 0
    changes = [amount(dialect, name, 15, sign) - neutral for sign in (1, -1)]
    assert changes[1] == pytest.approx(changes[0] if name in ("posterize", "solarize") else -changes[0])


def google(level: float) -> dict[str, float]:
    """What tensorflow/tpu and timm have in common, by level of 10."""
    return {"rotate": level * 3, "shear_x": level * 0.03, "shear_y": level * 0.03, "solarize": int(level / 10 * 256),
            "solarize_add": int(level / 10 * 110), "autocontrast": 0, "equalize": 0, "invert": 0}


@pytest.mark.parametrize("level", [0, 2, 5, 9, 10])
def test_timms_magnitudes(level: int) -> None:
    dull = dict.fromkeys(FACTORS, level / 10 * 1.8 + 0.1)
    moves = {"translate_x": level / 10 * 0.45 * 331, "translate_y": level / 10 * 0.45 * 200}
    expected = {**google(level), **dull, **moves, "posterize": int(level / 10 * 4)}
    assert {name: amount(DIALECTS["timm"], name, level) for name in DIALECTS["timm"].space} == pytest.approx(expected)
    increasing = {**expected, "posterize": 4 - int(level / 10 * 4), "solarize": 256 - int(level / 10 * 256),
                  **dict.fromkeys(FACTORS, 1 + 0.09 * level)}
    found = DIALECTS["timm increasing"]
    assert {name: amount(found, name, level) for name in found.space} == pytest.approx(increasing)
    assert amount(found, "colour", level, -1) == pytest.approx(max(0.1, 1 - 0.09 * level))
    assert len(expected) == 15


@pytest.mark.parametrize(("dialect", "translate", "cutout"), [(DIALECTS["tpu"], 100, 40), (SEARCHED["v0"], 250, 100)])
@pytest.mark.parametrize("level", [0, 2, 5, 9, 10, 15])
def test_tpus_magnitudes(dialect: Dialect, translate: int, cutout: int, level: int) -> None:
    expected = {**google(level), "posterize": max(1, int(level / 10 * 4)), "cutout": int(level / 10 * cutout),
                **dict.fromkeys(("brightness", "colour", "flat_contrast", "sharpness"), level / 10 * 1.8 + 0.1),
                "translate_x": level / 10 * translate, "translate_y": level / 10 * translate}
    assert {name: amount(dialect, name, level) for name in dialect.space} == pytest.approx(expected)
    assert len(expected) == 16
    assert dialect.fill == "grey"


def test_every_operation_is_in_some_dialect() -> None:
    spaces = [dialect.space for dialect in (*DIALECTS.values(), *SEARCHED.values(), TRIVIAL, CHAINS)]
    assert set().union(*spaces) == OPERATIONS.keys()


# -- how often -----------------------------------------------------------------------------------------------------------

Done = list[tuple[str, float, Any]]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Done:
    """What is done: names, amounts and filters, in the order in which they come."""
    found: Done = []

    def noted(name: str) -> Any:
        def note(image: np.ndarray, amount: float, canvas: Any) -> np.ndarray:
            found.append((name, amount, canvas.method))
            return image
        return note
    monkeypatch.setattr(policies, "OPERATIONS", {name: noted(name) for name in OPERATIONS})
    return found


def runs(step: Step, count: int) -> None:
    for number in range(count):
        step.change(IMAGE, uniforms(11, number, step.draws))


def even(found: Done, names: int, count: float) -> None:
    counts = Counter(name for name, *_ in found)
    assert len(counts) == names
    assert list(counts.values()) == pytest.approx([count / names] * names, rel=0.3)
    assert sum(counts.values()) == pytest.approx(count, rel=0.03)


@pytest.mark.parametrize(("dialect", "names", "chance"), [("torchvision", 14, 1), ("timm", 15, 0.5), ("tpu", 16, 1)])
def test_randaugment_takes_each_alike(done: Done, dialect: str, names: int, chance: float) -> None:
    runs(randaugment(RandAugment(dialect=dialect, operations=3), RULE), 1500)
    even(done, names, 4500 * chance)
    assert np.mean([amount > 0 for name, amount, _ in done if name == "rotate"]) == pytest.approx(0.5, abs=0.1)
    assert len({method for *_, method in done}) == (2 if dialect == "timm" else 1)


def test_randaugment_has_one_magnitude(done: Done) -> None:
    runs(randaugment(RandAugment(magnitude=15), RULE), 400)
    assert {abs(amount) for name, amount, _ in done if name == "rotate"} == {15}
    assert {amount for name, amount, _ in done if name == "posterize"} == {6}


def test_deviations_are_normal_and_clipped(done: Done) -> None:
    runs(randaugment(RandAugment(dialect="timm", magnitude=9, deviation=0.5, increasing=True, operations=4), RULE), 3000)
    found = np.array([abs(amount) / 3 for name, amount, _ in done if name == "rotate"])
    assert found.max() == pytest.approx(10)
    assert np.median(found) == pytest.approx(9, abs=0.08)
    assert found[found < 9].std() == pytest.approx(0.5 * np.sqrt(1 - 2 / np.pi), rel=0.2)


@pytest.mark.parametrize(("policy", "pairs"), [("original", ORIGINAL), ("v0", V0)])
def test_autoaugment_does_a_pair(done: Done, policy: str, pairs: Any) -> None:
    assert len(pairs) == 25
    runs(autoaugment(AutoAugment(policy=policy), RULE), 5000)
    expected = Counter[str]()
    for (first, chance, _), (second, other, _) in pairs:
        expected[first] += chance * 200
        expected[second] += other * 200
    found = Counter(name for name, *_ in done)
    assert {name: found[name] for name in expected} == pytest.approx(dict(expected), rel=0.2, abs=15)


def test_autoaugments_tables_are_the_papers() -> None:
    assert ORIGINAL[0] == (("posterize", 0.4, 8), ("rotate", 0.6, 9))
    assert ORIGINAL[24] == (("equalize", 0.8, 8), ("equalize", 0.6, 3))
    assert [ORIGINAL[each] for each in (4, 1, 13, 14, 2)] == list(ORIGINAL[20:])  # five count twice
    assert V0[22] == (("posterize", 0.8, 2), ("solarize", 0.6, 10))
    assert V0[15] == (("rotate", 1.0, 7), ("translate_y", 0.8, 9))


def test_trivialaugment_does_one_of_any_strength(done: Done) -> None:
    runs(trivialaugment(TrivialAugment(), RULE), 4000)
    even(done, 14, 4000)
    turns = {round(abs(amount) / 4.5, 6) for name, amount, _ in done if name == "rotate"}
    assert turns == {float(each) for each in range(31)}


@pytest.mark.parametrize(("depth", "mean"), [(0, 2), (1, 1), (5, 5)])
def test_augmix_has_chains(done: Done, depth: int, mean: float) -> None:
    runs(augmix(AugMix(width=4, depth=depth, severity=3), RULE), 500)
    even(done, 13, 500 * 4 * mean)
    turns = {round(abs(amount), 4) for name, amount, _ in done if name == "rotate"}
    assert turns <= {0, 3.3333, 6.6667}
    assert len(turns) == 3


def test_augmix_mixes_what_its_chains_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "OPERATIONS", dict.fromkeys(OPERATIONS, lambda image, *_: image * 0 + 200))
    step = augmix(AugMix(width=3), RULE)
    black = np.zeros((2, 2, 3), np.uint8)
    shares = [step.change(black, uniforms(0, number, step.draws))[0, 0, 0] / 200 for number in range(2000)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.02)  # Beta(1, 1): evenly from 0 to 1
    assert np.var(shares) == pytest.approx(1 / 12, rel=0.05)
    assert (np.min(shares), np.max(shares)) == pytest.approx((0, 1), abs=0.01)


def test_augmix_of_chains_that_do_nothing_is_the_image() -> None:
    step = augmix(AugMix(), RULE)
    for number in range(20):
        flat = np.full((8, 8, 3), 255, np.uint8)
        draws = uniforms(0, number, step.draws).reshape(-1)
        draws[4:] = np.tile(np.r_[0.0, np.full(3 * NUMBERS, 0.65)], 3)  # an operation that leaves white white
        assert np.array_equal(step.change(flat, draws), flat)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("operation", [(randaugment, RandAugment()), (randaugment, RandAugment(dialect="timm", deviation=2.0)),
                                       (randaugment, RandAugment(dialect="tpu", magnitude=30)), (autoaugment, AutoAugment()),
                                       (autoaugment, AutoAugment(policy="v0")), (trivialaugment, TrivialAugment()),
                                       (augmix, AugMix(severity=10, width=1, depth=3))])
def test_shape_and_kind_stay(operation: Any, channels: int, kind: type) -> None:
    make, keys = operation
    step = make(keys, replace(RULE, channels=channels, mean=(50.0,)))
    for number in range(40):
        found = step.change(IMAGE[..., :channels].astype(kind), uniforms(0, number, step.draws))
        assert (found.shape, found.dtype) == ((48, 64, channels), kind)
        assert found.min() >= 0 <= 255 - found.max()
