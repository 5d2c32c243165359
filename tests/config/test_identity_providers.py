"""`[[identity_provider]]`: what is taken, and what refuses to start (S2.40; F40)."""

from __future__ import annotations

from pathlib import Path

import pytest

from watchword.config import ConfigurationError, Settings, load
from watchword.core.identity_providers import FirstLogIn, RolesFromClaim

CORP = 'name = "corp"\nissuer = "https://login.example.com"\nclient_id = "watchword"\n'
BASE = f"[[identity_provider]]\n{CORP}"


def loaded(folder: Path, text: str) -> Settings:
    file = folder / "watchword.toml"
    file.write_text(text, "utf-8")
    return load(file, {})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as error:
        loaded(folder, text)
    return "\n".join(f"{problem.where}: {problem.says}" for problem in error.value.problems)


def secret(folder: Path, text: str = "whatever the provider says\n", mode: int = 0o600) -> Path:
    file = folder / "corp.secret"
    file.touch(mode)
    file.write_text(text)
    return file


def test_the_least_that_can_be_said_makes_no_accounts_and_trusts_no_factor__S2_40(tmp_path: Path) -> None:
    (found,) = loaded(tmp_path, BASE).identity_provider
    assert (found.proves_itself_by, found.secret()) == ("none", None)
    made = found.provider
    assert (made.title, made.scopes) == ("corp", ("openid", "profile"))
    assert made.algorithms == {"ES256", "RS256", "EdDSA", "PS256"}
    assert made.first_log_in == FirstLogIn(creates=False)
    assert made.second_factor_acr == made.second_factor_amr == frozenset()
    assert made.wanted_claims == frozenset()


def test_everything_that_can_be_said_arrives__S2_40(tmp_path: Path) -> None:
    secret(tmp_path)
    text = (
        BASE + 'title = "Corp."\nclient_secret_file = "corp.secret"\nscopes = ["openid", "email"]\n'
        'first_log_in = "create-if"\nusername_claim = "email"\nsecond_factor_amr = ["hwk"]\n'
        "[identity_provider.create_if]\n"
        'email_domains = ["example.com"]\nclaims = { groups = "staff", kind = ["a", "b"] }\n'
        '[identity_provider.roles]\nmap = { staff = ["clerk", "reader"], bosses = "admin" }\n'
    )
    (found,) = loaded(tmp_path, text).identity_provider
    assert found.proves_itself_by == "client_secret_basic"
    kept = found.secret()
    assert kept is not None
    assert kept.reveal() == b"whatever the provider says"
    made = found.provider
    assert made.first_log_in == FirstLogIn(
        creates=True,
        claims={"groups": frozenset(("staff",)), "kind": frozenset(("a", "b"))},
        email_domains=frozenset(("example.com",)),
    )
    assert made.roles == RolesFromClaim(
        claim="groups", roles={"staff": frozenset(("clerk", "reader")), "bosses": frozenset(("admin",))}
    )
    assert made.roles is not None
    assert made.roles.managed == {"clerk", "reader", "admin"}
    assert made.wanted_claims == {"email", "email_verified", "groups", "kind"}


@pytest.mark.parametrize(
    "issuer",
    ["https://login.example.com", "https://x.auth0.com/", "https://a.example/realms/b", "https://[2001:db8::1]:8443/a"],
)
def test_issuer_is_taken_as_it_stands__S2_40(tmp_path: Path, issuer: str) -> None:
    text = BASE.replace("https://login.example.com", issuer)
    assert loaded(tmp_path, text).identity_provider[0].issuer == issuer


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BASE + BASE, 'there is an identity provider "corp" already'),
        (BASE + BASE.replace("corp", "other"), "stands in another identity provider, too"),
        (BASE.replace("https", "http"), 'write "https://login.example.com", or, for a host of your own, private_hosts'),
        (BASE.replace("https://", ""), "is no issuer"),
        (BASE.replace("example.com", "example.com?a"), "is no issuer"),
        (BASE.replace("https://", "https://a:b@"), "is no issuer"),
        (BASE.replace('"corp"', '"Corp/../"'), "lower-case letters"),
        (BASE + 'algorithms = ["none"]', 'must be "ES256"'),
        (BASE + 'algorithms = ["HS256"]', 'must be "ES256"'),
        (BASE + "algorithms = []", "is an empty list"),
        (BASE + 'scopes = ["profile"]', 'write ["openid", "profile"]'),
        (BASE + 'authentication = "client_secret_basic"', "is missing; write the name of a file"),
        (BASE + 'client_secret_file = "absent"', "is not there"),
        (BASE + 'client_secret = "in clear"', "client_secret_file"),
        (BASE + 'first_log_in = "create-if"', "everybody whom the provider logs in would get an account"),
        (BASE + '[identity_provider.create_if]\nclaims = { a = "b" }', 'write first_log_in = "create-if"'),
        (
            BASE + 'first_log_in = "create-if"\n[identity_provider.create_if]\nemail_domains = ["example.com"]',
            'write ["openid", "profile", "email"]',
        ),
        (BASE + '[identity_provider.create_if]\nemail_domains = ["@Example.com"]', "a domain in lower case"),
        (BASE + "[identity_provider.roles]\nmap = {}", "a table, each key with a list of texts"),
        (BASE + "[identity_provider.roles]\nmap = { a = [] }", "a table, each key with a list of texts"),
        (BASE + 'timeout = "5s"', 'write at most "4s"'),
        (BASE + '[session]\nbackend = "encrypted"', 'write session.backend = "stored"'),
        (BASE + '[session.cookie]\nsame_site = "Strict"', 'write same_site = "Lax"'),
        (BASE + '[server]\nhost = "0.0.0.0"\nallow_cleartext = true', "server.public_url ="),
        (BASE + '[server]\ntrusted_proxies = ["10.0.0.5"]', "server.public_url ="),
    ],
)
def test_what_is_unsafe_or_impossible_refuses_to_start__S2_40__F40(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_secret_that_others_can_read_refuses_to_start__S2_40__F34(tmp_path: Path) -> None:
    text = BASE + 'client_secret_file = "corp.secret"\n'
    secret(tmp_path).chmod(0o644)
    assert "can be read by others" in refused(tmp_path, text)
    secret(tmp_path, "").chmod(0o600)
    assert "does not hold one line with a password" in refused(tmp_path, text)
    secret(tmp_path, "good enough")
    assert 'nobody sends it beside authentication = "none"' in refused(tmp_path, text + 'authentication = "none"')
    assert loaded(tmp_path, text).identity_provider[0].secret() is not None
