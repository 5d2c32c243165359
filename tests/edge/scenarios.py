"""The scenarios that every host has to pass: requests as they stand on the wire, and the cell each must come to.

The whole answer is computed by the pure core, of the same bytes. The cell and the status are written here as well, so
that neither can drift without somebody seeing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tests.edge.house import CERTIFICATES
from tests.edge.raw import CLIENT, HOST, Lines, Raw
from watchword.core.authorizer import Word
from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.http.message import Request


def hook(principal: Principal | None, request: Request) -> Word | None:
    """As applications write them: nobody deletes, and one path makes up for a missing role."""
    if request.method == "DELETE":
        return Word.VETO
    return Word.ALLOW if request.path.endswith(b"/allowed") else None


DEMANDS: Mapping[str, dict[str, Any]] = {
    "authenticated": {},
    "role": {"roles": ["admin"]},
    "permission": {"permissions": ["erase"]},
    "scope": {"scopes": ["write"]},
    "strong": {"acr": ["mfa"]},
    "fresh": {"max_age": 600},
    "mechanism": {"mechanisms": ["session"]},
    "hook": {"roles": ["admin"], "authorize": hook},
}
"""What routes demand by `Authenticated`, at `/at/<name>/…`."""

OPTIONAL: Mapping[str, dict[str, Any]] = {"optional": {}, "optional-role": {"roles": ["admin"]}}
"""The same by `Optional`."""

WHOLE: Mapping[str, dict[str, Any]] = {
    "": {},
    "public": {"public": True},
    "role": {"roles": ["admin"]},
}
"""What `protect` says of the whole application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`fields` are lines as text, `{name}` in them stands for a credential of the house; `raw_fields` are any bytes.

    `down` are questions that nobody can answer. `whole` is what `protect` says of the application; where it is not
    empty, hosts whose routes demand by themselves have nothing to say.
    """

    cell: str
    status: int
    target: str | bytes = "/api/1"
    method: str = "GET"
    fields: tuple[str, ...] = ()
    raw_fields: Lines = ()
    content: bytes = b""
    address: str = CLIENT
    secure: bool = True
    certificate: str | None = None
    down: tuple[str, ...] = ()
    house: str = "common"
    whole: str = ""
    host: bool = True

    @property
    def raw(self) -> Raw:
        """The request, with credentials still to be filled in."""
        lines = [(b"Host", HOST)] if self.host else []
        for text in self.fields:
            name, _, value = text.partition(": ")
            lines.append((name.encode(), value.encode()))
        lines += self.raw_fields
        if self.content:
            lines.append((b"Content-Length", str(len(self.content)).encode()))
        return Raw(
            method=self.method,
            target=self.target.encode() if isinstance(self.target, str) else self.target,
            lines=tuple(lines),
            address=self.address,
            secure=self.secure,
            certificate=self.certificate,
            content=self.content,
        )

    @property
    def at_route(self) -> Demand | None:
        """What the route demands; None where it is none of those that do."""
        _, first, second, *_ = [*self.raw.target.decode("latin-1").split("/"), "", ""]
        if first != "at":
            return None
        return demand(public=True, **OPTIONAL[second]) if second in OPTIONAL else demand(**DEMANDS[second])


def cookie(token: str) -> str:
    return f"Cookie: __Host-watchword={{{token}}}"


def bearer(token: str = "access") -> str:
    return f"Authorization: Bearer {{{token}}}"


def basic(name: str = "ann", password: str = "{password}") -> str:
    return f"Authorization: Basic:{name}:{password}"


RIGHT, WRONG = basic(), basic(password="wrong")
NTLM = "Authorization: NTLM TlRMTVNTUAABAAAA"
HTML = "Accept: text/html,application/xhtml+xml;q=0.9"
NAVIGATION = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Site: none", HTML)
CROSS_SITE = ("Origin: https://evil.example", "Sec-Fetch-Site: cross-site")
OWN_PAGE = (f"Origin: https://{HOST.decode()}", "Sec-Fetch-Site: same-origin")
KNOWN_PAGE = ("Origin: https://app.example.com", "Sec-Fetch-Site: cross-site")
FETCH = "Sec-Fetch-Dest: empty"
PROXY = ("X-Remote-User: ann", "X-Proxy-Secret: {proxy_secret}")
LOOK_ALIKES = (
    "Remote-User: root",
    "remote_user: root",
    "Remote.User: root",
    "REMOTE_ROLES: admin",
    "Remote-Roles: admin",
    "Watchword-Identity: root",
    "X-Remote-User: root",
    "X-Auth-CouchDB-UserName: root",
    "x_auth_couchdb_roles: _admin",
    "Client-Cert: :AAAA:",
)
SESSIONS_DOWN = ("FindSession", "TouchSession")


def granted(*fields: str, cell: str = "C00", **more: Any) -> Scenario:
    return Scenario(cell=cell, status=200, fields=fields, **more)


def unauthorized(cell: str, *fields: str, **more: Any) -> Scenario:
    return Scenario(cell=cell, status=401, fields=fields, **more)


def forbidden(cell: str, *fields: str, **more: Any) -> Scenario:
    return Scenario(cell=cell, status=403, fields=fields, **more)


def broken(*fields: str, **more: Any) -> Scenario:
    return Scenario(cell="C10", status=400, fields=fields, **more)


def refused(cell: str, status: int, *fields: str, **more: Any) -> Scenario:
    return Scenario(cell=cell, status=status, fields=fields, **more)


Table: TypeAlias = dict[str, Scenario]

# The lines of "Walked through" in the decision table, in their order.
WALKED: Table = {
    "nothing__C03": unauthorized("C03"),
    "stale_cookie__C05__S0_5": unauthorized("C05", cookie("expired")),
    "ended_cookie__C05": unauthorized("C05", cookie("ended")),
    "stale_cookie_and_right_basic__C06__S0_10": granted(cookie("expired"), RIGHT, cell="C06"),
    "stale_cookie_and_right_basic_but_role_missing__C12__S0_6": forbidden(
        "C12", cookie("expired"), RIGHT, target="/boss/1"
    ),
    "stale_cookie_and_wrong_basic__C07__S0_4": unauthorized("C07", cookie("expired"), WRONG),
    "valid_cookie_and_wrong_basic__C00__S0_11": granted(cookie("session"), WRONG),
    "valid_cookie_and_malformed_basic__C00": granted(cookie("session"), "Authorization: Basic !!!"),
    "valid_cookie_and_wrong_basic_on_strict__C28": refused("C28", 400, cookie("session"), WRONG, target="/strict/1"),
    "session_store_down_and_right_basic__C00__F6": granted(cookie("expired"), RIGHT, down=SESSIONS_DOWN),
    "session_store_down_and_cookie_only__C17__F6": refused("C17", 503, cookie("expired"), down=SESSIONS_DOWN),
    "public_and_stale_cookie__C01": granted(cookie("expired"), cell="C01", target="/public/1"),
    "public_and_wrong_basic__C02": unauthorized("C07", WRONG, target="/public/1"),
    "password_store_down_and_wrong_api_key__C09": unauthorized("C09", "X-API-Key: ww_k_wrong", down=("CheckPassword",)),
    "throttled_basic_and_valid_session__C00": granted(cookie("session"), basic("held")),
    "undecodable_basic__C08": unauthorized("C08", "Authorization: Basic !!!"),
    "bearer_without_token__C10": broken("Authorization: Bearer"),
    "bearer_of_no_token__C09": unauthorized("C09", "Authorization: Bearer not-a-token"),
    "ntlm_only__C04": unauthorized("C04", NTLM),
    "stale_cookie_and_ntlm__C05": unauthorized("C05", cookie("expired"), NTLM),
    "two_authorization_lines__C10__F20": broken(RIGHT, bearer()),
    "navigation_with_nothing__C23": refused("C23", 303, *NAVIGATION, target="/page/1"),
    "navigation_with_an_expired_cookie__C23": refused("C23", 303, cookie("expired"), *NAVIGATION, target="/page/1"),
    "navigation_with_a_bad_key__C09__S4_5": unauthorized("C09", *NAVIGATION, target="/page/1?api_key={revoked_key}"),
    "cross_site_post_with_a_cookie__C14__F27": forbidden("C14", cookie("session"), *CROSS_SITE, method="POST"),
    "cross_site_post_with_a_browsers_basic__C14__F27": forbidden("C14", RIGHT, *CROSS_SITE, method="POST"),
    "valid_cookie_and_bearer_cross_site__C00__S0_18": granted(cookie("session"), bearer(), *CROSS_SITE, method="POST"),
    "role_missing_and_log_in_too_weak__C12": forbidden("C12", cookie("session"), target="/strong-boss/1"),
    "scope_missing_with_a_key__C11": forbidden("C11", "X-API-Key: {key}", target="/writing/1"),
    "hidden_and_anonymous__C03__S1_8": refused("C03", 404, target="/hidden/1"),
    "hidden_and_role_missing__C12__S1_8": refused("C12", 404, RIGHT, target="/hidden/1"),
    "hidden_and_store_down__C17": refused("C17", 503, cookie("session"), target="/hidden/1", down=SESSIONS_DOWN),
    "hidden_and_two_lines__C10": broken(RIGHT, bearer(), target="/hidden/1"),
    "preflight_with_a_cookie__C22": refused(
        "C22",
        204,
        cookie("session"),
        "Origin: https://app.example.com",
        "Access-Control-Request-Method: PUT",
        "Access-Control-Request-Headers: authorization",
        method="OPTIONS",
    ),
}

# Each mechanism: right, wrong, and what was good once.
MECHANISMS: Table = {
    "cookie__C00__S0_1": granted(cookie("session")),
    "cookie_of_nobody__C05": unauthorized("C05", "Cookie: __Host-watchword=planted"),
    "undecodable_cookie__C05": unauthorized("C05", "Cookie: __Host-watchword=%%%"),
    "cookie_that_is_sent_twice__C05__F26": unauthorized(
        "C05", "Cookie: __Host-watchword={session}; __Host-watchword={of_root}"
    ),
    "couchdb_cookie__C00__S2_25": granted("Cookie: AuthSession={couchdb}"),
    "old_couchdb_cookie__C05__S2_27": unauthorized("C05", "Cookie: AuthSession={old_couchdb}"),
    "two_stale_cookies_and_right_basic__C06": granted(
        "Cookie: __Host-watchword={expired}; AuthSession={old_couchdb}", RIGHT, cell="C06"
    ),
    "auth_key__C00__S2_4__S2_41": granted("Auth-Key: {auth_key}", "User-Agent: ours"),
    "auth_key_of_another_client__C09__S2_5": unauthorized("C09", "Auth-Key: {auth_key}", "User-Agent: another"),
    "auth_key_that_was_ended__C09__S2_4": unauthorized("C09", "Auth-Key: {dead_auth_key}", "User-Agent: ours"),
    "session_by_bearer__C00__S2_41": granted(bearer("session")),
    "basic__C00__S0_2": granted(RIGHT),
    "wrong_basic__C07__S0_4": unauthorized("C07", WRONG),
    "basic_of_nobody__C07": unauthorized("C07", basic("nobody")),
    "basic_of_a_disabled_account__C07": unauthorized("C07", basic("gone", "the password of gone")),
    "basic_without_a_colon__C08": unauthorized("C08", "Authorization: Basic YW5u"),
    "auth_token_as_password__C00__S3_3": granted(basic("ann", "{token}")),
    "auth_token_of_somebody_else__C09__S3_3": unauthorized("C09", basic("bob", "{token}")),
    "digest__C00__S2_39": granted("Authorization: {digest}"),
    "wrong_digest__C07__S2_39": unauthorized("C07", "Authorization: {wrong_digest}"),
    "digest_with_an_old_nonce__C09__S2_39": unauthorized("C09", "Authorization: {stale_digest}"),
    "jwt__C00__S2_18": granted(bearer()),
    "expired_jwt__C09": unauthorized("C09", bearer("expired_access")),
    "revoked_jwt__C09": unauthorized("C09", bearer("revoked_access")),
    "opaque_token__C00": granted(bearer(), house="other"),
    "expired_opaque_token__C09": unauthorized("C09", bearer("expired_access"), house="other"),
    "revoked_opaque_token__C09": unauthorized("C09", bearer("revoked_access"), house="other"),
    "sealed_session__C00__S2_12": granted(cookie("session"), house="other"),
    "api_key__C00__S2_16": granted("X-API-Key: {key}"),
    "api_key_by_its_scheme__C00__S2_16": granted("Authorization: APIKEY {key}"),
    "mistyped_api_key__C09__S4_1": unauthorized("C09", "X-API-Key: {key}x"),
    "revoked_api_key__C09__S4_1": unauthorized("C09", "X-API-Key: {revoked_key}"),
    "expired_api_key__C09__S2_16": unauthorized("C09", "X-API-Key: {expired_key}"),
    "key_in_the_query__C00__S4_3": granted(target="/api/1?api_key={key}"),
    "session_in_the_query__C00__S2_8": granted(target="/api/1?sid={session}"),
    "session_in_the_path__C00__S2_8": granted(target="/api/1;jsessionid={session}"),
    "session_in_the_query_twice__C09__F20": unauthorized("C09", target="/api/1?sid={session}&sid={session}"),
    "signed_request__C00__S2_7": granted("sign-with: good"),
    "signed_request_with_content__C00__S2_7": granted(
        "sign-with: good", "Content-Type: text/plain", method="POST", content=b"signed too"
    ),
    "signed_by_somebody_else__C09__S2_7": unauthorized("C09", "sign-with: bad"),
    "client_certificate__C00__S2_21": granted(certificate=CERTIFICATES["ann"]),
    "client_certificate_of_nobody__C12": forbidden("C12", certificate=CERTIFICATES["stranger"]),
    "proxy_header__C00__S1_9": granted(*PROXY, address="10.0.0.5"),
    "proxy_header_with_a_wrong_secret__C09__S1_9": unauthorized(
        "C09", "X-Remote-User: ann", "X-Proxy-Secret: wrong", address="10.0.0.5"
    ),
    "proxy_header_of_a_stranger__C03__F23": unauthorized("C03", *PROXY),
}

# What targets demand, by the rules of the configuration and at the route itself.
DEMANDED: Table = {
    "role_by_rule__C00": granted(cookie("of_root"), target="/boss/1"),
    "role_missing_by_rule__C12": forbidden("C12", RIGHT, target="/boss/1"),
    "permission_missing_by_rule__C12": forbidden("C12", RIGHT, target="/permitted/1"),
    "not_yours__C13": forbidden("C13", RIGHT, target="/of/bob"),
    "yours__C00": granted(RIGHT, target="/of/ann"),
    "not_exposed_to_a_mechanism__C12": forbidden("C12", RIGHT, target="/cookies-only/1"),
    "not_exposed_to_keys__C12__S4_4": forbidden("C12", "X-API-Key: {key}", target="/not-for-keys/1"),
    "proof_too_weak_by_rule__C15": unauthorized("C15", RIGHT, target="/strong/1"),
    "proof_too_old_by_rule__C15": unauthorized("C15", cookie("aged"), target="/fresh/1"),
    "scope_missing_by_rule__C11": forbidden("C11", "X-API-Key: {key}", target="/writing/1"),
    "ended_session_while_clients_migrate__C05__S0_17": forbidden("C05", cookie("expired"), target="/migrating/1"),
    "anonymous_at_an_optional_route__C01": granted(cell="C01", target="/at/optional/1"),
    "known_at_an_optional_route__C00": granted(RIGHT, target="/at/optional/1"),
    "wrong_at_an_optional_route__C02": unauthorized("C07", WRONG, target="/at/optional/1"),
    "stale_cookie_at_an_optional_route__C01": granted(cookie("expired"), cell="C01", target="/at/optional/1"),
    "anonymous_where_a_role_is_optional__C01": granted(cell="C01", target="/at/optional-role/1"),
    "role_missing_where_it_is_optional__C12": forbidden("C12", RIGHT, target="/at/optional-role/1"),
    "anonymous_at_a_route__C03": unauthorized("C03", target="/at/authenticated/1"),
    "cookie_at_a_route__C00__S0_18": granted(cookie("session"), target="/at/authenticated/1"),
    "basic_at_the_same_route__C00__S0_18": granted(RIGHT, target="/at/authenticated/1"),
    "stale_cookie_and_basic_at_a_route__C06": granted(
        cookie("expired"), RIGHT, cell="C06", target="/at/authenticated/1"
    ),
    "wrong_basic_at_a_route__C07": unauthorized("C07", WRONG, target="/at/authenticated/1"),
    "role_at_a_route__C00": granted(cookie("of_root"), target="/at/role/1"),
    "role_missing_at_a_route__C12": forbidden("C12", RIGHT, target="/at/role/1"),
    "permission_missing_at_a_route__C12": forbidden("C12", RIGHT, target="/at/permission/1"),
    "scope_missing_at_a_route__C11": forbidden("C11", "X-API-Key: {key}", target="/at/scope/1"),
    "proof_too_weak_at_a_route__C15": unauthorized("C15", RIGHT, target="/at/strong/1"),
    "proof_too_old_at_a_route__C15": unauthorized("C15", cookie("aged"), target="/at/fresh/1"),
    "mechanism_at_a_route__C12": forbidden("C12", RIGHT, target="/at/mechanism/1"),
    "hook_says_nothing_at_a_route__C12": forbidden("C12", RIGHT, target="/at/hook/1"),
    "hook_allows_at_a_route__C00": granted(RIGHT, target="/at/hook/allowed"),
    "hook_vetoes_at_a_route__C12": forbidden("C12", cookie("of_root"), method="DELETE", target="/at/hook/allowed"),
    "hook_is_not_asked_about_nobody__C03": unauthorized("C03", target="/at/hook/allowed"),
    "signed_request_at_a_route__C00__S2_7": granted("sign-with: good", target="/at/authenticated/1"),
    "digest_at_a_route__C00__S2_39": granted("Authorization: {digest}", target="/at/authenticated/1"),
    "store_down_at_a_route__C17": refused(
        "C17", 503, cookie("session"), target="/at/authenticated/1", down=SESSIONS_DOWN
    ),
    "cross_site_post_to_a_route__C14__F27": forbidden(
        "C14", cookie("session"), *CROSS_SITE, method="POST", target="/at/authenticated/1"
    ),
    "no_rule_names_it__C03": unauthorized("C03", target="/unnamed", whole="role"),
    "no_rule_names_it_and_the_application_is_public__C01": granted(cell="C01", target="/unnamed", whole="public"),
    "no_rule_names_it_and_the_role_is_there__C00": granted(cookie("of_root"), target="/unnamed", whole="role"),
    "no_rule_names_it_and_the_role_is_missing__C12": forbidden("C12", RIGHT, target="/unnamed", whole="role"),
    "a_rule_names_it_whatever_the_application_says__C03": unauthorized("C03", whole="public"),
}

# How answers are told, and to whom.
TOLD: Table = {
    "page_for_who_prefers_html__C24": unauthorized("C03", HTML),
    "page_for_a_missing_role__C24": forbidden("C12", RIGHT, HTML, target="/boss/1"),
    "problem_for_who_takes_anything__C24": unauthorized("C03", "Accept: */*"),
    "json_rpc__C24__S2_22": unauthorized(
        "C03",
        "Content-Type: application/json",
        house="calls",
        method="POST",
        content=b'{"jsonrpc": "2.0", "id": 7, "method": "x"}',
    ),
    "json_rpc_with_a_wrong_password__C24": unauthorized("C07", WRONG, house="calls"),
    "no_pop_ups_by_field__S3_8": unauthorized("C03", "No-Auth-Challenge: true"),
    "no_pop_ups_by_parameter__S3_8": unauthorized("C03", target="/api/1?noauthchallenge"),
    "no_pop_ups_for_fetch": unauthorized("C03", FETCH, *OWN_PAGE),
    "no_pop_ups_after_a_wrong_password": unauthorized("C07", WRONG, "No-Auth-Challenge: true"),
    "no_challenge_at_all__S3_8": unauthorized("C03", "No-Auth-Challenge: true", house="other"),
    "known_page_may_read__C03": unauthorized("C03", *KNOWN_PAGE),
    "known_page_may_call__C00": granted(bearer(), *KNOWN_PAGE),
    "unknown_page_may_not_read__C00": granted(bearer(), *CROSS_SITE),
    "own_page_posts__C00": granted(cookie("session"), *OWN_PAGE, method="POST"),
    "null_origin_posts__C14": forbidden("C14", cookie("session"), "Origin: null", method="POST"),
    "same_site_posts__C14": forbidden("C14", cookie("session"), "Sec-Fetch-Site: same-site", method="POST"),
    "cross_site_post_to_a_public_target__C01": granted(
        cookie("session"), *CROSS_SITE, cell="C01", method="POST", target="/public/1"
    ),
    "preflight_of_a_stranger__C22": refused(
        "C22", 204, "Origin: https://evil.example", "Access-Control-Request-Method: PUT", method="OPTIONS"
    ),
    "preflight_that_is_passed_on__C22": granted(
        cookie("session"),
        "Origin: https://app.example.com",
        "Access-Control-Request-Method: PUT",
        cell="C22",
        house="other",
        method="OPTIONS",
    ),
    "options_without_an_origin__C03": unauthorized("C03", method="OPTIONS"),
    "head_refused__C27": unauthorized("C03", method="HEAD"),
    "head_granted__C00": granted(RIGHT, method="HEAD"),
    "head_hidden__C03": refused("C03", 404, method="HEAD", target="/hidden/1"),
    "delete_refused__C03": unauthorized("C03", method="DELETE"),
    "throttled__C16__F13": refused("C16", 429, basic("held")),
    "throttled_with_a_wrong_password__C16": refused("C16", 429, basic("held", "wrong")),
    "everything_down__C17__F6": refused("C17", 503, RIGHT, down=("CheckPassword", "FindAccount")),
    "keys_down__C17": refused("C17", 503, "X-API-Key: {key}", down=("FindKey",)),
    "public_and_everything_down__C01": granted(cookie("expired"), cell="C01", target="/public/1", down=SESSIONS_DOWN),
    "cleartext__C14__S2_9": forbidden("C14", RIGHT, secure=False),
    "cleartext_and_public__C01": granted(cell="C01", target="/public/1", secure=False),
    "malformed_is_400_by_option__C08": refused("C08", 400, "Authorization: Basic !!!", house="other"),
    "bad_key_is_400_by_option__C09": refused("C09", 400, "X-API-Key: ww_k_wrong", house="other"),
    "ended_session_is_403_by_option__C05": forbidden("C05", cookie("ended"), house="other"),
    "wrong_and_ignored_by_option__C01": granted(WRONG, cell="C01", house="other", target="/public/1"),
    "deliberate_first__C07": unauthorized("C07", cookie("session"), WRONG, house="other"),
    "deliberate_first_and_right__C12": forbidden("C12", cookie("of_root"), RIGHT, house="other", target="/boss/1"),
}

_LARGE = "A" * 9 * 1024
# Each kind of bad input.
BAD: Table = {
    "authorization_without_a_scheme__C10": broken("Authorization: =?="),
    "authorization_of_white_space__C10": broken(raw_fields=((b"Authorization", b"   "),)),
    "control_bytes_in_authorization__C10": broken(raw_fields=((b"Authorization", b"Ba\x01sic YW5uOng="),)),
    "bytes_beyond_ascii_in_authorization__C10": broken(raw_fields=((b"Authorization", b"B\xe9\xff YW5uOng="),)),
    "credentials_of_9_KiB__C08": unauthorized("C08", f"Authorization: Basic {_LARGE}?"),
    "token_of_9_KiB__C09": unauthorized("C09", f"Authorization: Bearer {_LARGE}"),
    "credentials_of_20_KB__C18": refused("C18", 431, "Authorization: Basic " + "A" * 20_000),
    "cookie_of_20_KB__C18": refused("C18", 431, "Cookie: __Host-watchword=" + "A" * 20_000),
    "cookie_of_9_KiB__C05": unauthorized("C05", f"Cookie: __Host-watchword={_LARGE}"),
    "key_of_20_KB__C18": refused("C18", 431, "X-API-Key: " + "A" * 20_000),
    "control_characters_in_a_password__C08": unauthorized("C08", raw_fields=((b"Authorization", b"Basic YW5uOgA="),)),
    "invalid_utf_8_in_a_password__C08": unauthorized("C08", raw_fields=((b"Authorization", b"Basic YW5uOv/+"),)),
    "lone_surrogate_in_a_name__C08": unauthorized("C08", raw_fields=((b"Authorization", b"Basic 7aCAOng="),)),
    "two_tokens_by_two_transports__C10": broken(bearer(), target="/api/1?access_token=x"),
    "two_cookie_lines__C05__F26": unauthorized("C05", cookie("session"), "Cookie: __Host-watchword={of_root}"),
    "two_keys__C09__F20": unauthorized("C09", "X-API-Key: {key}", "X-API-Key: {key}"),
    "two_equal_authorization_lines__C10__F20": broken(RIGHT, RIGHT),
    "two_origins__C14__F27": forbidden(
        "C14", cookie("session"), OWN_PAGE[0], "Origin: https://evil.example", method="POST"
    ),
    "dot_segments__C10__F22": broken(target="/public/../boss/1"),
    "encoded_dot_segments__C10__F22": broken(target="/public/%2e%2e/boss/1"),
    "encoded_slash__C10__F22": broken(target="/public/a%2fb"),
    "encoded_twice__C10__F22": broken(target="/public/%252e%252e/boss"),
    "backslash__C10__F22": broken(target="/public\\..\\boss"),
    "empty_segment__C10__F22": broken(target="/public//boss"),
    "leading_slashes__C10__F22": broken(target="//public/1"),
    "incomplete_escape__C10__F22": broken(target="/public/%4"),
    "no_hexadecimal_in_an_escape__C10__F22": broken(target="/public/%zz"),
    "encoded_nul__C10__F22": broken(target="/public/%00"),
    "raw_nul__C10__F22": broken(target=b"/public/\x00"),
    "encoded_line_break__C10__F22": broken(target="/public/%0d%0aSet-Cookie:%20x"),
    "invalid_utf_8_in_the_path__C10__F22": broken(target="/public/%ff"),
    "overlong_utf_8_in_the_path__C10__F22": broken(target="/public/%c0%ae%c0%ae/boss"),
    "surrogate_in_the_path__C10__F22": broken(target="/public/%ed%a0%80"),
    "raw_bytes_in_the_path__C10__F22": broken(target=b"/public/\xff"),
    "raw_umlaut_in_the_path__C01": granted(cell="C01", target="/public/ü"),
    "encoded_umlaut_in_the_path__C01": granted(cell="C01", target="/public/%C3%BC"),
    "slash_in_another_width__C10__F22": broken(target="/public/%EF%BC%8Fboss"),
    "path_parameter_hides_no_path__C12__F22": forbidden("C12", target="/boss/1;jsessionid={session}"),
    "absolute_form__C10": broken(target=f"http://{HOST.decode()}/api/1"),
    "no_host__C03": unauthorized("C03", host=False),
    "look_alikes_prove_nobody__C03__F21": unauthorized("C03", *LOOK_ALIKES),
    "look_alikes_are_not_seen__C00__F21": granted(RIGHT, *LOOK_ALIKES),
    "look_alikes_of_the_anonymous__C01__F21": granted(*LOOK_ALIKES, cell="C01", target="/public/1"),
    "look_alikes_at_a_route__C00__F21": granted(RIGHT, *LOOK_ALIKES, target="/at/authenticated/1"),
    "connection_names_a_field_of_ours__C00__F21": granted(RIGHT, "Connection: close, Remote-User"),
    "forwarded_by_a_stranger__C03__F23": unauthorized(
        "C03", "X-Forwarded-For: 127.0.0.1", "X-Original-URI: /public/1", "X-Original-Method: GET"
    ),
    "another_method_by_field__C14": forbidden(
        "C14", cookie("session"), *CROSS_SITE, "X-HTTP-Method-Override: GET", method="POST"
    ),
    "unknown_method__C03": unauthorized("C03", method="BREW"),
}

SCENARIOS: Table = {**WALKED, **MECHANISMS, **DEMANDED, **TOLD, **BAD}

# Those of a verifier, which knows tokens of its server and nothing else.
VERIFIED: Table = {
    "nothing__C03": unauthorized("C03"),
    "access_token__C00__S2_46": granted(bearer()),
    "access_token_with_a_role__C00": granted(bearer("of_root"), target="/boss/1"),
    "role_missing__C12": forbidden("C12", bearer(), target="/boss/1"),
    "scope_missing__C11": forbidden("C11", bearer("scoped"), target="/writing/1"),
    "expired__C09": unauthorized("C09", bearer("expired_access")),
    "of_another_server__C09": unauthorized("C09", bearer("of_another_server")),
    "for_another_application__C09": unauthorized("C09", bearer("for_another")),
    "forged__C09": unauthorized("C09", bearer("forged")),
    "no_token__C09": unauthorized("C09", "Authorization: Bearer not-a-token"),
    "bearer_without_token__C10": broken("Authorization: Bearer"),
    "basic_is_not_known_here__C04": unauthorized("C04", "Authorization: Basic YW5uOng="),
    "a_cookie_is_not_known_here__C03": unauthorized("C03", "Cookie: __Host-watchword=x"),
    "public__C01": granted(cell="C01", target="/public/1"),
    "public_and_expired__C02": unauthorized("C09", bearer("expired_access"), target="/public/1"),
    "hidden__C12": refused("C12", 404, bearer(), target="/hidden/1"),
    "known_page__C00": granted(bearer(), *KNOWN_PAGE, method="POST"),
    "preflight__C22": refused(
        "C22",
        204,
        "Origin: https://app.example.com",
        "Access-Control-Request-Method: PUT",
        method="OPTIONS",
    ),
    "page__C24": unauthorized("C03", HTML),
    "head__C27": unauthorized("C03", method="HEAD"),
    "cleartext__C14": forbidden("C14", bearer(), secure=False),
    "large_token__C18": refused("C18", 431, "Authorization: Bearer " + "A" * 20_000),
    "ambiguous_path__C10__F22": broken(bearer(), target="/public/%2e%2e/boss"),
    "look_alikes__C00__F21": granted(bearer(), *LOOK_ALIKES[:6]),
    "optional_route_and_nothing__C01": granted(cell="C01", target="/at/optional/1"),
    "optional_route_and_forged__C02": unauthorized("C09", bearer("forged"), target="/at/optional/1"),
    "server_away__C17__F6": refused("C17", 503, bearer(), house="away"),
    "server_away_at_a_route__C17__F6": refused("C17", 503, bearer(), house="away", target="/at/authenticated/1"),
    "server_away_and_public__C01": granted(cell="C01", house="away", target="/public/1"),
    "server_away_and_nothing__C03": unauthorized("C03", house="away"),
    "route_and_nothing__C03": unauthorized("C03", target="/at/authenticated/1"),
    "route_and_token__C00": granted(bearer(), target="/at/authenticated/1"),
    "role_missing_at_a_route__C12": forbidden("C12", bearer(), target="/at/role/1"),
    "scope_missing_at_a_route__C11": forbidden("C11", bearer("scoped"), target="/at/scope/1"),
}
