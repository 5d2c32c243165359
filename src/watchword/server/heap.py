"""How the process takes memory from the operating system."""

from __future__ import annotations

import ctypes
import os

_M_ARENA_MAX = -8  # malloc.h of glibc


def share_one_heap() -> None:
    """Let all threads take memory from one heap. Call it before there are threads.

    glibc gives threads heaps of their own, up to eight for each core, and each heap keeps the memory of the largest
    password hash that was ever made in it: dozens of megabytes, in every one of them. Where the C library is another,
    or somebody has set MALLOC_ARENA_MAX, nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_M_ARENA_MAX, 1)
