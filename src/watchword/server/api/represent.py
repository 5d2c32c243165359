"""An answer as JSON or, where the client would rather have it, as XML (S2.37)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import cast
from xml.etree.ElementTree import Element, SubElement, tostring

from starlette.responses import Response

from watchword.core.records import Json
from watchword.http.fields import negotiate
from watchword.http.message import Request

_XML = ("application/xml", "text/xml")

# Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]  (XML 1.0 section 2.2)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def represented(request: Request, root: str, value: Mapping[str, Json]) -> Response:
    """A 200 with the value in the form that Accept likes best; `root` is the name of XML's outermost element."""
    chosen = negotiate(request.lines(b"accept"), ("application/json", *_XML))
    if chosen in _XML:
        return Response(to_xml(root, value), media_type=chosen)
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(content, media_type="application/json")


def to_xml(root: str, value: Mapping[str, Json]) -> bytes:
    """Members become elements; a list `roles` becomes an element that holds one `role` for each item."""
    element = Element(root)
    _fill(element, dict(value))
    return cast(bytes, tostring(element, encoding="utf-8", xml_declaration=True))


def _fill(element: Element, value: Json) -> None:
    match value:
        case None:
            pass
        case bool():
            element.text = "true" if value else "false"
        case dict():
            for name, member in value.items():
                _fill(SubElement(element, name), member)
        case list():
            for item in value:
                _fill(SubElement(element, element.tag.removesuffix("s")), item)
        case _:
            element.text = _NOT_XML.sub("\ufffd", str(value))
