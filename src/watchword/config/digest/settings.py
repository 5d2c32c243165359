"""`[digest]`: what HTTP Digest needs."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from watchword.config.section import Section
from watchword.config.values import Duration, Switch
from watchword.http.digest import Algorithm


class DigestSettings(Section):
    """HTTP Digest (RFC 7616), for the mechanisms `digest` (SHA-256) and `digest-md5`."""

    keep_secrets: Switch = Field(default=False, examples=[True])
    """For each account the secret that Digest needs is kept, sealed under the server's keys, whenever its password is
    set or proves right; without it nobody can log in by Digest. Whoever has both the database and `keys.json` can then
    log in as anybody, which password hashes alone would not let them. It belongs to one realm: where that is renamed,
    people have to log in by password once."""

    nonce_ttl: Duration = Field(default="5m", validate_default=True, examples=["1m"])
    """How long a nonce lives. A client that has the right password is handed another then, without asking its user."""


ALGORITHMS: Final[dict[str, Algorithm]] = {"digest": "SHA-256", "digest-md5": "MD5"}
"""Of the mechanisms of Digest."""
