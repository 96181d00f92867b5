"""The `train` section of a spec: what a network learns from, and how. Every key acts, every default stands here."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from archspec.schema.keys import Clash, Key, OneOf, Section, Sub, key, section
from archspec.schema.kinds import Choice, Flag, Number, Table, Text, Whole, plainly
from archspec.spec.augment import CROPS, NAMED, OPERATIONS, CutMix, Flip, MixUp, Operation, RandomResizedCrop, order_clashes
from archspec.spec.data import ELSEWHERE, SOURCES, Data, Digits, Mnist5k
from archspec.spec.log import LogSection
from archspec.spec.losses import LOSSES, Loss
from archspec.spec.optimizers import OPTIMIZERS, SHARE, Optimizer, Sgd
from archspec.spec.precision import JIT, PRECISION
from archspec.spec.preprocess import PreprocessKeys
from archspec.spec.saving import Checkpoint, OnDivergence, Rollback, Stop, StopEarly, unkept
from archspec.spec.schedules import MOST_EPOCHS, SCHEDULES, Cosine, Schedule, misfits
from archspec.spec.updates import Clip, Ema, Freeze

NOT_NEGATIVE = Number(least=0, most=1e6)
STRATEGIES = Choice(("auto", "one", "mirrored", "multi_worker"), {
    **dict.fromkeys(("onedevice", "onedevicestrategy", "single", "cpu", "none"), "one"),
    **dict.fromkeys(("mirroredstrategy", "dp", "dataparallel"), "mirrored"),
    **dict.fromkeys(("multiworkermirroredstrategy", "multiworkermirrored", "ddp", "distributeddataparallel", "horovod",
                     "distributed"), "multi_worker"),
    "gpu": "auto trains on the GPUs that there are; gpus: 1 fails without one"})
COMMUNICATION = Choice(("auto", "ring", "nccl"), {"gloo": "ring", "mpi": "ring", "grpc": "ring"})
BALANCED = dict.fromkeys(("balanced", "auto"), "sampling: balanced shows every class as often as any other; weights are "
                         "written out, {NAME: 2.5}")
"""What to write where other libraries count the classes themselves, by their word for it."""
DECIDED = ("data", "epochs", "batch", "optimizer", "clip", "loss", "schedule", "preprocess", "augment",
           "repeated_augmentation", "label_smoothing", "auxiliary_weight", "zero_init_residual",
           "ema", "recompute_statistics")
"""What a recipe decides, by saying it or by leaving it to the defaults: naming one forgets what was said of these before."""
SAMPLINGS = {**dict.fromkeys(("weighted", "weightedrandom", "oversample", "oversampling", "classbalanced", "equal"),
                             "balanced"),
             **dict.fromkeys(("uniform", "random", "shuffle", "sequential"), "natural")}
"""What other libraries call the ways to draw images."""


@section
class Init(Section):
    """Weights to start from, instead of random ones: a run's, or a file that `archspec import` reads."""

    main = "weights"
    weights: str = key(Text("the path of a file or a run's folder"), "the run or the file, relative to the folder in which the "
                       "command runs", synonyms=("path", "file", "checkpoint", "pretrained"))
    layout: str = key(Text("the name of a layout"), "where it is from: archspec for a run or a model.keras of ours, keras, "
                      "pytorchcv, timm, timm-tf, torchvision, or the file of a mapping of your own", default="archspec")
    new_head: bool = key(Flag(), "start the last layer afresh, for other classes; of a run's that is done where their number "
                         "differs", default=False)
    partial: bool = key(Flag(), "take what fits, and start afresh what is missing", default=False)
    as_is: bool = key(Flag(), "take the numbers whatever they are, into a network of another form too", default=False)


