"""Decoded images that are kept, in memory or in a file: what is read once need not be decoded again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.data.index import Listing
from archspec.errors import InputError
from archspec.io.places import cache_folder
