"""The demo's REST API, plain ASGI: what an application looks like that leaves authentication to Watchword.

It never sees a request that was refused, and reads from the scope who the others come from.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import TypeAlias, cast

from watchword.core.records import Json
from watchword.demo.patients import Note, Patient, Records, sample_records
from watchword.edge.asgi import Application, Receive, Scope, Send, principal_of, request_of, send_response
from watchword.http.caching import NO_STORE
from watchword.http.message import Fields, Request, Response
from watchword.http.problem import CONTENT_TYPE, Problem
from watchword.http.security_fields import SECURITY_FIELDS
from watchword.http.timestamps import milliseconds

LONGEST_CONTENT = 16_384
"""In bytes."""
LONGEST_NAME = 200
LONGEST_NOTE = 2000
"""In characters."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let through: who it comes from, and its content."""

    request: Request
    by: str
    content: bytes


@dataclass(frozen=True, slots=True)
class NotServed(Exception):
    """Why the API does not do what was asked."""

    status: int
    detail: str
    fields: Fields = ()


Operation: TypeAlias = Callable[[Asked], Response]


class PatientsApi:
    """`/patients`, `/patients/{id}` and `/patients/{id}/notes`. `clock` gives seconds since 1970."""

    def __init__(self, records: Records, clock: Callable[[], float] = time.time) -> None:
        self._records = records
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = request_of(scope)
        principal = principal_of(scope)
        try:
            content = await _content(receive)
            # From here on nothing waits, so no other request comes in between.
            operation = _operation(request, self._operations(scope["path"]))
            response = operation(Asked(request, "nobody" if principal is None else principal.subject, content))
        except NotServed as reason:
            response = _problem(reason)
        await send_response(response, send, method=request.method)

    def _operations(self, path: str) -> Mapping[str, Operation]:
        match path.split("/")[1:]:
            case ["patients"]:
                return {"GET": self._list, "POST": self._add}
            case ["patients", patient_id]:
                patient = self._patient(patient_id)
                return {
                    "GET": lambda asked: _answer(200, _patient_shown(patient)),
                    "PUT": lambda asked: self._change(patient, asked),
                    "DELETE": lambda asked: self._remove(patient),
                }
            case ["patients", patient_id, "notes"]:
                patient = self._patient(patient_id)
                return {
                    "GET": lambda asked: _answer(200, {"notes": [_note_shown(note) for note in patient.notes]}),
                    "POST": lambda asked: self._add_note(patient, asked),
                }
            case _:
                raise NotServed(404, "There is nothing here.")

    def _patient(self, patient_id: str) -> Patient:
        patient = self._records.find(patient_id)
        if patient is None:
            raise NotServed(404, "There is no such patient.")
        return patient

    def _list(self, asked: Asked) -> Response:
        return _answer(200, {"patients": [_patient_shown(patient) for patient in self._records.all()]})

    def _add(self, asked: Asked) -> Response:
        patient = self._records.add(**_particulars(asked))
        return _answer(201, _patient_shown(patient), location=f"/patients/{patient.id}")

    def _change(self, patient: Patient, asked: Asked) -> Response:
        return _answer(200, _patient_shown(self._records.change(patient, **_particulars(asked))))

    def _remove(self, patient: Patient) -> Response:
        self._records.remove(patient)
        return Response(204, (NO_STORE, *SECURITY_FIELDS))

    def _add_note(self, patient: Patient, asked: Asked) -> Response:
        text = _text(_members(asked, "text"), "text", LONGEST_NOTE)
        note = self._records.add_note(patient.id, text=text, by=asked.by, at=self._clock())
        return _answer(201, _note_shown(note))


def patients_api(clock: Callable[[], float] = time.time) -> Application:
    """The API over sample records."""
    return PatientsApi(sample_records(clock()), clock)


# --- what is asked for -----------------------------------------------------------------------------------------------


def _operation(request: Request, operations: Mapping[str, Operation]) -> Operation:
    operation = operations.get("GET" if request.method == "HEAD" else request.method)
    if operation is None:
        allowed = ", ".join(sorted({*operations, "HEAD"}))
        raise NotServed(405, f"Use {allowed}.", ((b"allow", allowed.encode()),))
    return operation


async def _content(receive: Receive) -> bytes:
    content = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise NotServed(400, "The content ended early.")
        content += cast(bytes, message.get("body", b""))
        if len(content) > LONGEST_CONTENT:
            raise NotServed(413, f"The content is longer than {LONGEST_CONTENT} bytes.")
        if not message.get("more_body", False):
            return content


def _members(asked: Asked, *names: str) -> dict[str, object]:
    """The content as an object that has these members and no others."""
    media_type = (asked.request.field(b"content-type") or b"").partition(b";")[0].strip(b" \t").lower()
    if media_type != b"application/json":
        # Any page can have a browser send text/plain unasked: JSON by another name is not taken (F27).
        raise NotServed(415, "Send application/json.", ((b"accept", b"application/json"),))
    try:
        value = json.loads(asked.content)
    except (ValueError, RecursionError):
        raise NotServed(400, "The content is not JSON.") from None
    if not isinstance(value, dict):
        raise NotServed(422, "Send a JSON object.")
    members = cast("dict[str, object]", value)
    if unknown := members.keys() - set(names):
        raise NotServed(422, f"Send {', '.join(names)} and nothing else: {len(unknown)} unknown.")
    return members


def _particulars(asked: Asked) -> dict[str, str]:
    members = _members(asked, "name", "born", "ward")
    return {
        "name": _text(members, "name", LONGEST_NAME),
        "born": _date(members, "born"),
        "ward": _text(members, "ward", LONGEST_NAME),
    }


def _text(members: Mapping[str, object], name: str, longest: int) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > longest:
        raise NotServed(422, f"{name} must be a text of 1 to {longest} characters.")
    return value.strip()


def _date(members: Mapping[str, object], name: str) -> str:
    try:
        return date.fromisoformat(_text(members, name, 10)).isoformat()
    except ValueError:
        raise NotServed(422, f"{name} must be a date such as 1987-04-19.") from None


# --- what is answered ------------------------------------------------------------------------------------------------


def _patient_shown(patient: Patient) -> dict[str, Json]:
    return {"id": patient.id, "name": patient.name, "born": patient.born, "ward": patient.ward}


def _note_shown(note: Note) -> dict[str, Json]:
    return {"id": note.id, "text": note.text, "by": note.by, "at": milliseconds(note.at)}


def _answer(status: int, value: Json, *, location: str | None = None) -> Response:
    where = () if location is None else ((b"location", location.encode()),)
    fields = ((b"content-type", b"application/json"), *where, NO_STORE, *SECURITY_FIELDS)
    return Response(status, fields, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def _problem(reason: NotServed) -> Response:
    problem = Problem("about:blank", HTTPStatus(reason.status).phrase, status=reason.status, detail=reason.detail)
    fields = ((b"content-type", CONTENT_TYPE), *reason.fields, NO_STORE, *SECURITY_FIELDS)
    return Response(reason.status, fields, problem.body())
