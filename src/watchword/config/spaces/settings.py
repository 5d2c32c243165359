"""`[[space]]` and `[[space.protect]]`: protection spaces, and what their targets demand."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from watchword.config.mechanisms.names import MECHANISMS
from watchword.config.places import Page, PathPattern
from watchword.config.problems import shown
from watchword.config.reading import later
from watchword.config.realm.personas import RpcProfile, Suppression
from watchword.config.section import Section
from watchword.config.values import Duration, Once, Some, Switch, Text, choice
from watchword.config.values.hosts import Origin, RequestHost
from watchword.config.values.names import ApiKeyStatus, MalformedStatus, Method, RealmName, SessionExpiredStatus


def _tokens_before_basic(names: tuple[str, ...]) -> tuple[str, ...]:
    if "auth-token" in names and "basic" in names and names.index("basic") != names.index("auth-token") + 1:
        ordered: list[str] = [name for name in names if name != "auth-token"]
        ordered.insert(ordered.index("basic"), "auth-token")
        raise ValueError(
            f'"auth-token" must stand right before "basic", whose credentials it shares; write {shown(ordered)}'
        )
    return names


def _with_head(methods: frozenset[str]) -> frozenset[str]:
    return methods | {"HEAD"} if "GET" in methods else methods


MechanismChoice: TypeAlias = Annotated[
    str,
    choice(*MECHANISMS, later=later.MECHANISMS, what="mechanism", otherwise=later.OTHERWISE, plug_ins="mechanism"),
]
Mechanisms: TypeAlias = Annotated[tuple[MechanismChoice, ...], Some, Once]
PrecedenceName: TypeAlias = Literal["session-first", "deliberate-first", "strict"]
Preflight: TypeAlias = Literal["answer", "pass"]
Face: TypeAlias = Literal["problem", "json-rpc"]


class Require(Section):
    """What whoever is proven must have besides."""

    roles: frozenset[Text] = Field(default=frozenset(), examples=[["clerk"]])
    """Roles, all of which are needed (403 without)."""

    scopes: frozenset[Text] = Field(default=frozenset(), examples=[["patients:read"]])
    """Scopes, all of which a token or key needs (403 without). Sessions and passwords have every scope."""

    permissions: frozenset[Text] = Field(default=frozenset(), examples=[["View Patients"]])
    """Permissions, all of which are needed (403 without)."""

    acr: frozenset[Text] = Field(default=frozenset(), examples=[["mfa"]])
    """Authentication context classes, one of which the proof must have reached (401 `step-up-required` without)."""

    max_age: Duration | None = Field(default=None, examples=["10m"])
    """How long ago the proof may have been given (401 `step-up-required` later)."""

    owner: Text | None = Field(default=None, examples=["userid"])
    """The `{name}` segment of the path that holds the only subject who may, whatever the roles of others (403)."""


class Protect(Section):
    """What one kind of target demands. The most specific path wins: a literal segment before `{name}` before `*`.

    Of several entries with one path, the first whose methods and host fit counts. What no entry names demands
    that somebody is proven, and nothing more.
    """

    path: PathPattern = Field(examples=["/patients/{id}/*"])
    """The decoded path: literal segments, `{name}` for any one segment, and a last `*` for this and all below."""

    host: RequestHost | None = Field(default=None, examples=["api.example.com"])
    """The host that the request must name; any where nothing is said."""

    methods: Annotated[frozenset[Method], Some, AfterValidator(_with_head)] | None = Field(
        default=None, examples=[["GET"]]
    )
    """The methods to which this applies; all where nothing is said. GET includes HEAD."""

    require: Require = Field(default=Require(), examples=[{"roles": ["clerk"]}])
    """What is needed besides a proof of who it is."""

    public: Switch = Field(default=False, examples=[True])
    """Anonymous requests pass. Deliberate credentials that are wrong are still refused (see `ignore_invalid`)."""

    hidden: Switch = Field(default=False, examples=[True])
    """Refusals look, to the byte, like the answer for something that is not there (404)."""

    login_page: Page | None = Field(default=None, examples=["/ui/login"])
    """Where browsers that navigate are sent (303) instead of getting a 401."""

    strict: Switch = Field(default=False, examples=[True])
    """All credentials of a request must prove the same subject (400 otherwise): `precedence = "strict"` for this."""

    authorizers: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["author"]])
    """Who else has a say in what may be done here, besides those of the space: names of `[[authorizer]]`."""

    mechanisms: Mechanisms | None = Field(default=None, examples=[["session"]])
    """Those mechanisms of the space that may act here (403 `not-exposed` for others); all where nothing is said."""

    api_keys: Switch = Field(default=True, examples=[False])
    """Whether API keys may act here: a good key gets 403 `not-exposed` otherwise, whatever its account may do."""

    session_expired_status: SessionExpiredStatus | None = Field(default=None, examples=[403])
    """As for the space, for this alone."""


class Space(Section):
    """A protection space: a realm, the mechanisms that are tried in it, and how it answers.

    Without any, there is one over the server's own routes. The first is the one of targets that none names.
    """

    realm: RealmName | None = Field(default=None, examples=["Clinic"])
    """The realm in its challenges; that of `[realm]` where nothing is said."""

    mechanisms: Annotated[Mechanisms, AfterValidator(_tokens_before_basic)] | None = Field(
        default=None, examples=[["session", "auth-token", "basic", "bearer", "api-key"]]
    )
    """Mechanisms in the order in which they are tried; those of the personas where nothing is said, and without a
    persona the five of the example. All others have to be asked for. A plug-in has the name that it is installed under,
    and its settings in `[[mechanism]]`."""

    authorizers: Annotated[tuple[Text, ...], Once] = Field(default=(), examples=[["office-hours"]])
    """Who else has a say in everything that is done here: names of `[[authorizer]]`. They are not asked about the
    server's own routes, such as log-out."""

    precedence: Annotated[PrecedenceName, choice("session-first", "deliberate-first", "strict")] = Field(
        default="session-first", examples=["strict"]
    )
    """Which of several credentials decides: the first in order that is accepted, what was sent on purpose, or all,
    which must then agree."""

    no_auth_challenge: Annotated[Suppression, choice("no-popup", "remove")] | None = Field(
        default=None, examples=["remove"]
    )
    """What `No-Auth-Challenge` and `?noauthchallenge` spare a client: the challenges that make browsers pop up, or
    all of them, against RFC 9110. `no-popup` where nothing is said, `remove` with the persona restheart."""

    fetch_spares_popups: Switch = Field(default=True, examples=[False])
    """Requests of scripts (`Sec-Fetch-Dest: empty`) are spared pop-ups without asking."""

    cors: frozenset[Origin] = Field(default=frozenset(), examples=[["https://app.example.com"]])
    """Origins of other sites whose pages may call with credentials and read the answers."""

    own_origins: frozenset[Origin] = Field(default=frozenset(), examples=[["https://clinic.example.com"]])
    """Origins whose pages may use cookies and Basic: those of the applications behind the space. For the server's
    own routes `server.public_url` is one of them. Where there is none, the origin that a request was sent to is."""

    preflight: Annotated[Preflight, choice("answer", "pass")] = Field(default="answer", examples=["pass"])
    """Whether CORS preflights are answered here or passed to the application, always without an identity."""

    malformed_status: MalformedStatus | None = Field(default=None, examples=[400])
    """The status for passwords that cannot be decoded (C08); 401 where nothing is said."""

    apikey_status: ApiKeyStatus | None = Field(default=None, examples=[400])
    """The status for API keys that are wrong or have expired (C09): 401 where nothing is said. 400 comes without any
    challenge; the codes stay `invalid-api-key` and `expired-api-key`."""

    session_expired_status: SessionExpiredStatus | None = Field(default=None, examples=[403])
    """The status for an ended session (C05): 401 where nothing is said, 403 while clients migrate, which is then
    announced as deprecated."""

    ignore_invalid: Switch = Field(default=False, examples=[True])
    """On public targets, wrong credentials count as none instead of being refused."""

    face: Annotated[Face, choice("problem", "json-rpc", later=later.FACES, what="face")] = Field(
        default="problem", examples=["json-rpc"]
    )
    """How refusals are told: `problem` as problem details (RFC 9457), or as a page to who prefers HTML, `json-rpc` as
    errors of JSON-RPC. The server's own routes tell problems, but `/rpc` and, in the first space, `/whoami`."""

    rpc_profile: Annotated[RpcProfile, choice("http", "legacy")] | None = Field(default=None, examples=["legacy"])
    """What errors of JSON-RPC are like: `http` has the status of every other face and the error object of version 2.0,
    `legacy` is always 200, with a text, as old clients know it. `http` where nothing is said, `legacy` with the
    persona kallithea. That of the first space is `/rpc`'s, too, for calls that do not show what they want."""

    protect: tuple[Protect, ...] = Field(
        default=(), examples=[[{"path": "/patients/*", "require": {"roles": ["clerk"]}}]]
    )
    """What targets demand; see below."""
