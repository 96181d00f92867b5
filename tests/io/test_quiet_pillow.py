"""What Pillow has to say of a file without naming it stays away from the user."""

from __future__ import annotations

import warnings

from archspec.io.quiet import import_tensorflow


def test_pillows_warnings_are_not_shown() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        import_tensorflow()
        warnings.warn_explicit("Corrupt EXIF data", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")
        warnings.warn_explicit("of another", UserWarning, "x.py", 1, module="x")
    assert [str(each.message) for each in shown if each.category is UserWarning] == ["of another"]
