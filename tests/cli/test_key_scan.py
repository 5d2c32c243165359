"""Tokens of ours in files where they do not belong."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cli.calling import call
from watchword.cli.key_scan import CHUNK, NAMES, find_tokens
from watchword.tokens.format import KINDS, encode

KEY = encode("k", b"1" * 32)
SESSION = encode("s", b"2" * 32)


def test_a_key_is_found_where_it_begins_and_not_shown__S4_8__F33(tmp_path: Path) -> None:
    file = tmp_path / "settings.py"
    file.write_text(f'# ü\nkey = "{KEY}"  # é {SESSION}\n', encoding="utf-8")
    answer = call("key", "scan", str(file))
    assert answer.code == 1
    assert answer.out.splitlines() == [
        f"{file}:2:8: API key ****{KEY[-4:]}",
        f"{file}:2:{8 + 55 + 7}: session token ****{SESSION[-4:]}",
    ]
    assert answer.err == "2 tokens found.\n"
    assert KEY[:-4] not in answer.out + answer.err


def test_nothing_found_is_exit_0(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("nothing\n")
    answer = call("key", "scan", str(tmp_path))
    assert (answer.code, answer.out, answer.err) == (0, "", "0 tokens found.\n")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_has_its_name(kind: str) -> None:
    (found,) = find_tokens(io.BytesIO(encode(kind, b"3" * 32).encode()), "x")
    assert found.kind == NAMES[kind]


def test_programs_get_json(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(KEY)
    answer = call("key", "scan", "--json", str(tmp_path))
    assert answer.code == 1
    assert json.loads(answer.out) == [
        {"file": str(tmp_path / "a"), "line": 1, "column": 1, "kind": "API key", "hint": f"****{KEY[-4:]}"}
    ]


def test_folders_are_walked_and_links_are_not_followed(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "leak").write_text(KEY)
    (tmp_path / "link").symlink_to(inner / "leak")
    (inner / "circle").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    answer = call("key", "scan", str(tmp_path))
    assert [line.partition(":")[0] for line in answer.out.splitlines()] == [str(inner / "leak")]


def test_a_hyphen_is_standard_input() -> None:
    answer = call("key", "scan", "-", stdin=f"x\n {KEY}".encode())
    assert (answer.code, answer.out) == (1, f"standard input:2:2: API key ****{KEY[-4:]}\n")


def test_what_cannot_be_read_is_said_and_is_no_all_clear(tmp_path: Path) -> None:
    answer = call("key", "scan", str(tmp_path / "nothing"))
    assert answer.code == 1
    assert answer.lines[-1] == f"{tmp_path / 'nothing'} cannot be read: No such file or directory."


def test_what_merely_looks_like_a_token_is_none() -> None:
    for text in (KEY[:-1], KEY[:-1] + "#", KEY.replace("ww_k", "ww_x"), KEY[:20] + "0" + KEY[21:], KEY.upper()):
        if text != KEY:
            assert list(find_tokens(io.BytesIO(text.encode()), "x")) == []


def test_a_seeming_token_hides_none_that_begins_inside_of_it() -> None:
    text = f"{KEY[:-2]}{SESSION}"  # the first seems to end in "ww"
    (found,) = find_tokens(io.BytesIO(text.encode()), "x")
    assert (found.column, found.kind) == (len(KEY) - 1, "session token")


@pytest.mark.parametrize("offset", [*range(-56, 3), 7])
def test_a_token_is_found_wherever_a_piece_of_the_file_ends(offset: int) -> None:
    before = b"\n" + b"x" * (CHUNK + offset - 1)
    (found,) = find_tokens(io.BytesIO(before + KEY.encode() + b"y" * CHUNK), "x")
    assert (found.line, found.column) == (2, CHUNK + offset)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.just(KEY), st.just(SESSION), st.text(max_size=40), st.just("\n"), st.sampled_from(("ww_", "ww_k_"))
        ),
        max_size=12,
    ),
    st.integers(min_value=1, max_value=200),
)
def test_lines_and_columns_are_those_of_an_editor(parts: list[str], chunk: int) -> None:
    text = "".join(parts).replace("\r", "")
    expected = []
    for number, line in enumerate(text.split("\n"), start=1):
        for match in re.finditer(f"{KEY}|{SESSION}", line):
            expected.append((number, match.start() + 1))

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(chunk)

    found = find_tokens(Slow(text.encode("utf-8", "surrogatepass")), "x")
    assert [(find.line, find.column) for find in found] == expected
