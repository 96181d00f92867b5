"""What learns beside convolutions: standardised kernels, merges with weights of their own, attention, learned factors."""

from __future__ import annotations

from conftest import Table


def test_a_standardised_kernel(ops: Table) -> None:
    assert ops("stem: [conv: 3x3 4 standardize bare, depthwise: standardize bare]") == {
        "stem_conv": "conv(filters=4, kernel=3x3, standardize=True)", "stem_depthwise": "depthwise(standardize=True)"}


def test_the_default_holds_for_projections_too(ops: Table) -> None:
    found = ops("defaults: {conv: {standardize: true}}\nstem: [residual: [conv: 3x3 16 /2 bare]]")
    assert found["stem_conv"] == "conv(filters=16, kernel=3x3, stride=2x2, standardize=True)"
    assert found["stem_shortcut_conv"] == "conv(filters=16, stride=2x2, padding=0x0x0x0, standardize=True)"
