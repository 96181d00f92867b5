"""Attention over the positions of maps: with projections, as Keras has it and with less to be kept, and without."""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from archspec.model.custom import Shape, register


class MultiHeadAttention(keras.layers.MultiHeadAttention):
    """keras.layers.MultiHeadAttention of maps, query and value the same: its arguments, weights, names and results.

    Keras takes the softmax in half precision where the policy mixes, and over two axes of positions by its logarithm; here it
    is float32, over one.
    """

    __class__: Any = property(lambda self: keras.layers.MultiHeadAttention)
    """Keras's own, by which a saved model names it: it loads without archspec, and is as right."""

    def _compute_attention(self, query: Any, key: Any, value: Any, attention_mask: Any = None, training: bool | None = None,
                           return_attention_scores: bool = False, use_causal_mask: bool = False) -> Any:
        """The hook that Keras documents for this: three of (batch, height, width, heads, width of one) to one.

        What nothing here asks for, masks and the scores themselves, is left to Keras.
        """
        if attention_mask is not None or return_attention_scores or use_causal_mask or len(query.shape) != 5:
            return keras.layers.MultiHeadAttention._compute_attention(
                self, query, key, value, attention_mask, training, return_attention_scores, use_causal_mask)
        queries, keys, values = map(_positions, (query, key, value))
        scores = ops.einsum("bqhc,bkhc->bhqk", queries * (self.key_dim ** -0.5), keys)
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), self.compute_dtype)
        if self.dropout > 0:
            weights = self._dropout_layer(weights, training=training)
        return ops.reshape(ops.einsum("bhqk,bkhc->bqhc", weights, values), ops.shape(query)), None


@register
class Attend(keras.layers.Layer):
    """softmax(query · keyᵀ / √width) · value in so many heads, the softmax in float32 (1706.03762, equation 1)."""

    def __init__(self, heads: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.heads = heads

    def call(self, inputs: list[Any]) -> Any:
        """Query (batch, h, w, c), key (batch, h', w', c) and value (batch, h', w', d) to (batch, h, w, d)."""
        queries, keys, values = (_positions(ops.reshape(x, (-1, *ops.shape(x)[1:3], self.heads, x.shape[-1] // self.heads)))
                                 for x in inputs)
        scores = ops.einsum("bqhc,bkhc->bhqk", queries * (queries.shape[-1] ** -0.5), keys)
        weights = ops.cast(ops.softmax(ops.cast(scores, "float32"), axis=-1), self.compute_dtype)
        found = ops.einsum("bhqk,bkhc->bqhc", weights, values)
        return ops.reshape(found, (-1, *ops.shape(inputs[0])[1:3], inputs[2].shape[-1]))

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        return (*input_shape[0][:3], input_shape[2][3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads}


def _positions(maps: Any) -> Any:
    """(batch, height, width, heads, width of one) with one axis of positions."""
    height, width = ops.shape(maps)[1:3]
    return ops.reshape(maps, (-1, height * width, *maps.shape[3:]))
