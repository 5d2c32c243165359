"""`[[provider]]`: what is taken, and what refuses to start (S1.5, S1.6, S1.10; F40)."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchword.config import ConfigurationError, Settings, load
from watchword.core.third_party_answers import MemberRules, Statuses
from watchword.http.sent_credential import Carrier

BASE = '[[provider]]\nname = "acme"\n{}[provider.check]\nurl = "https://api.example.com/me"\n{}'


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "watchword.toml"
    file.write_text(text, "utf-8")
    return load(file, {})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        loaded(folder, text)
    return "\n".join(f"{problem.where}: {problem.says}" for problem in error.value.problems)


def only(*statuses: int) -> frozenset[int]:
    return frozenset(statuses)


def test_the_least_that_can_be_said_is_a_name_and_a_url(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, BASE.format("", "")).provider
    made = found.provider
    assert made.carrier == Carrier("bearer")
    assert made.statuses == Statuses(rejected=403, stored=403)
    assert made.rules.valid == frozenset(range(200, 300))
    assert (made.rules.invalid, made.rules.scope_missing, made.rules.limited) == (only(401), only(403), only(429))
    assert made.recheck == 86400


def test_statuses_and_members_are_told_to_whoever_reads_answers(tmp_path: Path) -> None:
    text = BASE.format(
        'send = "basic-user"\nrejected_status = 422\nstored_status = 424\n',
        'valid = ["2xx", 404]\ninvalid = [400]\nscope_missing = []\nmember = "ok"\nreason_member = "error"\n'
        'invalid_reasons = ["invalid_auth"]\nlimited_reasons = ["ratelimited"]\n',
    )
    made = loaded(tmp_path, text).provider[0].provider
    assert made.carrier == Carrier("basic-user")
    assert made.statuses == Statuses(rejected=422, stored=424)
    assert made.rules.valid == frozenset((*range(200, 300), 404))
    assert (made.rules.invalid, made.rules.scope_missing) == (only(400), only())
    assert made.rules.member == MemberRules(
        name="ok", reason="error", invalid=frozenset(("invalid_auth",)), limited=frozenset(("ratelimited",))
    )


def test_fields_go_with_every_request(tmp_path: Path) -> None:
    text = BASE.format('fields = {"Accept-Version" = "2", "User-Agent" = "Clinic 1.0"}\n', "")
    assert loaded(tmp_path, text).provider[0].fields == {"accept-version": "2", "user-agent": "Clinic 1.0"}


LISTED = {"rejected_status": "403 or 400 or 422", "stored_status": "403 or 424 or 502"}


@pytest.mark.parametrize("key", LISTED)
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "401 would say that the log-in here has failed; write {}"),
        (407, "407 is for forward proxies, which this is none; write {}"),
        (450, "IANA lists no HTTP status 450; write {}"),
        (309, "IANA lists no HTTP status 309; write {}"),
        (495, "IANA lists no HTTP status 495; write {}"),
        (404, "404 would tell clients something else than the decision"),
        (200, "200 would tell clients something else than the decision"),
        (418, "418"),
    ],
)
def test_a_status_that_would_mislead_refuses_to_start__S1_5__S1_6__S1_10(
    tmp_path: Path, key: str, status: int, says: str
) -> None:
    assert f"provider[0].{key}: {says.format(LISTED[key])}" in refused(tmp_path, BASE.format(f"{key} = {status}\n", ""))


REFUSED = [
    ('key = "sk-1"\n', "", "every user submits their own"),
    ('api_key = "sk-1"\n', "", "every user submits their own"),
    ('send = "header"\n', "", 'is missing; write one such as send_name = "X-API-Key"'),
    ('send = "header"\nsend_name = "Host"\n', "", "is no field for a credential"),
    ('send = "header"\nsend_name = "X Y"\n', "", "must be visible ASCII"),
    ('send = "query"\n', "", 'write one such as send_name = "api_key"'),
    ('send_name = "X-API-Key"\n', "", 'nobody reads this beside send = "bearer"'),
    ('timeout = "9s"\n', "", 'write at most "8s"'),
    ('fields = {"Authorization" = "Bearer x"}\n', "", '"Authorization" is no field to send always'),
    ('fields = {"cookie" = "a=b"}\n', "", '"cookie" is no field to send always'),
    ('fields = {"Host" = "a"}\n', "", '"Host" is no field to send always'),
    ('fields = {"Transfer-Encoding" = "chunked"}\n', "", '"Transfer-Encoding" is no field to send always'),
    ('fields = {"X-A" = "1", "x-a" = "2"}\n', "", '"x-a" is no field to send always'),
    ('fields = {"X A" = "1"}\n', "", '"X A" is no field to send always'),
    ('fields = {"X-A" = "1\\r\\nX-B: 2"}\n', "", "must be a table"),
    ('fields = {"X-A" = ""}\n', "", "must be a table"),
    ("fields = {}\n", "", "must be a table"),
    ('send = "header"\nsend_name = "X-Key"\nfields = {"x-key" = "1"}\n', "", "in which the credential of whoever asks"),
    ("", "valid = [200, 401]\n", "401 stands in valid too, and can mean one thing only"),
    ("", "invalid = [99]\n", "check.invalid[0]: must be a status from 200 to 599"),
    ("", "invalid = []\n", "is an empty list"),
    ("", 'reason_member = "error"\n', "nobody reads this without member"),
    ("", 'member = "ok"\ninvalid_reasons = ["x"]\n', "so that nobody reads the reasons"),
    ("", 'member = "ok"\nreason_member = "error"\n', "no credential would ever be refused"),
    (
        "",
        'member = "ok"\nreason_member = "error"\ninvalid_reasons = ["x"]\nlimited_reasons = ["x"]\n',
        "means two things",
    ),
    ("", '[provider.call]\nurl = "https://api.example.com/v1?x=y"\n', "has a query"),
    ("", '[provider.call]\nurl = "http://api.example.com/v1"\n', "in cleartext"),
]


@pytest.mark.parametrize(("above", "below", "says"), REFUSED)
def test_what_is_unsafe_or_says_nothing_refuses_to_start__F40(
    tmp_path: Path, above: str, below: str, says: str
) -> None:
    assert says in refused(tmp_path, BASE.format(above, below))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://api.example.com/me", 'write "https://api.example.com/me", or, for a host of your own, private_hosts'),
        ("http://127.0.0.1/me", 'private_hosts = ["127.0.0.1"]'),
        ("https://ann:secret@example.com/", "holds credentials, which a URL is no place for"),
        ("https://example.com/#x", "is no URL to ask"),
        ("https://example.com:0/", "is no URL to ask"),
        ("https://example.com:99999/", "is no URL to ask"),
        ("https:///me", "is no URL to ask"),
        ("ftp://example.com/", "is no URL to ask"),
        ("https://example.com/a b", "is no URL to ask"),
    ],
)
def test_only_urls_that_credentials_may_be_sent_to_are_taken__S1_1(tmp_path: Path, url: str, says: str) -> None:
    told = refused(tmp_path, f'[[provider]]\nname = "acme"\n[provider.check]\nurl = "{url}"\n')
    assert says in told
    assert "secret" not in told


def test_a_host_that_is_named_may_be_asked_in_cleartext(tmp_path: Path) -> None:
    text = (
        '[[provider]]\nname = "acme"\nprivate_hosts = ["API.internal", "[::1]"]\n'
        '[provider.check]\nurl = "http://api.internal:8080/me?fields=id"\n[provider.call]\nurl = "http://[::1]/v1"\n'
    )
    assert loaded(tmp_path, text).provider[0].private_hosts == ("api.internal", "::1")


def test_two_providers_of_one_name_refuse_to_start(tmp_path: Path) -> None:
    assert "there is a provider" in refused(tmp_path, BASE.format("", "") * 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[provider]]\n", "provider[0].name: is missing"),
        ('[[provider]]\nname = "acme"\n', "provider[0].check: must be a table; write [provider.check]"),
        ('[[provider]]\nname = "acme"\n[provider.check]\n', "provider[0].check.url: is missing"),
        ("provider = 7\n", "provider: must be"),
        ("provider = [7]\n", "provider[0]: must be"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)
