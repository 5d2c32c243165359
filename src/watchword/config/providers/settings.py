"""`[[provider]]`: third parties for whose APIs users have credentials, kept for them and verified (S1.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias, get_args
from urllib.parse import urlsplit

from pydantic import Field

from watchword.config.places import File
from watchword.config.problems import shown
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Read, Some, Switch, Text, Unfit, choice, whole
from watchword.config.values.names import Method, RejectedStatus, StoredStatus
from watchword.core.providers import Calls, Provider
from watchword.core.third_party_answers import CheckRules, MemberRules, Statuses
from watchword.http.sent_credential import Carrier, SendKind
from watchword.http.syntax import is_token

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
# Without a fragment, and without user information, which is looked for first.
_URL = re.compile(rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:/[!\"$->@-~]*)?(?:\?[!\"$-~]*)?")
_STATUSES = re.compile(r"[2345]xx")


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise Unfit
    return value


def _provider_url(value: object) -> str:
    if not isinstance(value, str):
        raise Unfit
    if re.match(r"https?://[^/]*@", value):  # they are not shown
        raise ValueError("holds credentials, which a URL is no place for; users submit theirs")
    if not _URL.fullmatch(value) or not _has_port(value):
        raise ValueError(f'{shown(value)} is no URL to ask; write one such as "https://api.example.com/v1/me"')
    return value


def _has_port(value: str) -> bool:
    try:
        return urlsplit(value).port != 0
    except ValueError:
        return False


def _private_host(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(_HOST + r"|[0-9A-Fa-f:.]+", value):
        raise Unfit
    return value.strip("[]").lower()


def _sent_name(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]{1,128}", value) or ":" in value:
        raise Unfit
    return value


def _statuses(value: object) -> frozenset[int]:
    """One entry: a status, or a class of them such as "2xx"."""
    if isinstance(value, str) and _STATUSES.fullmatch(value):
        first = int(value[0]) * 100
        return frozenset(range(first, first + 100))
    if isinstance(value, int) and not isinstance(value, bool) and 200 <= value <= 599:
        return frozenset((value,))
    raise Unfit


def _fixed_fields(value: object) -> Mapping[str, str]:
    """Fields by their names in lower case."""
    if not isinstance(value, Mapping) or not value:
        raise Unfit
    read: dict[str, str] = {}
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str) or not _FIELD_VALUE.fullmatch(text):
            raise Unfit
        if not is_fixed_field_name(name) or name.lower() in read:
            raise ValueError(f'{shown(name)} is no field to send always; write one such as "Accept-Version" = "2"')
        read[name.lower()] = text
    return read


_FIELD_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


ProviderName: TypeAlias = Annotated[str, Read("lower-case letters, digits and hyphens, at most 63", _name)]
ProviderUrl: TypeAlias = Annotated[str, Read("a URL that begins with https://", _provider_url)]
PrivateHost: TypeAlias = Annotated[str, Read("the name or the address of a host", _private_host)]
SentName: TypeAlias = Annotated[str, Read("visible ASCII without a colon", _sent_name)]
FixedFields: TypeAlias = Annotated[
    Mapping[str, str], Read("a table, each name of a field with its value in visible ASCII", _fixed_fields)
]
AnswerStatus: TypeAlias = Annotated[
    frozenset[int], Read('a status from 200 to 599, or "2xx" for a whole class', _statuses)
]
Answers: TypeAlias = tuple[AnswerStatus, ...]


class ProviderCheck(Section):
    """What a provider is asked to find out whether a credential is good, and what its answers mean. Whatever is said
    here of no status means that it could not say (C21), and changes nothing."""

    url: ProviderUrl = Field(examples=["https://api.example.com/v1/me"])
    """What is asked for: something that only whoever has a good credential gets, and that costs and changes nothing.
    Redirects are not followed."""

    method: Annotated[str, choice("GET", "HEAD", "POST")] = Field(default="GET", examples=["POST"])
    """By which method. Nothing is sent as content."""

    valid: Annotated[Answers, Some] = Field(default=("2xx",), validate_default=True, examples=[[200, 204]])
    """Statuses by which it says that the credential is good; every 2xx where nothing is said."""

    invalid: Annotated[Answers, Some] = Field(default=(401,), validate_default=True, examples=[[400, 401]])
    """Statuses by which it says that it is not."""

    scope_missing: Answers = Field(default=(403,), validate_default=True, examples=[[403, 404]])
    """Statuses by which it says that it is, and may not do this."""

    limited: Answers = Field(default=(429,), validate_default=True, examples=[[420, 429]])
    """Statuses by which it says that there are too many requests; so does a 503 with `Retry-After`."""

    member: Text | None = Field(default=None, examples=["ok"])
    """For providers that answer 200 in any case: the member of the JSON that is `true` where the credential is good,
    and `false` where not."""

    reason_member: Text | None = Field(default=None, examples=["error"])
    """The member that says why not, as a text that one of the next three settings has; any other means that it could
    not say. Where there is no such member, `false` means that the credential is not good."""

    invalid_reasons: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["invalid_auth", "token_revoked"]])
    """Reasons that mean that it is not good."""

    scope_missing_reasons: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["missing_scope"]])
    """Reasons that mean that it may not do this."""

    limited_reasons: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["ratelimited"]])
    """Reasons that mean that there are too many requests."""

    any_content: Switch = Field(default=False, examples=[True])
    """A valid status counts whatever comes with it. Otherwise only where that is JSON, or nothing: a log-in page that
    somebody on the way answers in the provider's place comes with 200 too."""

    @property
    def rules(self) -> CheckRules:
        """The same for whoever reads answers."""
        return CheckRules(
            valid=_all(self.valid),
            invalid=_all(self.invalid),
            scope_missing=_all(self.scope_missing),
            limited=_all(self.limited),
            member=None
            if self.member is None
            else MemberRules(
                name=self.member,
                reason=self.reason_member,
                invalid=frozenset(self.invalid_reasons),
                scope_missing=frozenset(self.scope_missing_reasons),
                limited=frozenset(self.limited_reasons),
            ),
            any_content=self.any_content,
        )


