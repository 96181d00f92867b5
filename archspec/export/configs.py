"""What a server is started with, beside the versions of a model: its configurations, and a README of lines that are run."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from archspec.export.exportable import Exportable
from archspec.export.guide import METRICS, guide
from archspec.export.server_config import CONFIG
from archspec.io.files import read_bytes, write_text

BATCHING, MONITORING, README = "batching.config", "monitoring.config", "README.md"
DELAY = 1000
"""Microseconds that a request waits for others to share a batch with: less than a small network takes for one image."""
QUEUED = 1000
"""Batches that wait at most: more are refused at once (UNAVAILABLE), rather than answered when nobody waits any longer."""
NOTE = "Written by archspec export, which writes it anew unless it was changed"


def write(folder: Path, base: Path, made: Exportable, version: int) -> tuple[Path, ...]:
    """Writes into a folder what is to lie in that of the model, models/NAME; gives those that stay as their user changed them.

    README.md speaks of the new version; the others, of no version, are right before it and after.
    """
    name = base.name
    texts = {CONFIG: (_pbtxt, model_config(name)), BATCHING: (_pbtxt, batching(made.batches)),
             MONITORING: (_pbtxt, monitoring()), README: (_markdown, guide(made, name, version))}
    kept = [base / file for file, (sign, _) in texts.items() if not _is_ours(base / file, sign)]
    for file, (sign, text) in texts.items():
        if base / file not in kept:
            write_text(folder / file, _signed(text, sign))
    return tuple(kept)


def model_config(name: str) -> str:
    """For --model_config_file: the newest version, and in a comment what a canary needs. A container has it at /models."""
    return f"""\
model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{ latest {{ num_versions: 1 }} }}
    # Two versions side by side, asked by label (/v1/models/{name}/labels/canary:predict), in place of the line above. To
    # roll back, exchange the numbers of the labels; requests without a label go to the highest version that is served, so
    # for these let `specific` name the older version alone:
    # model_version_policy {{ specific {{ versions: 1 versions: 2 }} }}
    # version_labels {{ key: "stable" value: 1 }}
    # version_labels {{ key: "canary" value: 2 }}
  }}
}}
"""


def batching(sizes: Sequence[int]) -> str:
    """For --batching_parameters_file, with --enable_batching: requests are filled up to the next size that was warmed up."""
    allowed = "".join(f"allowed_batch_sizes: {size}\n" for size in sorted(set(sizes)))
    return f"""\
max_batch_size {{ value: {max(sizes)} }}
batch_timeout_micros {{ value: {DELAY} }}
max_enqueued_batches {{ value: {QUEUED} }}
# num_batch_threads {{ value: 4 }}  # batches at once; the number of cores if it is left out
{allowed}"""


def monitoring() -> str:
    """For --monitoring_config_file: Prometheus reads the REST port."""
    return f'prometheus_config {{ enable: true path: "{METRICS}" }}\n'


def _pbtxt(note: str) -> str:
    return f"# {note}\n"


def _markdown(note: str) -> str:
    return f"<!-- {note} -->\n"


def _signed(text: str, sign: Callable[[str], str]) -> str:
    """The text below a line that says by whom it is, with a digest of the text."""
    return sign(f"{NOTE}: {hashlib.sha256(text.encode()).hexdigest()[:16]}") + text


def _is_ours(path: Path, sign: Callable[[str], str]) -> bool:
    """Whether a file may be written: it is not there, or as it was written."""
    try:
        text = read_bytes(path).decode("utf-8")
    except FileNotFoundError:
        return True
    except (OSError, ValueError):
        return False
    return text == _signed(text.partition("\n")[2], sign)
