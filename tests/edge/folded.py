"""What servers and frameworks make of a request before we see it, so that the answer is another one, and why.

An entry that is not needed fails the suite, and so does one whose answer is another. The page about hosts is checked
against these lists (docs/how-to/hosts/index.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.edge.members import HOSTS, Member
from tests.edge.members.application import OWN_VARY
from tests.edge.raw import Told

_WSGI = ("wsgi", "flask", "django", "drf")
PROTECT = frozenset(HOSTS)
ROUTE = frozenset(f"{name}-route" for name in HOSTS)
WSGI = frozenset((*_WSGI, *(f"{name}-route" for name in _WSGI), "django-around"))
EVERY_HOST = PROTECT | ROUTE | {"django-around"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What these members answer to these scenarios instead. `cell` is empty where nobody asked us.

    `what` and `reason` are told on the page about hosts.
    """

    what: str
    reason: str
    members: frozenset[str]
    scenarios: frozenset[str]
    status: int
    cell: str


_ONE_LINE = "Two lines of one field are one line"
_JOINED = (
    "A WSGI server joins them with a comma before anybody can count them. What comes of two credentials is none that "
    "can be read, so that neither proves anything."
)
_DECODED = "The path comes decoded"
_AS_SERVED = (
    "A WSGI server decodes the path, and the application is given nothing else. What is judged is the decoded path, "
    "which is the one that is served: `%2f` is a slash for both, a broken escape is the characters it is made of."
)
_ABSOLUTE = "A target in absolute-form is its path"
_ABSOLUTE_REASON = "Servers cut it down to the path (RFC 9112 section 3.2.2), which is judged like any other."
_ROUTED = "Without `protect`, the framework looks for a route first"
_NO_ROUTE = (
    "What has no route is answered by the framework (404, 405): no route of the application is reached, and so nobody "
    "is asked who it is. With `protect` we are asked first."
)
_NEGOTIATED = "Without `Protect`, the REST framework negotiates content first"
_NOT_ACCEPTABLE = "Where Accept takes no format of the view, it answers 406 before it asks who it is."

