"""What the demo's API is about: invented patients and the notes about them, kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What somebody wrote about a patient. `at` is in seconds since 1970."""

    id: str
    text: str
    by: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One patient. `born` is a date (ISO 8601); notes are oldest first."""

    id: str
    name: str
    born: str
    ward: str
    notes: tuple[Note, ...] = field(default=(), repr=False)


class Records:
    """All patients, by id. Ids are given once and never again."""

    def __init__(self) -> None:
        self._patients: dict[str, Patient] = {}
        self._last_id = 1000

    def all(self) -> list[Patient]:
        """Every patient, in the order of their names."""
        return sorted(self._patients.values(), key=lambda patient: patient.name)

    def find(self, patient_id: str) -> Patient | None:
        """The patient of this id."""
        return self._patients.get(patient_id)

    def add(self, *, name: str, born: str, ward: str) -> Patient:
        """A new patient, under a new id."""
        patient = Patient(id=self._new_id(), name=name, born=born, ward=ward)
        self._patients[patient.id] = patient
        return patient

    def change(self, patient: Patient, *, name: str, born: str, ward: str) -> Patient:
        """The same patient with other particulars; the notes stay."""
        changed = replace(patient, name=name, born=born, ward=ward)
        self._patients[patient.id] = changed
        return changed

    def remove(self, patient: Patient) -> None:
        """The patient goes, and the notes with them."""
        del self._patients[patient.id]

    def add_note(self, patient_id: str, *, text: str, by: str, at: float) -> Note:
        """One more note about a patient that is here."""
        patient = self._patients[patient_id]
        note = Note(id=self._new_id(), text=text, by=by, at=at)
        self._patients[patient_id] = replace(patient, notes=(*patient.notes, note))
        return note

    def _new_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)


def sample_records(now: float) -> Records:
    """Records to look at, whose newest note is an hour old."""
    records = Records()
    for name, born, ward, notes in _SAMPLES:
        patient = records.add(name=name, born=born, ward=ward)
        for hours, by, text in notes:
            records.add_note(patient.id, text=text, by=by, at=now - hours * HOUR)
    return records


_SAMPLES: tuple[tuple[str, str, str, tuple[tuple[float, str, str], ...]], ...] = (
    (
        "Amara Okafor",
        "1987-04-19",
        "Cardiology",
        (
            (50, "bob", "Palpitations since Tuesday, mostly in the evening. ECG without findings."),
            (3, "bob", "24-hour ECG fitted. Back tomorrow at nine to read it out."),
        ),
    ),
    (
        "Ingrid Sørensen",
        "1943-09-30",
        "Orthopaedics",
        (
            (74, "bob", "Second day after the hip replacement: walks to the door and back with a frame."),
            (26, "bob", "Wound dry. Prefers tea to the sleeping tablet, and sleeps."),
        ),
    ),
    (
        "Kwame Mensah",
        "2017-02-22",
        "Paediatrics",
        ((1, "bob", "Forearm fracture, set and in plaster. Wants the green one next time."),),
    ),
    (
        "Mei-Ling Zhao",
        "1996-07-28",
        "Maternity",
        ((8, "bob", "Week 34, everything as it should be. Iron a little low: tablets, control in two weeks."),),
    ),
    (
        "Tomás Herrera",
        "1978-01-15",
        "Surgery",
        ((30, "bob", "Appendix out, no complications. Light food from tonight, home on Friday."),),
    ),
)
