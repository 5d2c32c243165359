"""Secrets that a verifier shares with its server: for tokens signed by HS256, whose key is never published."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from watchword.crypto.jose.jwk import read_private
from watchword.crypto.jose.jwk_set import LONGEST_SET, read_jwk_set
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json
from watchword.crypto.secret import Secret


def read_shared_keys(file: Path) -> tuple[Key, ...]:
    """The keys of a JWK Set with nothing but secrets (`kty: oct`), as `watchword keys share` writes it.

    Raises:
        ValueError: with a sentence that says what to do, and never holds a secret.
    """
    try:
        with file.open("rb") as opened:
            if os.fstat(opened.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise ValueError(f"{file} can be read by others, who could make up tokens: run chmod 600 on it")
            document = opened.read(LONGEST_SET + 1)
        keys = read_jwk_set(document, read=_secret)
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    except JoseRefused as refused:
        raise ValueError(f"{file} is no JWK Set ({refused.code}): make it with `watchword keys share`") from None
    if not keys.keys or keys.skipped:
        raise ValueError(f"{file} holds something else than shared secrets: make it with `watchword keys share`")
    return keys.keys


def _secret(jwk: Mapping[str, Json]) -> Key:
    key = read_private(jwk).key
    if not isinstance(key.material, Secret) or key.kid is None:
        raise JoseRefused("unsupported")
    return key
