"""The JSON Schema of a spec (draft 2020-12), for editors: from the declarations of keys, operations and shipped blocks.

It knows what a single value may be, and the names of blocks where a file can have no others than those that ship. What other
names stand for, which shapes fit and which keys go together is `archspec check`'s. A valid spec is valid here; tests hold
that of every spec that ships.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from archspec.author.complete import parameter_words
from archspec.author.lines import IDENTIFIER, SIDE, SIZE, STAGE_NAME, line_pattern
from archspec.io.places import shipped
from archspec.schema.json_schema import described, key_schema, keys_schema, plain_text
from archspec.schema.keys import REQUIRED, Key
from archspec.schema.kinds import Form, JsonSchema
from archspec.schema.tree import MappingTree, Scalar, plain
from archspec.spec.arch import INPUT, NETWORK_NAME
from archspec.spec.blocks import BlockTable
from archspec.spec.files import recipe_names, spec_names
from archspec.spec.library import shipped_blocks
from archspec.spec.longform import PLURALS, STAGE_LISTS
from archspec.spec.operations import EXAMPLES, OPERATIONS, PADDINGS, RESERVED, SHORTCUTS, Signature
from archspec.spec.recipe import Recipe
from archspec.spec.sections import BLOCK, DEFAULTS, SPEC, STAGE, VERSION
from archspec.spec.source import read

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FILE = "schema.json"
"""What the schema is called where it lies beside the shipped specs."""
EXPRESSION = {"$ref": "#/$defs/expression"}
ITEMS = {"$ref": "#/$defs/items"}
TEXTS: JsonSchema = {"type": ["string", "number", "boolean"]}
CONDITION = {"description": "The item is there only where this holds: $(stride > 1)", "type": ["boolean", "string"]}
LABEL = {"description": "The item's part of the names of its layers", "type": "string", "pattern": f"^{IDENTIFIER}$"}
SWITCH: JsonSchema = {"enum": [True, False, "none"]}
"""Values of a main argument by which an operation is left out, or stands without it."""
PLURAL = {single: plural for plural, single in PLURALS.items()}


TITLE = "A network of archspec"
"""By which a file is known to be this schema."""


def schema_text() -> str:
    """The schema as a file."""
    return json.dumps(spec_schema(), indent=1, ensure_ascii=False) + "\n"


def spec_schema() -> JsonSchema:
    """The schema of a spec; a file of blocks that specs include is valid, too."""
    blocks = {name: _block_call(name) for name in sorted(shipped_blocks())}
    calls = {**{name: _operation(each) for name, each in OPERATIONS.items()}, **blocks}
    return {
        "$schema": DIALECT, "title": TITLE,
        "description": "Keys, operations and blocks of a spec; `archspec check` knows the rest.",
        "type": "object", "properties": {**keys_schema(SPEC, _form), **_known_better()}, "additionalProperties": False,
        "anyOf": [{"required": ["extends"]}, {"required": ["input", "head"]}, {"required": ["blocks"]}],
        "allOf": [_of_shipped_blocks_alone(calls)],
        "$defs": {
            "expression": {"type": "string", "pattern": r"\$", "description": "A name or an expression: $width, $(width // 4)"},
            "items": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/item"}}]},
            "item": _item(calls), "body": {"anyOf": [ITEMS, {"const": "none"}, EXPRESSION]},
            "norm": _kind_of("norm"), "act": _kind_of("act"), "block": _block(), "stage": _stage(column=False),
            "columns": _stage(column=True),
            "parameters": {"allOf": [_parameters_of(name) for name in blocks]},
            **{f"of_{name}": {"properties": _parameters(name)} for name in blocks},
            **{f"keys_of_{name}": _keys_of(name) for name in blocks},
            **{f"op_{name}": each for name, each in calls.items()},
        },
    }


# -- sections ------------------------------------------------------------------------------------------------------------

def _known_better() -> dict[str, JsonSchema]:
    """Keys of a spec of which more is known than their declarations say."""
    train = key_schema(SPEC["train"], _form)
    recipes: JsonSchema = {"description": described(Recipe.merged["recipe"]), "enum": [*recipe_names(), None]}
    train["anyOf"] = [{**each, "properties": {**each["properties"], "recipe": recipes}} if "properties" in each else each
                      for each in train["anyOf"]]
    return {
        "train": train,
        "input": {**key_schema(SPEC["input"], _form), "examples": ["224x224x3", "32x32x3", "?x?x3"]},
        "extends": {"description": described(SPEC["extends"]), "anyOf": [{"enum": spec_names()}, {"type": "string"}],
                    "examples": ["resnet50"]},
        "archspec": {"description": described(SPEC["archspec"]), "const": VERSION, "default": VERSION},
        "name": {"description": described(SPEC["name"]), "type": ["string", "number"], "pattern": f"^{NETWORK_NAME.pattern}$"},
        "defaults": {"description": described(SPEC["defaults"]), "type": ["object", "null"], "additionalProperties": False,
                     "properties": _defaults()},
        "head": {**key_schema(SPEC["head"], _form), "examples": [["global_avg_pool", {"dense": "$classes"}]]},
    }


def _defaults() -> dict[str, JsonSchema]:
    found = keys_schema({name: DEFAULTS[name] for name in ("unit", "padding")}, _form)
    for name in (name for name in DEFAULTS if name in OPERATIONS):
        signature = OPERATIONS[name]
        found[name] = {"description": f"Arguments of every {name}: {plain_text(signature.doc)}",
                       "anyOf": [{"$ref": f"#/$defs/op_{name}"}, {"type": "null"}]}
    return found


def _stage(*, column: bool) -> JsonSchema:
    """The keys of stages as columns, or of a row; any other is a parameter of the block."""
    properties: dict[str, JsonSchema] = {}
    for name, key in STAGE.items():
        if name == "between" and not column:
            properties[name] = {"description": "In columns only: a row has before", "not": {}}
            continue
        declared = key_schema(key, _form)
        if name == "block":
            declared = {"description": described(key), "anyOf": [{"enum": sorted(shipped_blocks())},
                                                                 {"type": "string", "pattern": rf"^({IDENTIFIER}|\$.*)$"},
                                                                 {"type": "null"}]}
        elif name not in STAGE_LISTS:
            declared = {**declared, "anyOf": [*declared.get("anyOf", [{}]), EXPRESSION]}
        if column and name not in STAGE_LISTS:
            declared = _column(declared)
        properties[name] = declared
        if name in PLURAL:
            properties[PLURAL[name]] = declared
    for name in ("width", "widths"):
        width: JsonSchema = {"not": {"type": "array", "maxItems": 0}} if column else {}
        properties[name] = {"description": "How wide the block is: a parameter of most blocks", **width}
    if column:
        properties["table"] = {"description": "The columns as a table: its first row names them, each other is a stage",
                               "type": ["array", "null"], "minItems": 2,
                               "items": {"type": "array", "not": {"contains": {"enum": [*STAGE_LISTS]}}}}
    twice: list[JsonSchema] = [{"not": {"required": [plural, single]}} for plural, single in PLURALS.items()]
    return {"type": "object", "properties": properties, "allOf": [{"$ref": "#/$defs/parameters"}, *twice]}


def _column(value: JsonSchema) -> JsonSchema:
    """A value for all stages, or a list with one entry a stage, where `default` gives a stage nothing."""
    single = {"anyOf": [*value["anyOf"], {"const": "default"}]}
    return {**value, "anyOf": [*value["anyOf"], {"type": "array", "items": single, "minItems": 1}]}


def _parameters_of(name: str) -> JsonSchema:
    """What an editor offers in a stage of this block: its parameters."""
    return {**_where_block_is(name), "then": {"$ref": f"#/$defs/of_{name}"}}


def _where_block_is(name: str) -> JsonSchema:
    return {"if": {"properties": {"block": {"const": name}}, "required": ["block"]}}


def _keys_of(name: str) -> JsonSchema:
    """What stages of this block may say, where the block is the shipped one. A mapping may be what one says by its name."""
    known: JsonSchema = {key: {} for key in sorted({*STAGE, *PLURALS, "table", *_parameters(name)})}
    return {**_where_block_is(name), "then": {"properties": known, "additionalProperties": {"type": "object"}}}


def _of_shipped_blocks_alone(calls: Mapping[str, JsonSchema]) -> JsonSchema:
    """What a file may name that has no blocks of its own and extends at most a shipped spec: the blocks are known then.

    Its operation lists are seen as far as their own entries go: what stands deeper is let through.
    """
    elsewhere = [{"required": [key]} for key in ("blocks", "include")]
    shipped_parent = {"properties": {"extends": {"enum": spec_names()}}}
    own = {name for path in shipped().glob("*.yaml") if "\nblocks:" in path.read_text() for name in _blocks_of(path)}
    blocks: JsonSchema = {"anyOf": [{"enum": sorted({*shipped_blocks(), *own, "default"})}, {"type": "null"}, EXPRESSION]}
    stage: JsonSchema = {"properties": {key: {"anyOf": [*blocks["anyOf"], {"type": "array", "items": blocks}]}
                                        for key in ("block", "blocks")}}
    names = {"enum": sorted({*calls, *own})}
    item = {"anyOf": [{"type": "string", "pattern": r"^\$"}, names, {"type": "object", "propertyNames": names}]}
    takes: JsonSchema = {"allOf": [{"$ref": f"#/$defs/keys_of_{name}"} for name in shipped_blocks()]}
    called = {name: {"propertyNames": {"enum": sorted({*_parameters(name), "if", "name"})}} for name in shipped_blocks()}

    def throughout(stage: JsonSchema, item: JsonSchema) -> JsonSchema:
        items = {"items": item}
        return {"properties": {"stages": {**stage, "items": stage}, "stem": items, "head": items}}

    return {"if": {"allOf": [shipped_parent, *({"not": each} for each in elsewhere)]},
            "then": {**throughout(stage, item), "if": {"not": {"required": ["extends"]}},
                     "then": throughout(takes, {"properties": called})}}


def _blocks_of(path: Path) -> Iterable[str]:
    """The blocks of a shipped spec's own."""
    blocks = read(path).entries["blocks"]
    return blocks.entries if isinstance(blocks, MappingTree) else ()


