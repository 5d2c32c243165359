"""Tokens that nobody may take for good, made by rules, each with the code that refuses it.

Almost every one is signed by the genuine key over exactly what it says, so that the one thing that is wrong with it
is all that can refuse it. `good()` is the token that they are all made from.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from watchword.crypto.jose import base64url
from watchword.crypto.jose.algorithms import ALGORITHMS, CURVES
from watchword.crypto.jose.jwk import read_private
from watchword.crypto.jose.jwk_written import public_jwk, thumbprint
from watchword.crypto.jose.key import SigningKey, generate, signing_key
from watchword.crypto.jose.refused import JoseRefused
from watchword.crypto.secret import Secret
from watchword.tokens.access_token import fits, kid_of, verified

COOKBOOK = Path(__file__).parent.parent / "vectors" / "jose-cookbook"

ISSUER = "https://login.acme.example"
AUDIENCE = "https://api.acme.example"
NOW = 1_700_000_000
CLAIMS: dict[str, object] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": AUDIENCE,
    "client_id": "shop",
    "jti": "a1b2c3",
    "iat": NOW - 60,
    "exp": NOW + 240,
}
NAMES = (*ALGORITHMS, "Ed448")
"""The keys: one for each algorithm, and a second one for EdDSA."""
BY_FAMILY = ("HS256", "RS256", "PS256", "ES256", "EdDSA", "Ed448")
"""One of each kind: enough where the hash does not matter."""
NO_TEXTS: tuple[object, ...] = (None, 0, 1, 1.5, True, False, [], {}, "")
"""What stands in JSON where a text should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """`name` says what is wrong, `key` is what the token is to be verified with, `code` what must come of it."""

    name: str
    token: str | bytes
    key: str
    code: str


@cache
def key(name: str) -> SigningKey:
    """The genuine key of this name, which is also its `kid`. RSA keys come from RFC 7520, as making them is slow."""
    if name.startswith(("RS", "PS")):
        jwk = json.loads((COOKBOOK / "jwk" / "3_4.rsa_private_key.json").read_text())
        return read_private(jwk | {"kid": name}, alg=name)
    if name == "Ed448":
        return signing_key("EdDSA", ed448.Ed448PrivateKey.generate(), name)
    return generate(name, name)


def judge(token: str | bytes, name: str) -> str:
    """What becomes of a token that is verified with the key of this name: `good`, or the code of its refusal."""
    try:
        kid_of(token)
        claims = verified(token, key(name).key)
    except JoseRefused as refused:
        return refused.code
    return fits(claims, expected_issuer=ISSUER, expected_audience=AUDIENCE, now=NOW, leeway=5) or "good"


def header(name: str, **more: object) -> dict[str, object]:
    return {"alg": key(name).alg, "typ": "at+jwt", "kid": name} | more


