"""Verifier processes that check tokens all the time while those are revoked, and what the latest acceptance was."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.edge.verifier.calls import by_wsgi, known_at, until_known, verifier
from tests.live import Live
from watchword.config.keys.file import read_keys
from watchword.core.questions import RevokeToken
from watchword.edge.verifier.knowledge import ticks
from watchword.storage import open_storage
from watchword.tokens.access_token import AccessClaims, encode
from watchword.tokens.signing_keys import signing_keys

_WINDOW = 400
"""How many of the tokens that are next to be revoked are looked at in each round."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`late` are the times, in seconds, from each revocation to the last acceptance of its token at each verifier;
    `missed` how many were accepted by one that knew of everything that had been revoked by then; `revived` how many
    were accepted after they had been refused; `checks` how many checks there were."""

    late: list[float]
    missed: int
    revived: int
    checks: int


def made_tokens(live: Live, issuer: str, number: int) -> list[str]:
    """Access tokens as the server makes them, with its own key."""
    now = time.time()
    key = signing_keys(read_keys(live.data), lifetime=900.0).signing(now)
    assert key is not None
    return [
        encode(
            AccessClaims(
                issuer=issuer,
                subject=f"user{index % 100}",
                audience=(issuer,),
                client="watchword",
                jti=f"t{index}",
                issued_at=now,
                expires_at=now + 900,
            ),
            key,
        )
        for index in range(number)
    ]


def revoke_under_load(live: Live, issuer: str, folder: Path, *, number: int, verifiers: int = 3) -> Outcome:
    """Revoke so many tokens, one after the other, while as many verifiers check them."""
    file, go = folder / "tokens.json", folder / "go"
    file.write_text(json.dumps(made_tokens(live, issuer, number)))
    command = [sys.executable, "-m", "tests.faults.revocation_load", live.url, issuer, str(file), str(go)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(verifiers)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        revoked: list[float] = []
        with closing(open_storage("sqlite:///watchword.db", live.data)) as storage:
            for index in range(number):
                storage.revoke_token(RevokeToken(f"t{index}", time.time() + 900))
                revoked.append(ticks())
        go.touch()
        results = [json.loads(process.communicate(timeout=300)[0]) for process in processes]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
    late = [accepted - revoked[index] for result in results for index, accepted in enumerate(result["accepted"])]
    knew = [known - revoked[index] for result in results for index, known in enumerate(result["known"])]
    return Outcome(
        late=late,
        missed=sum(by > 0 for by in knew),
        revived=sum(result["revived"] for result in results),
        checks=sum(result["checks"] for result in results),
    )


def _check(url: str, issuer: str, file: Path, go: Path) -> None:
    """Check until told to stop, and until everything is refused; then say when each token was accepted last, and as of
    when the revocations were known then.

    The clock is the machine's: all processes have the same.
    """
    tokens: list[str] = json.loads(file.read_text())
    accepted, known = [0.0] * len(tokens), [0.0] * len(tokens)
    refused = [False] * len(tokens)
    revived = checks = first = 0
    logging.getLogger("watchword").disabled = True  # a line for each refusal would be the load
    with verifier(url, issuer=issuer) as auth:
        call = by_wsgi(auth)
        assert call(tokens[0]).status == 200
        print("ready", flush=True)
        turn = 0
        while not go.exists():
            # Those that are just being revoked, and some of those that were.
            while first < len(tokens) and refused[first]:
                first += 1
            turn += 1
            earlier = range(turn % 50, first, 50)
            for index in (*range(first, min(first + _WINDOW, len(tokens))), *earlier):
                knew = known_at(auth)
                status = call(tokens[index]).status
                checks += 1
                if status == 200:
                    accepted[index], known[index] = ticks(), knew
                    revived += refused[index]
                else:
                    assert status == 401, status
                    refused[index] = True
            if first == len(tokens):
                time.sleep(0.01)
        until_known(auth)
        for index, token in enumerate(tokens):
            checks += 1
            knew = known_at(auth)
            if call(token).status == 200:
                accepted[index], known[index] = ticks(), knew
    print(json.dumps({"accepted": accepted, "known": known, "revived": revived, "checks": checks}))


if __name__ == "__main__":
    _check(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
