"""The API learns who asks from Watchword, and from nobody else (F21)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Gateway
from tests.gateway.echo import Seen
from tests.gateway.wire import answers, basic, request, talk
from watchword.http.fields import IDENTITY_FIELDS

pytestmark = pytest.mark.nginx

ANN = [("Remote-User", "ann"), ("Remote-Roles", "clerk")]


def folded(name: str) -> str:
    """The name as the most careless application reads it."""
    return "".join(character for character in name.lower() if character.isalnum())


OURS = frozenset(folded(name) for name in IDENTITY_FIELDS)


def identity(seen: Seen) -> list[tuple[str, str]]:
    """Every field that some application could take for one of ours."""
    return [(name, value) for name, value in seen.lines if folded(name) in OURS]


SPELLINGS = (
    "Remote-User",
    "remote-user",
    "REMOTE-USER",
    "rEMOTE-uSER",
    "Remote_User",
    "remote_user",
    "REMOTE_USER",
    "Remote.User",
    "RemoteUser",
    "Remote--User",
    "-Remote-User",
    "Remote-User-",
    "Remote-Us-er",
    "Remote_-User",
    "Remote User",
    "Remote-User ",
    "Remote-User\t",
    "\x0bRemote-User",
    "Remote-User\x00",
    "Remote!User",
    "Remote~User",
    "Remote-Roles",
    "Remote_Roles",
    "Remote-Session",
    "Remote-Scopes",
    "Watchword-Identity",
    "Watchword_Identity",
    "WatchwordIdentity",
)
every_spelling = pytest.mark.parametrize("name", SPELLINGS)


@every_spelling
def test_anonymous_clients_cannot_name_themselves__F21(gateway: Gateway, name: str) -> None:
    """Also where our own answer carries no identity, as on a public target (CVE-2026-30851)."""
    before = len(gateway.api.seen)
    answer = gateway("GET", "/public/x", [(name, "root"), (name, "root")])
    reached = gateway.api.seen[before:]
    assert (answer.status, len(reached)) in ((200, 1), (400, 0))
    assert not any(identity(seen) for seen in reached)


@every_spelling
def test_proven_clients_keep_their_own_name__F21(gateway: Gateway, name: str) -> None:
    before = len(gateway.api.seen)
    answer = gateway("GET", "/patients", [(name, "root"), basic("ann"), (name, "root")])
    reached = gateway.api.seen[before:]
    assert (answer.status, len(reached)) in ((200, 1), (400, 0))
    assert all(identity(seen) == ANN for seen in reached)


@pytest.mark.parametrize("name", ["Remote-User", "remote-user", "REMOTE-USER", "Remote_User", "Remote.User"])
def test_the_usual_spellings_are_removed_and_not_refused__F21(gateway: Gateway, name: str) -> None:
    assert gateway("GET", "/public/x", [(name, "root")]).status == 200


@st.composite
def names(draw: st.DrawFn) -> str:
    """A spelling of one of our names, with anything between its letters that a field's name may hold."""
    letters = draw(st.sampled_from(sorted(OURS)))
    separators = st.sampled_from(("", "", "", "-", "--", "_", ".", "-_", "!", "~", "'", "+", "*", "^", "`", "|", "%"))
    upper = st.booleans()
    parts = [draw(separators) + (letter.upper() if draw(upper) else letter) for letter in letters]
    return "".join(parts) + draw(separators)


@given(spellings=st.lists(names(), min_size=1, max_size=4), proven=st.booleans())
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_no_field_that_reaches_the_api_folds_to_one_of_ours__F21(
    gateway: Gateway, spellings: list[str], proven: bool
) -> None:
    before = len(gateway.api.seen)
    credentials = [basic("ann")] if proven else []
    answer = gateway("GET", "/public/x", [*((name, "root") for name in spellings), *credentials])
    reached = gateway.api.seen[before:]
    assert (answer.status, len(reached)) in ((200, 1), (400, 0))
    assert all(identity(seen) == (ANN if proven else []) for seen in reached)


@pytest.mark.parametrize("options", ["close, Remote-User", "Remote-User, Remote-Roles, close", "close, remote_user"])
def test_connection_cannot_name_our_fields_away__F21(gateway: Gateway, options: str) -> None:
    answer = gateway("GET", "/patients", [basic("ann"), ("Connection", options), ("Remote-User", "root")])
    assert answer.status == 200
    assert identity(gateway.api.seen[-1]) == ANN


@pytest.mark.parametrize("target", ["/public/x", "/patients"])
def test_trailers_name_nobody__F21(gateway: Gateway, target: str) -> None:
    fields = [basic("ann")] if target == "/patients" else []
    head = request("POST", target, [*fields, ("Transfer-Encoding", "chunked"), ("Trailer", "Remote-User")])
    sent = head + b"5\r\nhello\r\n0\r\nRemote-User: root\r\nRemote_User: root\r\n\r\n"
    (answer,) = answers(talk(gateway.nginx.port, sent))
    assert answer.status == 200
    seen = gateway.api.seen[-1]
    assert seen.content == b"hello"
    assert identity(seen) == (ANN if fields else [])


@pytest.mark.parametrize("bad", ["Basic !!!", "Bearer nonsense", "Bearer"])
def test_malformed_credentials_never_pass_without_an_identity__F20(gateway: Gateway, bad: str) -> None:
    before = len(gateway.api.seen)
    for target in ("/patients", "/public/x"):
        assert gateway("GET", target, [("Authorization", bad), ("Remote-User", "root")]).status in (400, 401)
    assert len(gateway.api.seen) == before


@pytest.mark.parametrize("cookie", ["watchword=", "watchword=\x01", "watchword=ww_s_;;=", "watchword=a; watchword=b"])
def test_malformed_cookies_never_pass_without_an_identity__F20(gateway: Gateway, cookie: str) -> None:
    before = len(gateway.api.seen)
    assert gateway("GET", "/patients", [("Cookie", cookie)]).status in (400, 401)
    assert len(gateway.api.seen) == before
