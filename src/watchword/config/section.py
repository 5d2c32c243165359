"""What every table of the configuration has in common, and how its keys are described."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from watchword.config.problems import shown
from watchword.config.values import Read


class Section(BaseModel):
    """A table: frozen, without unknown keys, its keys described by the docstrings below them."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


def keys_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The keys of a table as they are written, with what is known of each."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def table_of(annotation: object) -> type[BaseModel] | None:
    """The table that a key, or each entry of its list, holds; None where it holds values."""
    for part in _unfolded(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
        if get_origin(part) in (tuple, frozenset):
            return table_of(get_args(part)[0])
    return None


def is_list(annotation: object) -> bool:
    """Whether the key holds a list."""
    return any(get_origin(part) in (tuple, frozenset) for part in _unfolded(annotation))


def is_text(annotation: object) -> bool:
    """Whether the key holds text, so that an environment variable has it as it is."""
    parts = [part for part in _unfolded(annotation) if not isinstance(part, Read)]
    return any(part is str or (isinstance(part, type) and hasattr(part, "__fspath__")) for part in parts) or any(
        isinstance(value, str) for part in parts for value in get_args(part)
    )


def words_for(field: FieldInfo, *, entry: bool = False) -> str:
    """What the key, or each entry of its list, must be, as words that go on after "must be"."""
    whole = _words((field.annotation, *field.metadata))
    return whole.removeprefix(_EACH) if entry else whole


def example_of(field: FieldInfo, *, entry: bool = False) -> str:
    """An example of what may be written, in TOML's words."""
    assert field.examples, "every key has one"
    return shown(field.examples[0][0] if entry else field.examples[0])


_EACH = "a list, each entry "


def _words(annotation: object) -> str:
    parts = list(_unfolded(annotation))
    for part in parts:
        if isinstance(part, Read):
            return part.words
    for part in parts:
        if get_origin(part) in (tuple, frozenset):
            entry = get_args(part)[0]
            return "a list of tables" if table_of(entry) else _EACH + _words(entry)
    return "a table"


def _unfolded(annotation: object) -> Iterator[Any]:
    """The annotation's parts: alternatives without None, and what Annotated adds to each."""
    if isinstance(annotation, tuple) or get_origin(annotation) in (Annotated, Union, UnionType):
        for part in annotation if isinstance(annotation, tuple) else get_args(annotation):
            yield from _unfolded(part)
    elif annotation is not type(None):
        yield annotation
