"""Credentials beside the password."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from watchword.core.credentials import Credential
from watchword.core.questions import (
    AddCredentials,
    ConfirmSecondFactor,
    EndCredentials,
    SpendCredential,
)
from watchword.storage.credential_rules import (
    confirmed_account,
    ending,
    imported_credential,
    is_second_factor,
    may_add,
    oldest_first,
    subject_of,
)
from watchword.storage.memory.accounts import replace_account
from watchword.storage.memory.changes import note
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind


def find_credentials(state: State, subject: str) -> tuple[Credential, ...]:
    return state.credentials.get(subject, ())


def add_credentials(state: State, question: AddCredentials) -> bool:
    subject, added = subject_of(question), question.credentials
    for credential in added:
        refuse_unstorable(credential)
    kept = find_credentials(state, subject)
    ids = {credential.id for credential in added}
    if len(ids) < len(added) or not ids.isdisjoint(state.credential_subjects):
        return False
    if not may_add(question, state.accounts.get(subject), kept):
        return False
    if question.replacing:
        kinds = {credential.kind for credential in added}
        kept = tuple(credential for credential in kept if credential.kind not in kinds)
    _keep(state, subject, (*kept, *added))
    note(state, Kind.OF_ACCOUNT, subject)
    return True


def confirm_second_factor(state: State, question: ConfirmSecondFactor) -> bool:
    before, kept = state.accounts.get(question.subject), find_credentials(state, question.subject)
    after = confirmed_account(question, before, kept)
    if before is None or after is None:
        return False
    confirmed = (replace(each, confirmed=each.confirmed or each.id == question.id) for each in kept)
    _keep(state, question.subject, confirmed)
    replace_account(state, before, after, keep=question.keep)
    session = None if question.keep is None else state.sessions.get(question.keep)
    if session is not None and session.subject == question.subject:
        state.sessions[session.fingerprint] = replace(session, amr=question.amr, acr=question.acr)
    return True


def end_credentials(state: State, question: EndCredentials) -> int:
    account, kept = state.accounts.get(question.subject), find_credentials(state, question.subject)
    if account is None:
        return 0
    end = ending(question, kept)
    over = end.meant + end.with_them
    _keep(state, question.subject, (each for each in kept if each not in over))
    needs_none = end.needs_none and account.second_factor
    if needs_none:
        state.accounts[question.subject] = replace(account, second_factor=False)
    if over or needs_none:
        note(state, Kind.OF_ACCOUNT, question.subject)
    return len(end.meant)


def spend_credential(state: State, question: SpendCredential) -> bool:
    kept = find_credentials(state, question.subject)
    for credential in kept:
        if (credential.kind, credential.secret) == (question.kind, question.secret):
            _keep(state, question.subject, (each for each in kept if each is not credential))
            note(state, Kind.OF_ACCOUNT, question.subject)
            return True
    return False


def put_credential(state: State, given: Credential) -> str:
    """Import one."""
    account = state.accounts.get(given.subject)
    if account is None or state.credential_subjects.get(given.id, given.subject) != given.subject:
        return "refused"
    kept = find_credentials(state, given.subject)
    before = next((each for each in kept if each.id == given.id), None)
    after = given if before is None else imported_credential(before, given)
    if after == before:
        return "unchanged"
    refuse_unstorable(after)
    _keep(state, given.subject, (after, *(each for each in kept if each is not before)))
    if is_second_factor(after):
        state.accounts[given.subject] = replace(account, second_factor=True)
    note(state, Kind.OF_ACCOUNT, given.subject)
    return "created" if before is None else "changed"


def _keep(state: State, subject: str, credentials: Iterable[Credential]) -> None:
    """These instead of those that there were."""
    for gone in state.credentials.pop(subject, ()):
        del state.credential_subjects[gone.id]
    them = oldest_first(credentials)
    if them:
        state.credentials[subject] = them
        state.credential_subjects.update((credential.id, subject) for credential in them)
