"""A place of a map lies where preprocessing took its pixels from: on images of all shapes, by every way to make them fit."""

from __future__ import annotations

import numpy as np
import pytest
from networks import network, rule

from archspec.export.reference import reference
from archspec.preprocess.pixels import fit
from archspec.preprocess.rule import Preprocess
from archspec.saliency.explained import Explained, Explainer
from archspec.saliency.laid import Laid
from archspec.saliency.occlusion import patches
from archspec.spec.preprocess import AsIs, Cover, Fraction, Shorter, Squash

SHAPES = [(64, 64), (97, 64), (64, 97), (41, 130), (130, 41), (33, 35)]
"""(height, width): square, portrait, landscape, odd."""
RULES = [rule(24, Squash()), rule(24, Shorter(pixels=30)), rule(24, Shorter(pixels=27), offset="ceil"), rule(24, Cover(margin=1.25)),
         rule(24, Fraction(share=0.875)), rule(24, Fraction(share=0.8, of="sides")), rule(24, AsIs()),
         rule(24, Shorter(pixels=30), antialias=False, origin="corner"), rule(24, Shorter(pixels=30), interpolation="bicubic")]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("own", RULES, ids=lambda each: f"{each.resize}-{each.offset}-{each.origin}-{each.interpolation}")
def test_scaling_and_cutting_are_inverted(own: Preprocess, shape: tuple[int, int]) -> None:
    """An image whose pixels say where they lie: what the network sees says where its own come from."""
    high, wide = shape
    image = np.zeros((high, wide, 3), np.float32)
    image[..., 0], image[..., 1] = np.arange(wide) + 0.5, np.arange(high)[:, None] + 0.5
    found, laid = fit(image, own), Laid.of(own, high, wide)
    for row, column in ((8, 8), (8, 15), (15, 8), (12, 13)):  # a filter at the edge sees less on one side
        assert laid.point(column + 0.5, row + 0.5) == pytest.approx(tuple(found[row, column, :2]), abs=0.1)
    seen = laid.seen
    assert -1 <= seen.left <= seen.left + seen.width <= wide + 1
    assert -1 <= seen.top <= seen.top + seen.height <= high + 1


def test_a_map_is_scaled_as_images_are_and_lies_only_over_what_is_seen() -> None:
    laid = Laid.of(rule(8, Shorter(pixels=8)), 8, 16)
    cells = np.array([[0.0, 1.0], [2.0, 3.0]])
    found = laid.over(cells, 8, 16)
    assert np.isnan(found[:, :4]).all()
    assert np.isnan(found[:, 12:]).all()
    assert found[0, 4:12] == pytest.approx([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])  # half pixels, as tf.image.resize
    assert found[:, 4] == pytest.approx([0, 0, 0.25, 0.75, 1.25, 1.75, 2, 2])
    assert (laid.seen.left, laid.seen.top, laid.seen.width, laid.seen.height) == (4, 0, 8, 8)


RED = """\
defaults: {norm: none}
stem: [conv: 3x3 1 act=relu, avg_pool: 2x2 /2]
head: [global_avg_pool, dense: $classes]
"""


@pytest.mark.parametrize(("shape", "at"), [((60, 100), (20, 60)), ((60, 100), (8, 40)), ((100, 60), (55, 30)), ((100, 60), (30, 12)), ((64, 64), (40, 20))])
@pytest.mark.parametrize("resize", [Squash(), Shorter(pixels=32), Shorter(pixels=40), Fraction(share=0.875)], ids=str)
def test_a_network_that_looks_for_red_lights_up_where_red_is(shape: tuple[int, int], at: tuple[int, int], resize: Squash | Shorter | Fraction) -> None:
    """The top left corner of a red square of 12 pixels in an image of black."""
    own = rule(32, resize, mean=(0.0,), std=(255.0,))
    made = network(RED, own)
    for (_, name), array in made.weights.items():
        array.flags.writeable = True
        array[...] = 0
        if name == "kernel":
            array[(1, 1, 0) if array.ndim == 4 else (0, 1)] = 5
    (top, left), image = at, np.zeros((*shape, 3), np.uint8)
    image[top:top + 12, left:left + 12, 0] = 255
    explainer = Explainer(made, reference(made), ("gradcam", "occlusion"), patches(own, 4, 2), None, 32)
    reasons = explainer.reasons(fit(image, own).astype(np.float32), [1], lambda *_: None)
    found = Explained("red.png", image, Laid.of(own, *shape), reasons)
    (reason,) = reasons
    assert reason.cam is not None
    assert reason.losses is not None
    for cells in (reason.cam, found.hidden(reason.losses, explainer.chosen)):
        peak = found.peak(cells)
        assert left - 1 <= peak.x <= left + 13
        assert top - 1 <= peak.y <= top + 13
        over = found.laid.over(cells, *shape)
        inside = np.zeros(shape, bool)
        inside[max(0, top - 12):top + 24, max(0, left - 12):left + 24] = True
        assert np.nansum(over[inside]) > 0.97 * np.nansum(over)
