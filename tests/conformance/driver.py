"""Watchword's parsers and verifiers, asked by lines of JSON: for checks that another program, in any language, makes.

`python -m tests.conformance.driver` reads `{"op": ..., "args": {...}}` and answers each line with one line, either
`{"ok": true, "value": ...}` or `{"ok": false, "error": code}`. README.md beside this file has every operation. Nothing
is decided here: each operation hands its arguments to the product's own function, and its answer on.
"""

from __future__ import annotations

import json
import sys
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, TypeAlias, cast, get_args

from tests.conformance.structured import TYPES, parsed
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.jwk import read_private, read_public
from watchword.crypto.jose.jwk_set import read_jwk_set
from watchword.crypto.jose.jwk_written import thumbprint
from watchword.crypto.jose.key import Key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.jose.strict_json import Json, read_object
from watchword.crypto.otp import Algorithm, Generator, step_at
from watchword.crypto.password import check_password, is_known_format, normalise
from watchword.crypto.secret import Secret, equal
from watchword.http.authentication import Unreadable, parse_challenges, read_authorization, read_basic
from watchword.http.cookies import read_cookies, set_cookie
from watchword.http.digest import ALGORITHMS, algorithm_of, digest_secret, read_digest
from watchword.http.digest import Algorithm as DigestAlgorithm
from watchword.tokens.access_token import fits, kid_of, verified
from watchword.tokens.totp import matching_step

LONGEST_LINE = 2**20
"""In bytes. A longer line is read to its end, and answered with `oversize`."""

Args: TypeAlias = Mapping[str, Json]


class Failed(Exception):
    """The operation's answer is this code."""


# --- operations ------------------------------------------------------------------------------------------------------


def jws_verify(args: Args) -> object:
    key = _key(_document(args, "jwk"), _optional_text(args, "alg"))
    return base64url.encode(jws.verify(_text(args, "token"), key))


def jwk_import(args: Args) -> object:
    key = _key(_document(args, "jwk"), _optional_text(args, "alg"))
    return {"alg": key.alg, "kid": key.kid, "thumbprint": thumbprint(key)}


def jwt_verify(args: Args) -> object:
    token, alg = _text(args, "token"), _optional_text(args, "alg")
    keys = read_jwk_set(_document(args, "jwks"), read=lambda jwk: _key(jwk, alg))
    key = keys.find(kid_of(token))
    if key is None:
        raise Failed("unknown-key")
    claims = verified(token, key)
    misfit = fits(
        claims,
        expected_issuer=_text(args, "issuer"),
        expected_audience=_text(args, "audience"),
        now=_number(args, "now"),
        leeway=_number(args, "leeway", 0.0),
    )
    if misfit is not None:
        raise Failed(misfit)
    return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in claims._asdict().items()}


def basic_parse(args: Args) -> object:
    found = read_authorization(_field(_text(args, "value")))
    if isinstance(found, Unreadable):
        raise Failed(found.reason)
    if found.scheme != "basic":
        raise Failed("not-basic")
    pair = read_basic(found.raw)
    if isinstance(pair, Unreadable):
        raise Failed(pair.reason)
    return {"user": pair[0], "password": pair[1]}


def challenge_parse(args: Args) -> object:
    return [
        {"scheme": challenge.scheme, "params": dict(challenge.params), "token68": challenge.token68}
        for challenge in parse_challenges([_field(_text(args, "value"))])
    ]


def cookie_parse(args: Args) -> object:
    values = args.get("values")
    if not isinstance(values, list):
        raise Failed("bad-args")
    return read_cookies([_field(value) for value in values])


def cookie_set(args: Args) -> object:
    max_age = args.get("max_age")
    if isinstance(max_age, bool) or not isinstance(max_age, int | None):
        raise Failed("bad-args")
    try:
        line = set_cookie(
            _text(args, "name"),
            _text(args, "value"),
            max_age=max_age,
            path=_text(args, "path", "/"),
            domain=_optional_text(args, "domain"),
            secure=_flag(args, "secure"),
            http_only=_flag(args, "http_only"),
            same_site=_text(args, "same_site", "Lax"),
        )
    except ValueError:
        raise Failed("invalid") from None
    return line.decode("ascii")


def password_check(args: Args) -> object:
    stored = _text(args, "hash")
    if not is_known_format(stored):
        raise Failed("unknown-format")
    return check_password(Secret(normalise(_text(args, "password"))), stored)


def totp(args: Args) -> object:
    """The code of a moment, and the time step whose code was presented, if one was that is taken then."""
    digits, algorithm = _number(args, "digits", 6.0), _text(args, "algorithm", "SHA1")
    seed = _base32(_text(args, "secret"))
    if algorithm not in get_args(Algorithm) or digits not in (6, 7, 8) or len(seed) < 16:
        raise Failed("bad-args")
    generator = Generator(seed=Secret(seed), algorithm=cast(Algorithm, algorithm), digits=int(digits))
    now, presented = _number(args, "time"), _optional_text(args, "presented")
    step = None if presented is None else matching_step(generator, presented, now)
    return {"code": generator.code(step_at(now)), "step": step}


def sf_parse(args: Args) -> object:
    kind, raw = _text(args, "type"), args.get("raw")
    lines = [raw] if isinstance(raw, str) else raw
    if kind not in TYPES or not isinstance(lines, list):
        raise Failed("bad-args")
    value = parsed(kind, [_field(line) for line in lines])
    if isinstance(value, Unreadable):
        raise Failed("not-structured")
    return value


