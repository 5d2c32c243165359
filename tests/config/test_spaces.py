"""Spaces as the rest of Watchword gets them: personas and defaults filled in, rules in the core's terms."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence

import pytest

from watchword.config import Settings
from watchword.config.realm.personas import PersonaName, defaults_of
from watchword.config.spaces.resolved import ResolvedSpace
from watchword.core.requirement import Precedence, Requirement
from watchword.core.space import Rule


def spaces_of(text: str) -> tuple[ResolvedSpace, ...]:
    return Settings.model_validate(tomllib.loads(text)).spaces()


@pytest.mark.parametrize(
    ("personas", "realm", "scheme", "mechanisms", "no_auth_challenge"),
    [
        ([], "Watchword", "Watchword-Cookie", ("session", "auth-token", "basic", "bearer", "api-key"), "no-popup"),
        (["auth-key"], "Watchword", "Watchword-Cookie", ("auth-key",), "no-popup"),
        (["auth-key", "jwt"], "Watchword", "Watchword-Cookie", ("auth-key", "bearer", "api-key"), "no-popup"),
        (["openmrs"], "OpenMRS", "OpenMRS-Cookie", ("session", "auth-token", "basic"), "no-popup"),
        (["restheart"], "RESTHeart Realm", "Watchword-Cookie", ("session", "auth-token", "basic"), "remove"),
        (["openmrs", "restheart"], "OpenMRS", "OpenMRS-Cookie", ("session", "auth-token", "basic"), "remove"),
        (["restheart", "openmrs"], "RESTHeart Realm", "OpenMRS-Cookie", ("session", "auth-token", "basic"), "remove"),
        (["kallithea"], "Kallithea", "Watchword-Cookie", ("session", "basic", "api-key"), "no-popup"),
    ],
)
def test_personas_give_the_defaults__S0_3__S3_8(
    personas: Sequence[PersonaName], realm: str, scheme: str, mechanisms: tuple[str, ...], no_auth_challenge: str
) -> None:
    defaults = defaults_of(personas)
    assert (defaults.realm, defaults.cookie_scheme) == (realm, scheme)
    assert (defaults.mechanisms, defaults.no_auth_challenge) == (mechanisms, no_auth_challenge)
    (space,) = Settings.model_validate({"realm": {"personas": personas}}).spaces()
    assert (space.realm, space.cookie_scheme) == (realm, scheme)
    assert (space.mechanisms, space.no_auth_challenge) == (mechanisms, no_auth_challenge)


def test_what_is_written_wins_over_a_persona() -> None:
    first, second = spaces_of(
        """
        [realm]
        name = "Clinic"
        cookie_scheme = "Clinic-Cookie"
        personas = ["openmrs", "restheart"]
        [[space]]
        [[space]]
        realm = "Ward"
        mechanisms = ["bearer"]
        no_auth_challenge = "no-popup"
        """
    )
    assert (first.realm, first.cookie_scheme, first.no_auth_challenge) == ("Clinic", "Clinic-Cookie", "remove")
    assert (second.realm, second.cookie_scheme, second.no_auth_challenge) == ("Ward", "Clinic-Cookie", "no-popup")
    assert second.mechanisms == ("bearer",)


def test_json_rpc_is_answered_as_the_space_says_or_its_persona__S4_6() -> None:
    (plain,) = spaces_of("[[space]]")
    assert (plain.face, plain.rpc_profile, plain.says_wrong_key) == ("problem", "http", True)
    text = """
        [realm]
        personas = ["openmrs", "kallithea"]
        [[space]]
        [[space]]
        face = "json-rpc"
        rpc_profile = "http"
    """
    first, second = spaces_of(text)
    assert (first.face, first.rpc_profile, first.says_wrong_key) == ("problem", "legacy", False)
    assert (second.face, second.rpc_profile) == ("json-rpc", "http")
    assert first.apikey_scheme == "APIKEY"


def test_the_cookie_scheme_may_be_called_cookie__S0_13() -> None:
    (space,) = spaces_of("realm = {cookie_scheme = 'Cookie'}")
    assert space.cookie_scheme == "Cookie"


def test_a_space_without_words_demands_a_proof_and_nothing_more() -> None:
    (space,) = spaces_of("[[space]]")
    assert (space.unnamed, space.rules) == (Requirement(), ())
    assert (space.cors, space.own_origins) == (frozenset(), frozenset())
    assert (space.allow_cleartext, space.pass_preflights, space.fetch_spares_popups) == (False, False, True)


def test_a_space_says_how_it_answers_and_its_targets_what_they_demand() -> None:
    (space,) = spaces_of(
        """
        [server]
        public_url = "https://auth.example.com"
        [[space]]
        precedence = "deliberate-first"
        cors = ["https://app.example.com"]
        own_origins = ["https://clinic.example.com"]
        malformed_status = 400
        session_expired_status = 403
        ignore_invalid = true
        preflight = "pass"
        fetch_spares_popups = false

        [[space.protect]]
        path = "/patients/{id}/*"
        host = "API.example.com"
        methods = ["GET", "PUT"]
        hidden = true
        strict = true
        mechanisms = ["session"]
        session_expired_status = 401

        [space.protect.require]
        roles = ["clerk"]
        scopes = ["read"]
        permissions = ["View"]
        acr = ["mfa"]
        max_age = "10m"
        owner = "id"

        [[space.protect]]
        path = "/pages/*"
        login_page = "/ui/login"

        [[space.protect]]
        path = "/"
        public = true
        """
    )
    unnamed = Requirement(
        precedence=Precedence.DELIBERATE_FIRST, ignore_invalid=True, malformed_status=400, session_expired_status=403
    )
    assert space.unnamed == unnamed
    assert space.own_origins == {"https://auth.example.com", "https://clinic.example.com"}
    assert space.cors == {"https://app.example.com"}
    assert (space.pass_preflights, space.fetch_spares_popups) == (True, False)
    patients, pages, root = space.rules
    assert patients == Rule(
        path="/patients/{id}/*",
        host="api.example.com",
        methods=frozenset({"GET", "HEAD", "PUT"}),
        owner="id",
        requirement=Requirement(
            mechanisms=frozenset({"session"}),
            roles=frozenset({"clerk"}),
            scopes=frozenset({"read"}),
            permissions=frozenset({"View"}),
            acr=frozenset({"mfa"}),
            max_age=600,
            precedence=Precedence.STRICT,
            hidden=True,
            ignore_invalid=True,
            malformed_status=400,
            session_expired_status=401,
        ),
    )
    assert (pages.path, pages.requirement.login_page, pages.requirement.session_expired_status) == (
        "/pages/*",
        "/ui/login",
        403,
    )
    assert (root.path, root.requirement.public, root.methods, root.host) == ("/", True, None, None)


@pytest.mark.parametrize(
    ("cookie", "secure", "cleartext"),
    [
        ({}, "__Host-watchword", "watchword"),
        ({"domain": "Example.com"}, "__Secure-watchword", "watchword"),
        ({"name": "__Host-clinic"}, "__Host-clinic", "clinic"),
        ({"name": "__Secure-clinic", "domain": "example.com"}, "__Secure-clinic", "clinic"),
        ({"name": "JSESSIONID"}, "JSESSIONID", "JSESSIONID"),
    ],
)
def test_the_cookie_name_promises_what_holds__S2_36(cookie: dict[str, str], secure: str, cleartext: str) -> None:
    made = Settings.model_validate({"session": {"cookie": cookie}}).session.cookie
    assert (made.secure_name, made.cleartext_name) == (secure, cleartext)


def test_settings_do_not_change_once_they_are_made() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1  # type: ignore[misc]  # frozen, as is asserted
    assert hash(settings) == hash(Settings())
