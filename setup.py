"""What pyproject.toml cannot say: the specs lie beside the package in a checkout and inside it where it is installed."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["archspec", "archspec.*"]), "archspec.specs"],
    package_dir={"archspec.specs": "specs"},
    package_data={"archspec.specs": ["*.yaml", "*/*.yaml", "*.json"],
                  "archspec": ["py.typed", "author/problems.md", "studio/page/*"]},
)
