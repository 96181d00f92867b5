"""The `train.log` section of a spec: what is written down of a training beside a row an epoch."""

from __future__ import annotations

from archspec.schema.keys import Section, key, section
from archspec.schema.kinds import Whole


@section
class LogSection(Section):
    """What is written down of a training, beside a row of metrics.jsonl for each epoch."""

    main = "steps"
    steps: int = key(Whole(0, 10**9), "every so many steps a line of steps.jsonl and a point in TensorBoard: loss, accuracy, "
                     "learning rate, length of gradient and update of that step; 0: never", default=0, unit="steps",
                     synonyms=("every", "log_interval", "log_every_n_steps", "update_freq", "print_freq"))
    histograms: int = key(Whole(0, 100_000), "every so many epochs how the numbers of each weight are spread, in TensorBoard; "
                          "0: never", default=0, unit="epochs", synonyms=("histogram_freq",))
    images: int = key(Whole(0, 100_000), "every so many epochs its first images as the network was trained on them, in "
                      "TensorBoard; 0: only those of the first epoch", default=0, unit="epochs",
                      synonyms=("log_images", "image_freq", "visualize", "write_images"))
