"""The keys `precision` and `jit` of the `train` section: in what numbers a step computes, and who compiles it."""

from __future__ import annotations

from archspec.schema.kinds import Choice

HALF = "mixed_bfloat16, or mixed_float16 for GPUs without bfloat16; weights, logits and loss stay float32 in both"
PRECISION = Choice(("float32", "mixed_bfloat16", "mixed_float16"), {
    **dict.fromkeys(("mixed", "amp", "half", "16", "true", "16mixed"), HALF),
    **dict.fromkeys(("bfloat16", "bf16", "bf16mixed"), "mixed_bfloat16"),
    **dict.fromkeys(("float16", "fp16", "f16"), "mixed_float16"),
    **dict.fromkeys(("single", "full", "fp32", "f32", "32", "32true", "tf32"), "float32")})
"""Keras's names of its policies; the words of PyTorch, Lightning and timm lead to them."""
JIT = Choice(("off", "on"), {**dict.fromkeys(("true", "yes", "xla"), "on"), **dict.fromkeys(("false", "no", "none"), "off")})