FOLDED: tuple[Fold, ...] = (
    Fold(
        what=_ONE_LINE,
        reason=_JOINED,
        members=WSGI,
        scenarios=frozenset(("two_authorization_lines__C10__F20", "two_equal_authorization_lines__C10__F20")),
        status=401,
        cell="C08",
    ),
    Fold(
        what=_ONE_LINE,
        reason=_JOINED,
        members=WSGI,
        scenarios=frozenset(("hidden_and_two_lines__C10",)),
        status=404,
        cell="C08",
    ),
    Fold(
        what=_DECODED,
        reason=_AS_SERVED,
        members=WSGI,
        scenarios=frozenset(
            (
                "encoded_slash__C10__F22",
                "incomplete_escape__C10__F22",
                "no_hexadecimal_in_an_escape__C10__F22",
            )
        ),
        status=200,
        cell="C01",
    ),
    Fold(
        what=_ABSOLUTE,
        reason=_ABSOLUTE_REASON,
        members=EVERY_HOST,
        scenarios=frozenset(("absolute_form__C10",)),
        status=401,
        cell="C03",
    ),
    Fold(
        what=_ROUTED,
        reason=_NO_ROUTE,
        members=frozenset(("starlette-route", "fastapi-route", "quart-route", "flask-route")),
        scenarios=frozenset(("encoded_line_break__C10__F22",)),
        status=404,
        cell="",
    ),
    Fold(
        what=_ROUTED,
        reason=_NO_ROUTE,
        members=frozenset(("starlette-route", "fastapi-route", "litestar-route", "quart-route", "flask-route")),
        scenarios=frozenset(("unknown_method__C03",)),
        status=405,
        cell="",
    ),
    Fold(
        what=_NEGOTIATED,
        reason=_NOT_ACCEPTABLE,
        members=frozenset(("drf-route",)),
        scenarios=frozenset(
            (
                "page_for_who_prefers_html__C24",
                "page_for_a_missing_role__C24",
                "navigation_with_nothing__C23",
                "navigation_with_an_expired_cookie__C23",
                "navigation_with_a_bad_key__C09__S4_5",
                "page__C24",
            )
        ),
        status=406,
        cell="",
    ),
    Fold(
        what="Without `Protect`, the REST framework keeps one Set-Cookie",
        reason="A view's own list of fields holds one line of each name: of two cookies to be cleared, one is.",
        members=frozenset(("drf-route",)),
        scenarios=frozenset(("two_stale_cookies_and_right_basic__C06",)),
        status=200,
        cell="C06",
    ),
    Fold(
        what="Look-alikes of our own fields are refused",
        reason="A gateway overwrites the fields by which it tells who asks, but only by their names. In other "
        "spellings they would pass to the application, so that `/verify` refuses them.",
        members=frozenset(("verify",)),
        scenarios=frozenset(
            (
                "look_alikes_prove_nobody__C03__F21",
                "look_alikes_are_not_seen__C00__F21",
                "look_alikes_of_the_anonymous__C01__F21",
            )
        ),
        status=400,
        cell="C10",
    ),
    Fold(
        what="A proxy's word about users counts where it is the gateway that speaks",
        reason="Whoever asks `/verify` is the gateway. Behind it, another proxy tells nobody's identity.",
        members=frozenset(("verify",)),
        scenarios=frozenset(("proxy_header__C00__S1_9", "proxy_header_with_a_wrong_secret__C09__S1_9")),
        status=401,
        cell="C03",
    ),
    Fold(
        what="Content is not there",
        reason="`/verify` and `/decide` are asked about a request without its content: a signature that covers some "
        "cannot be compared with it, and is refused (`signed_request.unsigned_payload`).",
        members=frozenset(("verify", "decide")),
        scenarios=frozenset(("signed_request_with_content__C00__S2_7",)),
        status=401,
        cell="C09",
    ),
    Fold(
        what="Client certificates are not told",
        reason="The question of `/decide` has no place for a certificate, and a field about one proves nothing there.",
        members=frozenset(("decide",)),
        scenarios=frozenset(("client_certificate__C00__S2_21", "client_certificate_of_nobody__C12")),
        status=401,
        cell="C03",
    ),
    Fold(
        what="What is no URL or no field is no question",
        reason="`/decide` refuses a question that tells of control characters in fields, or of bytes beyond ASCII in "
        "the URL, which no sender should let through.",
        members=frozenset(("decide",)),
        scenarios=frozenset(
            (
                "control_bytes_in_authorization__C10",
                "raw_bytes_in_the_path__C10__F22",
                "raw_umlaut_in_the_path__C01",
            )
        ),
        status=422,
        cell="",
    ),
    Fold(
        what="The scheme is the URL's",
        reason="`/decide` takes a whole URL, and believes what it says of TLS: `http` is cleartext.",
        members=frozenset(("decide",)),
        scenarios=frozenset(("absolute_form__C10",)),
        status=403,
        cell="C14",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """Members that add no fields to answers of the application."""

    what: str
    reason: str
    members: frozenset[str]

    def of(self, granted: Told) -> Told:
        """What is left of a granted answer."""
        return replace(granted, vary=frozenset((OWN_VARY.lower(),)), cookies=(), others=())


BARE: tuple[Bare, ...] = (
    Bare(
        what="Without `protect`, Litestar has no fields of ours on granted answers",
        reason="A guard cannot add fields (Vary, cookies to clear, tokens, CORS) to the answer of its handler.",
        members=frozenset(("litestar-route",)),
    ),
)


def fold_of(member: Member, scenario: str) -> Fold | None:
    """What is folded here, if anything."""
    found = [fold for fold in FOLDED if member.name in fold.members and scenario in fold.scenarios]
    assert len(found) <= 1, found
    return found[0] if found else None


def bare_of(member: Member) -> Bare | None:
    """What this member does not add to granted answers, if anything."""
    return next((bare for bare in BARE if member.name in bare.members), None)


_NOT_HTTP = "What is not HTTP is refused by the server"
_NOT_HTTP_REASON = (
    "Control characters in fields, and bytes beyond ASCII in a target, are answered with 400 by the server itself."
)
_SERVERS = frozenset(("uvicorn", "gunicorn"))

ON_THE_WIRE: tuple[Fold, ...] = (
    Fold(
        what=_ONE_LINE,
        reason=_JOINED,
        members=frozenset(("gunicorn",)),
        scenarios=frozenset(("two_authorization_lines__C10__F20", "two_equal_authorization_lines__C10__F20")),
        status=401,
        cell="C08",
    ),
    Fold(
        what=_DECODED,
        reason=_AS_SERVED,
        members=frozenset(("gunicorn",)),
        scenarios=frozenset(
            (
                "encoded_slash__C10__F22",
                "incomplete_escape__C10__F22",
                "no_hexadecimal_in_an_escape__C10__F22",
            )
        ),
        status=200,
        cell="",
    ),
    Fold(
        what=_ABSOLUTE,
        reason=_ABSOLUTE_REASON,
        members=_SERVERS,
        scenarios=frozenset(("absolute_form__C10",)),
        status=401,
        cell="C03",
    ),
    Fold(
        what=_NOT_HTTP,
        reason=_NOT_HTTP_REASON,
        members=_SERVERS,
        scenarios=frozenset(
            (
                "control_bytes_in_authorization__C10",
                "raw_nul__C10__F22",
                "raw_bytes_in_the_path__C10__F22",
                "raw_umlaut_in_the_path__C01",
            )
        ),
        status=400,
        cell="",
    ),
    Fold(
        what="Methods that the parser does not know",
        reason="uvicorn's parser (httptools) knows the registered methods, and answers 400 to others.",
        members=frozenset(("uvicorn",)),
        scenarios=frozenset(("unknown_method__C03",)),
        status=400,
        cell="",
    ),
    Fold(
        what="Fields of more than 8 KB",
        reason="gunicorn answers 431 by itself (`limit_request_field_size`), before we do at 16 KiB.",
        members=frozenset(("gunicorn",)),
        scenarios=frozenset(
            (
                "credentials_of_9_KiB__C08",
                "token_of_9_KiB__C09",
                "cookie_of_9_KiB__C05",
                "credentials_of_20_KB__C18",
                "cookie_of_20_KB__C18",
                "key_of_20_KB__C18",
            )
        ),
        status=431,
        cell="",
    ),
)

BY_SERVERS: dict[str, str] = {
    "Names with an underscore": "gunicorn leaves fields out whose names have one, because WSGI cannot tell `_` from "
    "`-`. Whatever arrives, no application sees a look-alike of our own fields.",
    "`Expect: 100-continue`": "gunicorn says 100 before anybody is asked, uvicorn only when the application reads: "
    "never before a refusal.",
    "HTTP/1.0": "Gets the same answer as HTTP/1.1.",
}
"""What the page tells of servers besides; it has tests of its own in test_on_the_wire.py."""