def forge(
    name: str,
    head: Mapping[str, object] | bytes | None = None,
    body: Mapping[str, object] | bytes | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> str:
    """A token with this header and payload, signed over them by the genuine key, or by `sign`."""
    first, second = (
        base64url.encode(part if isinstance(part, bytes) else json.dumps(part).encode())
        for part in (header(name) if head is None else head, CLAIMS if body is None else body)
    )
    return signed(name, first, second, sign)


def signed(name: str, first: str, second: str, sign: Callable[[bytes], bytes] | None = None) -> str:
    """A token of two segments in whatever spelling, and the signature of just that."""
    message = f"{first}.{second}"
    return f"{message}.{base64url.encode((sign or key(name).sign)(message.encode()))}"


def good(name: str) -> str:
    return forge(name)


def corpus() -> Sequence[Hostile]:
    return tuple(hostile for rule in RULES for hostile in rule())


# --- algorithms and keys ---------------------------------------------------------------------------------------------


def unsigned() -> Iterator[Hostile]:
    signatures: dict[str, Callable[[bytes], bytes] | None] = {
        "empty": lambda message: b"",
        "zero": lambda message: bytes(64),
        "genuine": None,
    }
    for name in BY_FAMILY:
        for spelling in (
            "none",
            "None",
            "NONE",
            "nOnE",
            "none ",
            " none",
            "none\0",
            "nоne",
            "",
            "null",
            "plain",
            "RSA1_5",
        ):
            for kind, sign in signatures.items():
                token = forge(name, header(name, alg=spelling), sign=sign)
                yield Hostile(
                    name=f"alg {spelling!r}, {kind} signature, {name}", token=token, key=name, code="algorithm"
                )
        for alg in (*NO_TEXTS, ["HS256"], {"HS256": 1}):
            if alg != "":
                token = forge(name, header(name, alg=alg))
                yield Hostile(name=f"alg {alg!r}, {name}", token=token, key=name, code="malformed")
        for registered in ("cty", "x5t", "x5t#S256"):
            token = forge(name, header(name, **{registered: None}))
            yield Hostile(name=f"{registered} is null, {name}", token=token, key=name, code="malformed")
        token = forge(name, {"typ": "at+jwt", "kid": name})
        yield Hostile(name=f"no alg, {name}", token=token, key=name, code="malformed")


def other_algorithms() -> Iterator[Hostile]:
    for name in NAMES:
        for other in ALGORITHMS:
            if other != key(name).alg:
                token = forge(name, header(name, alg=other))
                yield Hostile(name=f"{name} said to be {other}", token=token, key=name, code="algorithm")
        for other in NAMES:
            if other != name:
                token = forge(name, sign=key(other).sign)
                yield Hostile(name=f"{name} signed as {other}", token=token, key=name, code="signature")
        lower = key(name).alg.swapcase()
        token = forge(name, header(name, alg=lower))
        yield Hostile(name=f"{name} said to be {lower}", token=token, key=name, code="algorithm")


def spellings_of(name: str) -> dict[str, bytes]:
    """A public key in every form in which somebody may have it at hand as bytes."""
    material = key(name).key.material
    assert not isinstance(material, Secret)
    info = PublicFormat.SubjectPublicKeyInfo
    pem = material.public_bytes(Encoding.PEM, info)
    jwk = public_jwk(key(name).key)
    found = {
        "PEM": pem,
        "PEM without its last line end": pem.rstrip(),
        "PEM with CR LF": pem.replace(b"\n", b"\r\n"),
        "PEM in one line": b"".join(pem.splitlines()),
        "DER": material.public_bytes(Encoding.DER, info),
        "JWK": json.dumps(jwk).encode(),
        "JWK, compact": json.dumps(jwk, separators=(",", ":")).encode(),
        "JWK, sorted": json.dumps(jwk, sort_keys=True).encode(),
        "JWK Set": json.dumps({"keys": [jwk]}).encode(),
        "thumbprint": thumbprint(key(name).key).encode(),
        "nothing": b"",
        "kid": name.encode(),
    }
    if name not in ("ES512", "Ed448"):
        found["SSH"] = material.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    match material:
        case rsa.RSAPublicKey():
            found["PKCS 1 PEM"] = material.public_bytes(Encoding.PEM, PublicFormat.PKCS1)
            found["PKCS 1 DER"] = material.public_bytes(Encoding.DER, PublicFormat.PKCS1)
            found["n"] = jwk["n"].encode()
            found["modulus"] = base64url.decode(jwk["n"])
        case ec.EllipticCurvePublicKey():
            found["point"] = material.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
            found["compressed point"] = material.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
            found["x"] = jwk["x"].encode()
        case _:
            found["raw"] = material.public_bytes(Encoding.Raw, PublicFormat.Raw)
            found["x"] = jwk["x"].encode()
    return found


def public_key_as_secret() -> Iterator[Hostile]:
    """CVE-2016-10555 and all that came after it (RFC 8725 section 2.1)."""
    for name in ("RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed448"):
        for form, secret in spellings_of(name).items():
            for alg, digest in {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.items():

                def sign(message: bytes, secret: bytes = secret, digest: str = digest) -> bytes:
                    return hmac.digest(secret, message, digest)

                token = forge(name, header(name, alg=alg), sign=sign)
                yield Hostile(name=f"{alg} with {form} of {name}", token=token, key=name, code="algorithm")
                token = forge(name, sign=sign)
                yield Hostile(name=f"{name} by {alg} with its {form}", token=token, key=name, code="signature")


def keys_brought_along() -> Iterator[Hostile]:
    """CVE-2018-0114: the token brings its key, or says where to fetch it."""
    for name in BY_FAMILY:
        stranger = generate(key(name).alg, name)
        jwk = {"kty": "oct", "k": "AAAA"} if name == "HS256" else public_jwk(stranger.key)
        brought: tuple[dict[str, object], ...] = (
            {"jwk": jwk},
            {"jwk": None},
            {"jku": "https://evil.example/keys"},
            {"jku": ISSUER},
            {"x5u": "http://169.254.169.254/"},
            {"x5c": ["MIIB"]},
            {"x5c": []},
        )
        for members in brought:
            for whose, sign in {"stranger": stranger.sign, "genuine": key(name).sign}.items():
                token = forge(name, header(name, **members), sign=sign)
                yield Hostile(name=f"{members!r:.40}, {whose}, {name}", token=token, key=name, code="header")
        yield Hostile(name=f"a stranger's, {name}", token=forge(name, sign=stranger.sign), key=name, code="signature")


def extensions() -> Iterator[Hostile]:
    crits: tuple[object, ...] = ([], ["b64"], ["exp"], ["x"], ["alg"], "b64", None, False, 0, {}, [[]], ["b64", "b64"])
    others: tuple[dict[str, object], ...] = (
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"zip": None},
        {"enc": "A128GCM"},
        {"enc": ""},
    )
    for name in BY_FAMILY:
        for crit in crits:
            token = forge(name, header(name, crit=crit, b64=True, exp=1, x=1))
            yield Hostile(name=f"crit {crit!r}, {name}", token=token, key=name, code="critical")
        for members in others:
            token = forge(name, header(name, **members))
            yield Hostile(name=f"{members!r}, {name}", token=token, key=name, code="header")
        unencoded = signed(name, base64url.encode(json.dumps(header(name, b64=False)).encode()), "{}")
        yield Hostile(name=f"payload not encoded, {name}", token=unencoded, key=name, code="header")


OTHER_KIDS = (
    "other", "HS25", "HS2566", "hs256", "HS256 ", " HS256", "НS256", "*", "%00", "$(id)",
    "../../dev/null", "/proc/self/environ", "file:///dev/null", "https://evil.example/k", "x' UNION SELECT 'k'--",
)  # fmt: skip
ODD_KIDS = (*"\0 \n \x7f \u2028 \u202e".split(" "), "HS256\0", "HS256\r\n", "k" * 257)


def names_of_keys() -> Iterator[Hostile]:
    for kid in OTHER_KIDS:
        token = forge("HS256", header("HS256", kid=kid))
        yield Hostile(name=f"kid {kid!r}", token=token, key="HS256", code="unknown-key")
        token = forge("HS256", header("HS256", kid=kid), sign=lambda message: hmac.digest(b"", message, "sha256"))
        yield Hostile(name=f"kid {kid!r}, empty secret", token=token, key="HS256", code="unknown-key")
    for odd in (*ODD_KIDS, *NO_TEXTS, ["HS256"], {"kid": "HS256"}):
        token = forge("HS256", header("HS256", kid=odd))
        yield Hostile(name=f"kid {odd!r:.30}", token=token, key="HS256", code="malformed")


# --- signatures ------------------------------------------------------------------------------------------------------


def spoiled_signatures() -> Iterator[Hostile]:
    for name in NAMES:
        message, _, encoded = good(name).rpartition(".")
        signature = base64url.decode(encoded)
        other = base64url.decode(forge(name, body=CLAIMS | {"sub": "admin"}).rpartition(".")[2])
        spoiled = {
            "none": b"",
            "one byte less": signature[:-1],
            "one byte less in front": signature[1:],
            "half": signature[: len(signature) // 2],
            "one byte": signature[:1],
            "one byte more": signature + b"\0",
            "one byte more in front": b"\0" + signature,
            "twice": signature * 2,
            "zeros": bytes(len(signature)),
            "ones": b"\xff" * len(signature),
            "first bit": bytes((signature[0] ^ 0x80,)) + signature[1:],
            "last bit": signature[:-1] + bytes((signature[-1] ^ 1,)),
            "backwards": signature[::-1],
            "another message's": other,
            "base64 again": encoded.encode(),
            "hex": signature.hex().encode(),
        }
        for kind, wrong in spoiled.items():
            token = f"{message}.{base64url.encode(wrong)}"
            yield Hostile(name=f"signature {kind}, {name}", token=token, key=name, code="signature")
        body = base64url.encode(json.dumps(CLAIMS | {"sub": "admin"}).encode())
        token = f"{message.partition('.')[0]}.{body}.{encoded}"
        yield Hostile(name=f"another payload, {name}", token=token, key=name, code="signature")


def psychic_signatures() -> Iterator[Hostile]:
    """CVE-2022-21449: r and s of zero verified everything; and other numbers that no signature has."""
    for curve in CURVES.values():
        name, length, n = curve.alg, curve.length, curve.order
        message, _, encoded = good(name).rpartition(".")
        signature = base64url.decode(encoded)
        r, s = (int.from_bytes(part, "big") for part in (signature[:length], signature[length:]))
        top = 256**length - 1
        pairs = {
            "zeros": (0, 0),
            "no r": (0, s),
            "no s": (r, 0),
            "r = n": (n, s),
            "s = n": (r, n),
            "both n": (n, n),
            "ones": (1, 1),
            "r = n - 1": (n - 1, s),
            "swapped": (s, r),
            "greatest": (top, top),
            "s = n + 1": (r, n + 1),
            "s + n": (r, min(s + n, top)),
            "r + n": (min(r + n, top), s),
        }
        for kind, (one, two) in pairs.items():
            wrong = one.to_bytes(length, "big") + two.to_bytes(length, "big")
            token = f"{message}.{base64url.encode(wrong)}"
            yield Hostile(name=f"{name}, {kind}", token=token, key=name, code="signature")
        der = encode_dss_signature(r, s)
        for kind, wrong in {
            "DER": der,
            "DER, cut": der[: 2 * length],
            "DER, filled": der.ljust(2 * length, b"\0"),
        }.items():
            yield Hostile(
                name=f"{name}, {kind}", token=f"{message}.{base64url.encode(wrong)}", key=name, code="signature"
            )
    p384 = key("ES384").material
    assert isinstance(p384, ec.EllipticCurvePrivateKey)
    token = forge("ES256", sign=lambda message: p384.sign(message, ec.ECDSA(SHA256())))
    yield Hostile(name="ES256 with a P-384 key", token=token, key="ES256", code="signature")


def malleable_signatures() -> Iterator[Hostile]:
    """RFC 8032 section 8.4: S and S + L would both verify if nobody looked at the range."""
    orders = {
        "EdDSA": 2**252 + 27742317777372353535851937790883648493,
        "Ed448": 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    }
    for name, order in orders.items():
        message, _, encoded = good(name).rpartition(".")
        signature = base64url.decode(encoded)
        half = len(signature) // 2
        s = int.from_bytes(signature[half:], "little")
        for times in (1, 2, 3):
            wrong = signature[:half] + (s + times * order).to_bytes(half, "little")
            token = f"{message}.{base64url.encode(wrong)}"
            yield Hostile(name=f"{name}, S + {times} L", token=token, key=name, code="signature")
        neutral = b"\1" + bytes(half - 1)
        token = f"{message}.{base64url.encode(neutral + bytes(half))}"
        yield Hostile(name=f"{name}, the neutral element", token=token, key=name, code="signature")


# --- spellings -------------------------------------------------------------------------------------------------------


def leftover_bits(segment: str) -> str:
    """The segment with a last character that spells the same bytes, and bits that belong to none."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    if len(segment) % 4 == 0:
        return segment
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) + 1]


def misspelt() -> Iterator[Hostile]:
    for name in BY_FAMILY:
        # Lengths that leave bits over, and a payload that needs both special letters.
        head = json.dumps(header(name, x="?")).encode()
        body = json.dumps(CLAIMS | {"x": "???>>>"}).encode()
        while len(head) % 3 == 0:
            head += b" "
        while len(body) % 3 == 0 or not {"-", "_"} <= set(base64url.encode(body)):
            body = b" " + body
        genuine = {"header": base64url.encode(head), "payload": base64url.encode(body)}
        genuine["signature"] = signed(name, genuine["header"], genuine["payload"]).rpartition(".")[2]
        spellings = MISSPELLINGS | {
            "in the other alphabet": lambda segment: segment.replace("-", "+").replace("_", "/")
        }
        for place, segment in genuine.items():
            for kind, spell in (spellings | {"with bits left over": leftover_bits}).items():
                if spell(segment) == segment:
                    continue
                first, second, third = (genuine | {place: spell(segment)}).values()
                token = f"{first}.{second}.{third}" if place == "signature" else signed(name, first, second)
                yield Hostile(name=f"{place} {kind}, {name}", token=token, key=name, code="malformed")


MISSPELLINGS: dict[str, Callable[[str], str]] = {
    "padded": lambda segment: segment + "=" * (-len(segment) % 4 or 4),
    "padded once": lambda segment: segment + "=",
    "one character more": lambda segment: segment + "A" * (5 - len(segment) % 4),
    "a space in front": lambda segment: " " + segment,
    "a space behind": lambda segment: segment + " ",
    "a line end in it": lambda segment: segment[:8] + "\n" + segment[8:],
    "a line end behind": lambda segment: segment + "\r\n",
    "a tab in it": lambda segment: segment[:4] + "\t" + segment[4:],
    "a NUL behind": lambda segment: segment + "\0",
    "a plus in it": lambda segment: segment[:4] + "+" + segment[5:],
    "a slash in it": lambda segment: segment[:4] + "/" + segment[5:],
    "a tilde in it": lambda segment: segment[:4] + "~" + segment[5:],
    "percent-encoded": lambda segment: f"%{ord(segment[0]):02x}" + segment[1:],
    "a full-width letter": lambda segment: "\uff21" + segment[1:],
    "a letter with an accent": lambda segment: segment[:4] + "é" + segment[5:],
    "quoted": lambda segment: f'"{segment}"',
}


def shapes() -> Iterator[Hostile]:
    token = good("HS256")
    first, second, third = token.split(".")
    jwe = ".".join(base64url.encode(part) for part in (b'{"alg":"dir","enc":"A128GCM"}', b"", b"iv", b"text", b"tag"))
    flat = {"protected": first, "payload": second, "signature": third}
    general = {"payload": second, "signatures": [{"protected": first, "signature": third}]}
    texts: dict[str, str | bytes] = {
        "nothing": "",
        "a dot": ".",
        "two dots": "..",
        "three dots": "...",
        "one segment": first,
        "two segments": f"{first}.{second}",
        "a dot behind": token + ".",
        "a dot in front": "." + token,
        "two full stops": token.replace(".", ".."),
        "full-width dots": token.replace(".", "\uff0e"),
        "four segments": f"{token}.{third}",
        "five segments": f"{token}.{second}.{third}",
        "six segments": f"{token}.{token}",
        "no header": f".{second}.{third}",
        "nothing but a signature": f"..{third}",
        "JWE": jwe,
        "flattened JSON": json.dumps(flat),
        "general JSON": json.dumps(general),
        "Bearer": "Bearer " + token,
        "quoted": f'"{token}"',
        "a space in front": " " + token,
        "a line end behind": token + "\n",
        "two with a comma": token + "," + token,
        "a BOM": "\ufeff" + token,
        "a lone surrogate": token + "\ud800",
        "bytes that are not ASCII": token.encode() + b"\xff",
        "UTF-16": token.encode("utf-16-le"),
        "NULs": b"\0" * 100,
        "a PASETO": "v4.public.AAAA",
        "one of ours": "ww_s_0000",
    }
    for kind, text in texts.items():
        yield Hostile(name=kind, token=text, key="HS256", code="malformed")
    nested = forge("HS256", header("HS256", cty="JWT"), token.encode())
    yield Hostile(name="a token in a token", token=nested, key="HS256", code="malformed")
    yield Hostile(name="detached", token=f"{first}..{third}", key="HS256", code="signature")
    yield Hostile(name="an empty payload", token=forge("HS256", body=b""), key="HS256", code="malformed")


def not_objects() -> Iterator[Hostile]:
    genuine = {"header": json.dumps(header("HS256")), "payload": json.dumps(CLAIMS)}
    for place, text in genuine.items():
        documents = {kind: spell(text) for kind, spell in NOT_OBJECTS.items()}
        documents |= {f"{member[:40]!r}": text[:-1].encode() + b", " + member + b"}" for member in ODD_MEMBERS}
        documents["a member twice"] = f"{text[:-1]}, {text[1:].split(',')[0]}}}".encode()
        for kind, document in documents.items():
            token = forge("HS256", document) if place == "header" else forge("HS256", body=document)
            oversize = place == "header" and len(document) > 1536
            yield Hostile(
                name=f"{place}: {kind}", token=token, key="HS256", code="oversize" if oversize else "malformed"
            )
    for twice in ('{"alg":"none","alg":"HS256"', '{"alg":"HS256","alg":"none"', '{"alg":"HS256","alg":"HS256"'):
        token = forge("HS256", (twice + ',"typ":"at+jwt","kid":"HS256"}').encode())
        yield Hostile(name=f"header {twice}", token=token, key="HS256", code="malformed")


NOT_OBJECTS: dict[str, Callable[[str], bytes]] = {
    "a list": lambda text: f"[{text}]".encode(),
    "a string": lambda text: json.dumps(text).encode(),
    "a number": lambda text: b"1",
    "null": lambda text: b"null",
    "true": lambda text: b"true",
    "nothing": lambda text: b"",
    "a space": lambda text: b" ",
    "cut": lambda text: text[:-1].encode(),
    "two objects": lambda text: (text + text).encode(),
    "garbage behind": lambda text: (text + "x").encode(),
    "a NUL behind": lambda text: (text + "\0").encode(),
    "a BOM": lambda text: ("\ufeff" + text).encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-32": lambda text: text.encode("utf-32-le"),
    "single quotes": lambda text: text.replace('"', "'").encode(),
    "a comma at the end": lambda text: (text[:-1] + ",}").encode(),
    "a comment": lambda text: (text[:-1] + "/**/}").encode(),
}
ODD_MEMBERS = (
    b'"": 1, "": 2',
    b'"x": 1, "\\u0078": 1',
    b'"x": {"y": 1, "y": 1}',
    b'"x": "\xe9"',  # latin-1
    b'"x": "\xc0\xaf"',  # overlong
    b'"x": "\xed\xa0\x80"',  # a surrogate in UTF-8
    b'"x": "\\ud800"',
    b'"x": ["\\udc00"]',
    b'"x": "\\ud800\\u0041"',
    b'"\\uDBFF": 1',
    b'"x": "\n"',
    b'"x": "\t"',
    b'"x": "\\x41"',
    b'"x": NaN',
    b'"x": -Infinity',
    b'"x": 1e400',
    b'"x": ' + b"9" * 4800,
    b'"x": 0x1',
    b'"x": 01',
    b'"x": +1',
    b'"x": ' + b"[" * 8 + b"]" * 8,
    b'"x": ' + b"[" * 300 + b"]" * 300,
    b'"x": ' + b'{"x": ' * 8 + b"1" + b"}" * 8,
)


def too_large() -> Iterator[Hostile]:
    for name, size in {"one character": 16 * 1024 + 1, "a megabyte": 2**20}.items():
        for text in ("a", ".", "=", "\0", "é"):
            yield Hostile(name=f"{name} of {text!r}", token=text * size, key="HS256", code="oversize")
    token = forge("HS256", header("HS256", x="a" * 1600))
    yield Hostile(name="a long header", token=token, key="HS256", code="oversize")
    token = forge("HS256", header("HS256", x="a" * 2**20))
    yield Hostile(name="a header of a megabyte", token=token, key="HS256", code="oversize")
    token = forge("HS256", body=CLAIMS | {"x": "a" * 16 * 1024})
    yield Hostile(name="a long payload", token=token, key="HS256", code="oversize")


# --- types and claims ------------------------------------------------------------------------------------------------


def other_types() -> Iterator[Hostile]:
    for typ in OTHER_TYPES:
        token = forge("HS256", header("HS256", typ=typ))
        yield Hostile(name=f"typ {typ!r}", token=token, key="HS256", code="type")
    yield Hostile(name="no typ", token=forge("HS256", {"alg": "HS256", "kid": "HS256"}), key="HS256", code="type")
    for odd in (*NO_TEXTS, ["at+jwt"], {"typ": "at+jwt"}, "аt+jwt", "at+jwt\u200b"):
        if odd != "":
            token = forge("HS256", header("HS256", typ=odd))
            yield Hostile(name=f"typ {odd!r}", token=token, key="HS256", code="malformed")


OTHER_TYPES = (
    "JWT", "jwt", "application/jwt", "id+jwt", "logout+jwt", "dpop+jwt", "JOSE", "*/*", "application/", "",
    "at+jwt ", " at+jwt", "at jwt", "at-jwt", "at+jw", "at+jwts", "at+jwt;v=1", "at+jwt\0",
    "x/at+jwt", "text/at+jwt", "application/application/at+jwt", "application/at+jwt/",
)  # fmt: skip


IMPOSSIBLE = (
    "-1", "-0.5", "-1e300", "1e300", "1e20", "253402300800", "1" + "0" * 20, "9" * 400,
    "true", "false", "null", '""', '"1700000000"', "[]", "[1700000000]", "{}", '{"$gt": 0}',
)  # fmt: skip
NOT_JSON = ("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1e9999999", "1.e1", ".5", "1_000", "١", "0x7fffffff")


def impossible_times() -> Iterator[Hostile]:
    for claim in ("exp", "iat", "nbf", "auth_time"):
        for literals, code in ((IMPOSSIBLE, "claims"), (NOT_JSON, "malformed")):
            for literal in literals:
                token = forge("HS256", body=with_literal(claim, literal))
                yield Hostile(name=f"{claim} {literal:.30}", token=token, key="HS256", code=code)
    for name in BY_FAMILY:
        for exp in (NOW - 5, NOW - 5.5, NOW - 6, 0, NOW - 3600, 1, 0.5, 1e-300):
            token = forge(name, body=CLAIMS | {"exp": exp})
            yield Hostile(name=f"expired at {exp}, {name}", token=token, key=name, code="expired")
        for claim in ("iat", "nbf"):
            for instant in (NOW + 6, NOW + 5.5, NOW + 100, 253402300799):
                token = forge(name, body=CLAIMS | {claim: instant})
                yield Hostile(name=f"{claim} {instant}, {name}", token=token, key=name, code="not-yet-valid")


def with_literal(claim: str, literal: str) -> bytes:
    """The claims with this one written so in the JSON."""
    others = {name: value for name, value in CLAIMS.items() if name != claim}
    return (json.dumps(others)[:-1] + f', "{claim}": {literal}}}').encode()


def missing_claims() -> Iterator[Hostile]:
    for claim in CLAIMS:
        body = {name: value for name, value in CLAIMS.items() if name != claim}
        for name in BY_FAMILY:
            yield Hostile(name=f"no {claim}, {name}", token=forge(name, body=body), key=name, code="claims")
    yield Hostile(name="no claims", token=forge("HS256", body={}), key="HS256", code="claims")
    for claim in ("iss", "sub", "aud", "client_id", "jti", "sid", "ww_state", "acr"):
        for value in (*NO_TEXTS, "a\nb", "a\0", "\u2028", "\x7f", "\x85", ["a\n"] if claim == "aud" else ["alice"]):
            token = forge("HS256", body=CLAIMS | {claim: value})
            yield Hostile(name=f"{claim} {value!r}", token=token, key="HS256", code="claims")


def other_issuers() -> Iterator[Hostile]:
    """CVE-2024-53861: compared by containment, `acm` passed for `acme`."""
    for place, genuine in {"iss": ISSUER, "aud": AUDIENCE}.items():
        code = {"iss": "issuer", "aud": "audience"}[place]
        for other in (
            genuine[:-1], genuine[1:], genuine[0], genuine + "/", genuine + "?", genuine + "#", genuine + " ",
            genuine + ".evil.example", "https://evil.example/" + genuine, f"{genuine} x", f"x,{genuine}",
            genuine.upper(), genuine.replace("https", "http"), genuine.replace("acme", "ac"),
            genuine.replace("acme", "аcme"), "https://", "acme", "shop", "*",
        ):  # fmt: skip
            token = forge("HS256", body=CLAIMS | {place: other})
            yield Hostile(name=f"{place} {other!r}", token=token, key="HS256", code=code)
    listed: dict[str, tuple[str, list[object]]] = {
        "one issuer": ("iss", [ISSUER]),
        "two issuers": ("iss", [ISSUER, "x"]),
        "a number among audiences": ("aud", [AUDIENCE, 1]),
        "null among audiences": ("aud", [AUDIENCE, None]),
        "audiences in a list": ("aud", [[AUDIENCE]]),
        "an empty audience": ("aud", [AUDIENCE, ""]),
    }
    for kind, (claim, values) in listed.items():
        yield Hostile(name=kind, token=forge("HS256", body=CLAIMS | {claim: values}), key="HS256", code="claims")
    for audiences in ([AUDIENCE + "/"], ["x", "y"], [AUDIENCE[:-1], AUDIENCE + "s"], ["*"], ["x", AUDIENCE.upper()]):
        token = forge("HS256", body=CLAIMS | {"aud": audiences})
        yield Hostile(name=f"aud {audiences!r}", token=token, key="HS256", code="audience")


def odd_claims() -> Iterator[Hostile]:
    for scope in (
        *NO_TEXTS,
        ["read"],
        " read",
        "read ",
        "read  write",
        "read\twrite",
        'a"b',
        "a\\b",
        "é",
        "a\nb",
        "\0",
    ):
        if scope != "":
            token = forge("HS256", body=CLAIMS | {"scope": scope})
            yield Hostile(name=f"scope {scope!r}", token=token, key="HS256", code="claims")
    odd_lists: tuple[object, ...] = (
        "admin",
        {"value": "admin"},
        [1],
        [None],
        [True],
        [["admin"]],
        [""],
        ["a\n"],
        [{}],
        [{"value": 1}],
    )
    for claim in ("roles", "groups", "entitlements", "permissions", "amr"):
        for value in (*(odd for odd in NO_TEXTS if odd != []), *odd_lists):
            token = forge("HS256", body=CLAIMS | {claim: value})
            yield Hostile(name=f"{claim} {value!r}", token=token, key="HS256", code="claims")
    cnfs: tuple[object, ...] = ({"jkt": "x"}, {"x5t#S256": "x"}, {"jwk": {}}, {}, None, "x")
    for cnf in cnfs:
        token = forge("HS256", body=CLAIMS | {"cnf": cnf})
        yield Hostile(name=f"cnf {cnf!r}", token=token, key="HS256", code="confirmation")


RULES: tuple[Callable[[], Iterator[Hostile]], ...] = (
    unsigned,
    other_algorithms,
    public_key_as_secret,
    keys_brought_along,
    extensions,
    names_of_keys,
    spoiled_signatures,
    psychic_signatures,
    malleable_signatures,
    misspelt,
    shapes,
    not_objects,
    too_large,
    other_types,
    impossible_times,
    missing_claims,
    other_issuers,
    odd_claims,
)
