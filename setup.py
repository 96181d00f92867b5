"""Installs the package and the command archspec.

The distribution is called archspec-keras: a package named archspec exists on PyPI (CPU microarchitectures, from Spack)
with the same import name, so this one is installed from a checkout into an environment of its own.
"""

from pathlib import Path

from setuptools import find_packages, setup

REQUIRES = [
    "tensorflow>=2.21,<2.22",    # the models, tf.distribute, SavedModel, TFLite conversion
    "keras>=3.15,<3.16",         # the layers
    "keras-cv>=0.9,<0.10",       # detection and segmentation models, which take archspec.backbone
    "pyyaml>=6.0.2",             # YAML events with line and column; everything above them is ours
    "tensorboard>=2.21,<2.22",   # curves of a run
    "pydantic>=2.11",            # the train and export sections: types, bounds, the place of each mistake
    "click>=8.1",                # the command line
    "rich>=13.9",                # tables and progress bars that know when there is no terminal
    "scikit-learn>=1.6",         # the data set digits, which needs no download
    "h5py>=3.12",                # reads Keras's files of weights
    "safetensors>=0.5",          # reads .safetensors; a .pth needs no package
    "matplotlib>=3.9",           # curves.png of a run
    "ai-edge-litert>=2.0",       # runs a TFLite file; tf.lite.Interpreter is deprecated
]
TESTS = ["pytest>=8.3", "pytest-xdist>=3.6", "ruff>=0.8", "mypy>=1.13", "types-PyYAML"]

setup(
    name="archspec-keras",
    version="0.1.0",
    description="A network as a file: YAML specs compiled into Keras models, checked, trained and exported",
    long_description=Path(__file__).with_name("README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=[*find_packages(include=["archspec", "archspec.*"]), "archspec.specs"],
    package_dir={"archspec.specs": "specs"},
    package_data={"archspec.specs": ["*.yaml", "*/*.yaml"], "archspec": ["py.typed"]},
    install_requires=REQUIRES,
    extras_require={"test": TESTS},
    entry_points={"console_scripts": ["archspec=archspec.cli:main"]},
)
