"""Answers as XML."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from watchword.core.records import Json
from watchword.server.api.represent import to_xml


@pytest.mark.parametrize("text", ["plain", "<a>&amp;", "]]>", "é😀", '"quoted"', "a\tb"])
def test_text_survives__S2_37(text: str) -> None:
    assert ElementTree.fromstring(to_xml("login", {"subject": text})).findtext("subject") == text


@pytest.mark.parametrize("text", ["\x00", "a\x1bb", "\ufffe", "\ud800"])
def test_what_xml_cannot_hold_is_replaced__S2_37(text: str) -> None:
    found = ElementTree.fromstring(to_xml("login", {"subject": text})).findtext("subject")
    assert found is not None
    assert "\ufffd" in found


def test_shapes__S2_37() -> None:
    value: dict[str, Json] = {"roles": ["a", "b"], "permissions": [], "yes": True, "none": None, "n": 1.5}
    assert to_xml("login", value) == (
        b"<?xml version='1.0' encoding='utf-8'?>\n"
        b"<login><roles><role>a</role><role>b</role></roles><permissions /><yes>true</yes><none /><n>1.5</n></login>"
    )