@section
class Recipe(Section):
    """All that training needs to know beside the network."""

    instead = MappingProxyType({
        **ELSEWHERE, **dict.fromkeys(("callbacks", "callback"), "archspec train --callback MODULE:CLASS; a spec names none, "
                                     "for it may be a stranger's"),
        **{plainly(name): f"it is done to images: train.augment: [{each.word}]"
           for each in NAMED.sections for name in (each.word, *each.synonyms)}})

    merged = MappingProxyType({"recipe": Key(Text("the name of a recipe"), None, "a recipe that ships, see "
                                             "[Recipes](#recipes); its keys hold where the section that names it says "
                                             "nothing")})

    data: Data = key(SOURCES, "where the images come from", default=Digits(), synonyms=("dataset",))
    epochs: int = key(Whole(1, MOST_EPOCHS), "how often every image is seen", default=30)
    batch: int = key(Whole(1, 10**6), "images a step, over all devices together", default=32, unit="images",
                     synonyms=("batch_size", "bs", "global_batch_size"))
    accumulate: int = key(Whole(1, 1000), "micro-batches that a batch is taken in, one after the other, for less memory; the "
                          "statistics of batch norms are each one's", default=1,
                          synonyms=("gradient_accumulation", "accum_iter", "grad_accum", "gradient_accumulation_steps"))
    optimizer: Optimizer = key(OneOf("kind", OPTIMIZERS), "how weights change", default=Sgd(), synonyms=("optimiser",))
    clip: Clip | None = key(Sub(Clip), "bounds the gradient of the whole batch, ahead of decay; `clip: 1` is its length",
                            default=None, synonyms=("clip_grad", "gradient_clipping", "clipnorm", "grad_clip", "max_grad_norm",
                                                    "clip_grad_norm", "clip_norm", "max_norm", "gradient_clip_val",
                                                    "global_clipnorm", "clipvalue"))
    ema: Ema | None = key(Sub(Ema), "a moving average of the weights, which is tested and exported; `ema: 0.9999` is its decay",
                          default=None, synonyms=("model_ema", "moving_average", "use_ema", "polyak", "ema_decay"))
    loss: Loss | None = key(OneOf("kind", LOSSES), "how far the network is from the truth; a test tells the cross entropy "
                            "whatever it is", default=None, follows="softmax; sigmoid where an image may have several labels",
                            synonyms=("criterion", "objective", "loss_fn", "losses", "loss_function"))
    schedule: Schedule = key(SCHEDULES, "the learning rate over the epochs", default=Cosine(),
                             synonyms=("lr_schedule", "scheduler"))
    preprocess: PreprocessKeys = key(Sub(PreprocessKeys), "what is done to every image ahead of the network",
                                     default=PreprocessKeys(), synonyms=("preprocessing", "normalize", "normalise",
                                                                         "normalization", "resize"))
    augment: tuple[Operation, ...] | None = key(
        OPERATIONS, "what training does to images at random, in this order", default=None,
        follows="random_resized_crop and flip for images in files, else none",
        synonyms=("augmentation", "augmentations", "transforms"))
    repeated_augmentation: int = key(Whole(1, 100), "how many differently augmented copies of an image a batch holds; the "
                                     "epoch keeps its length and holds so many fewer images",
                                     default=1, unit="copies", synonyms=("aug_repeats", "ra_sampler", "repeated_aug"))
    sampling: str = key(Choice(("natural", "balanced"), SAMPLINGS), "every image once an epoch, or every class as often as any "
                        "other", default="natural", synonyms=("sampler", "oversampling"))
    class_weights: object = key(Table(Number(least=0, most=1e6), instead=BALANCED), "the weight of a class in the loss, by its "
                                "name; those not named have 1", default=None, follows="1 for all", synonyms=("class_weight",))
    label_smoothing: float = key(SHARE, "the share of each label that is spread over all classes", default=0.0, unit="share",
                                 synonyms=("smoothing",))
    auxiliary_weight: float = key(NOT_NEGATIVE,
                                  "the weight of each auxiliary classifier's loss beside the main one's; read only by "
                                  "networks that have some", default=0.3,
                                  synonyms=("aux_weight",))
    freeze: Freeze | None = key(Sub(Freeze), "what does not learn, `freeze: [stem, stage1]`; its norms do not move either",
                                default=None, synonyms=("frozen", "freeze_layers", "trainable"))
    recompute_statistics: int = key(Whole(0, 10**9), "after the last epoch the statistics of batch norms become the mean over "
                                    "this many training images, in whole batches (1512.03385, section 3.4); 0: they stay the "
                                    "moving ones", default=0, unit="images", synonyms=("update_bn", "precise_bn"))
    zero_init_residual: bool = key(Flag(), "each residual branch starts as nothing: the scale of its last norm at 0 "
                                   "(1706.02677, section 5.1)", default=False, synonyms=("zero_init_last", "zero_gamma"))
    init: Init | None = key(Sub(Init), "weights to start from instead of random ones; of a run: `init: runs/x`",
                            default=None, synonyms=("pretrained",))
    seed: int = key(Whole(0, 2**31 - 1), "fixes the weights, the order of the images and what augmentation draws", default=0,
                    synonyms=("random_seed",))
    strategy: str = key(STRATEGIES, "one device; mirrored on all devices of this machine; multi_worker on those of several "
                        "processes; auto: what there is", default="auto",
                        synonyms=("distribution", "distribute", "distribution_strategy", "accelerator"))
    gpus: int | None = key(Whole(0, 1024), "how many GPUs this machine, or each worker, trains on; fewer are an error; 0: "
                           "its processors", default=None, follows="all that there are", unit="GPUs",
                           synonyms=("devices", "num_gpus", "n_gpus", "ngpus", "nproc_per_node", "device_count"))
    communication: str = key(COMMUNICATION, "between several workers: ring over the network, nccl among GPUs, auto: as "
                             "TensorFlow chooses", default="auto",
                             synonyms=("communication_options", "collective", "all_reduce_alg", "dist_backend",
                                       "process_group_backend"))
    sync_batch_norm: bool = key(Flag(),
                                "statistics over the whole batch, not over each device's part: as many devices as one likes, "
                                "the same training", default=True, synonyms=("sync_bn",))
    precision: str = key(PRECISION, "the numbers of a step: products in half precision where it mixes, while weights, logits, "
                         "loss and what is exported stay float32", default="float32",
                         synonyms=("amp", "mixed_precision", "dtype", "fp16", "bf16"))
    jit: str = key(JIT, "on: XLA compiles the step, on one device", default="off",
                   synonyms=("jit_compile", "xla", "compile", "torchcompile"))
    checkpoint: Checkpoint = key(Sub(Checkpoint), "when the state is saved, and which states are kept", default=Checkpoint(),
                                 synonyms=("checkpoints", "save"))
    stop_early: StopEarly | None = key(Sub(StopEarly), "when a training that no longer gets better ends; `stop_early: 10` is "
                                       "its patience", default=None, synonyms=("early_stopping", "earlystop", "patience",
                                                                          "early_stopping_patience"))
    on_divergence: OnDivergence = key(OneOf("kind", (Stop, Rollback)), "what is done where loss or weights are no longer "
                                      "numbers", default=Stop(), synonyms=("terminate_on_nan", "on_nan", "nan", "skip_nan"))

    log: LogSection = key(Sub(LogSection), "what is written down beside a row an epoch", default=LogSection(),
                          synonyms=("logging",))

    @property
    def learning_rate(self) -> float:
        """The highest learning rate, at the batch of this training."""
        return self.schedule.peak(self.batch)

    @property
    def rate_said(self) -> str:
        """The highest learning rate, the rate per batch that it comes from, and where points are stretched to, if any."""
        given = self.schedule.learning_rate
        came = "" if given.per is None else f" ({given}, batch {self.batch}{', sqrt' * (self.schedule.scaling == 'sqrt')})"
        stretched = self.schedule.stretched(self.epochs)
        points = f"; points for {self.schedule.written_for} epochs stretched to {self.epochs}: {stretched}" if stretched else ""
        return f"learning rate {self.learning_rate:g}{came}{points}"

    @property
    def reckoned(self) -> bool:
        """Whether rates and points come to others than are written."""
        return self.schedule.learning_rate.per is not None or bool(self.schedule.stretched(self.epochs))

    @property
    def augmentation(self) -> tuple[Operation, ...]:
        """What training does to images, where nothing is written what holds."""
        usual: tuple[Operation, ...] = (RandomResizedCrop(), Flip()) if self.data.mirrored else ()
        return usual if self.augment is None else self.augment

    @property
    def mixing(self) -> tuple[str, ...]:
        """The words of what mixes images in pairs."""
        return tuple(each.word for each in self.augmentation if isinstance(each, MixUp | CutMix))

    @property
    def crops(self) -> bool:
        """Whether training sees parts of images that are drawn, and scaled to the input."""
        return any(isinstance(each, CROPS) for each in self.augmentation)

    def clashes(self) -> Iterator[Clash]:
        """A mirror image that is none of its class; augmentations out of order; odd batches of pairs; what is never reached."""
        flips = [number for number, each in enumerate(self.augmentation) if isinstance(each, Flip)]
        if isinstance(self.data, Digits | Mnist5k) and flips:
            yield Clash((f"augment.{flips[0]}", "data"), "a mirrored digit is not a digit", "leave flip out")
        yield from order_clashes(self.augmentation)
        yield from _unpaired(self)
        if self.strategy == "one" and (self.gpus or 0) > 1:
            yield Clash(("gpus", "strategy"), f"{self.gpus} GPUs are asked for, and strategy: one trains on one device",
                        "strategy: mirrored")
        yield from misfits(self.schedule, self.epochs)
        yield from unkept(self.checkpoint, self.stop_early, self.on_divergence, self.epochs)
        yield from _unshared(self)
        if self.freeze and self.freeze.until >= self.epochs:
            yield Clash(("freeze.until", "epochs"), f"freeze.until is epoch {self.freeze.until:g}, but training has "
                        f"{self.epochs}",
                        "an earlier epoch, or leave until out: frozen to the end")


