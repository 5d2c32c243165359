"""Paths as logs show them: where somebody's session may stand is a mask (F33, S2.8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.quickness import costs_less_than
from watchword.http.shown import shown_path


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (b"/patients/42", "/patients/42"),
        (b"/users/ann@example.com", "/users/ann@example.com"),
        (b"/..;/admin", "/..;/admin"),
        (b"/a;jsessionid=SECRET", "/a;jsessionid=****"),
        (b"/a;jsessionid=SECRET/b", "/a;jsessionid=****/b"),
        (b"/a;JSESSIONID=SECRET;v=SECRET/b;x=SECRET", "/a;JSESSIONID=****/b;x=****"),
        (b"/a;v=1;jsessionid=SECRET", "/a;v=****"),
        (b"/a%3bjsessionid%3dSECRET/b", "/a%3bjsessionid%3d****/b"),
        (b"/a%253Bjsessionid%253DSECRET", "/a%253Bjsessionid%253D****"),
        (b"/a;%6asessionid=SECRET", "/a;%6asessionid=****"),
        (b"/a%3Fsid=SECRET/b", "/a%3F****"),
        (b"http://ann:SECRET@example.com/a", "http://****@example.com/a"),
        (b"", ""),
        (b"*", "*"),
        (b"/\xff", "/\xff"),
    ],
)
def test_values_of_parameters_are_masked_in_every_spelling__F33__S2_8(path: bytes, shown: str) -> None:
    assert shown_path(path) == shown


@given(st.binary(max_size=200))
def test_any_path_is_shown(path: bytes) -> None:
    shown_path(path)


@given(
    before=st.text("ab/;=.%", max_size=20),
    name=st.sampled_from(["jsessionid", "JSESSIONID", "sid", "%6asessionid"]),
    after=st.text("ab/;=.%", max_size=20),
)
def test_no_parameter_s_value_is_ever_shown__F33(before: str, name: str, after: str) -> None:
    assert "canary" not in shown_path(f"/{before};{name}=canary{after}".encode())


@pytest.mark.parametrize("part", [b";", b"%3b", b"%25", b"%3b%25", b"/;=", b"//", b";a=", b"%3f"])
def test_long_paths_take_no_long_time__F16(part: bytes) -> None:
    costs_less_than(1, lambda: shown_path(part * (65_536 // len(part)) + b"@"))