class ProviderCall(Section):
    """What of the provider's API users may call through this server, with the credential that they stored."""

    url: ProviderUrl = Field(examples=["https://api.example.com/v1"])
    """Where the API begins. Nothing above it can be reached. Without a query."""

    methods: Annotated[tuple[Method, ...], Once, Some] = Field(default=("GET", "HEAD"), examples=[["GET", "POST"]])
    """The methods that are relayed."""

    largest: Annotated[int, whole(1, 16 * 1024 * 1024)] = Field(default=1024 * 1024, examples=[65536])
    """The most bytes of content that an answer may have, and a request too."""


class ProviderSettings(Section):
    """A third party for whose API users have credentials of their own, such as API keys. They submit them at
    `/integrations`, where each is verified with the provider before it is kept, sealed. What is wrong with such a
    credential is told by 403, 400 or 422 with `provider` and `provider_status`, and never looks like a failed log-in
    here."""

    name: ProviderName = Field(examples=["payments"])
    """What it is called in paths, such as `/integrations/payments/credential`, and by what credentials are kept: with
    another name, they are those of nobody any more."""

    send: Annotated[SendKind, choice(*get_args(SendKind))] = Field(default="bearer", examples=["basic-user"])
    """How it wants the credential. `bearer`: `Authorization: Bearer …`. `token`: `Authorization: token …`.
    `basic-user`: by Basic, as the user name, with an empty password. `basic-password`: by Basic, as the password of the
    user `send_name`. `basic`: by Basic, where the credential is `user:password`. `header`: in the field `send_name`.
    `query`: in the parameter `send_name` of the query, for providers that know nothing better: logs of servers on the
    way hold it then (ASVS 14.2.1)."""

    send_name: SentName | None = Field(default=None, examples=["X-API-Key"])
    """The name of the field, of the parameter, or of the user; see `send`."""

    fields: FixedFields | None = Field(default=None, examples=[{"Accept-Version": "2"}])
    """Fields that it wants with every request, such as the version of its API, checks and calls alike: in the place of
    what callers send by these names. No secrets: they stand here for everybody to read."""

    recheck: Duration = Field(default="1d", validate_default=True, examples=["6h"])
    """How often each stored credential is verified again. An outage of the provider changes nothing; a clear refusal
    marks the credential as rejected."""

    timeout: Duration = Field(default="5s", validate_default=True, examples=["2s"])
    """For how long an answer is waited for, from looking up the host to its last byte; at most 8 seconds."""

    at_once: Annotated[int, whole(1, 32)] = Field(default=8, examples=[2])
    """How many requests to it there are at once; the calls of one account are half of them at most. Who comes beyond
    that is told to come back (C21)."""

    rejected_status: RejectedStatus = Field(default=403, examples=[422])
    """The status where it refuses what was submitted (C19). Never 401 or 407, which would be about the log-in here."""

    stored_status: StoredStatus = Field(default=403, examples=[424])
    """The status where it refuses what is stored (C20)."""

    private_hosts: Annotated[tuple[PrivateHost, ...], Once] = Field(default=(), examples=[["api.internal.example"]])
    """Hosts of the URLs below that may have private addresses, and may be asked by `http://`. All others must have
    public addresses, whatever their names lead to at the moment."""

    ca_file: File | None = Field(default=None, examples=["provider-ca.pem"])
    """Certificates (PEM) of who may vouch for the provider, in place of the system's."""

    check: ProviderCheck = Field(examples=[{"url": "https://api.example.com/v1/me"}])
    """How credentials are verified; see below."""

    call: ProviderCall | None = Field(default=None, examples=[{"url": "https://api.example.com/v1"}])
    """What users may call with theirs; see below. Nothing where this is missing."""

    @property
    def provider(self) -> Provider:
        """The same for whoever uses it."""
        return Provider(
            name=self.name,
            carrier=Carrier(self.send, self.send_name or ""),
            rules=self.check.rules,
            statuses=Statuses(rejected=self.rejected_status, stored=self.stored_status),
            recheck=self.recheck,
            calls=None
            if self.call is None
            else Calls(url=self.call.url, methods=self.call.methods, largest=self.call.largest),
        )


def _all(statuses: Answers) -> frozenset[int]:
    return frozenset[int]().union(*statuses)


def is_field_name(name: str) -> bool:
    """Whether a credential can travel in a field of this name: a token, and none that means something else."""
    return is_token(name) and name.lower() not in _TAKEN


def is_fixed_field_name(name: str) -> bool:
    """Whether the same value can go in a field of this name whatever is asked, and whoever asks."""
    return is_token(name) and name.lower() not in (_TAKEN - {"accept", "user-agent"} | {"authorization"})


_TAKEN = frozenset(
    "accept accept-encoding connection content-encoding content-length content-type cookie expect forwarded host "
    "keep-alive proxy-authorization proxy-connection range te trailer transfer-encoding upgrade user-agent via".split()
)
