"""`[proxy_header]`: who may tell in a field who the client is, and how they prove that it was them."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.identity import FieldName, IdentitySearch
from watchword.config.places import File, Proxies
from watchword.config.values import Read, Some, Unfit
from watchword.crypto.secret import Secret
from watchword.http.forwarded import Trust, trusted_proxies
from watchword.mechanisms.proxy_header import Proof, SharedSecret, SignedIdentity

SHORTEST_SECRET = 32
"""In characters; 43 of base64url are 256 bits."""
_LONGEST_SECRET = 512
_MOST = 8
_FEWEST_CHARACTERS = 10

_SECRET = re.compile(rf"[\x21-\x7e]{{{SHORTEST_SECRET},{_LONGEST_SECRET}}}")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")


def _variable(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if not _VARIABLE.fullmatch(value):  # it may be the secret itself, so it is not quoted
        raise ValueError(
            'is no name of an environment variable; write one such as "PROXY_SECRET", never the secret itself'
        )
    return value


VariableName: TypeAlias = Annotated[str, Read("the name of an environment variable", _variable)]


class ProxyHeaderSettings(IdentitySearch):
    """A trusted proxy that authenticates clients itself (mechanism `proxy-header`): it tells in a field who they are,
    and proves with every request that it is the proxy. There is none where this table is left out."""

    field: FieldName = Field(examples=["X-Remote-User"])
    """The field with the identity. No application gets to see it."""

    peers: Annotated[Proxies, Some] = Field(examples=[["10.0.0.5"]])
    """Addresses and networks of the proxies, and `unix` for a Unix socket. From anybody else the field is not even
    read. Everybody is refused."""

    secret_field: FieldName | None = Field(default=None, examples=["X-Proxy-Secret"])
    """The field in which the proxy sends the secret. Either this or `signature_field`: an address alone proves too
    little."""

    signature_field: FieldName | None = Field(default=None, examples=["X-Remote-User-Signature"])
    """The field in which the proxy signs method, target and identity with the secret, for five minutes and one request
    (`v1.<seconds>.<nonce>.<HMAC-SHA256>`)."""

    secret_file: File | None = Field(default=None, examples=["proxy.secret"])
    """A file with the secret, readable for nobody but its owner: 32 or more random visible characters. While it is
    changed, both may stand there, one on each line."""

    secret_variable: VariableName | None = Field(default=None, examples=["PROXY_SECRET"])
    """The environment variable that holds the secret, in place of a file."""

    @property
    def trust(self) -> Trust:
        """The peers, as they are looked up."""
        return trusted_proxies(self.peers)

    @property
    def proof_field(self) -> str:
        """The field that proves; the checks have seen to it that there is one."""
        return self.secret_field or self.signature_field or ""

    def proof(self) -> Proof:
        """What proves identities. Reads the secret.

        Raises:
            ValueError: where it cannot be used, with what is to go on after its name.
        """
        kind = SharedSecret if self.secret_field is not None else SignedIdentity
        return kind(self.proof_field.lower().encode("ascii"), self._secrets())

    def _secrets(self) -> tuple[Secret, ...]:
        text = (
            os.environ.get(self.secret_variable or "", "") if self.secret_file is None else _text_of(self.secret_file)
        )
        secrets = text.split()
        if not secrets:
            raise ValueError(
                "holds no secret; write 32 or more random characters, such as `openssl rand -hex 32` prints"
            )
        if len(secrets) > _MOST:
            raise ValueError(f"holds more than {_MOST} secrets; write the one in use, and the next one")
        if not all(_SECRET.fullmatch(secret) and len(set(secret)) >= _FEWEST_CHARACTERS for secret in secrets):
            raise ValueError(
                f"holds a secret that could be guessed; write {SHORTEST_SECRET} to {_LONGEST_SECRET} random characters "
                "of visible ASCII, such as `openssl rand -hex 32` prints"
            )
        return tuple(map(Secret, secrets))


def _text_of(file: Path) -> str:
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
