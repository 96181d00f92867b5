"""The command line: one file a command, each a function that returns an exit code."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial

import click
from click.shell_completion import CompletionItem

from archspec.errors import InputError, closest, nearest
from archspec.io.bugs import keep_trace
from archspec.io.machine import advice, refusal
from archspec.io.signals import INTERRUPTED
from archspec.io.streams import drop, told

COMMANDS = {
    "train": ("archspec.cli.train:train",
              "Train the network of SPEC (a file, or the name of one that ships with archspec), evaluate it, and save it."),
    "launch": ("archspec.cli.launch:launch",
               "Train the network of SPEC with several workers on this machine: `train` in so many processes."),
    "check": ("archspec.cli.check:check", "Find every problem of each SPEC."),
    "summary": ("archspec.cli.summary:summary",
                "Show what SPEC costs: output, parameters, multiply-adds and memory of each stage."),
    "show": ("archspec.cli.show:show", "Show SPEC with everything it extends merged into it."),
    "draw": ("archspec.cli.draw:draw", "Draw SPEC or its blocks as pictures, in SVG; or as a paper's table."),
    "diff": ("archspec.cli.diff:diff",
             "Say in what B differs from A, two specs or two runs: structure, sizes, cost and recipe."),
    "solve": ("archspec.cli.solve:solve",
              "Find a spec near SPEC that meets a budget, and write it as a spec that extends SPEC."),
    "sweep": ("archspec.cli.sweep:sweep",
              "Check and cost many variants of a spec, those that FILE describes; with --train, train them."),
    "list": ("archspec.cli.list:list_",
             "Show the specs that ship with archspec by family, with their cost; with --blocks the blocks."),
    "new": ("archspec.cli.new:new",
            "Write NAME.yaml to start from: a variant of the SPEC behind --from, or a BLOCK with a network of it."),
    "explain": ("archspec.cli.explain:explain",
                "Say what the CODE of a problem means, with a wrong and a right example."),
    "schema": ("archspec.cli.schema:schema",
               "Print the JSON Schema of a spec (draft 2020-12), by which "
               "editors complete, explain and underline what is typed."),
    "lsp": ("archspec.cli.lsp:lsp",
            "Answer an editor over the Language Server Protocol: problems, completion, meaning and places while a spec is "
            "typed."),
    "studio": ("archspec.cli.studio:studio",
               "Write the spec FILE in a browser, and see its network while you do: problems, cost and picture with every "
               "change."),
    "completion": ("archspec.cli.completion:completion",
                   "Print the script that makes SHELL complete commands, options, specs, files, blocks and the keys of --set."),
    "verify": ("archspec.cli.verify:verify",
               "Hold each SPEC to its published figures, and the Keras model built from it to its graph."),
    "bench": ("archspec.cli.bench:bench",
              "Measure how many images a second SPEC trains on and answers here, in how much memory, at which share of the "
              "peak."),
    "import": ("archspec.cli.import_:import_",
               "Write the Keras model of SPEC with WEIGHTS: Keras's .keras and .h5, .safetensors, or a state dict in .pth."),
    "export": ("archspec.cli.export:export",
               "Publish MODEL for serving: a run folder, the model.keras of one, or a spec with --weights."),
    "evaluate": ("archspec.cli.evaluate:evaluate",
                 "Say how good each MODEL is: loss, accuracy, 95 % intervals, how well it knows what it does not know."),
    "predict": ("archspec.cli.predict:predict",
                "Say what MODEL takes each IMAGE for."),
    "explain-image": ("archspec.cli.explain_image:explain_image",
                      "Draw what in each IMAGE speaks for a class, by Grad-CAM and by occlusion; and say which blocks have "
                      "which part in it."),
    "serve-check": ("archspec.cli.serve_check:serve_check",
                    "Hold DIR, a model's folder with versions in it or one version, to all that a TensorFlow Serving needs of "
                    "it."),
    "runs": ("archspec.cli.runs:runs",
             "List the runs in each DIR (runs if none is given), the best first, with what differs in their data and specs."),
    "data": ("archspec.cli.data:data",
             "Look into the images of a training before it, and pack them: `data check`, `data show`, `data pack`."),
}
"""Where a command is, and the first sentence of its help. It is loaded when it is called: `--help` loads none."""

DONE, NO, WRONG_INPUT, BUG = 0, 1, 2, 3
"""Exit codes, with INTERRUPTED; archspec/__main__.py says what they mean, and runs a command in a process of its own."""


ASKED = "_ARCHSPEC_COMPLETE"
"""Set by a shell's script that asks what can be typed next; click answers then, instead of running a command."""


