"""What is in this process's memory stays there (ASVS 13.3 and 14.2).

Python cannot wipe a secret: copies of it stay in memory that was freed. So no picture of that memory is made: a crash
leaves no core file, and no other process of the same user may read it or trace it. Administrators of the machine may
do both all the same.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h


def forbid_dumps() -> None:
    """For this process and those that it forks; what they execute decides for itself.

    The limit alone would not do on Linux: it does not hold where core files are piped to a program (core(5)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