def _block() -> JsonSchema:
    """A block of the spec's own."""
    properties = {**keys_schema(BLOCK, _form), "edit": {"description": plain_text(BLOCK["edit"].doc), "type": "object"}}
    properties["like"] = {"description": described(BLOCK["like"]),
                          "anyOf": [{"enum": sorted(shipped_blocks())}, {"type": ["string", "null"]}]}
    return {"type": "object", "properties": properties, "additionalProperties": False,
            "anyOf": [{"required": ["body"]}, {"required": ["like"]}]}


def _names_schema() -> JsonSchema:
    """A mapping of names that expressions know."""
    return {"type": "object", "propertyNames": {"pattern": f"^{IDENTIFIER}$", "not": {"enum": sorted(RESERVED)}}}


# -- operations ----------------------------------------------------------------------------------------------------------

def _item(calls: Iterable[str]) -> JsonSchema:
    """An entry of an operation list: a word, a list's name, or one operation or block with what it takes."""
    names = [*calls]
    alone = [name for name in names if name not in OPERATIONS or _can_stand_alone(OPERATIONS[name])]
    return {"anyOf": [
        {"enum": alone}, {"type": "string", "pattern": rf"^\$?{IDENTIFIER}$", "not": {"enum": sorted({*names} - {*alone})}},
        {"type": "object", "minProperties": 1, "maxProperties": 1, "propertyNames": {"pattern": f"^{IDENTIFIER}$"},
         "properties": {name: {"$ref": f"#/$defs/op_{name}"} for name in names}},
    ]}


