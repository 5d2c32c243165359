"""A conversation with one directory server: bind, search, and nothing else. All that is used of ldap3 is used here."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal

import ldap3
from ldap3.protocol.rfc4511 import AuthenticationChoice, BindRequest, Simple, Version

from watchword.core.ask import AnswerFailed
from watchword.stores.ldap.wire import Deadline, Unreachable, Wire

PASSWORD_POLICY: Final = "1.3.6.1.4.1.42.2.27.8.5.1"
"""The control by which servers tell why (draft-behera-ldap-password-policy-11, section 6)."""
_START_TLS: Final = "1.3.6.1.4.1.1466.20037"

_SUCCESS, _SIZE_LIMIT_EXCEEDED, _REFERRAL = 0, 4, 10
_NOT_THERE: Final = frozenset((32, 50))
"""noSuchObject and insufficientAccessRights."""
_ELSEWHERE: Final = frozenset((51, 52))
"""busy and unavailable (RFC 4511 appendix A.2): another server may be neither."""
_PAGE: Final = 500
_MOST_PAGES: Final = 20


class Several(Enum):
    """Said where more than one entry is found, and one is looked for."""

    SEVERAL = "several"


SEVERAL: Final = Several.SEVERAL


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how it is spoken to. `tls`: from the first octet, from StartTLS on, or never."""

    host: str
    port: int
    tls: Literal["at-once", "started", "never"]
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'ldaps' if self.tls == 'at-once' else 'ldap'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the directory. Attributes are found however their names are written, and hold what is text."""

    dn: str
    attributes: Mapping[str, tuple[str, ...]]

    def all(self, attribute: str) -> tuple[str, ...]:
        """The values, none where there is no such attribute."""
        return self.attributes.get(attribute.lower(), ())

    def first(self, attribute: str) -> str | None:
        """The first value, or None."""
        return next(iter(self.all(attribute)), None)


@dataclass(frozen=True, slots=True)
class BindResult:
    """What a server said to a bind: the code of RFC 4511, its sentence, and the error of its password policy."""

    code: int
    message: str = ""
    policy: int | None = None

    @property
    def is_success(self) -> bool:
        """Whether the password was right."""
        return self.code == _SUCCESS

    def __str__(self) -> str:
        return f"result {self.code}" + (f", {ascii(self.message)[1:-1]}" if self.message else "")


class Conversation:
    """A connection, with what was agreed on it. One thread at a time uses it; whatever fails ends it."""

    def __init__(self, server: Server, deadline: Deadline) -> None:
        """Connects, and secures the connection where it is to be secured.

        Raises:
            Unreachable: where that fails.
        """
        self.server = server
        with self._understood():
            self._wire = Wire(server.host, server.port, deadline)
        try:
            with self._understood():
                self._ldap = _connection(self._wire, server)
                self._secure()
        except BaseException:
            self.close()
            raise

    def until(self, deadline: Deadline) -> None:
        """Have another deadline from now on, for another question."""
        self._wire.until(deadline)

    def is_quiet(self) -> bool:
        """Whether the server is silent, as it has to be while nobody asks it."""
        return self._wire.is_quiet()

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def bind(self, dn: str, password: bytes) -> BindResult:
        """Prove to be somebody, by a password that goes out exactly as it is.

        An empty one, or an empty name, would succeed as nobody (RFC 4513 sections 5.1.1 and 5.1.2), and is an error.

        Raises:
            AnswerFailed: where the server does not answer, or refers to others.
        """
        if not dn or not password:
            raise ValueError("a bind needs a name and a password, or proves nothing")
        request = BindRequest()
        request["version"] = Version(3)
        request["name"] = dn
        request["authentication"] = AuthenticationChoice().setComponentByName("simple", Simple(password))
        with self._understood():
            number = self._ldap.send("bindRequest", request, [(PASSWORD_POLICY, False, None)])
            self._ldap.post_send_single_response(number)
            result = self._result()
            policy = _policy_error(result.get("controls") or {})
            return BindResult(int(result["result"]), str(result["message"]), policy)

    def search(self, base: str, wanted: str, attributes: Sequence[str]) -> list[Entry]:
        """The entries below a base that a filter finds, without those that other servers have.

        Raises:
            AnswerFailed: where the server does not answer, or will not say.
        """
        found: list[Entry] = []
        cookie: bytes | None = None
        for _ in range(_MOST_PAGES):
            entries, result = self._searched(base, ldap3.SUBTREE, wanted, attributes, pages=_PAGE, cookie=cookie)
            self._require(result, f"a search below {base!a}")
            found += entries
            cookie = _cookie(result.get("controls") or {})
            if not cookie:
                return found
        raise AnswerFailed(f"{self.server} finds too much below {base!a}")

    def the_one(self, base: str, wanted: str, attributes: Sequence[str]) -> Entry | Several | None:
        """The one entry below a base that a filter finds, as above."""
        entries, result = self._searched(base, ldap3.SUBTREE, wanted, attributes, most=2)
        if int(result["result"]) == _SIZE_LIMIT_EXCEEDED or len(entries) > 1:
            return SEVERAL
        self._require(result, f"a search below {base!a}")
        return entries[0] if entries else None

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """The entry of this name; None where there is none, or it may not be read."""
        entries, result = self._searched(dn, ldap3.BASE, "(objectClass=*)", attributes)
        if int(result["result"]) in _NOT_THERE:
            return None
        self._require(result, f"to show {dn!a}")
        return entries[0] if entries else None

    def _searched(
        self,
        base: str,
        scope: str,
        wanted: str,
        attributes: Sequence[str],
        *,
        most: int = 0,
        pages: int | None = None,
        cookie: bytes | None = None,
    ) -> tuple[list[Entry], Mapping[str, Any]]:
        with self._understood():
            self._ldap.search(
                base,
                wanted,
                scope,
                # An alias would let whoever may write one choose whose password is asked.
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=[*attributes] or ["1.1"],
                size_limit=most,
                paged_size=pages,
                paged_cookie=cookie,
            )
            told: Sequence[Mapping[str, Any]] = self._ldap.response or ()
            return [_entry(each) for each in told if each["type"] == "searchResEntry"], self._result()

    def _require(self, result: Mapping[str, Any], what: str) -> None:
        if int(result["result"]) != _SUCCESS:
            raise AnswerFailed(_refused(self.server, what, result))

    def _secure(self) -> None:
        context, tls = self.server.context, self.server.tls
        if tls == "never":
            return
        assert context is not None, "whoever wants TLS has one"
        if tls == "started":
            self._ldap.extended(_START_TLS)
            result = self._result()
            if int(result["result"]) != _SUCCESS:
                raise Unreachable(_refused(self.server, "StartTLS", result))
        self._wire.secure(context, self.server.host)

    def _result(self) -> Mapping[str, Any]:
        result: Mapping[str, Any] = self._ldap.result
        code = int(result["result"])
        if code in _ELSEWHERE:
            raise Unreachable(_refused(self.server, "a question", result))
        if code == _REFERRAL:
            # Whom it refers to would get the password, and nobody here has said that they may.
            raise AnswerFailed(f"{self.server} refers to another server, which is never followed")
        return result

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except AnswerFailed:
            raise
        except Exception as error:
            # Whatever else comes out of ldap3 says that the connection broke, or that what came over it is no LDAP.
            raise Unreachable(f"{self.server}: {_words(error)}") from None


def _connection(wire: Wire, server: Server) -> Any:  # ldap3 comes without types
    """A connection of ldap3 over our own wire, which it takes for a socket that it has opened."""
    connection = ldap3.Connection(
        ldap3.Server(server.host, server.port, get_info=ldap3.NONE),
        client_strategy=ldap3.SYNC,
        read_only=True,
        auto_referrals=False,
        auto_escape=False,
        check_names=False,
        raise_exceptions=False,
        return_empty_attributes=False,
    )
    connection.socket = wire
    connection.closed = False
    connection.strategy._outstanding = {}
    connection.listening = True
    return connection


def _entry(told: Mapping[str, Any]) -> Entry:
    raw: Mapping[str, Sequence[bytes]] = told["raw_attributes"]
    return Entry(str(told["dn"]), {name.lower(): tuple(_texts(values)) for name, values in raw.items()})


def _texts(values: Sequence[bytes]) -> Iterator[str]:
    for value in values:
        try:
            yield value.decode()
        except UnicodeDecodeError:
            continue  # a picture, or a key: nothing that is used here


def _cookie(controls: Mapping[str, Any]) -> bytes:
    """Where the next page begins (RFC 2696)."""
    value = controls.get("1.2.840.113556.1.4.319", {}).get("value")
    return value["cookie"] if isinstance(value, dict) else b""


def _policy_error(controls: Mapping[str, Any]) -> int | None:
    """PasswordPolicyResponseValue ::= SEQUENCE { warning [0] ... OPTIONAL, error [1] ENUMERATED OPTIONAL }"""
    value = controls.get(PASSWORD_POLICY, {}).get("value")
    if not isinstance(value, bytes) or value[:1] != b"\x30":
        return None
    at = 2
    while at + 2 < len(value):
        tag, length = value[at], value[at + 1]
        if tag == 0x81 and length == 1:
            return value[at + 2]
        at += 2 + length
    return None


def _refused(server: Server, what: str, result: Mapping[str, Any]) -> str:
    message = ascii(str(result["message"]))[1:-1]
    return f"{server} refuses {what}: {result['description']}" + (f" ({message})" if message else "")


def _words(error: Exception) -> str:
    return ascii(str(error))[1:-1] or type(error).__name__