class Commands(click.Group):
    """Finds commands in the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, loaded now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), function)
        assert isinstance(command, click.Command)
        _with_examples(cmd_name, command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """The commands, of which none is loaded, and the options of archspec itself."""
        found = [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with its whole sentence, where click would load it and cut that."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with the nearest command in the message."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = nearest(args[0], COMMANDS) or "commands: " + " ".join(COMMANDS)
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)


def _with_examples(name: str, command: click.Command) -> None:
    """Lets the help of a command, and of those below it, end with examples."""
    from archspec.cli.examples import example_lines
    command.epilog = "\n".join(["\b", "Examples:", *(f"  {line}" for line in example_lines(name))])
    for below, each in command.commands.items() if isinstance(command, click.Group) else ():
        _with_examples(f"{name} {below}", each)


def _version(ctx: click.Context, parameter: click.Parameter, asked: bool) -> None:
    """The versions that matter to a model, as installed; nothing is loaded to find them."""
    if asked:
        from importlib.metadata import version

        from archspec import __version__
        click.echo(f"archspec {__version__}, TensorFlow {version('tensorflow')}, Keras {version('keras')}, "
                   f"Python {sys.version.split()[0]}")
        ctx.exit()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
              help="Show the versions of archspec, TensorFlow, Keras and Python.")
def archspec() -> None:
    """Turns a network, written as a YAML spec, into a Keras model; checks, trains and saves it.

    SPEC is a path, or the name of a spec that ships with archspec (`archspec list`).
    """


def run(arguments: list[str]) -> int:
    """Runs a command and returns its exit code; every mistake of the user's ends in a message."""
    if ASKED in os.environ:  # by a shell, while somebody types
        importlib.import_module("archspec.cli.completion")
    return outcome(lambda: archspec.main(arguments, prog_name="archspec", standalone_mode=False), arguments)


def outcome(work: Callable[[], object], arguments: list[str]) -> int:
    """The exit code of a command's work: what it returns, or what it raises means. `arguments` are told with a bug."""
    streams = sys.stdout, sys.stderr
    try:
        code = work()
        if sys.stdout is not None:  # closed by whoever started this
            sys.stdout.flush()
    except InputError as error:
        return told(WRONG_INPUT, partial(click.echo, str(error), err=True))
    except click.ClickException as error:
        return told(WRONG_INPUT, _hinted(error).show)
    except (KeyboardInterrupt, click.Abort):
        return told(INTERRUPTED, partial(click.echo, "interrupted", err=True))
    except SystemExit:
        if sys.stdout is streams[0]:
            raise
        sys.stdout, sys.stderr = streams  # click takes them away and ends where whoever reads the results has seen enough
        drop(sys.stdout)
        return DONE
    except Exception as error:
        if refused := refusal(error):
            doing = f"archspec {arguments[0]}: " if arguments and arguments[0] in COMMANDS else ""
            return told(WRONG_INPUT, partial(click.echo, f"{doing}{refused}{advice(error)}", err=True))
        return told(BUG, partial(click.echo, _bug(error, arguments), err=True))
    return code if isinstance(code, int) else DONE


def _hinted(error: click.ClickException) -> click.ClickException:
    """An option that is a key of the spec is told as that, where the command takes keys; of several, one of `train`."""
    if isinstance(error, click.NoSuchOption) and error.ctx and "overrides" in [each.name for each in error.ctx.command.params]:
        from archspec.schema.words import key_called, placed
        from archspec.spec.recipe import Recipe
        from archspec.spec.sections import everywhere
        own = key_called(error.option_name, Recipe.declared)
        paths = [f"train.{own}"] if own else [path for path in placed(error.option_name, everywhere) if ": " not in path]
        if paths:
            options = {each.lstrip("-"): each for each in error.possibilities or ()}  # dashes would make short ones alike
            near = options.get(closest(error.option_name.lstrip("-"), options))
            hint = " or ".join([*([near] if near else []), *(f"--set {path}=VALUE" for path in paths)])
            return click.UsageError(f"{error.message}\n  hint: {hint}", error.ctx)
    return error


def _bug(error: Exception, arguments: list[str]) -> str:
    """One line, and a file with the traceback; the traceback itself where no file can be written."""
    told = f"archspec {' '.join(arguments)}\n\n{''.join(traceback.format_exception(error))}"
    said = f"archspec: a bug: {type(error).__name__}: {error}"
    path = keep_trace(told)
    return f"{told}\n{said}" if path is None else f"{said}; the traceback is in {path}"
