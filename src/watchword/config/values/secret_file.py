"""Secrets that lie in a file of their own, for its owner's eyes only."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from watchword.crypto.secret import Secret

SHORTEST_SECRET = 32
"""In characters; 43 of base64url are 256 bits, 32 hexadecimal digits are 128."""
_LONGEST_SECRET = 512
_MOST = 8
_FEWEST_CHARACTERS = 10

_SECRET = re.compile(rf"[\x21-\x7e]{{{SHORTEST_SECRET},{_LONGEST_SECRET}}}")


def secrets_in_file(file: Path) -> tuple[Secret, ...]:
    """The secrets in this file, one on each line.

    Raises:
        ValueError: where it cannot be used, with what is to go on after its name.
    """
    return secrets_in(text_in_file(file))


def password_in_file(file: Path) -> Secret:
    """The password in this file, which somebody else chose: its only line, whatever it is.

    Raises:
        ValueError: where it cannot be used, with what is to go on after its name.
    """
    lines = text_in_file(file).encode("latin-1").splitlines()
    if len(lines) != 1 or not lines[0] or b"\x00" in lines[0]:
        raise ValueError("does not hold one line with a password; write it there, and nothing else")
    return Secret(lines[0])


def secrets_in(text: str) -> tuple[Secret, ...]:
    """The secrets in this text, apart by white space.

    Raises:
        ValueError: where it holds none, too many, or one that could be guessed.
    """
    secrets = text.split()
    if not secrets:
        raise ValueError("holds no secret; write 32 or more random characters, such as `openssl rand -hex 32` prints")
    if len(secrets) > _MOST:
        raise ValueError(f"holds more than {_MOST} secrets; write the one in use, and the next one")
    if not all(_SECRET.fullmatch(secret) and len(set(secret)) >= _FEWEST_CHARACTERS for secret in secrets):
        raise ValueError(
            f"holds a secret that could be guessed; write {SHORTEST_SECRET} to {_LONGEST_SECRET} random characters "
            "of visible ASCII, such as `openssl rand -hex 32` prints"
        )
    return tuple(map(Secret, secrets))


def text_in_file(file: Path) -> str:
    """What is in this file, each byte a character.

    Raises:
        ValueError: where others may read it, or nobody can, with what is to go on after its name.
    """
    try:
        if not file.is_file():
            raise ValueError("is no file" if file.exists() else "is not there; write where it is")
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValueError("can be read by others; run chmod 600 on it")
        with file.open("rb") as opened:
            return opened.read(16_384).decode("latin-1")
    except OSError as error:
        raise ValueError(
            f"cannot be read ({error.strerror}); give the server's user the right to, or write another file"
        ) from None