def _can_stand_alone(signature: Signature) -> bool:
    """Whether an operation has no argument that it cannot do without; `defaults` may say those of some."""
    return signature.name in DEFAULTS or all(key.default is not REQUIRED for key in signature.arguments.values())


def _operation(signature: Signature) -> JsonSchema:
    """What stands behind an operation."""
    found: JsonSchema = {"description": _sentence(signature.doc),
                         "anyOf": [_line(signature), *_bare(signature), _arguments(signature)]}
    if example := EXAMPLES.get(signature.name):
        found["examples"] = [example.partition(": ")[2]]
    return found


def _block_call(name: str) -> JsonSchema:
    """What stands behind a shipped block; one of the spec's own hides it, so nothing is refused."""
    table = BlockTable(None)
    about = table.tree(name).entries.get("description")
    return {"description": _sentence(f"the block {name}: {about.text}" if isinstance(about, Scalar) else f"the block {name}"),
            "anyOf": [{"allOf": [{"$ref": f"#/$defs/of_{name}"}], "properties": {"if": CONDITION, "name": LABEL}}, {}]}


def _parameters(name: str) -> dict[str, JsonSchema]:
    """The parameters of a shipped block, with their defaults and the words that some take."""
    table = BlockTable(None)
    parameters = table.tree(name).entries.get("parameters")
    found: dict[str, JsonSchema] = {}
    for parameter, value in parameters.entries.items() if isinstance(parameters, MappingTree) else ():
        default = plain(value)
        needed = default == REQUIRED
        words = parameter_words(parameter, name, table)
        found[parameter] = {"description": f"{'Required by' if needed else 'A parameter of'} the block {name}",
                            **({} if needed else {"default": default}), **({"examples": words} if words else {})}
    return found


def _line(signature: Signature) -> JsonSchema:
    """The arguments in one line."""
    return {"type": "string", "pattern": line_pattern(signature)}


def _bare(signature: Signature) -> list[JsonSchema]:
    """A value that stands for the main argument, but for the text of a line."""
    if signature.main is None:
        return []
    kind = signature.arguments[signature.main].kind
    whole = _form(kind) if isinstance(kind, Form) else kind.json_schema()
    found = [SWITCH, *whole.get("anyOf", [whole])]
    if signature.name == "branches":
        found.append({"type": "object", "not": {"required": ["paths"]}, "additionalProperties": {"$ref": "#/$defs/body"}})
    return found


