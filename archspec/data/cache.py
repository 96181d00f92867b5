"""Decoded images that are kept, in memory or in a file: what is read once need not be decoded again."""

from __future__ import annotations


