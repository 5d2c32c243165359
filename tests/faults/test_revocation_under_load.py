"""How late is too late: from a revocation to the last acceptance of its token, at any of several verifiers."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from tests.faults.revocation_load import revoke_under_load
from tests.live import live_server

ISSUER = "https://auth.example.com"
STALENESS = 2.0


@pytest.mark.parametrize("number", [500, pytest.param(10_000, marks=pytest.mark.long)], ids=["500", "10000"])
def test_revocations_under_load_are_effective_within_the_bound__S2_20__S2_24__F36(tmp_path: Path, number: int) -> None:
    with live_server(f'[tokens]\nissuer = "{ISSUER}"\n', workers=2) as live:
        outcome = revoke_under_load(live, ISSUER, tmp_path, number=number)
    print(f"{number} revocations, {outcome.checks} checks: accepted {max(outcome.late):.3f} s later at most")
    assert outcome.missed == 0
    # More than half come in time also on a machine that is busy now and then; all of them where it is not.
    assert median(outcome.late) <= STALENESS
    if number > 1000:
        assert max(outcome.late) <= STALENESS
    assert outcome.revived == 0
    assert outcome.checks >= 3 * number
