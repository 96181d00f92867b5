"""Examples of each command, which its help ends with."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "train": (("train resnet20_digits", "handwritten digits: no download, minutes"),
              ("train mine.yaml --dry-run", "a little of each part, and how long all will take"),
              ("train mine.yaml --set train.epochs=30 --run runs/short", "a change, in a folder of its own")),
    "launch": (("launch resnet20_digits --workers 2", "two processes train one network"),),
    "check": (("check mine.yaml", "every problem, with line and column"),
              ("check mine.yaml other.yaml --strict --json", "for scripts; warnings count, too")),
    "summary": (("summary resnet50", "a row a stage"),
                ("summary resnet50 --layers --set stages.se=16", "a row a layer, of a variant")),
    "show": (("show mine.yaml", "with all that it extends"),
             ("show mine.yaml --explain stages.widths", "which file says it"),
             ("show --block bottleneck", "a block that ships")),
    "draw": (("draw resnet50", "resnet50.svg: its stages, what they cost, its block"),
             ("draw mine.yaml --stage stage2 --repeat 2 -o block.svg", "the block of a stage, in its second repeat"),
             ("draw resnet18 resnet50 --table latex", "a paper's table, of both")),
    "diff": (("diff resnet50 mine.yaml", "structure, sizes, cost and recipe"),
             ("diff resnet50 resnet50 --set-b stages.se=16 -o se.svg", "a change, as a picture, too"),
             ("diff runs/old runs/new --json", "two runs, for scripts")),
    "list": (("list resnext", "the specs with that word"), ("list --blocks se", "the blocks with that word"),
             ("list --recipes", "trainings, with what they reach")),
    "solve": (("solve resnet50 --macs 2G --free widths -o half.yaml", "half.yaml: extends resnet50, widths for 2 G"),),
    "sweep": (("sweep variants.yaml -o found", "each variant checked and costed; a table and a plot in found/"),
              ("sweep variants.yaml --train", "trained, too, one after the other; again: goes on")),
    "new": (("new mine --from resnet50", "mine.yaml: extends resnet50, what may change in comments"),
            ("new --block twig", "twig.yaml: a block, and a small network of it")),
    "explain": (("explain", "all codes"), ("explain shape unknown-key", "what they mean, with examples")),
    "schema": (("schema -o schema.json", "for an editor; specs name it in their first line"),),
    "lsp": (("lsp", "what an editor starts; docs/editors.md"),),
    "studio": (("studio", "begin with a spec that ships"), ("studio mynet.yaml", "a file, there or not yet")),
    "completion": (("completion bash", "eval \"$(archspec completion bash)\" in ~/.bashrc"),),
    "verify": (("verify resnet50", "against the paper's figures, and against Keras"),),
    "bench": (("bench resnet50 --json", "images a second, for scripts"),),
    "import": (("import resnet18 resnet18.pth --layout torchvision -o resnet18.keras", "weights of torchvision"),),
    "export": (("export runs/resnet20_digits --to models", "the next version for a TensorFlow Serving"),
               ("export runs/mine --to models --quantize int8", "for devices, too")),
    "evaluate": (("evaluate runs/flowers --crops 10", "ten crops of each test image"),
                 ("evaluate runs/a runs/b --ensemble", "the mean of two networks"),
                 ("evaluate runs/flowers --data photos --json", "on other images, for scripts"),
                 ("evaluate runs/flowers -o flowers", "a page with pictures, flowers/report.md"),
                 ("evaluate grpc://localhost:8500/flowers --like models/flowers", "what a server says")),
    "predict": (("predict runs/flowers rose.jpg --top 3", "the three likeliest classes"),
                ("predict http://localhost:8501/v1/models/flowers rose.jpg", "the same of a server")),
    "explain-image": (("explain-image runs/flowers rose.jpg", "rose-explained.png"),
                      ("explain-image runs/flowers rose.jpg --class tulip --at stage3", "for another class, at a stage's map"),
                      ("explain-image runs/flowers photos --method occlusion -o why", "what hidden parts cost")),
    "serve-check": (("serve-check models/flowers", "what a TensorFlow Serving would refuse"),),
    "runs": (("runs", "those in runs/"), ("runs old new --json", "of two folders, for scripts")),
    "data": (("data check mine.yaml", "what is wrong with its images"),
             ("data show mine.yaml", "images as it is trained on them"),
             ("data pack flowers packed", "a folder of images as TFRecord files")),
    "data check": (("data check mine.yaml", "the images of a spec"), ("data check flowers --json", "those of a folder")),
    "data show": (("data show mine.yaml -o seen.png", "as they are augmented"),),
    "data pack": (("data pack flowers packed --shorter 512", "smaller images, in TFRecord files"),),
}
"""Of each command: what is typed behind `archspec`, and what it does."""


def example_lines(name: str) -> list[str]:
    """The examples of a command, in two columns."""
    found = EXAMPLES.get(name, ())
    wide = max((len(line) for line, _ in found), default=0)
    return [f"archspec {line:{wide}}   {about}" for line, about in found]
