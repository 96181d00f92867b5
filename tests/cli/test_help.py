"""Every help ends with examples, and what they type is a command that there is, with options that it has."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from archspec.cli import COMMANDS, archspec
from archspec.cli.examples import EXAMPLES


def names() -> Iterator[str]:
    for name in COMMANDS:
        yield name
        command = archspec.get_command(click.Context(archspec), name)
        yield from (f"{name} {below}" for below in (command.commands if isinstance(command, click.Group) else ()))


def parsed(words: list[str]) -> click.Context:
    """The context of a command line, as far as it is a command's own. Raises UsageError."""
    name, command, rest = archspec.resolve_command(click.Context(archspec), words)
    assert command is not None
    if isinstance(command, click.Group):
        name, command, rest = command.resolve_command(click.Context(command), rest)
        assert command is not None
    return command.make_context(name, rest)


def test_every_command_has_examples_and_every_example_a_command() -> None:
    assert set(EXAMPLES) == set(names())


@pytest.mark.parametrize("line", [line for each in EXAMPLES.values() for line, _ in each])
def test_an_example_is_understood(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parsed(shlex.split(line.partition(" > ")[0]))


@pytest.mark.parametrize("name", list(names()))
def test_the_help_of_a_command_ends_with_them(name: str) -> None:
    printed = CliRunner().invoke(archspec, [*name.split(), "--help"]).output
    assert printed.rstrip().splitlines()[-1].strip().startswith(f"archspec {name.split()[0]}")
    assert f"archspec {EXAMPLES[name][0][0]}" in printed
    assert all(len(line) <= 120 for line in printed.splitlines())