def digest_verify(args: Args) -> object:
    found = read_authorization(_field(_text(args, "value")))
    if isinstance(found, Unreadable):
        raise Failed(found.reason)
    if found.scheme != "digest":
        raise Failed("not-digest")
    offered: Mapping[str, DigestAlgorithm] = {name: name for name in ALGORITHMS}
    algorithm = offered.get(algorithm_of(found))
    if algorithm is None:
        raise Failed("algorithm")
    claim = read_digest(found, algorithm)
    if isinstance(claim, Unreadable):
        raise Failed(claim.reason)
    read = {name: getattr(claim, name).decode("latin-1") for name in ("realm", "nonce", "uri")}
    for name, value in read.items():
        if _text(args, name, value) != value:
            raise Failed(name)
    secret = _optional_text(args, "secret")
    if secret is None:
        password = normalise(_text(args, "password")).encode()
        made = digest_secret(algorithm, claim.username, read["realm"], password)
    else:
        made = secret.encode("latin-1", "replace")
    if not equal(claim.expected(made, _text(args, "method")), claim.response):
        raise Failed("response")
    count = {"nc": int(claim.nonce_count, 16), "cnonce": claim.cnonce.decode("latin-1")}
    return {"username": claim.username, "algorithm": algorithm, **read, **count}


def unsupported(args: Args) -> object:
    raise Failed("unsupported")


OPERATIONS: dict[str, Callable[[Args], object]] = {
    "jws_verify": jws_verify,
    "jwk_import": jwk_import,
    "jwt_verify": jwt_verify,
    "basic_parse": basic_parse,
    "challenge_parse": challenge_parse,
    "cookie_parse": cookie_parse,
    "set_cookie": cookie_set,
    "password_check": password_check,
    "digest_verify": digest_verify,
    "totp": totp,
    "sf_parse": sf_parse,
    # Their mechanisms are not there yet.
    "couch_cookie": unsupported,
    "httpsig_verify": unsupported,
    "redirect_check": unsupported,
}


# --- arguments -------------------------------------------------------------------------------------------------------


def _text(args: Args, name: str, default: str | None = None) -> str:
    value = args.get(name, default)
    if not isinstance(value, str):
        raise Failed("bad-args")
    return value


def _optional_text(args: Args, name: str) -> str | None:
    return None if args.get(name) is None else _text(args, name)


def _number(args: Args, name: str, default: float | None = None) -> float:
    value = args.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15:
        raise Failed("bad-args")
    return float(value)


def _flag(args: Args, name: str) -> bool:
    value = args.get(name, True)
    if not isinstance(value, bool):
        raise Failed("bad-args")
    return value


def _document(args: Args, name: str) -> str:
    """A JSON document: its text, or the object itself."""
    value = args.get(name)
    if isinstance(value, dict):
        return json.dumps(value)
    return _text(args, name)


def _field(value: Json) -> bytes:
    """The octets of a field value: one for each character (ISO 8859-1), so that any octets can be asked about."""
    if not isinstance(value, str):
        raise Failed("bad-args")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise Failed("bad-args") from None


def _base32(text: str) -> bytes:
    try:
        return b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise Failed("bad-args") from None


def _key(jwk: str | Mapping[str, Json], alg: str | None) -> Key:
    """The verifying key of a public JWK, or of a private or symmetric one, which the asker may have at hand."""
    try:
        return read_public(jwk, alg=alg)
    except JoseRefused as refused:
        if refused.code != "private":
            raise
        return read_private(jwk, alg=alg).key


# --- lines -----------------------------------------------------------------------------------------------------------


def answer(line: bytes) -> dict[str, object]:
    """The answer to one line, whatever the line."""
    try:
        asked = read_object(line, most=LONGEST_LINE)
    except JoseRefused as refused:
        return {"ok": False, "error": "oversize" if refused.code == "oversize" else "bad-line"}
    operation, args = asked.get("op"), asked.get("args", {})
    if not isinstance(operation, str) or not isinstance(args, dict):
        return {"ok": False, "error": "bad-line"}
    if operation not in OPERATIONS:
        return {"ok": False, "error": "unknown-op"}
    try:
        return {"ok": True, "value": OPERATIONS[operation](args)}
    except JoseRefused as refused:
        return {"ok": False, "error": refused.code}
    except Failed as failed:
        return {"ok": False, "error": str(failed)}
    except Exception as error:  # a fault of ours, which must not end the conversation
        sys.stderr.write(f"{operation}: {type(error).__name__}\n")
        return {"ok": False, "error": "internal"}


def lines(source: BinaryIO) -> Iterator[bytes]:
    """The lines without their ends. A line that is too long comes cut, and is still too long."""
    while line := source.readline(LONGEST_LINE + 2):
        yield line.rstrip(b"\r\n")
        while len(line) == LONGEST_LINE + 2 and not line.endswith(b"\n"):
            line = source.readline(LONGEST_LINE + 2)


def main() -> None:
    try:
        for line in lines(sys.stdin.buffer):
            sys.stdout.write(json.dumps(answer(line)) + "\n")
            sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.stderr.close()  # nobody listens any more


if __name__ == "__main__":
    main()
