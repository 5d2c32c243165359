"""What a change ends: each event against each credential that was alive before (F36, ASVS 7.4.2 and 8.3.2).

Two workers share one SQLite file. Both have seen every credential before, so that whatever they remember is warm; the
event happens in neither of them, as with the command line. The very next check must know: at both workers, and at
introspection.

There is no row for a renamed account, because accounts cannot be renamed: the name is the subject, and whoever changes
it makes another account.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from tests.server.api.oauth import SECRET, add_client, ask_token, introspect, log_in_by
from tests.server.api.world import ACCOUNTS, CHEAP, NOW, World, account, basic
from watchword.core.credentials import TOTP, Credential
from watchword.core.grants import Client
from watchword.core.questions import (
    AddClient,
    AddCredentials,
    AddKey,
    ChangeAccount,
    ChangeClient,
    ConfirmSecondFactor,
    DeleteAccount,
    DeleteClient,
    EndCredentials,
    EndFamilies,
    EndKeys,
    EndSessions,
    FindClient,
    RevokeAuthToken,
    RevokeToken,
)
from watchword.core.records import Account
from watchword.crypto.password import hash_password
from watchword.crypto.secret import Secret
from watchword.edge.drive import Answers, run
from watchword.flows.access_tokens import AccessToken, Proof, issue_access_token
from watchword.flows.clients import disable_client
from watchword.storage import Storage, open_storage
from watchword.tokens.api_key import new_key
from watchword.tokens.client_secret import new_client_secret

MEANINGS = {
    "x": "refused",
    "o": "refused as outdated: what it tells of the account is no longer so, and a fresh one would tell",
    "a": "alive: it hangs on nothing that changed",
    "r": "alive, with the roles that the account or the client has now: they are looked up",
    "k": "alive: an API key is a secret of its own, made for programs, and is revoked by itself",
    "b": "alive: it is the password itself, which did not change",
    "t": "alive: a secret proves who asks for tokens, and tokens were given already; disabling the client ends them",
}

HEAD = """
cookie bearer signed encrypted
auth-token basic auth-key
jwt ref refresh
c-jwt c-ref c-refresh
key
cc-jwt cc-ref
""".split()
"""The credentials, in the order of the columns; each line is a group of them."""

TABLE = """
user-disabled             x x x x | x x x | x x x | x x x | x | a a
user-deleted              x x x x | x x x | x x x | x x x | x | a a
user-deleted-made-anew    x x x x | x x x | x x x | x x x | x | a a
user-disabled-enabled     x x x x | x b x | o x x | o x x | k | a a
role-removed              r r r r | r r r | o r r | o r r | r | a a
password-changed          x x x x | x x x | o x x | o x x | k | a a
second-factor-added       x x x x | x x x | o x x | o x x | k | a a
second-factor-removed     x x x x | x b x | o x x | o x x | k | a a
client-deleted            a a a a | a a a | a a a | x x x | a | x x
client-deleted-made-anew  a a a a | a a a | a a a | x x x | a | x x
client-disabled           a a a a | a a a | a a a | x x x | a | x x
client-disabled-enabled   a a a a | a a a | a a a | x x x | a | x x
scope-removed             a a a a | a a a | a a a | x x x | a | x x
client-role-removed       a a a a | a a a | a a a | a a a | a | x r
secret-rotated            a a a a | a a a | a a a | t t a | a | t t
family-revoked            a a a a | a a a | x x x | a a a | a | a a
clients-family-revoked    a a a a | a a a | a a a | x x x | a | a a
session-revoked           x x x x | a a x | a a a | a a a | a | a a
key-revoked               a a a a | a a a | a a a | a a a | x | a a
auth-token-revoked        a a a a | x a a | a a a | a a a | a | a a
access-tokens-revoked     a a a a | a a a | x x a | x x a | a | x x
"""

ROWS = [line.replace("|", " ").split() for line in TABLE.strip().splitlines()]
EXPECTED = {(row[0], credential): mark for row in ROWS for credential, mark in zip(HEAD, row[1:], strict=True)}
NEW_SECRET, NEW_KEPT = new_client_secret(bytes(range(1, 33)))
OTHER_PASSWORD = "correct horse battery staple"


@dataclass
class Scene:
    """Two workers, the storage that the event happens in, and credentials of every kind.

    `sealing`: the same two, of a server whose sessions are kept by clients in this form.
    """

    first: World
    second: World
    elsewhere: Storage
    sealing: Mapping[str, tuple[World, World]]
    secret: str = SECRET

    def __post_init__(self) -> None:
        self.session = self.first.log_in("ann")
        self.sealed = {form: workers[0].log_in("ann") for form, workers in self.sealing.items()}
        shown = self.first("GET", "/tokens/ann", auth=basic("ann")).json()
        self.auth_token: str = shown["auth_token"]
        given = self.first("POST", "/api/authenticate", json={"username": "ann", "password": basic("ann")[1]})
        self.auth_key: str = given.json()["auth_key"]
        login = {"username": "ann", "password": basic("ann")[1]}
        self.login = self.first("POST", "/auth/login", json=login).json()
        self.family: str = self.first("GET", "/whoami", bearer=self.login["access_token"]).json()["session"]
        self.pair = log_in_by(self.first, "web", scopes=frozenset(("read", "write")))
        self.key, self.key_text = new_key(bytes(32), NOW, subject="ann", name="ci")
        assert self.elsewhere.add_key(AddKey(self.key))
        (mine,) = [f for f in self.elsewhere.all_families() if f.id == self.family]
        self.references = {
            "ref": self.issued("ann", family=mine),
            "c-ref": self.issued("ann", family=self.pair.family, client_id="web", scopes=self.pair.family.scopes),
            "cc-ref": self.issued("web", client_id="web", scopes=frozenset(("read", "write"))),
        }
        self.jwts = {
            "jwt": self.login["access_token"],
            "c-jwt": self.pair.access.token,
            "cc-jwt": ask_token(self.first, "web").json()["access_token"],
        }

    def issued(self, whom: str, **more: object) -> AccessToken:
        """A reference token, of a server whose own tokens are JWTs."""
        service = self.first.service
        steps = issue_access_token(
            self.found(whom),
            proof=Proof(auth_time=NOW),
            policy=replace(service.token_policy, opaque=True),
            entropy=service.engine.entropy,
            now=NOW,
            **more,  # type: ignore[arg-type]  # further arguments by name
        )
        token = self.first.run(service.engine.arun(steps))
        assert token is not None
        return token

    def found(self, whom: str) -> Account | Client:
        if whom == "ann":
            return next(each for each in self.elsewhere.all_accounts() if each.name == "ann")
        return self.client

    @property
    def client(self) -> Client:
        found = self.elsewhere.find_client(FindClient("web"))
        assert found is not None
        return found

    def token(self, credential: str) -> str | None:
        """What is sent as a token, and can be asked about."""
        own = {"bearer": self.session, "key": self.key_text, "c-refresh": self.pair.refresh}
        references = {name: token.token for name, token in self.references.items()}
        return {**own, **self.sealed, **self.jwts, **references}.get(credential)

    def use(self, world: World, credential: str) -> str:
        """What a worker makes of it, by the marks of the table; whatever is alive is `alive`, with its roles."""
        refreshes = {
            "refresh": lambda: world("POST", "/auth/token", data={"refresh_token": self.login["refresh_token"]}),
            "c-refresh": lambda: world(
                "POST",
                "/oauth2/token",
                data={"grant_type": "refresh_token", "refresh_token": self.pair.refresh},
                auth=("web", self.secret),
            ),
        }
        if credential in refreshes:
            answer = refreshes[credential]()
            if answer.status_code != 200:
                assert answer.json()["error"] in ("invalid_grant", "invalid_client"), answer.text
                return "refused"
            return self.seen(world, bearer=answer.json()["access_token"])
        token = self.token(credential)
        match credential:
            case "cookie":
                return self.seen(world, cookie=self.session)
            case "signed" | "encrypted":
                return self.seen(self.sealing[credential][world is self.second], cookie=token)
            case "auth-token":
                return self.seen(world, auth=("ann", self.auth_token))
            case "auth-key":
                return self.seen(world, headers={"auth-key": self.auth_key})
            case "basic":
                return self.seen(world, auth=basic("ann"))
            case "key":
                return self.seen(world, headers={"x-api-key": self.key_text})
            case _:
                return self.seen(world, bearer=token)

    def seen(self, world: World, **options: object) -> str:
        answer = world("GET", "/whoami", **options)
        if answer.status_code == 200:
            return "alive with " + " ".join(answer.json()["roles"])
        assert answer.status_code == 401, answer.text
        return "outdated" if answer.json()["code"] == "expired-token" else "refused"

    def told(self, credential: str) -> str:
        """What introspection says, to whoever may know: the client itself of its refresh token, else a verifier."""
        token = self.token(credential)
        assert token is not None
        form = {"token": token}
        asked = ("web", self.secret) if credential == "c-refresh" else ("api", SECRET)
        _, world = self.sealing.get(credential, (self.first, self.second))
        answer = world("POST", "/oauth2/introspect", data=form, auth=asked)
        if answer.status_code == 401:
            assert credential == "c-refresh"  # the client is gone
            return "refused"
        told = answer.json()
        return "alive with " + " ".join(told["roles"]) if told["active"] else "refused"


def new_password(storage: Storage) -> None:
    other = hash_password(Secret(OTHER_PASSWORD), CHEAP, b"sixteen bytes so")
    storage.change_account(ChangeAccount("ann", password_hash=other, stamp="another stamp"))


def made_anew(storage: Storage) -> None:
    storage.delete_account(DeleteAccount("ann"))
    other = hash_password(Secret(OTHER_PASSWORD), CHEAP, b"sixteen bytes so")
    storage.put_accounts([replace(account("ann"), stamp="another stamp", password_hash=other)])


def second_factor_added(storage: Storage) -> None:
    factor = Credential(id="phone", subject="ann", kind=TOTP, secret=b"sealed", created_at=NOW, confirmed=False)
    assert storage.add_credentials(AddCredentials((factor,)))
    assert storage.confirm_second_factor(ConfirmSecondFactor("ann", "phone", stamp="another stamp"))


def second_factor_removed(scene: Scene) -> None:
    """What had ended when it was added stays so."""
    second_factor_added(scene.elsewhere)
    assert scene.elsewhere.end_credentials(EndCredentials("ann", kind=TOTP)) == 1


def client_made_anew(scene: Scene) -> None:
    client = scene.client
    scene.elsewhere.delete_client(DeleteClient("web"))
    assert scene.elsewhere.add_client(AddClient(replace(client, stamp="another stamp")))


def disabled_and_enabled(scene: Scene) -> None:

    answers = Answers()
    answers.add(ChangeClient, threaded=scene.elsewhere.change_client)
    run(disable_client("web", entropy=bytes), answers)
    scene.elsewhere.change_client(ChangeClient("web", disabled=False))


def secret_rotated(scene: Scene) -> None:
    scene.elsewhere.change_client(ChangeClient("web", secret_hash=NEW_KEPT))
    scene.secret = NEW_SECRET


def user_disabled_and_enabled(scene: Scene) -> None:
    scene.elsewhere.change_account(ChangeAccount("ann", disabled=True))
    scene.elsewhere.change_account(ChangeAccount("ann", disabled=False))


def access_tokens_revoked(scene: Scene) -> None:
    ids = [scene.pair.access.id, *(token.id for token in scene.references.values())]
    for jwt in (scene.jwts["jwt"], scene.jwts["cc-jwt"]):
        ids.append(introspect(scene.first, jwt, "api").json()["jti"])
    for id in ids:
        scene.elsewhere.revoke_token(RevokeToken(id, NOW + 900))


EVENTS: Mapping[str, Callable[[Scene], object]] = {
    "user-disabled": lambda s: s.elsewhere.change_account(ChangeAccount("ann", disabled=True)),
    "user-deleted": lambda s: s.elsewhere.delete_account(DeleteAccount("ann")),
    "user-deleted-made-anew": lambda s: made_anew(s.elsewhere),
    "user-disabled-enabled": user_disabled_and_enabled,
    "role-removed": lambda s: s.elsewhere.change_account(ChangeAccount("ann", roles=frozenset(("reader",)))),
    "password-changed": lambda s: new_password(s.elsewhere),
    "second-factor-added": lambda s: second_factor_added(s.elsewhere),
    "second-factor-removed": second_factor_removed,
    "client-deleted": lambda s: s.elsewhere.delete_client(DeleteClient("web")),
    "client-deleted-made-anew": client_made_anew,
    "client-disabled": lambda s: s.elsewhere.change_client(ChangeClient("web", disabled=True)),
    "client-disabled-enabled": disabled_and_enabled,
    "scope-removed": lambda s: s.elsewhere.change_client(ChangeClient("web", scopes=frozenset(("read",)))),
    "client-role-removed": lambda s: s.elsewhere.change_client(ChangeClient("web", roles=frozenset(("reader",)))),
    "secret-rotated": secret_rotated,
    "family-revoked": lambda s: s.elsewhere.end_families(EndFamilies((s.family,))),
    "clients-family-revoked": lambda s: s.elsewhere.end_families(EndFamilies((s.pair.family.id,))),
    "session-revoked": lambda s: s.elsewhere.end_sessions(EndSessions("ann")),
    "key-revoked": lambda s: s.elsewhere.end_keys(EndKeys((s.key.id,))),
    "auth-token-revoked": lambda s: s.elsewhere.revoke_auth_token(RevokeAuthToken("ann")),
    "access-tokens-revoked": access_tokens_revoked,
}

BEFORE, FEWER = "alive with clerk reader", "alive with reader"


def expected(event: str, credential: str) -> str:
    match EXPECTED[event, credential]:
        case "x":
            return "refused"
        case "o":
            return "outdated"
        case "r":
            return FEWER
        case _:
            return BEFORE


@cache
def outcome(event: str) -> Mapping[tuple[str, str], str]:
    """What every credential was before, and what it is after the event: at each worker, and as it is told of."""
    with tempfile.TemporaryDirectory(prefix="watchword-") as folder:
        data = Path(folder)
        storages = [open_storage("sqlite:///watchword.db", data) for _ in range(3)]
        storages[2].put_accounts(account(name) for name in ACCOUNTS)
        space = {"mechanisms": ["session", "auth-key", "auth-token", "basic", "bearer", "api-key"]}
        worlds = [World(data, storage=storage, space=space) for storage in storages[:2]]
        sealing = {
            form: (
                World(data, storage=storages[0], space=space, session={"backend": form}),
                World(data, storage=storages[1], space=space, session={"backend": form}),
            )
            for form in ("signed", "encrypted")
        }
        try:
            add_client(worlds[0], "web", roles=frozenset(("clerk", "reader")))
            add_client(worlds[0], "api", roles=frozenset(("verifier",)), scopes=frozenset(), grants=frozenset())
            scene = Scene(worlds[0], worlds[1], storages[2], sealing)
            found: dict[tuple[str, str], str] = {}
            warm = [name for name in HEAD if not name.endswith("refresh")]
            for credential in warm:
                for world in worlds:
                    assert scene.use(world, credential) == BEFORE, credential
            EVENTS[event](scene)
            # Asked about first: a refresh token is spent when it is used.
            for credential in HEAD:
                if credential not in ("cookie", "auth-token", "auth-key", "basic", "refresh"):
                    found["introspection", credential] = scene.told(credential)
            for credential in HEAD:
                found["another worker", credential] = scene.use(worlds[1], credential)
                found["same worker", credential] = scene.use(worlds[0], credential)
            return found
        finally:
            for world in (*worlds, *sealing["signed"], *sealing["encrypted"]):
                world.close()
            storages[2].close()


def test_table_has_every_event_and_every_mark_a_meaning() -> None:
    assert [row[0] for row in ROWS] == list(EVENTS)
    assert set(EXPECTED.values()) == set(MEANINGS)


@pytest.mark.parametrize("credential", HEAD)
@pytest.mark.parametrize("event", EVENTS)
def test_next_check_knows_of_the_event__F36__F25(event: str, credential: str) -> None:
    found, wanted = outcome(event), expected(event, credential)
    assert found["another worker", credential] == wanted
    assert found["same worker", credential] == wanted
    told = found.get(("introspection", credential))
    assert told in (None, "refused" if wanted == "outdated" else wanted)


def test_token_that_asks_for_no_more_than_the_client_still_has_lives_on__F36(tmp_path: Path) -> None:
    world = World(tmp_path)
    add_client(world, "web")
    narrow, wide = (ask_token(world, "web", scope=scope).json()["access_token"] for scope in ("read", "read write"))
    world.storage.change_client(ChangeClient("web", scopes=frozenset(("read",))))
    assert world("GET", "/whoami", bearer=narrow).status_code == 200
    assert world("GET", "/whoami", bearer=wide).status_code == 401
    world.close()
