"""What a whole spec has to hold, each rule a function that yields problems."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from archspec.errors import Problem, hinted, listed, nearest, position
from archspec.graph.names import IMAGES
from archspec.io.stopping import go_on
from archspec.schema.read import place
from archspec.schema.tree import MappingTree, Scalar, kind
from archspec.spec.arch import Spec, parse_spec, section_in
from archspec.spec.augment import Operation, PadCrop
from archspec.spec.augment_fit import misfits
from archspec.spec.doubts import channels_first, shifted_patches, unread_values, without_kernel
from archspec.spec.export import ExportSection
from archspec.spec.expressions import ExpressionError, names_in, undefined
from archspec.spec.inherit import SET, Resolved
from archspec.spec.items import every_item
from archspec.spec.kept import PREVIOUS
from archspec.spec.operations import IMPLIED, KIND_ARGUMENTS, NAMES_IN_BLOCKS
from archspec.spec.recipe import Recipe
from archspec.spec.scope import Work
from archspec.spec.sections import SPEC, VERSION, WHOLE
from archspec.spec.strict import own_files, unread, unread_in_blocks


def read_spec(resolved: Resolved) -> Spec:
    """The typed spec, with its problems and warnings. Raises TooLarge.

    A file may say what only those read that extend it; what --set says is for this call alone, and is an error there.
    """
    spec = parse_spec(resolved)
    doubts = [*_told(WARNINGS, spec)]
    found = [*spec.problems, *_told(RULES, spec),
             *(doubt for doubt in doubts if doubt.where.file == SET)]
    if any(nearest(key, ("extends",)) or key.lower() in WHOLE for key in resolved.tree.entries if key not in SPEC):
        found = [problem for problem in found if problem.code != "missing"]  # it is in what was to be extended, or to be read
    warnings = sorted((doubt for doubt in doubts if doubt.where.file != SET), key=position)
    return replace(spec, problems=tuple(found), warnings=tuple(warnings))


def _told(rules: Iterable[Callable[[Spec], Iterator[Problem]]], spec: Spec) -> Iterator[Problem]:
    for rule in rules:
        go_on()
        yield from rule(spec)


def _version(spec: Spec) -> Iterator[Problem]:
    tree = spec.resolved.tree.entries.get("archspec")
    if tree is None or (isinstance(tree, Scalar) and isinstance(tree.value, int) and tree.text == str(VERSION)):
        return
    yield Problem("version", tree.where, f"this archspec reads version {VERSION} of the language, this is {kind(tree)}",
                  "write archspec: 1, or install the archspec that reads it")


def _has_head(spec: Spec) -> Iterator[Problem]:
    if "head" not in spec.resolved.tree.entries:
        yield Problem("missing", spec.resolved.tree.where, "the spec says no head",
                      "add head: [global_avg_pool, dense: $classes]")


def _stage_names(spec: Spec) -> Iterator[Problem]:
    seen = {"stem", "head", IMAGES, PREVIOUS}
    for stage in spec.stages:
        if stage.name in seen:
            yield Problem("stage-name", stage.where, f"'{stage.name}' is the name of two parts",
                          "give each stage a name of its own")
        seen.add(stage.name)


def _auxiliary_stages(spec: Spec) -> Iterator[Problem]:
    tree = spec.resolved.tree.entries.get("auxiliary")
    known = dict.fromkeys(stage.name for stage in spec.stages)
    odd: list[str] = []
    for name in spec.auxiliary:
        if known and name not in known:  # without any, what is wrong with the stages is told already
            assert isinstance(tree, MappingTree)
            odd.append(name)
            yield Problem("auxiliary", tree.key(name), f"there is no stage '{name}'",
                          hinted(odd, nearest, name, known) or f"stages: {listed(known)}")


def _norm_arguments(spec: Spec) -> Iterator[Problem]:
    for section, implied in IMPLIED.items():
        given = spec.defaults.get(section, {})
        tree = given.get("kind")
        said = tree.text if isinstance(tree, Scalar) else implied
        for key, value in given.items():
            if key != "kind" and key not in KIND_ARGUMENTS.get(said, {}):
                yield Problem("unknown-argument", value.where, f"{said} takes no '{key}'",
                              "it takes " + (" ".join(KIND_ARGUMENTS.get(said, {})) or "no arguments"))


def _names_in_own_blocks(spec: Spec) -> Iterator[Problem]:
    """Names in blocks of the spec, so that a block nobody calls yet is checked too."""
    work = Work()
    for name in spec.blocks.written:
        block = spec.blocks.get(name)
        if block is None:
            continue
        known = (block.parameters, block.let, NAMES_IN_BLOCKS, spec.let)
        trees = [*block.parameters.values(), *block.let.values(),
                 *(arg for item in every_item(block.body) for arg in (*item.args.values(), item.condition))]
        for tree in trees:
            yield from _undefined(tree, known, work)


def _undefined(tree: object, known: tuple[Collection[str], ...], work: Work) -> Iterator[Problem]:
    if not isinstance(tree, Scalar) or not isinstance(tree.value, str) or "$" not in tree.text:
        return
    try:
        missing = sorted(name for name in names_in(tree.text) if not any(name in some for some in known))
    except ExpressionError as error:
        yield work.problem(tree.where, error)
        return
    for name in missing:
        yield work.problem(tree.where, undefined(name, chain(*known)))


def _recipe(spec: Spec) -> Iterator[Problem]:
    problems: list[Problem] = []
    export = section_in(spec.resolved, "export", ExportSection, problems)
    recipe = section_in(spec.resolved, "train", Recipe, problems)
    if problems:  # what stands in the place of a section that cannot be read is not what was written
        yield from problems
        return
    if export.weights == "best" and not recipe.checkpoint.best:
        yield Problem("best", place(spec.resolved.tree, "export.weights"), "export.weights: best, but no best epoch is kept: "
                      "train.checkpoint.best is 0", "train: {checkpoint: {best: 1}}")
    if export.weights == "ema" and recipe.ema is None:
        yield Problem("ema", place(spec.resolved.tree, "export.weights"), "export.weights: ema, but train.ema says no average",
                      "train: {ema: 0.9999}, or leave export.weights out")
    if export.integers == "uint8" and export.pixels == "outside":
        yield Problem("pixels", place(spec.resolved.tree, "export.integers"), "export.integers: uint8 are pixels as they are, "
                      "but export.pixels: outside wants them normalised", "pixels: inside, or integers: int8")
    yield from _misfits(spec, recipe, lambda operation: isinstance(operation, PadCrop))


def _misfits(spec: Spec, recipe: Recipe, chosen: Callable[[Operation], bool]) -> Iterator[Problem]:
    """What is wrong with some of the augmentations for the input, each at its entry in the list."""
    for number, each in enumerate(recipe.augmentation):
        if chosen(each):
            where = place(spec.resolved.tree, f"train.augment.{number}")
            yield from (Problem("augment", where, misfit.message, misfit.hint) for misfit in misfits((each,), spec.input))


def _statistics(spec: Spec) -> Iterator[Problem]:
    """Means and deviations of another number of channels, where the spec itself says them: it cannot be trained so."""
    for name in ("mean", "std"):
        count, channels = len(getattr(spec.train.preprocess, name) or (0,)), spec.input[2]
        where = place(spec.resolved.tree, f"train.preprocess.{name}")
        if channels is not None and count not in (1, channels) and where.file in own_files(spec):
            yield Problem("statistics", where, f"train.preprocess.{name} has {count} numbers, but the input has {channels} "
                          "channel(s)", "write one number, or one a channel")


def _augmentation(spec: Spec) -> Iterator[Problem]:
    """Augmentations that mean nothing for the input, where the spec itself says them: it cannot be trained so."""
    where = place(spec.resolved.tree, "train.augment")
    if where.file in own_files(spec):
        yield from _misfits(spec, spec.train, lambda operation: not isinstance(operation, PadCrop))


RULES: tuple[Callable[[Spec], Iterator[Problem]], ...] = (
    _version, _has_head, _stage_names, _auxiliary_stages, _norm_arguments, _names_in_own_blocks, _recipe,
    unread_in_blocks,
)
WARNINGS: tuple[Callable[[Spec], Iterator[Problem]], ...] = (
    unread, unread_values, channels_first, without_kernel, shifted_patches, _statistics, _augmentation)
