"""The JavaScript client reads challenges as http/authentication.py does: the same vectors, and many accidents."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from tests.http import test_authentication as the_parsers
from watchword.http.authentication import parse_challenges

READ = """
import { readFileSync } from "node:fs";
const { parseChallenges } = await import(process.argv[1]);
const read = JSON.parse(readFileSync(0, "utf-8")).map((line) => parseChallenges(line));
console.log(JSON.stringify(read));
"""
PIECES = (
    *(
        "Basic",
        "Bearer",
        "Negotiate",
        "x",
        "realm",
        "=",
        " = ",
        ",",
        ", ",
        ",,",
        " ",
        "  ",
        "\t",
        '"',
        '"',
        "\\",
        '\\"',
    ),
    *(
        'realm="a, b"',
        'realm="\\"q\\""',
        "error=invalid_token",
        "b2k=",
        "a/b+c==",
        "@",
        "(",
        ";",
        "ö",
        "Ã¶",
        "é",
        "\x7f",
    ),
    *("\x00", "charset=UTF-8", "REALM=x", "__proto__=1", "constructor=2", 'scope="r w"', "max_age=5", "ð\x9f\x98\x80"),
)


def lines() -> list[str]:
    """As a browser gives them to scripts: all lines as one list, and a character for each byte."""
    (mark,) = vars(the_parsers.test_clients_read_what_servers_send__S4_9)["pytestmark"]
    known = [case.values[0] for case in mark.args[1]]
    joined = [b", ".join(_bytes(line) for line in case).decode("latin-1") for case in known]
    printed = [vector["line"] for vector in the_parsers.VECTORS["challenges"]]
    chance = random.Random(9110)
    begun = ("", "Basic ", "x ", "Bearer realm=y, ")
    accidents = [chance.choice(begun) + "".join(chance.choices(PIECES, k=chance.randint(1, 14))) for _ in range(4000)]
    mangled = [_mangled(chance.choice(printed), chance) for _ in range(1000)]
    return [*printed, *joined, *accidents, *mangled]


def _bytes(line: str | bytes) -> bytes:
    return line if isinstance(line, bytes) else line.encode("latin-1")


def _mangled(line: str, chance: random.Random) -> str:
    at = chance.randrange(len(line))
    return line[:at] + chance.choice(PIECES) + line[at + chance.randint(0, 3) :]


def oracle(line: str) -> list[dict[str, Any]]:
    read = parse_challenges([line.encode("latin-1")])
    return [
        {"scheme": it.scheme, "params": {name.lower(): value for name, value in it.params}, "token68": it.token68}
        for it in read
    ]


def test_challenges_are_read_as_the_server_writes_them__S4_9(node: str, client: Path) -> None:
    asked = lines()
    assert len(asked) > 5000
    module = (client / "watchword.js").as_uri()
    command = [node, "--input-type=module", "-e", READ, module]
    ran = subprocess.run(command, input=json.dumps(asked), capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 0, ran.stderr
    expected = [oracle(line) for line in asked]
    assert sum(1 for challenges in expected if challenges) > 1000
    read = json.loads(ran.stdout)
    assert [it for it in zip(asked, read, expected, strict=True) if it[1] != it[2]] == []


def test_hostile_challenges_take_linear_time(node: str, client: Path) -> None:
    count = 60_000
    shapes = [
        '"' * count,
        "a=" * count,
        "a " * count,
        "\\" * count,
        '"\\' * count,
        "Basic " + " " * count,
        "a,\t" * count,
    ]
    shapes += [
        'Basic realm="' + "x" * count,
        'Basic realm="' + "\\x" * count,
        "x" + "\t" * count + "x",
        "x" * count + "\x00",
    ]
    command = [node, "--input-type=module", "-e", READ, (client / "watchword.js").as_uri()]
    ran = subprocess.run(command, input=json.dumps(shapes), capture_output=True, encoding="utf-8", timeout=20)
    assert ran.returncode == 0, ran.stderr
