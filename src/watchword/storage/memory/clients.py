"""OAuth clients."""

from __future__ import annotations

from dataclasses import replace

from watchword.core.grants import FIRST_PARTY, Client
from watchword.core.questions import AddClient, ChangeClient, DeleteClient, ListClients
from watchword.storage.grant_rules import changed_client, dying_with
from watchword.storage.memory.changes import note, note_if_known
from watchword.storage.memory.families import end_grants_of_client
from watchword.storage.memory.state import State, refuse_unstorable
from watchword.storage.noted import Kind


def list_clients(state: State, question: ListClients) -> tuple[Client, ...]:
    return tuple(state.clients[id] for id in sorted(state.clients)[: question.limit])


def add_client(state: State, question: AddClient) -> bool:
    client = question.client
    if client.id == FIRST_PARTY or client.id in state.clients:
        return False
    refuse_unstorable(client)
    state.clients[client.id] = client
    note_if_known(state, Kind.CLIENT, client.id)
    return True


def change_client(state: State, question: ChangeClient) -> Client | None:
    before = state.clients.get(question.id)
    if before is None:
        return None
    after = changed_client(before, question)
    _replace(state, before, after)
    return after


def delete_client(state: State, question: DeleteClient) -> bool:
    client = state.clients.get(question.id)
    if client is None:
        return False
    _replace(state, client, None)
    return True


def put_client(state: State, given: Client) -> str:
    """Import one. It keeps its age."""
    before = state.clients.get(given.id)
    if before is None:
        return "created" if add_client(state, AddClient(given)) else "refused"
    after = replace(given, created_at=before.created_at)
    if after == before:
        return "unchanged"
    refuse_unstorable(after)
    _replace(state, before, after)
    return "changed"


def _replace(state: State, before: Client, after: Client | None) -> None:
    """Put `after` in the place of `before`, and end what dies with it."""
    dies = dying_with(before, after)
    if dies is not None:
        end_grants_of_client(state, before, dies)
    if after is None:
        del state.clients[before.id]
    else:
        state.clients[before.id] = after
    note(state, Kind.CLIENT, before.id)
