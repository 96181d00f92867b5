"""What TensorFlow Serving demands of an export, and what it had better have: a line a rule.

From the server's own sources, 2.20.0: sources/storage_path/file_system_storage_path_source.cc (layout), session_bundle (files,
meta graph), servables/tensorflow/predict_util.cc and classifier.cc (signatures), util/json_tensor.cc (REST),
saved_model_warmup_util.cc (warm-up), batching/batching_session.cc and config/model_server_config.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """Whether a server cannot do without it, what it says, and what to do where it is broken."""

    must: bool
    says: str
    hint: str


@dataclass(frozen=True)
class Fault:
    """A rule that is broken: where, and how; and what to do, where the rule's own hint is not about that."""

    code: str
    where: str
    message: str
    hint: str = ""


@dataclass
class Seen:
    """What is found out, while it is looked for: faults, and the rules of which nothing can be said, with the reason."""

    faults: list[Fault] = field(default_factory=list)
    unseen: dict[str, str] = field(default_factory=dict)


RULES: Mapping[str, Rule] = {
    "layout.versions": Rule(True, "versions lie in folders that are called by numbers: BASE/1/saved_model.pb",
                            "move the SavedModel into a folder BASE/1, and give the server BASE"),
    "layout.whole": Rule(True, "whatever is called by a number is a whole version",
                         "write a version under another name, .new say, and rename it when it is complete"),
    "layout.names": Rule(False, "numbers of versions are plain: 1, not 01", "rename the folder"),
    "files.graph": Rule(True, "saved_model.pb is a SavedModel of less than 2 GiB",
                        "export it anew; large weights as variables"),
    "files.variables": Rule(True, "variables.index and all its data files are there and whole",
                            "copy the version's folder anew, whole: a copy may have broken off; or export it anew"),
    "files.format": Rule(True, "there is no export.meta, which is the mark of a format that is no longer read", "remove it"),
    "files.readable": Rule(False, "everybody may read the files", "chmod -R a+rX"),
    "files.inside": Rule(False, "no link leads out of the version's folder, where a container would not find it",
                         "put the file itself there"),
    "files.once": Rule(False, "weights are stored once", "export a tf.Module that holds the variables, not the Keras model; "
                       "model.export() stores them twice"),
    "files.tflite": Rule(False, "no model.tflite lies in the version: with --prefer_tflite_model a server takes it instead",
                         "put it elsewhere"),
    "meta.tags": Rule(True, "exactly one meta graph has just the tag 'serve'", "tf.saved_model.save writes it so"),
    "meta.operations": Rule(True, "only TensorFlow's own operations are used",
                            "export without custom operations, or build a server that has them"),
    "meta.files": Rule(False, "nothing that is run may touch files, the network, processes or devices",
                       "export only what is computed from the request"),
    "meta.stripped": Rule(False, "default attributes are left out, so that older servers can read it",
                          "tf.saved_model.save does so by itself"),
    "signature.default": Rule(True, "there is a signature serving_default, for requests that name none",
                              "signatures={'serving_default': …}"),
    "signature.method": Rule(True, "each signature is called by a method that a server has", "tf.saved_model.save sets "
                             "tensorflow/serving/predict"),
    "signature.tensors": Rule(True, "inputs and outputs are dense tensors",
                              "make them dense in the function: tf.sparse.to_dense"),
    "signature.batch": Rule(True, "the first axis of every input and output is the batch, and open",
                            "TensorSpec((None, …)); outputs without a batch are left out"),
    "signature.numbers": Rule(True, "numbers are of kinds that REST knows",
                              "tf.cast(…, tf.float32) at the end of the function"),
    "signature.b64": Rule(True, "no input is called b64, which marks encoded bytes in REST", "call it otherwise"),
    "signature.python": Rule(True, "no signature calls Python",
                             "write it in TensorFlow's operations: a server has no Python, and fails each request"),
    "signature.xla": Rule(True, "no signature has to be compiled by XLA, which the server switches off",
                          "export without jit_compile=True, and not from JAX"),
    "signature.classify": Rule(True, "a classify signature has the input 'inputs' and the outputs 'classes' or 'scores' alone",
                               "name them so"),
    "signature.devices": Rule(False, "no device is named in the graph", "export outside tf.device, on a machine without GPU"),
    "signature.pure": Rule(False, "nothing is assigned and nothing drawn at random", "call the model with training=False"),
    "signature.keys": Rule(False, "inputs and outputs have names of their own: they are what clients write",
                           "TensorSpec(…, name='images'); return a dictionary"),
    "signature.shapes": Rule(False, "all axes but the batch are fixed, and strings have no other: requests can be batched",
                             "TensorSpec((None, height, width, channels)); TensorSpec((None,), tf.string)"),
    "run.loads": Rule(True, "the version is loaded as the server does it",
                      "copy or export it anew; the message says what is wrong"),
    "run.answers": Rule(True, "one and several rows are answered, with a row each, of finite numbers",
                        "the function has to work for any batch; numbers that are not finite are no JSON"),
    "run.text": Rule(True, "text is UTF-8", "call an output of bytes by a name that ends in _bytes"),
    "run.rows": Rule(True, "a row's answer does not depend on the others: the server puts requests of strangers together",
                     "call the model with training=False"),
    "run.repeats": Rule(False, "the same request has the same answer", "call the model with training=False"),
    "run.refuses": Rule(False, "a request of another shape, or with what is no image, is an error and ends nothing",
                        "begin the function with tf.ensure_shape: the server checks no shapes"),
    "labels": Rule(False, "labels.txt names each class once, in the order of the probabilities",
                   "write it anew, one name a line"),
    "warmup": Rule(True, "each record of warm-up requests can be played",
                   "write them anew for these signatures, or remove the file"),
    "batching": Rule(True, "allowed_batch_sizes rise, and end in max_batch_size",
                     "write the sizes in rising order, the last of them the value of max_batch_size"),
    "config": Rule(True, "model.config names each model once, with an absolute base_path and the platform tensorflow",
                   "write it as the model.config does that archspec export leaves beside the versions"),
}
