"""The demo as users start it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.calling import running


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_it_serves_people_an_api_and_a_page_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    folder, err = tmp_path / "temporary", tmp_path / "err"
    folder.mkdir()
    # What is meant for a real server is left alone.
    about = {"WATCHWORD_SERVER__HOST": "no host", "WATCHWORD_DATA": str(tmp_path / "data"), "TMPDIR": str(folder)}
    with running("demo", "--port=0", err=err, **about) as (url, process):
        banner = err.read_text()
        assert "There are no accounts yet" not in banner
        assert f"{url}/demo" in banner
        password = re.search(r"^ +ann +(\S+) +clerk ", banner, re.MULTILINE)
        assert password is not None
        ann = ("ann", password[1])
        assert httpx.get(f"{url}/patients").status_code == 401
        assert httpx.get(f"{url}/patients", auth=ann).status_code == 200
        assert httpx.get(f"{url}/roles/ann", auth=ann).json()["roles"] == ["clerk"]
        assert httpx.get(f"{url}/ws/rest/v1/session", auth=ann).json()["authenticated"] is True
        assert "text/html" in httpx.get(f"{url}/", follow_redirects=True).headers["content-type"]
        (used,) = folder.iterdir()
        assert (used / "watchword.db").exists()
        assert used.stat().st_mode & 0o777 == 0o700
        process.send_signal(number)
        assert process.wait(30) == 0
    assert list(folder.iterdir()) == []
    assert not (tmp_path / "data").exists()
