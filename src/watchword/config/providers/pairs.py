"""Providers that are each right, and together, or with what stands beside them, unsafe or impossible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from urllib.parse import urlsplit

from watchword.config.findings import Check, Finding
from watchword.config.problems import shown
from watchword.config.providers.settings import ProviderSettings, is_field_name
from watchword.config.settings import Settings

LONGEST_TIMEOUT = 8.0
"""In seconds: less than any answer is waited for here. Some calls wait for two, the other one from the check."""


def providers_share_a_name(settings: Settings) -> Iterator[Finding]:
    """Two providers of one name."""
    for index, provider in enumerate(settings.provider):
        if provider.name in (other.name for other in settings.provider[:index]):
            yield Finding(
                ("provider", index, "name"),
                f"there is a provider {shown(provider.name)} already, and credentials are kept by its name; write "
                "another one",
            )


def provider_has_no_name_to_send_by(settings: Settings) -> Iterator[Finding]:
    """A provider without the `send_name` that its `send` needs, or with one that it does not need."""
    for index, provider in enumerate(settings.provider):
        example = _SENT_BY_NAME.get(provider.send)
        place, depends = ("provider", index, "send_name"), (("provider", index, "send"),)
        if example is None and provider.send_name is not None:
            yield Finding(place, f'nobody reads this beside send = "{provider.send}"; leave it out', depends)
        elif example is not None and provider.send_name is None:
            yield Finding(place, f'is missing; write one such as send_name = "{example}"', depends)
        elif provider.send == "header" and not is_field_name(provider.send_name or ""):
            says = f'{shown(provider.send_name)} is no field for a credential; write one such as "X-API-Key"'
            yield Finding(place, says, depends)


def provider_s_field_is_the_credential_s(settings: Settings) -> Iterator[Finding]:
    """A provider's `fields` with the one in which the credential goes."""
    for index, provider in enumerate(settings.provider):
        taken = (provider.send_name or "").lower() if provider.send == "header" else ""
        if taken in (provider.fields or {}):
            yield Finding(
                ("provider", index, "fields"),
                f"has {shown(taken)}, in which the credential of whoever asks goes; leave it out there",
                depends=(("provider", index, "send_name"),),
            )


def provider_s_credentials_travel_in_cleartext(settings: Settings) -> Iterator[Finding]:
    """A provider's URL with `http://` whose host is not in `private_hosts`."""
    for index, provider in enumerate(settings.provider):
        for table, url in _urls(provider):
            parts = urlsplit(url)
            if parts.scheme == "http" and (parts.hostname or "") not in provider.private_hosts:
                secure = "https" + url.removeprefix("http")
                yield Finding(
                    ("provider", index, table, "url"),
                    f"would have credentials travel in cleartext, for everybody on the way to read; write "
                    f"{shown(secure)}, or, for a host of your own, private_hosts = [{shown(parts.hostname or '')}]",
                    depends=(("provider", index, "private_hosts"),),
                )


def provider_is_waited_for_too_long(settings: Settings) -> Iterator[Finding]:
    """A provider's `timeout` of more than 8 seconds."""
    for index, provider in enumerate(settings.provider):
        if provider.timeout > LONGEST_TIMEOUT:
            yield Finding(
                ("provider", index, "timeout"),
                f'is longer than requests here are answered in; write at most "{LONGEST_TIMEOUT:.0f}s"',
            )


def provider_s_statuses_mean_two_things(settings: Settings) -> Iterator[Finding]:
    """A status of a provider's that means two things."""
    for index, provider in enumerate(settings.provider):
        rules = provider.check.rules
        meant = {
            "valid": rules.valid,
            "invalid": rules.invalid,
            "scope_missing": rules.scope_missing,
            "limited": rules.limited,
        }
        for (one, these), (other, those) in combinations(meant.items(), 2):
            if both := these & those:
                yield Finding(
                    ("provider", index, "check", other),
                    f"{min(both)} stands in {one} too, and can mean one thing only; write it once",
                    depends=(("provider", index, "check", one),),
                )


def provider_s_member_is_half_told(settings: Settings) -> Iterator[Finding]:
    """A provider's `reason_member` without `member` or `invalid_reasons`, or reasons without a `reason_member`."""
    for index, provider in enumerate(settings.provider):
        check = provider.check
        reasons = (*check.invalid_reasons, *check.scope_missing_reasons, *check.limited_reasons)
        place = ("provider", index, "check", "reason_member")
        if check.reason_member is not None and check.member is None:
            yield Finding(place, 'nobody reads this without member; write one such as member = "ok" beside it')
        elif check.reason_member is None and reasons:
            yield Finding(place, 'is missing, so that nobody reads the reasons; write one such as "error"')
        elif check.reason_member is not None and not check.invalid_reasons:
            yield Finding(
                ("provider", index, "check", "invalid_reasons"),
                "is missing, so that no credential would ever be refused; write the reasons that mean that",
            )
        elif len(set(reasons)) != len(reasons):
            yield Finding(place, "has a reason that means two things; write each once")


def provider_s_calls_begin_with_a_query(settings: Settings) -> Iterator[Finding]:
    """A provider's `call.url` with a query."""
    for index, provider in enumerate(settings.provider):
        if provider.call is not None and "?" in provider.call.url:
            yield Finding(("provider", index, "call", "url"), "has a query, which callers send; write it without")


_SENT_BY_NAME: Mapping[str, str] = {"header": "X-API-Key", "query": "api_key", "basic-password": "api"}


def _urls(provider: ProviderSettings) -> Iterator[tuple[str, str]]:
    yield "check", provider.check.url
    if provider.call is not None:
        yield "call", provider.call.url


PROVIDER_CHECKS: tuple[Check, ...] = (
    providers_share_a_name,
    provider_has_no_name_to_send_by,
    provider_s_field_is_the_credential_s,
    provider_s_credentials_travel_in_cleartext,
    provider_is_waited_for_too_long,
    provider_s_statuses_mean_two_things,
    provider_s_member_is_half_told,
    provider_s_calls_begin_with_a_query,
)
"""In the order of the manual."""