def _unshared(recipe: Recipe) -> Iterator[Clash]:
    """A batch that its micro-batches do not share out evenly, in whole pairs where these are mixed."""
    least = recipe.accumulate * (2 if recipe.mixing else 1)
    if recipe.accumulate > 1 and recipe.batch % least:
        pairs = f" of whole pairs, which are mixed ({', '.join(recipe.mixing)})" if recipe.mixing else ""
        yield Clash(("accumulate", "batch"), f"a batch of {recipe.batch} is not {recipe.accumulate} equal micro-batches{pairs}",
                    f"batch: {-(-recipe.batch // least) * least}")


def _unpaired(recipe: Recipe) -> Iterator[Clash]:
    """Images that are mixed in pairs, in batches that leave one over, or hold copies of one alone."""
    if recipe.mixing and recipe.batch % 2:
        words = ", ".join(recipe.mixing)
        yield Clash(("batch", "augment"), f"images are mixed in pairs ({words}), and a batch of {recipe.batch} leaves one over",
                    f"batch: {recipe.batch + 1}")
    elif recipe.mixing and recipe.repeated_augmentation >= recipe.batch:
        copies, words = recipe.repeated_augmentation, ", ".join(recipe.mixing)
        yield Clash(("repeated_augmentation", "augment"), f"{words}: with {copies} copies of an image in a batch of "
                    f"{recipe.batch} each is mixed with itself", "fewer copies, or a larger batch")
