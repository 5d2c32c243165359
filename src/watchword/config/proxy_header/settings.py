"""`[proxy_header]`: who may tell in a field who the client is, and how they prove that it was them."""

from __future__ import annotations

import os
import re
from typing import Annotated, TypeAlias

from pydantic import Field

from watchword.config.identity.settings import FieldName, IdentitySearch
from watchword.config.places import File
from watchword.config.values import Read, Some, Unfit
from watchword.config.values.hosts import Proxies
from watchword.config.values.secret_file import secrets_in, secrets_in_file
from watchword.crypto.secret import Secret
from watchword.http.forwarded import Trust, trusted_proxies
from watchword.mechanisms.proxy_header import Proof, SharedSecret, SignedIdentity

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
        if self.secret_file is not None:
            return secrets_in_file(self.secret_file)
        return secrets_in(os.environ.get(self.secret_variable or "", ""))
