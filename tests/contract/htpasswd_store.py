"""A password file that Apache's own `htpasswd` writes, with its group file."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import required_program
from tests.contract.people import ANN, BOB, PATIENCE, PEOPLE, Kept, Person
from watchword.stores.asking.slots import Slots
from watchword.stores.htpasswd import HtpasswdStore


def htpasswd(file: Path, name: str, password: str, *options: str) -> None:
    """Set a password, as an operator does: bcrypt of the least cost, unless `options` say otherwise."""
    create = () if file.exists() else ("-c",)
    command = [required_program("htpasswd"), "-i", *create, *(options or ("-B", "-C", "4")), str(file), name]
    subprocess.run(command, input=password.encode(), check=True, capture_output=True)


@contextmanager
def opened() -> Iterator[Kept]:
    """The store, on a file with everybody but who is disabled: such a file cannot say that."""
    with tempfile.TemporaryDirectory(prefix="watchword-htpasswd-") as folder:
        file, groups = Path(folder) / "users", Path(folder) / "groups"
        for person in PEOPLE:
            if person != BOB:
                htpasswd(file, person.name, person.password)
        groups.write_text("".join(f"{role}: {ANN.name}\n" for role in sorted(ANN.roles)), "utf-8")

        def set_password(person: Person, password: str) -> None:
            htpasswd(file, person.name, password)

        yield Kept(
            store=HtpasswdStore(file, slots=Slots(2, patience=60), groups=groups, patience=PATIENCE),
            set_password=set_password,
        )
