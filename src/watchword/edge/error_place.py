"""Errors as they may stand in a log: where they were raised, and not what they say, which may be a secret (F33)."""

from __future__ import annotations

import os


def place_of(error: BaseException | None) -> str:
    """The type of an error and the line that raised it."""
    if error is None:
        return "unknown"
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        place = f" in {os.path.basename(traceback.tb_frame.f_code.co_filename)}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return type(error).__name__ + place
