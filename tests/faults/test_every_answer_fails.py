"""Fail the n-th answer, for every n (F39): an outage proves nobody, accuses nobody and logs nobody out."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product

import pytest

from tests.table.real import (
    ACCESS_TOKENS,
    CERTIFICATES,
    CROSS_SITE,
    EVERY_MECHANISM,
    EXPIRED,
    KEYS,
    LIVE,
    NAVIGATION,
    OF_BOB,
    SEALED,
    UNKNOWN,
    Answered,
    Stores,
    answered,
    api_key,
    auth_key,
    auth_token,
    basic,
    bearer,
    certificate,
    cookie,
    couchdb_cookie,
    digest,
    in_url,
    protection,
    received,
    signed,
    steps,
    told,
    told_by_proxy,
    told_to_couchdb,
)
from watchword.core.mechanism import Ambient
from watchword.core.outcome import Accepted
from watchword.core.questions import (
    FindAccount,
    FindSession,
    FindSessionKeys,
    NoteProven,
    RecordAlarm,
    TouchKey,
    TouchSession,
)
from watchword.edge.drive import arun
from watchword.http.message import Request

PROTECTED = protection(EVERY_MECHANISM)
COOKIES = {
    "": (),
    "live_cookie": (cookie(LIVE),),
    "expired_cookie": (cookie(EXPIRED),),
    "unknown_cookie": (cookie(UNKNOWN),),
    "cookie_of_bob": (cookie(OF_BOB),),
    "live_cookie_sealed": (cookie(SEALED["encrypted"][LIVE]),),
    "expired_cookie_sealed": (cookie(SEALED["signed"][EXPIRED]),),
}
CREDENTIALS = {
    "": (),
    "right_basic": (basic("ann", "right"),),
    "wrong_basic": (basic("ann", "wrong"),),
    "unknown_user": (basic("nobody", "wrong"),),
    "held_basic": (basic("held", "right"),),
    "auth_token": (basic("ann", auth_token("ann")),),
    "expired_auth_token": (basic("bob", auth_token("bob")),),
    "live_bearer": (bearer(LIVE),),
    "live_bearer_sealed": (bearer(SEALED["signed"][LIVE]),),
    "expired_bearer": (bearer(EXPIRED),),
    **{name: (bearer(token),) for name, token in ACCESS_TOKENS.items()},
    "good_key": (api_key("good"),),
    "bad_key": (api_key("unknown"),),
    "expired_key": (api_key("expired"),),
    "imported_key": (api_key("foreign"),),
    "good_key_and_basic": (api_key("good"), basic("ann", "wrong")),
    "good_auth_key": (auth_key("good"),),
    "expired_auth_key": (auth_key("expired"),),
    "stolen_auth_key": (auth_key("stolen"),),
    "unknown_auth_key": (auth_key("unknown"),),
    "auth_key_and_session_in_url": (auth_key("stolen"), in_url("sid", OF_BOB)),
    "session_in_url": (in_url("sid", LIVE),),
    "key_in_url": (in_url("api_key", KEYS["good"]),),
    **{f"certificate_{name}": (certificate(name),) for name in CERTIFICATES},
    "unreadable_certificate": ("Client-Cert: :AAAA:",),
    "told_by_proxy": told_by_proxy("ann"),
    "of_dora_told_by_proxy": told_by_proxy("dora"),
    "stranger_told_by_proxy": told_by_proxy("stranger"),
    "told_without_the_secret": told_by_proxy("ann", b"wrong"),
    "couchdb_cookie": (couchdb_cookie("ann"),),
    "late_couchdb_cookie": (couchdb_cookie("ann", age=300),),
    "expired_couchdb_cookie": (couchdb_cookie("ann", age=600),),
    "couchdb_cookie_of_dora": (couchdb_cookie("dora"),),
    "in_couchdb_s_fields": told_to_couchdb("ann"),
    "stranger_in_couchdb_s_fields": told_to_couchdb("stranger"),
    "of_dora_in_couchdb_s_fields": told_to_couchdb("dora"),
    "too_late_in_couchdb_s_fields": told_to_couchdb("ann", age=65),
    "unreadable_in_couchdb_s_fields": ("X-Auth-CouchDB-UserName: ann", "X-Auth-CouchDB-Roles: \xff"),
}
FOR_ONE_REQUEST: dict[str, Callable[[str, str], tuple[str, ...]]] = {
    "right_digest": lambda method, target: (digest("ann", "right", method=method, target=target),),
    "wrong_digest": lambda method, target: (digest("ann", "wrong", method=method, target=target),),
    "stale_digest": lambda method, target: (digest("ann", "right", method=method, target=target, age=300),),
    "held_digest": lambda method, target: (digest("held", "right", method=method, target=target),),
    "signed": lambda method, target: signed("good", method=method, target=target),
    "signed_with_old_key": lambda method, target: signed("expired", method=method, target=target),
    "signed_by_nobody": lambda method, target: signed("good", method=method, target=target, secret="wrong"),
}
"""Credentials that are made for one method and one target."""
TOUCHES = (TouchSession, TouchKey, NoteProven, RecordAlarm)
LINES = {
    "protected": ("GET /records/1",),
    "public": ("GET /public",),
    "page": ("GET /pages/1", *NAVIGATION),
    "strict": ("GET /strict",),
    "hidden": ("GET /hidden",),
    "roles": ("GET /roles/ann",),
    "legacy": ("GET /legacy",),
    "cross_site_post": ("POST /records/1", *CROSS_SITE),
    "cross_site_post_to_public": ("POST /public", *CROSS_SITE),
}


def _requests() -> Iterator[tuple[str, tuple[str, ...]]]:
    for (first, held), (line, parts) in product(COOKIES.items(), LINES.items()):
        method, target = parts[0].split(" ")
        made = {name: make(method, target) for name, make in FOR_ONE_REQUEST.items()}
        for second, sent in (CREDENTIALS | made).items():
            yield "-".join(filter(None, (line, first, second))), (*parts, *held, *sent)


REQUESTS = dict(_requests())


def _asked(parts: tuple[str, ...], fails: Callable[[int], bool]) -> tuple[Answered, Stores]:
    stores = Stores(fails=fails)
    return answered(received(*parts), stores, protected=PROTECTED), stores


def _faults(questions: int) -> Iterator[Callable[[int], bool]]:
    """Answer n alone fails; or it and all that come after it do."""
    for n in range(1, questions + 1):
        yield partial(operator.eq, n)
        yield partial(operator.le, n)


def _runs() -> Iterator[tuple[str, Answered, Answered, Stores]]:
    """Every request, as it is answered when all is well, and as it is answered with a fault."""
    for name, parts in REQUESTS.items():
        well, stores = _asked(parts, lambda number: False)
        for fails in _faults(len(stores.asked)):
            yield name, well, *_asked(parts, fails)


RUNS = tuple(_runs())


def test_there_is_something_to_fail() -> None:
    assert len(RUNS) > 1000
    assert {len(stores.asked) for *_, stores in RUNS} >= {1, 2, 3}
    assert {answer.cell for _, _, answer, _ in RUNS} >= {"C00", "C01", "C06", "C17", "C28"}


def test_nobody_passes_who_would_not_pass_without_the_outage__F39() -> None:
    for name, well, answer, _ in RUNS:
        if answer.status is None and answer.decision.principal is not None:
            if name.startswith("roles-cookie_of_bob-") and well.cell == "C13":
                # Two of the same standing proved two subjects, and the first was Bob. The other is proof enough alone.
                assert answer.decision.by is not None
                assert answer.decision.by.mechanism.ambient is Ambient.ALWAYS, name
                continue
            assert well.status is None, name
            assert well.decision.principal is not None, name


def test_nobody_passes_unproven__F39() -> None:
    for name, _, answer, _ in RUNS:
        if answer.status is None and answer.decision.principal is None:
            assert name.split("-")[0] in ("public", "cross_site_post_to_public"), name
            assert answer.cell == "C01", name


def test_who_passes_has_proven_it_with_an_answer_that_was_had__F39() -> None:
    for name, _, answer, stores in RUNS:
        if answer.status is None and answer.decision.principal is not None:
            by = answer.decision.by
            assert by is not None, name
            assert by.outcome == Accepted(answer.decision.principal), name
            assert len(stores.asked) > len([q for q in stores.failed if not isinstance(q, TOUCHES)]), name


def test_an_outage_is_never_401__C17__F39() -> None:
    for name, well, answer, stores in RUNS:
        if answer.status == 401:
            # What failed was not asked on behalf of who was refused: the answer is the one that it always was.
            assert (answer.cell, answer.code, answer.schemes) == (well.cell, well.code, well.schemes), name
            assert any(isinstance(question, TOUCHES) for question in stores.asked), name


def test_an_outage_clears_no_cookie__F39() -> None:
    cleared = 0
    for name, _, answer, stores in RUNS:
        if answer.clears_cookie:
            cleared += 1
            of_couchdb = "expired_couchdb_cookie" in name or "couchdb_cookie_of_dora" in name
            assert of_couchdb or "expired_cookie" in name or "unknown_cookie" in name, name
            # Our own cookie comes first, so that the first answer is the one about its session; of CouchDB's, which
            # nothing but the account has to do with, it is the one about that. Whichever it was, it was had.
            kinds = (FindSession, FindSessionKeys, *((FindAccount,) if of_couchdb else ()))
            first = [question for question in stores.asked if isinstance(question, kinds)]
            assert any(all(question is not failed for failed in stores.failed) for question in first), name
    assert cleared


def test_an_outage_that_decides_is_told_as_such__C17__F39() -> None:
    told_so = 0
    for name, well, answer, _ in RUNS:
        if answer.status not in (None, 404) and (answer.status, answer.code) != (well.status, well.code):
            # What cannot be judged is not accepted: so on a strict target it does not prove the same principal (C28),
            # and where the Origin veto holds, the ambient credential beside it is left alone (C14). Whoever a
            # second credential proves is proven all the same, and may be a stranger or Bob (C12, C13).
            assert answer.cell == "C17" or (answer.cell, name.split("-")[0]) in (
                ("C28", "strict"),
                ("C14", "cross_site_post"),
                *([("C12", name.split("-")[0]), ("C13", "roles")] if "stranger" in name or "of_bob" in name else ()),
            ), (name, answer.cell)
            told_so += answer.cell == "C17"
        if answer.cell == "C17":
            assert (answer.status, answer.schemes) == (503, []), name
            assert int(answer.lines("Retry-After")[0]) > 0, name
    assert told_so


def test_a_use_that_could_not_be_noted_refuses_nobody__F39() -> None:
    stores = Stores(down=frozenset((TouchSession,)))
    assert answered(received("GET /records/1", cookie(LIVE)), stores).cell == "C00"
    assert TouchSession in {type(question) for question in stores.asked}
    stores = Stores(down=frozenset((TouchKey,)))
    assert answered(received("GET /records/1", api_key("good")), stores).cell == "C00"
    assert TouchKey in {type(question) for question in stores.asked}


# --- the same where answers come from threads, late or never ----------------------------------------------------------


def _under_asyncio(request: Request, stores: Stores) -> Answered:
    async def drive() -> Answered:
        with ThreadPoolExecutor(1) as pool:
            space, decision = await arun(steps(request, PROTECTED), stores.answers(), pool, patience=60)
        return told(decision, request, space)

    return asyncio.run(drive())


@pytest.mark.parametrize("name", [name for name in REQUESTS if name.startswith(("protected-", "strict-live_cookie"))])
def test_every_answer_fails_alike_under_asyncio__F39(name: str) -> None:
    parts = REQUESTS[name]
    _, well = _asked(parts, lambda number: False)
    for fails in _faults(len(well.asked)):
        blocking, _ = _asked(parts, fails)
        waiting = _under_asyncio(received(*parts), Stores(fails=fails))
        assert (waiting.status, waiting.fields, waiting.body) == (blocking.status, blocking.fields, blocking.body)
