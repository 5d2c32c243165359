"""The JavaScript client's table is core/advice.py's, answer by answer, and row by row."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from watchword.core.advice import BY_CELL, BY_CODE
from watchword.core.cells import CELLS, DETAILS

ADVISED = """
import { readFileSync } from "node:fs";
const { advice } = await import(process.argv[1]);
const told = JSON.parse(readFileSync(0, "utf-8")).map(({ status, fields, problem }) => {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return advice({ status, headers }, problem);
});
console.log(JSON.stringify(told));
"""
OURS = "urn:watchword:problem:"


def advised(node: str, client: Path, answers: list[dict[str, object]]) -> list[str]:
    command = [node, "--input-type=module", "-e", ADVISED, (client / "watchword.js").as_uri()]
    ran = subprocess.run(command, input=json.dumps(answers), capture_output=True, encoding="utf-8", timeout=60)
    assert ran.returncode == 0, ran.stderr
    told: list[str] = json.loads(ran.stdout)
    return told


def test_each_answer_is_judged_as_the_python_clients_judge_it__C15__C21(node: str, client: Path) -> None:
    listed = json.loads((client / "test" / "advice.json").read_text("utf-8"))["answers"]
    assert len(listed) > 100
    answers: list[dict[str, object]] = [
        {
            "status": each["status"],
            "fields": [["www-authenticate", challenge] for challenge in each["challenges"]],
            "problem": {"type": f"{OURS}x", "code": each["code"], "cell": each["cell"]},
        }
        for each in listed
    ]
    told = advised(node, client, answers)
    assert [each for each, said in zip(listed, told, strict=True) if each["advice"] != said] == []


def test_each_row_of_the_table_is_there__C15__C21(node: str, client: Path) -> None:
    assert BY_CELL.keys() == CELLS.keys()
    assert BY_CODE.keys() == DETAILS.keys()
    codes: list[dict[str, object]] = [
        {"status": 400, "fields": [], "problem": {"type": OURS + code, "code": code, "cell": "C99"}} for code in BY_CODE
    ]
    cells: list[dict[str, object]] = [
        {"status": 400, "fields": [["auth-decision", f"{cell};id=1"]], "problem": None} for cell in BY_CELL
    ]
    told = advised(node, client, codes + cells)
    assert told == [each.value for each in (*BY_CODE.values(), *BY_CELL.values())]


def test_what_a_third_party_says_is_never_a_reason_to_log_in__C19__C20__C21__S1_3(node: str, client: Path) -> None:
    relayed = ["integration-provider", "weather"]
    spoofed = {"type": f"{OURS}session-expired", "code": "session-expired", "cell": "C05"}
    theirs: list[dict[str, object]] = [
        {"status": status, "fields": [relayed, ["www-authenticate", "Bearer error=invalid_token"]], "problem": problem}
        for status in (200, 401, 403, 404, 407, 429, 503)
        for problem in (spoofed, None)
    ]
    foreign: list[dict[str, object]] = [
        {"status": 404, "fields": [], "problem": {"type": "about:blank", "code": "session-expired"}}
    ]
    ours: list[dict[str, object]] = [
        {"status": status, "fields": [], "problem": {"type": OURS + code, "code": code, "cell": cell}}
        for cell, code, status in (
            ("C19", "third-party-credential-rejected", 403),
            ("C20", "third-party-credential", 403),
            ("C21", "third-party-slow", 504),
        )
    ]
    told = advised(node, client, [*theirs, *foreign, *ours])
    assert told == ["proceed"] * (len(theirs) + 1) + ["stop", "stop", "wait"]
