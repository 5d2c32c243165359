"""Writes the list of common passwords that is shipped, out of the lists of Django and of zxcvbn.

They are packages of the index: `pip install 'django<6' zxcvbn` into an environment of its own, and run this there. What
they hold of at least eight characters is written, which is what a password needs at least: more than 16,000, where
ASVS 6.2.4 asks for 3,000.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import unicodedata
from pathlib import Path

FILE = Path(__file__).parent.parent / "src" / "watchword" / "stores" / "common_passwords.gz"
SHORTEST = 8


def common() -> list[str]:
    """Both lists as one, in the form in which passwords are compared with it."""
    django = importlib.util.find_spec("django")
    assert django is not None
    assert django.origin is not None
    lines = gzip.decompress((Path(django.origin).parent / "contrib/auth/common-passwords.txt.gz").read_bytes())
    zxcvbn = importlib.import_module("zxcvbn.frequency_lists").FREQUENCY_LISTS["passwords"]
    found = {unicodedata.normalize("NFC", text.strip()).casefold() for text in [*lines.decode().splitlines(), *zxcvbn]}
    return sorted(text for text in found if len(text) >= SHORTEST)


if __name__ == "__main__":
    FILE.write_bytes(gzip.compress("\n".join(common()).encode(), mtime=0))
