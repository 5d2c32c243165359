"""Identity providers that are each right, and together, or with what stands beside them, unsafe or impossible."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from watchword.config.findings import Check, Finding
from watchword.config.problems import printable, shown
from watchword.config.settings import Settings
from watchword.http.forwarded import is_loopback

LONGEST_TIMEOUT = 4.0
"""In seconds: a log-in waits for two answers, and nobody's request is answered later than after ten."""

_TABLE = "identity_provider"


def identity_providers_share_a_name(settings: Settings) -> Iterator[Finding]:
    """Two identity providers of one name, or of one issuer."""
    for index, provider in enumerate(settings.identity_provider):
        before = settings.identity_provider[:index]
        if provider.name in (other.name for other in before):
            yield Finding(
                (_TABLE, index, "name"),
                f"there is an identity provider {shown(provider.name)} already; write another name",
            )
        if provider.issuer in (other.issuer for other in before):
            yield Finding(
                (_TABLE, index, "issuer"),
                "stands in another identity provider, too, and people of both would be the same here; leave one out",
            )


def identity_provider_is_asked_in_cleartext(settings: Settings) -> Iterator[Finding]:
    """An identity provider's issuer with `http://` whose host is not in `private_hosts`."""
    for index, provider in enumerate(settings.identity_provider):
        parts = urlsplit(provider.issuer)
        host = parts.hostname or ""
        if parts.scheme == "http" and host not in provider.private_hosts:
            secure = "https" + provider.issuer.removeprefix("http")
            yield Finding(
                (_TABLE, index, "issuer"),
                "could be anybody on the way there, who could then log in as everybody; write "
                f"{shown(secure)}, or, for a host of your own, private_hosts = [{shown(host)}]",
                depends=((_TABLE, index, "private_hosts"),),
            )


def identity_provider_does_not_know_where_to_send_people(settings: Settings) -> Iterator[Finding]:
    """Identity providers without a `public_url`, unless the server is used on its own machine alone."""
    server = settings.server
    on_its_own = server.host == "localhost" or is_loopback(server.host)
    if settings.identity_provider and server.public_url is None and (not on_its_own or server.trusted_proxies):
        yield Finding(
            (_TABLE,),
            "sends people back to an address that must be known exactly; write the one under which they reach this "
            'server, such as server.public_url = "https://auth.example.com"',
            depends=(("server", "public_url"), ("server", "host")),
        )


def identity_provider_has_no_usable_secret(settings: Settings) -> Iterator[Finding]:
    """An identity provider's client secret that cannot be read, is missing, or that nobody needs."""
    for index, provider in enumerate(settings.identity_provider):
        place, how = (_TABLE, index, "client_secret_file"), (_TABLE, index, "authentication")
        file = provider.client_secret_file
        if file is None:
            if provider.proves_itself_by != "none":
                yield Finding(
                    place,
                    "is missing; write the name of a file with the secret that the provider gave, or authentication = "
                    '"none" for a public client',
                    depends=(how,),
                )
        elif provider.proves_itself_by == "none":
            yield Finding(place, 'nobody sends it beside authentication = "none"; leave one of them out', (how,))
        else:
            try:
                provider.secret()
            except ValueError as error:
                yield Finding(place, f"{printable(str(file))} {error}")


def identity_provider_is_not_asked_who_it_is(settings: Settings) -> Iterator[Finding]:
    """An identity provider without the scope `openid`."""
    for index, provider in enumerate(settings.identity_provider):
        if "openid" not in provider.scopes:
            yield Finding(
                (_TABLE, index, "scopes"),
                "the provider would not say who logged in; write " + shown(("openid", *provider.scopes)),
            )


def identity_provider_s_conditions_are_half_told(settings: Settings) -> Iterator[Finding]:
    """An identity provider's `create_if` without `first_log_in = "create-if"`, or the other way round."""
    for index, provider in enumerate(settings.identity_provider):
        conditions, policy = provider.create_if, (_TABLE, index, "first_log_in")
        if provider.first_log_in == "create-if":
            if conditions is None or not (conditions.claims or conditions.email_domains):
                yield Finding(
                    policy,
                    "everybody whom the provider logs in would get an account; write claims or email_domains under "
                    '[identity_provider.create_if], or first_log_in = "create"',
                    depends=((_TABLE, index, "create_if"),),
                )
            elif conditions.email_domains and "email" not in provider.scopes:
                yield Finding(
                    (_TABLE, index, "scopes"),
                    "the provider would not tell the e-mail address that email_domains is about; write "
                    + shown((*provider.scopes, "email")),
                    depends=((_TABLE, index, "create_if"),),
                )
        elif conditions is not None:
            yield Finding(
                (_TABLE, index, "create_if"),
                'nobody reads this; write first_log_in = "create-if" beside it, or leave it out',
                depends=(policy,),
            )


def identity_provider_is_waited_for_too_long(settings: Settings) -> Iterator[Finding]:
    """An identity provider's `timeout` of more than 4 seconds."""
    for index, provider in enumerate(settings.identity_provider):
        if provider.timeout > LONGEST_TIMEOUT:
            yield Finding(
                (_TABLE, index, "timeout"),
                f'is longer than requests here are answered in; write at most "{LONGEST_TIMEOUT:.0f}s"',
            )


def identity_provider_could_not_end_its_sessions(settings: Settings) -> Iterator[Finding]:
    """Identity providers where clients keep sessions themselves."""
    if settings.identity_provider and settings.session.backend != "stored":
        yield Finding(
            ("session", "backend"),
            "who logs out at an identity provider is to be logged out here, and nobody can find sessions that clients "
            'keep; write session.backend = "stored"',
            depends=((_TABLE,),),
        )


def session_cookie_is_not_sent_after_log_in(settings: Settings) -> Iterator[Finding]:
    """Identity providers and a session cookie with `same_site = "Strict"`."""
    if settings.identity_provider and settings.session.cookie.same_site == "Strict":
        yield Finding(
            ("session", "cookie", "same_site"),
            "people come back from the identity provider's site, and browsers would leave the cookie out until they "
            'go on by themselves; write same_site = "Lax"',
            depends=((_TABLE,),),
        )


IDENTITY_PROVIDER_CHECKS: tuple[Check, ...] = (
    identity_providers_share_a_name,
    identity_provider_is_asked_in_cleartext,
    identity_provider_does_not_know_where_to_send_people,
    identity_provider_has_no_usable_secret,
    identity_provider_is_not_asked_who_it_is,
    identity_provider_s_conditions_are_half_told,
    identity_provider_is_waited_for_too_long,
    identity_provider_could_not_end_its_sessions,
    session_cookie_is_not_sent_after_log_in,
)
"""In the order of the manual."""
