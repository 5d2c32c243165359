"""Why a token or a key was not taken: one exception, with a code for machines."""

from __future__ import annotations

from typing import Literal, TypeAlias

Code: TypeAlias = Literal[
    # of both
    "malformed",  # not in the grammar: segments, base64url, JSON, a member of the wrong type
    "oversize",  # larger than is read at all
    "algorithm",  # not the algorithm of the key, or none that is known, or none where one is needed
    # of tokens
    "critical",  # `crit`: there is no extension that we understand
    "header",  # a header parameter that would let the token choose its key or its encoding
    "unknown-key",  # the token names another key
    "type",  # `typ` is not what is expected here
    "signature",
    "claims",  # a claim is missing, has the wrong type, or cannot be true
    "confirmation",  # `cnf`: the token is bound to a key whose possession nobody proved
    "issuer",
    "audience",
    "expired",
    "not-yet-valid",
    "nonce",  # of an ID token: it answers another request
    "token-hash",  # `at_hash`: the ID token does not belong to the access token beside it
    "too-old",  # the person proved who they are too long ago
    # of keys
    "unsupported",  # a kind of key or a curve that signs nothing here
    "use",  # `use` or `key_ops` says that the key is for something else
    "private",  # a secret where a public key is expected, or the other way round
    "weak",  # too short, or a point of small order
    "inconsistent",  # not on the curve, or the private part does not fit the public one
    "duplicate-kid",
]


class JoseRefused(Exception):
    """The token or the key is not taken. The message is the code alone: it never repeats what was read (F33)."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code: Code = code
