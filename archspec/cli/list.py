"""`archspec list`: the specs, blocks and recipes at hand."""

from __future__ import annotations

from dataclasses import asdict

import click

from archspec.cli import DONE
from archspec.cli.completed import words_of_lists
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import screen
from archspec.errors import InputError, nearest
from archspec.io.places import relative, shipped
from archspec.spec.dump import to_inline
from archspec.spec.files import recipe_names, spec_names
from archspec.spec.library import shipped_blocks
from archspec.views import catalog
from archspec.views import recipes as known


@click.command(name="list")
@click.argument("word", required=False, shell_complete=words_of_lists)
@as_json
@click.option("--blocks", "only_blocks", is_flag=True, help="The blocks with their parameters instead of the specs.")
@click.option("--recipes", "only_recipes", is_flag=True, help="The training recipes with what they reach instead of the specs.")
def list_(word: str | None, as_json: bool, only_blocks: bool, only_recipes: bool) -> int:
    """Show the specs that ship with archspec by family, with their cost; with --blocks the blocks.

    With --recipes the training recipes, with what was published of them. With WORD those alone that have it in their name,
    family or description.
    """
    if only_blocks and only_recipes:
        raise click.UsageError("--blocks and --recipes are two lists: ask for one of them")
    specs = [entry for entry in catalog.specs() if _has(word, entry.name, entry.family, entry.description)]
    blocks = [entry for entry in catalog.blocks() if _has(word, entry.name, entry.family, entry.description)
              ] if as_json or only_blocks else []
    recipes = [entry for entry in known.recipes() if _has(word, entry.name, entry.description)
               ] if as_json or only_recipes else []
    if as_json:
        print_json({"specs": [asdict(entry) for entry in specs], "blocks": [asdict(entry) for entry in blocks],
                    "recipes": [entry.name for entry in recipes], "recipe_entries": [asdict(entry) for entry in recipes]})
        return DONE
    if not (blocks if only_blocks else recipes if only_recipes else specs):
        what, among = (("recipe", recipe_names()) if only_recipes else ("block", list(shipped_blocks())) if only_blocks
                       else ("spec", spec_names()))
        raise InputError(f"no {what} has '{word}' in its name{'' if only_recipes else ', family'} or description\n"
                         f"  hint: {nearest(word or '', among) or 'archspec list shows all'}")
    if only_blocks:
        _print_blocks(blocks)
    elif only_recipes:
        _print_recipes(recipes)
    else:
        from archspec.views.tables import catalog_table
        screen(160).print(catalog_table(specs))
    return DONE


def _has(word: str | None, *texts: str) -> bool:
    return word is None or any(word.lower() in text.lower() for text in texts)


def _print_recipes(recipes: list[known.RecipeEntry]) -> None:
    for entry in recipes:
        click.echo(f"{entry.name}: {entry.epochs} epochs, batch {entry.batch}, learning rate {entry.learning_rate}\n"
                   f"    {entry.description}\n    reached: {entry.result}\n    measured: {entry.protocol}\n"
                   f"    source: {entry.reference}")
        for title, said in (("not found", entry.unknown), ("differs", entry.differs)):
            if said:
                click.echo(f"    {title}: {'; '.join(said)}")


def _print_blocks(blocks: list[catalog.BlockEntry]) -> None:
    family = ""
    for entry in blocks:
        if entry.family != family:
            click.echo(relative(shipped() / "blocks" / f"{entry.family}.yaml"))
            family = entry.family
        parameters = " ".join(name if value == "required" else f"{name}={_shown(value)}"
                              for name, value in entry.parameters.items())
        click.echo(f"  {entry.name}{': ' * bool(parameters)}{parameters}\n      {entry.description}")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else to_inline(value)