def _arguments(signature: Signature) -> JsonSchema:
    """The arguments as a mapping."""
    properties = {name: _argument(key) for name, key in signature.arguments.items()}
    if signature.main is not None:
        main = properties[signature.main]
        properties[signature.main] = {**main, "anyOf": [*main["anyOf"], SWITCH]}
    properties |= {"if": CONDITION} if signature.layerless else {"if": CONDITION, "name": LABEL}
    needed = [name for name, key in signature.arguments.items() if key.default is REQUIRED]
    required = {"required": needed} if needed and signature.name not in DEFAULTS else {}  # defaults may say those of the others
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _argument(key: Key) -> JsonSchema:
    """A value of an argument, or an expression."""
    found = key_schema(key, _form, null=False)
    return {**found, "anyOf": [*found["anyOf"], EXPRESSION]}


def _kind_of(part: str) -> JsonSchema:
    """A kind of norm or activation, with its arguments in one line or as a mapping."""
    signature = OPERATIONS[part]
    return {"anyOf": [*_bare(signature), _line(signature), _arguments(signature)]}


def _sentence(text: str) -> str:
    said = plain_text(text)
    return said[:1].upper() + said[1:]


# -- forms ---------------------------------------------------------------------------------------------------------------

WHOLE: JsonSchema = {"type": "integer", "minimum": 1, "maximum": 10**7}
PIXELS: JsonSchema = {"type": "integer", "minimum": 0, "maximum": 10**7}
ANY_PIXELS: JsonSchema = {"type": "integer", "minimum": -10**7, "maximum": 10**7}


def _listed(item: JsonSchema, count: int) -> JsonSchema:
    return {"type": "array", "items": {"anyOf": [item, EXPRESSION]}, "minItems": count, "maxItems": count}


def _any_of(*schemas: JsonSchema) -> JsonSchema:
    return {"anyOf": [*schemas]}


def _text(pattern: str) -> JsonSchema:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _form(form: Form) -> JsonSchema:
    """A form of the language."""
    return FORMS[form.name]


PATHS = _any_of({"type": "array", "items": {"$ref": "#/$defs/body"}},
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/body"}})
FORMS: Mapping[str, JsonSchema] = {
    "text": TEXTS, "any": {}, "mapping": _names_schema(), "items": _any_of({"$ref": "#/$defs/body"}),
    "size": _text(INPUT.pattern), "version": {"const": VERSION}, "defaults": {"type": "object"},
    "blocks": {"type": "object", "propertyNames": {"pattern": f"^{IDENTIFIER}$", "not": {"enum": [*OPERATIONS]}},
               "additionalProperties": {"$ref": "#/$defs/block"}},
    "files": _any_of({"type": "string"}, {"type": "array", "items": {"type": "string"}}),
    "stages": _any_of({"$ref": "#/$defs/columns"}, {"type": "array", "items": {"$ref": "#/$defs/stage"}}),
    "auxiliary": {"type": "object", "additionalProperties": ITEMS}, "edit": {"type": "object"},
    "pair": _any_of(WHOLE, _text(f"{SIZE}x{SIZE}"), _listed(WHOLE, 2)), "pads": _any_of(PIXELS, _listed(PIXELS, 4)),
    "padding": _any_of({"enum": [*PADDINGS]}, PIXELS, _listed(PIXELS, 4)),
    "margins": _any_of(ANY_PIXELS, _listed(ANY_PIXELS, 4)),
    "sizes": _any_of(_text(f"{SIDE}x{SIDE}x{SIDE}"), _listed({"anyOf": [WHOLE, {"const": "?"}]}, 3)),
    "split": _any_of({"type": "boolean"}, {"type": "array", "items": {"anyOf": [WHOLE, EXPRESSION]}}),
    "kept": _text(IDENTIFIER), "name": {"type": ["string", "integer"], "pattern": f"^{STAGE_NAME}$"},
    "names": _any_of(_text(STAGE_NAME), {"type": "integer"}, {"type": "array", "items": _text(STAGE_NAME), "minItems": 1}),
    "paths": PATHS,
    "shortcut": _any_of({"enum": [*SHORTCUTS]}, ITEMS, {
        "type": "object", "additionalProperties": False, "required": ["matching", "differing"],
        "properties": {case: {"anyOf": [{"type": "string"}, ITEMS]} for case in ("matching", "differing")}}),
    "norm": _any_of({"$ref": "#/$defs/norm"}), "act": _any_of({"$ref": "#/$defs/act"}),
}
"""What each form of the language takes."""


# -- where editors find it -------------------------------------------------------------------------------------------------

HEAD = "# yaml-language-server: $schema="


def headed(text: str, reference: str) -> str:
    """A spec's text with the line at its head by which editors find the schema: a path from the spec's own folder, or a URI."""
    rest = text.split("\n", 1)[1] if text.startswith(HEAD) else text
    return f"{HEAD}{reference}\n{rest}"
