"""The driver answers every line with one line, and its page lists what it can do."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conformance.driver import LONGEST_LINE, OPERATIONS, unsupported
from tests.crypto.hostile import AUDIENCE, CLAIMS, ISSUER, NOW, corpus, forge, good, header, key
from watchword.crypto.jose import base64url, jws
from watchword.crypto.jose.jwk_written import private_jwk, public_jwk, thumbprint
from watchword.crypto.jose.key import generate

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).with_name("README.md").read_text(encoding="utf-8")


def converse(*lines: str | bytes) -> list[dict]:
    """The answers of a driver that is asked these lines, and that says nothing besides."""
    asked = b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.driver"],
        input=asked,
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask(op: str, **args: object) -> str:
    return json.dumps({"op": op, "args": args})


ES256 = public_jwk(key("ES256").key)
HS256 = json.loads(private_jwk(key("HS256")).reveal())
JWKS = {"keys": [ES256, HS256, {"kty": "AKP"}]}
PLACE: dict[str, object] = {"issuer": ISSUER, "audience": AUDIENCE, "now": NOW}
PAYLOAD = base64url.encode(json.dumps(CLAIMS).encode())
BCRYPT = "$2b$12$LJ3m4ys3Gzl/2G4GmP0Y3uGX"
NAMELESS = generate("ES256")
RFC_6238 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # its secret, 12345678901234567890

COOKIE: dict[str, object] = {
    "name": "s", "value": "x", "max_age": 60, "path": "/a", "domain": "a.example",
    "secure": False, "http_only": False, "same_site": "Strict",
}  # fmt: skip

(DIGEST,) = (
    each["line"]
    for each in tomllib.loads((ROOT / "tests/vectors/rfc7616.toml").read_text(encoding="utf-8"))["response"]
    if each["algorithm"] == "SHA-256"
)
DIGEST_SECRET = hashlib.sha256(b"Mufasa:http-auth@example.org:Circle of Life").hexdigest()
DIGESTED = {
    "username": "Mufasa", "algorithm": "SHA-256", "realm": "http-auth@example.org", "uri": "/dir/index.html",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", "nc": 1,
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}  # fmt: skip

# Every operation's good and bad cases: the line, and the value or the error.
GOOD: list[tuple[str, object]] = [
    (ask("jws_verify", token=good("ES256"), jwk=ES256), PAYLOAD),
    (ask("jws_verify", token=good("ES256"), jwk=json.dumps(ES256), alg="ES256"), PAYLOAD),
    (ask("jws_verify", token=good("HS256"), jwk=HS256), PAYLOAD),
    (ask("jws_verify", token=good("RS256"), jwk=public_jwk(key("RS256").key)), PAYLOAD),
    (ask("jws_verify", token=jws.sign(b"\xff", NAMELESS), jwk=public_jwk(NAMELESS.key)), "_w"),
    (ask("jwk_import", jwk=ES256), {"alg": "ES256", "kid": "ES256", "thumbprint": thumbprint(key("ES256").key)}),
    (
        ask("jwk_import", jwk=private_jwk(key("EdDSA")).reveal_text()),
        {"alg": "EdDSA", "kid": "EdDSA", "thumbprint": thumbprint(key("EdDSA").key)},
    ),
    (
        ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE),
        {
            "issuer": ISSUER, "subject": "alice", "audience": [AUDIENCE], "client": "shop", "jti": "a1b2c3",
            "issued_at": NOW - 60, "expires_at": NOW + 240, "not_before": None, "auth_time": None, "scopes": None,
            "roles": [], "groups": [], "entitlements": [], "permissions": [], "family": None, "state": None,
            "acr": None, "amr": [],
        },
    ),
    (ask("basic_parse", value="Basic YTpiOmM="), {"user": "a", "password": "b:c"}),
    (ask("basic_parse", value="bASIC  Wm/DqzrCow=="), {"user": "Zoë", "password": "£"}),
    (
        ask("challenge_parse", value='Basic realm="a, b", charset=UTF-8, Negotiate, Bearer, X abc=='),
        [
            {"scheme": "Basic", "params": {"realm": "a, b", "charset": "UTF-8"}, "token68": None},
            {"scheme": "Negotiate", "params": {}, "token68": None},
            {"scheme": "Bearer", "params": {}, "token68": None},
            {"scheme": "X", "params": {}, "token68": "abc=="},
        ],
    ),
    (ask("challenge_parse", value="=,,\x00"), []),
    (ask("cookie_parse", values=['a=1; b="2"; a=3', "c=\xe9"]), {"a": ["1", "3"], "b": ['"2"'], "c": ["\xe9"]}),
    (ask("cookie_parse", values=[]), {}),
    (ask("set_cookie", name="__Host-s", value="x"), "__Host-s=x; Path=/; Secure; HttpOnly; SameSite=Lax"),
    (
        ask("set_cookie", **COOKIE),
        "s=x; Max-Age=60; Path=/a; Domain=a.example; SameSite=Strict",
    ),
    (ask("password_check", password="password", hash="{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="), True),
    (ask("password_check", password="Password", hash="{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="), False),
    (
        ask(
            "password_check",
            password="password",
            hash="$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        ),
        True,
    ),
    (
        ask("digest_verify", value=DIGEST, method="GET", password="Circle of Life", realm="http-auth@example.org"),
        DIGESTED,
    ),
    (ask("digest_verify", value=DIGEST, method="GET", secret=DIGEST_SECRET), DIGESTED),
    (ask("totp", secret=RFC_6238, time=59, digits=8, presented="94287082"), {"code": "94287082", "step": 1}),
    (ask("totp", secret=RFC_6238, time=59, presented="755224"), {"code": "287082", "step": 0}),
    (ask("totp", secret=RFC_6238, time=59, presented="969429"), {"code": "287082", "step": None}),
    (ask("totp", secret=RFC_6238, time=59), {"code": "287082", "step": None}),
    (ask("sf_parse", type="item", raw=":aGVsbG8=:;a"), [{"__type": "binary", "value": "NBSWY3DP"}, [["a", True]]]),
    (ask("sf_parse", type="item", raw=["@1"]), [{"__type": "date", "value": 1}, []]),
    (
        ask("sf_parse", type="list", raw=["a", "(1.5 ?0)"]),
        [[{"__type": "token", "value": "a"}, []], [[[1.5, []], [False, []]], []]],
    ),
    (
        ask("sf_parse", type="dictionary", raw='a="x", b=%"%c3%bc"'),
        [["a", ["x", []]], ["b", [{"__type": "displaystring", "value": "ü"}, []]]],
    ),
]  # fmt: skip
BAD: list[tuple[str | bytes, str]] = [
    (ask("jws_verify", token=forge("ES256", sign=lambda message: b"x"), jwk=ES256), "signature"),
    (ask("jws_verify", token=good("ES256"), jwk=HS256), "algorithm"),
    (ask("jws_verify", token=good("ES256"), jwk=ES256, alg="ES384"), "algorithm"),
    (ask("jws_verify", token="x", jwk=ES256), "malformed"),
    (ask("jws_verify", token="x" * 20_000, jwk=ES256), "oversize"),
    (ask("jws_verify", token=forge("ES256", header("ES256", crit=[])), jwk=ES256), "critical"),
    (ask("jws_verify", token=forge("ES256", header("ES256", zip="DEF")), jwk=ES256), "header"),
    (ask("jws_verify", token=good("ES256"), jwk=ES256 | {"kid": "x"}), "unknown-key"),
    (ask("jws_verify", token=1, jwk=ES256), "bad-args"),
    (ask("jws_verify", token="x"), "bad-args"),
    (ask("jws_verify", token="x", jwk=ES256, alg=1), "bad-args"),
    (ask("jws_verify", jwk=ES256), "bad-args"),
    (ask("sf_parse", type="item", raw=["1", "2"]), "not-structured"),
    (ask("sf_parse", type="list", raw="1,"), "not-structured"),
    (ask("sf_parse", type="dictionary", raw="A=1"), "not-structured"),
    (ask("sf_parse", type="parameters", raw="1"), "bad-args"),
    (ask("sf_parse", type="item", raw=1), "bad-args"),
    (ask("sf_parse", type="item", raw=[1]), "bad-args"),
    (ask("jwk_import", jwk="{"), "malformed"),
    (ask("jwk_import", jwk={}), "malformed"),
    (ask("jwk_import", jwk=[]), "bad-args"),
    (ask("jwk_import", jwk='{"kty":"oct","kty":"oct"}'), "malformed"),
    (ask("jwk_import", jwk={"kty": "AKP"}), "unsupported"),
    (ask("jwk_import", jwk=ES256 | {"use": "enc"}), "use"),
    (ask("jwk_import", jwk=ES256 | {"y": ES256["x"]}), "inconsistent"),
    (ask("jwk_import", jwk={"kty": "oct", "alg": "HS256", "k": "AAAA"}), "weak"),
    (ask("jwk_import", jwk={"kty": "oct", "k": "AAAA"}), "algorithm"),
    (ask("jwk_import", jwk={"kty": "RSA", "alg": "RS256", "n": "_" * 2731, "e": "AQAB"}), "oversize"),
    (ask("jwt_verify", token=good("ES256"), jwks={"keys": []}, **PLACE), "unknown-key"),
    (ask("jwt_verify", token=good("ES256"), jwks={"keys": [ES256, ES256]}, **PLACE), "duplicate-kid"),
    (ask("jwt_verify", token=good("ES256"), jwks={}, **PLACE), "malformed"),
    (ask("jwt_verify", token=forge("ES256", header("ES256", typ="JWT")), jwks=JWKS, **PLACE), "type"),
    (ask("jwt_verify", token=forge("ES256", body={}), jwks=JWKS, **PLACE), "claims"),
    (ask("jwt_verify", token=forge("ES256", body=CLAIMS | {"cnf": {}}), jwks=JWKS, **PLACE), "confirmation"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"issuer": "x"}), "issuer"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"audience": "x"}), "audience"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"now": NOW + 240}), "expired"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"now": NOW - 61}), "not-yet-valid"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"now": True}), "bad-args"),
    (ask("jwt_verify", token=good("ES256"), jwks=JWKS, **PLACE | {"now": 1e300}), "bad-args"),
    (ask("basic_parse", value=""), "no-scheme"),
    (ask("basic_parse", value="Bearer x"), "not-basic"),
    (ask("basic_parse", value="Digest a=1, A=2"), "repeated-parameter"),
    (ask("basic_parse", value="Basic !"), "not-base64"),
    (ask("basic_parse", value="Basic gDpi"), "not-utf-8"),
    (ask("basic_parse", value="Basic YQA6Yg=="), "control-character"),
    (ask("basic_parse", value="Basic YQ=="), "no-colon"),
    (ask("basic_parse", value="Basic \u20ac"), "bad-args"),
    (ask("challenge_parse", value=1), "bad-args"),
    (ask("challenge_parse", value="\u20ac"), "bad-args"),
    (ask("cookie_parse", values="a=1"), "bad-args"),
    (ask("cookie_parse", values=[1]), "bad-args"),
    (ask("cookie_parse", values=["\u20ac"]), "bad-args"),
    (ask("set_cookie", name="a b", value="x"), "invalid"),
    (ask("set_cookie", name="a", value="x;y"), "invalid"),
    (ask("set_cookie", name="__Host-a", value="x", domain="a.example"), "invalid"),
    (ask("set_cookie", name="a", value="x", max_age=0), "invalid"),
    (ask("set_cookie", name="a", value="x", max_age=True), "bad-args"),
    (ask("set_cookie", name="a", value="x", secure="no"), "bad-args"),
    (ask("password_check", password="x", hash="x"), "unknown-format"),
    (
        ask("password_check", password="x", hash="$argon2id$v=19$m=9999999,t=2,p=1$c29tZXNhbHQ$" + "A" * 43),
        "unknown-format",
    ),
    (ask("password_check", password=None, hash=BCRYPT), "unknown-format"),
    (ask("password_check", hash="{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="), "bad-args"),
    (ask("digest_verify", value=DIGEST, method="POST", password="Circle of Life"), "response"),
    (ask("digest_verify", value=DIGEST, method="GET", password="circle of life"), "response"),
    (ask("digest_verify", value=DIGEST, method="GET", secret="\u20ac"), "response"),
    (ask("digest_verify", value=DIGEST, method="GET", password="x", uri="/dir"), "uri"),
    (ask("digest_verify", value=DIGEST, method="GET", password="x", realm="x"), "realm"),
    (ask("digest_verify", value=DIGEST, method="GET", password="x", nonce="x"), "nonce"),
    (ask("digest_verify", value=DIGEST.replace("auth,", "auth-int,"), method="GET", password="x"), "wrong-qop"),
    (ask("digest_verify", value=DIGEST.replace("SHA-256", "SHA-256-sess"), method="GET", password="x"), "algorithm"),
    (ask("digest_verify", value=DIGEST.replace("nc=0", "nc=x"), method="GET", password="x"), "bad-nonce-count"),
    (ask("digest_verify", value="Basic eDp5", method="GET", password="x"), "not-digest"),
    (ask("digest_verify", value="Digest a=1, A=2", method="GET", password="x"), "repeated-parameter"),
    (ask("digest_verify", value="", method="GET", password="x"), "no-scheme"),
    (ask("digest_verify", value=DIGEST, password="x"), "bad-args"),
    (ask("digest_verify", value=DIGEST, method="GET"), "bad-args"),
    (ask("totp", secret="not base32", time=59), "bad-args"),
    (ask("totp", secret="GEZDGNBVGY3TQOJQ", time=59), "bad-args"),
    (ask("totp", secret=RFC_6238, time=59, digits=5), "bad-args"),
    (ask("totp", secret=RFC_6238, time=59, algorithm="MD5"), "bad-args"),
    (ask("totp", secret=RFC_6238, time="now"), "bad-args"),
    (ask("totp", secret=RFC_6238, time=59, presented=287082), "bad-args"),
    *((ask(op), "unsupported") for op, operation in OPERATIONS.items() if operation is unsupported),
    ("", "bad-line"),
    (" ", "bad-line"),
    ("x", "bad-line"),
    ("[]", "bad-line"),
    ("null", "bad-line"),
    ("{}", "bad-line"),
    ('{"op": 1}', "bad-line"),
    ('{"op": "totp", "args": []}', "bad-line"),
    ('{"op": "totp", "op": "totp"}', "bad-line"),
    ('{"op": "totp", "args": {"x": NaN}}', "bad-line"),
    ('{"op": "totp", "args": {"x": "\\ud800"}}', "bad-line"),
    ('{"op": "totp", "args": ' + "[" * 100_000, "bad-line"),
    (b"\xff\xfe", "bad-line"),
    (b"\0" * 1000, "bad-line"),
    ('{"op": "no_such_op"}', "unknown-op"),
    ('{"op": "__class__"}', "unknown-op"),
    (" " * (LONGEST_LINE + 1), "oversize"),
    ("x" * 3 * LONGEST_LINE, "oversize"),
    (b"\xff" * (2 * LONGEST_LINE + 4), "oversize"),
    (" " * (LONGEST_LINE - 14) + '{"op": "totp"}', "bad-args"),
]


def test_every_good_case_has_its_value() -> None:
    answers = converse(*(line for line, _ in GOOD))
    assert answers == [{"ok": True, "value": value} for _, value in GOOD]


def test_every_bad_case_has_its_error_and_the_driver_goes_on() -> None:
    last, value = GOOD[0]
    answers = converse(*(line for line, _ in BAD), last)
    assert answers == [*({"ok": False, "error": error} for _, error in BAD), {"ok": True, "value": value}]


def test_the_hostile_tokens_are_refused_through_the_driver__C09() -> None:
    hostile = [one for one in corpus() if one.key in ("ES256", "HS256") and isinstance(one.token, str)][::3]
    lines = [
        ask("jwt_verify", token=one.token, jwks=JWKS, leeway=5, **PLACE)
        for one in hostile
        if len(one.token) < 20_000 and one.name != "a lone surrogate"
    ]
    answers = converse(*lines)
    assert len(answers) == len(lines) > 300
    assert [found for found in answers if found["ok"]] == []
    assert {found["error"] for found in answers}.isdisjoint({"internal", "bad-line", "bad-args"})


def test_an_answer_comes_at_once() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.driver"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line, value in GOOD[:3]:
            process.stdin.write(line.encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == value
        process.stdin.write(b"a line without an end")
        process.stdin.close()
        assert json.loads(process.stdout.readline()) == {"ok": False, "error": "bad-line"}
        assert process.wait(timeout=60) == 0


def test_every_operation_has_its_cases_and_its_line_in_the_page() -> None:
    asked_good = {json.loads(line)["op"] for line, _ in GOOD}
    asked_bad = {
        json.loads(line)["op"]
        for line, _ in BAD
        if isinstance(line, str) and line.startswith('{"op": "') and line.endswith("}}")
    }
    built = {op for op, operation in OPERATIONS.items() if operation is not unsupported}
    assert asked_good == built
    assert asked_bad >= built
    assert {op for op in OPERATIONS if f"`{op}`" not in PAGE} == set()
    assert [op for op in OPERATIONS if op not in built] == re.findall(r"`(\w+)`", PAGE.partition("## Not yet")[2])[:-1]


@pytest.mark.parametrize("error", sorted({error for _, error in BAD}))
def test_every_error_is_explained_in_the_page(error: str) -> None:
    assert f"`{error}`" in PAGE
