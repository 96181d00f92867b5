"""What a shell completes for a parameter: a command names one of these, and nothing of it is loaded before it is asked.

Names stand beside files, never instead of them: SPEC may be either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from archspec.author.complete import Word

Items = list[CompletionItem[str]]
Completion = Callable[[click.Context, click.Parameter, str], Items]
GOES_ON = "key"
"""The type of what goes on, so that no space follows it."""


def files(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """Files and folders."""
    return [CompletionItem(begun, type="file")]


def folders(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """Folders."""
    return [CompletionItem(begun, type="dir")]


def specs(context: click.Context, parameter: click.Parameter, begun: str) -> Items:
    """Names of shipped specs, and files."""
    from archspec.spec.files import spec_names
    return [*_beginning(spec_names(), begun), *files(context, parameter, begun)]


def keys_to_set(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """Keys of the command's SPEC, with `=`, and then their words."""
    from archspec.author.complete import set_words
    return _words(set_words(_spec(context), begun), begun)


def keys_to_set_b(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """The same of the second of two SPECs, or of the first while it is alone."""
    from archspec.author.complete import set_words
    return _words(set_words(_spec(context, second=True), begun), begun)


def keys(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """Keys of the command's SPEC."""
    from archspec.author.complete import Word, key_words
    found = key_words(_spec(context), begun)
    return _words([Word(each.text.removesuffix("="), each.text[-1:] == ".", each.about) for each in found], begun)


def blocks(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """Blocks of the command's SPEC, or those that ship."""
    from archspec.author.complete import block_words
    return _words(block_words(_spec(context)), begun)


def called_blocks(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """The blocks that the command's SPEC calls, and `all`."""
    from archspec.author.complete import called_words
    return [*_beginning(["all"], begun), *_words(called_words(_spec(context)), begun)]


def stages(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """The stem, stages and head of the command's SPEC."""
    from archspec.author.complete import stage_words
    return _words(stage_words(_spec(context)), begun)


def to_free(context: click.Context, _: click.Parameter, begun: str) -> Items:
    """What a search may turn in the command's SPEC, with commas between."""
    from archspec.author.complete import free_words
    return _listed([word.text for word in free_words(_spec(context))], begun)


def codes(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """Codes of problems."""
    from archspec.author.problems import pages
    return [CompletionItem(page.code, help=page.title) for page in pages().values() if page.code.startswith(begun)]


def layouts(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """Libraries whose names of weights are known."""
    from archspec.io.places import shipped
    libraries = {path.stem.rpartition("_")[2] for path in (shipped() / "weights").glob("*.yaml")}
    return _beginning(sorted(["archspec", "keras", *libraries]), begun)


def weights(context: click.Context, parameter: click.Parameter, begun: str) -> Items:
    """Which weights of a run, or a file of weights."""
    return [*_beginning(("raw", "ema", "best"), begun), *files(context, parameter, begun)]


def words_of_lists(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """Names of what ships: specs, blocks and recipes."""
    from archspec.spec.files import recipe_names, spec_names
    from archspec.spec.library import shipped_blocks
    return _beginning(sorted({*spec_names(), *shipped_blocks(), *recipe_names()}), begun)


def protocols(_: click.Context, __: click.Parameter, begun: str) -> Items:
    """What --crops takes: numbers of crops, names of protocols, files."""
    from archspec.spec.protocol import CROPS, protocol_names
    return [*_beginning((*CROPS, *protocol_names()), begun), *files(_, __, begun)]


def studies(context: click.Context, parameter: click.Parameter, begun: str) -> Items:
    """Names of shipped studies, and files."""
    from archspec.search.plan import study_names
    return [*_beginning(study_names(), begun), *files(context, parameter, begun)]


def any_of(*words: str) -> Completion:
    """One of these words, beside others that need no completion."""
    def one(_: click.Context, __: click.Parameter, begun: str) -> Items:
        return _beginning(words, begun)
    return one


def listed(*words: str) -> Completion:
    """Some of these words with commas between them."""
    def several(_: click.Context, __: click.Parameter, begun: str) -> Items:
        return _listed(words, begun)
    return several


def nothing(_: click.Context, __: click.Parameter, ___: str) -> Items:
    """A text of the user's own: no word can be known."""
    return []


def _listed(words: Iterable[str], begun: str) -> Items:
    """The next of some words with commas between; one that stands there already, alone or with `=` and a value, is left out."""
    before, comma, _last = begun.rpartition(",")
    taken = [part.partition("=")[0] for part in before.split(",")]
    return _beginning([f"{before}{comma}{word}" for word in words if word not in taken], begun)


def _beginning(words: Iterable[str], begun: str) -> Items:
    return [CompletionItem(word) for word in words if word.startswith(begun)]


def _words(words: Iterable[Word], begun: str) -> Items:
    return [CompletionItem(word.text, type=GOES_ON if word.goes_on else "plain", help=word.about or None)
            for word in words if word.text.startswith(begun)]


def _spec(context: click.Context, *, second: bool = False) -> str | None:
    """The SPEC of the command, or the second of two, as far as written: click leaves them in `args` before a lone option."""
    given = [context.params.get(name) for name in ("spec", "specs", "reference", "a", "b")]
    flat = [name for each in given if each for name in (each if isinstance(each, tuple) else (each,))]
    written = [*flat, *context.args][:2]
    return next(iter(written[::-1] if second else written), None)
