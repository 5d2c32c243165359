"""The crypt(3) schemes $1$, $apr1$, $5$ and $6$, to check passwords that other systems stored.

$5$ and $6$ follow Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (version 0.6), whose step numbers stand
in the code; $1$ is Poul-Henning Kamp's MD5-crypt, and $apr1$ is the same under Apache's name. These digest byte
strings and know nothing of C's, so a NUL in a password is a byte like any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Literal, TypeAlias

Digest: TypeAlias = Callable[[bytes], bytes]

ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MD5_ROUNDS = 1000


def md5_crypt(password: bytes, salt: bytes, magic: Literal["$1$", "$apr1$"]) -> str:
    """The 22 characters that follow the salt."""
    length = len(password)
    digest = _md5(password + salt + password)
    start = password + magic.encode() + salt + _filled(digest, length)
    while length:
        start += b"\0" if length & 1 else password[:1]
        length >>= 1
    final = _stretched(_md5, _md5(start), password, salt, MD5_ROUNDS)
    triples = [(final[i], final[i + 6], final[i + 12 if i < 4 else 5]) for i in range(5)]
    return "".join(_characters(*triple, 4) for triple in triples) + _characters(0, 0, final[11], 2)


def sha_crypt(password: bytes, salt: bytes, rounds: int, kind: Literal["$5$", "$6$"]) -> str:
    """The 43 ($5$) or 86 ($6$) characters that follow the salt."""
    digest = _sha256 if kind == "$5$" else _sha512
    length = len(password)
    b = digest(password + salt + password)  # steps 4-8
    start = password + salt + _filled(b, length)  # steps 1-3, 9 and 10
    while length:  # step 11
        start += b if length & 1 else password
        length >>= 1
    a = digest(start)  # step 12
    p = _filled(digest(password * len(password)), len(password))  # steps 13-16
    s = _filled(digest(salt * (16 + a[0])), len(salt))  # steps 17-20
    final = _stretched(digest, a, p, s, rounds)  # step 21
    return _sha256_characters(final) if kind == "$5$" else _sha512_characters(final)  # step 22


def _stretched(digest: Digest, value: bytes, password: bytes, salt: bytes, rounds: int) -> bytes:
    """The loop that makes guessing dear; the same in MD5-crypt and SHA-crypt."""
    for i in range(rounds):
        odd = i & 1
        data = password if odd else value
        if i % 3:
            data += salt
        if i % 7:
            data += password
        data += value if odd else password
        value = digest(data)
    return value


def _sha256_characters(final: bytes) -> str:
    a, b, c = 0, 10, 20
    text = ""
    for _ in range(10):
        text += _characters(final[a], final[b], final[c], 4)
        a, b, c = c + 1, a + 1, b + 1
    return text + _characters(0, final[31], final[30], 3)


def _sha512_characters(final: bytes) -> str:
    a, b, c = 0, 21, 42
    text = ""
    for _ in range(21):
        text += _characters(final[a], final[b], final[c], 4)
        a, b, c = b + 1, c + 1, a + 1
    return text + _characters(0, 0, final[63], 2)


def _characters(high: int, middle: int, low: int, count: int) -> str:
    """24 bits as characters of six bits each, the lowest first."""
    bits = high << 16 | middle << 8 | low
    return "".join(ALPHABET[bits >> 6 * i & 63] for i in range(count))


def _filled(block: bytes, length: int) -> bytes:
    """`block` repeated and cut to `length` bytes."""
    return (block * (length // len(block) + 1))[:length] if block else b""


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _sha512(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()
