"""A model, or several together, on a split: what a protocol shows them, what they say of it, and the mean of that."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from typing import Protocol as Shape

import numpy as np
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.data.order import ALL
from archspec.data.pipeline import Pipeline
from archspec.data.source import Split, only
from archspec.data.threads import mapped
from archspec.errors import InputError, visible
from archspec.evaluate.averaging import averaged
from archspec.evaluate.dense import dense
from archspec.evaluate.order import places
from archspec.evaluate.replicas import replicated
from archspec.evaluate.seeing import Seeing
from archspec.evaluate.views import refuse_sizes, rule_of
from archspec.preprocess.rule import Preprocess
from archspec.spec.arch import Spec
from archspec.spec.protocol import Protocol
from archspec.spec.recipe import Recipe

MOST = 64
"""Parts of images that a network sees at once."""
MOST_BYTES = 256 << 20
"""Of their pixels in float32."""
AHEAD = 2
"""Groups of images that are taken for a device before their turn."""


class Model(Shape):
    """What is evaluated: a network that runs here, as predict.Local is one."""

    @property
    def called(self) -> str: ...

    @property
    def classes(self) -> Sequence[str]: ...

    @property
    def rule(self) -> Preprocess:
        """How images are prepared for it."""

    @property
    def run(self) -> Callable[[np.ndarray], np.ndarray]:
        """Pixels (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes)."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What artifact.json says of it."""

    @property
    def precision(self) -> str:
        """In which it computes."""

    @property
    def spec(self) -> Spec | None:
        """That of its training."""

    @property
    def artifact(self) -> Artifact | None:
        """The network itself, where its weights are at hand."""

    @property
    def like(self) -> str:
        """Of a server: the model that says how images are prepared for it, and what its classes are called; else ''."""

    @property
    def devices(self) -> Sequence[str | None]:
        """On which it runs: `run` may be called from as many threads."""


@dataclass(frozen=True)
class Evaluated:
    """A model as a protocol evaluates it on a split, in the precision in which it runs."""

    model: Model
    protocol: Protocol
    name: str
    """What the protocol is called."""
    split: Split
    recipe: Recipe

    @cached_property
    def rule(self) -> Preprocess:
        """How images are prepared. Raises InputError where the protocol cannot be done to this network."""
        try:
            found = rule_of(self.protocol, self.model.rule)
            refuse_sizes(self.protocol, found)
        except InputError as error:
            raise InputError(f"{visible(self.name)}: {error}") from None
        return found

    @property
    def several(self) -> bool:
        """Whether an image may have several classes."""
        return bool(self.model.facts["several"])

    @property
    def together(self) -> int:
        """How many images are looked at at once, with all their parts."""
        each = self.protocol.count * 4 * math.prod(self.rule.shape)
        return max(1, min(MOST // self.protocol.count, MOST_BYTES // each))

    def groups(self, together: int) -> Iterator[np.ndarray]:
        """(n, classes) float64 of up to `together` images, in the order of the split. Raises InputError."""
        workers = len(self.model.devices)
        if self.protocol.dense:
            yield from mapped(self._of_wholes(), Seeing(self.split, self.rule, self.protocol).wholes(together), workers, AHEAD)
        else:
            yield from mapped(self._of_parts, self._parts(together), workers, AHEAD)

    def _of_parts(self, parts: np.ndarray) -> np.ndarray:
        """(n, classes) of (n, parts, height, width, channels)."""
        images, count = parts.shape[:2]
        flat = parts.reshape(-1, *parts.shape[2:])
        said = np.concatenate([self.model.run(each.astype(np.float32)) for each in np.array_split(flat, -(-len(flat) // MOST))])
        return averaged(said.reshape(images, count, said.shape[1]), self.protocol.average, several=self.several)

    def shown(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """(h, w, c) from 0 to 255 of some images, for a person: what the network sees, or all of one that it sees parts of."""
        chosen = replace(self, split=only(self.split, np.array(numbers, np.int64)))
        if self.protocol.count == 1 and not self.protocol.dense:
            for parts in chosen._parts(chosen.together):
                yield from parts[:, 0]
            return
        seeing = Seeing(chosen.split, self.rule, self.protocol)
        yield from (seeing.image(index) for index in range(chosen.split.size))

    def _parts(self, together: int) -> Iterator[np.ndarray]:
        if self.protocol.sizes is not None or self.protocol.mirrored:
            yield from Seeing(self.split, self.rule, self.protocol).groups(together)
            return
        # the very images of a training's tests, decoded as they are there
        testing = Pipeline(self.split, self.rule, replace(self.recipe, batch=together), ALL)
        batches = iter(testing.evaluation())
        for step in range(testing.steps):
            batch = testing.next(batches, step, training=False)
            yield batch.images.numpy()[batch.weights.numpy() > 0][:, None]

    def _of_wholes(self) -> Callable[[list[list[np.ndarray]]], np.ndarray]:
        artifact = self.model.artifact
        assert artifact is not None  # the others are refused before
        run = replicated(lambda: dense(artifact), self.model.devices)

        def of_wholes(images: list[list[np.ndarray]]) -> np.ndarray:
            said = np.empty((len(images), len(images[0]), len(self.model.classes)), np.float32)
            for alike in _alike(images, MOST * math.prod(self.rule.shape[:2])):
                pixels = np.stack([images[image][part] for image, part in alike])
                try:
                    said[tuple(zip(*alike, strict=True))] = run(pixels)
                except tf.errors.ResourceExhaustedError:
                    height, width = pixels.shape[1:3]
                    raise InputError(f"{self.model.called}: there is not memory enough to look at all of {height}x{width} "
                                     "pixels at once\n  hint: smaller --sizes, or crops") from None
            return averaged(said, self.protocol.average, several=self.several)
        return of_wholes


def _alike(images: list[list[np.ndarray]], most: int) -> Iterator[list[tuple[int, int]]]:
    """The places, (image, part), of arrays (h, w, c) of one size, as many at once as have up to `most` pixels, or one."""
    sizes: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    for image, parts in enumerate(images):
        for part, pixels in enumerate(parts):
            sizes.setdefault(pixels.shape, []).append((image, part))
    for shape, alike in sizes.items():
        together = max(1, most // math.prod(shape[:2]))
        yield from (alike[begin:begin + together] for begin in range(0, len(alike), together))


def ensemble(members: Sequence[Evaluated], weights: Sequence[float] | None, of: str) -> Iterator[np.ndarray]:
    """(n, classes) of groups of images, in order: the weighted mean of what all members say of each class of the first.

    One member is evaluated by itself. Raises InputError where others have other classes; their order may be another one.
    """
    first = members[0]
    orders = [places(first.model.classes, each.model.classes, each.model.called) for each in members]
    for member in members:
        if len(member.model.classes) != len(first.model.classes) or member.several != first.several:
            raise InputError(f"{member.model.called} tells other classes apart than {first.model.called}: the mean of what "
                             "they say means nothing\n  hint: leave --ensemble out, or one of them")
    together = min(member.together for member in members)
    for said in zip(*(member.groups(together) for member in members), strict=True):
        same = [each[:, order] for each, order in zip(said, orders, strict=True)]
        yield same[0] if len(same) == 1 else averaged(np.stack(same, axis=1), of, several=first.several, weights=weights)
