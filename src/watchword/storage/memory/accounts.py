"""Accounts and their auth tokens."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.grants import state_of
from watchword.core.questions import (
    AddAccount,
    ChangeAccount,
    DeleteAccount,
    FindAccountsBy,
    IssueAuthToken,
    ListAccounts,
    Page,
    RevokeAuthToken,
)
from watchword.core.records import Account, AuthTokenInputs
from watchword.storage.memory.changes import note, note_if_known
from watchword.storage.memory.families import end_families_of_account
from watchword.storage.memory.keys import end_keys_of_account
from watchword.storage.memory.linked import link, unlink_account
from watchword.storage.memory.sessions import end_sessions_of_account
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind
from watchword.storage.outside import owned
from watchword.storage.rules import changed_account, credentials_die, imported_account, issued_token


def find_accounts_by(state: State, question: FindAccountsBy) -> tuple[Account, ...]:
    found = [a for a in state.accounts.values() if a.attributes.get(question.attribute) == question.value]
    return tuple(sorted(found, key=lambda account: account.name)[: question.most])


def list_accounts(state: State, question: ListAccounts) -> Page:
    names = sorted(
        name
        for name, account in state.accounts.items()
        if name > question.cursor and question.search in name
        if question.store is None or (account.store and account.store == question.store)
    )
    accounts = tuple(state.accounts[name] for name in names[: question.limit])
    return Page(accounts, accounts[-1].name if len(names) > len(accounts) > 0 else None)


def add_account(state: State, question: AddAccount) -> bool:
    account = question.account
    if account.name in state.accounts:
        return False
    refuse_unstorable(account)
    if question.identity is not None and not link(state, owned(question.identity, account.name)):
        return False
    token = None if account.disabled else account.auth_token
    state.accounts[account.name] = replace(account, auth_token=token, attributes=dict(account.attributes))
    if token is not None:
        state.generations[account.name] = token.generation
    note_if_known(state, Kind.ACCOUNT, account.name)
    return True


def change_account(state: State, question: ChangeAccount) -> Account | None:
    before = state.accounts.get(question.name)
    after = None if before is None else changed_account(before, question)
    if before is None or after is None:
        return None
    replace_account(state, before, after, keep=question.keep)
    return after


def delete_account(state: State, question: DeleteAccount) -> bool:
    account = state.accounts.pop(question.name, None)
    if account is None:
        return False
    end_sessions_of_account(state, account.name)
    end_families_of_account(state, account, None)
    end_keys_of_account(state, account.name)
    for credential in state.credentials.pop(account.name, ()):
        del state.credential_subjects[credential.id]
    state.generations.pop(account.name, None)
    state.places.pop(account.name, None)
    unlink_account(state, account.name)
    for place in [place for place in state.third_party if place[0] == account.name]:
        del state.third_party[place]
    note(state, Kind.ACCOUNT, account.name)
    return True


def issue_auth_token(state: State, question: IssueAuthToken) -> AuthTokenInputs | None:
    account = state.accounts.get(question.name)
    if account is None or account.disabled:
        return None
    token = issued_token(state.generations.get(question.name, 0), account.auth_token, question)
    if token != account.auth_token:
        state.accounts[question.name] = replace(account, auth_token=token)
        state.generations[question.name] = token.generation
        note(state, Kind.OF_ACCOUNT, question.name)
    return token


def revoke_auth_token(state: State, question: RevokeAuthToken) -> bool:
    account = state.accounts.get(question.name)
    if account is None or account.auth_token is None:
        return False
    state.accounts[question.name] = replace(account, auth_token=None)
    state.generations[question.name] += 1
    note(state, Kind.OF_ACCOUNT, question.name)
    return True


def put_account(state: State, given: Account) -> str:
    """Import one."""
    before = state.accounts.get(given.name)
    if before is None:
        add_account(state, AddAccount(given))
        return "created"
    after = imported_account(before, state.generations.get(given.name, 0), given)
    if after == before:
        return "unchanged"
    refuse_unstorable(after)
    replace_account(state, before, after)
    return "changed"


def replace_account(state: State, before: Account, after: Account, keep: bytes | None = None) -> None:
    """Put `after` in the place of `before`, and end what dies with it."""
    if credentials_die(before, after):
        end_sessions_of_account(state, before.name, keep=None if after.disabled else keep, stamp=after.stamp)
        end_families_of_account(state, before, after)
    if after.auth_token is None and before.auth_token is not None:
        state.generations[before.name] += 1
    elif after.auth_token is not None:
        state.generations[before.name] = after.auth_token.generation
    state.accounts[before.name] = after
    same = state_of(before) == state_of(after)
    note(state, Kind.OF_ACCOUNT if same else Kind.ACCOUNT, before.name)
