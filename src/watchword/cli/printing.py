"""How lists and records are printed: as a table on a terminal, as aligned text elsewhere, or as JSON.

What a terminal would obey is escaped (F33); JSON is ASCII for the same reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table."""
    from watchword.config.problems import printable

    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, cells)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in (columns, *cells):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_record(record: Mapping[str, str]) -> None:
    """One record, a line for each of its fields."""
    from watchword.config.problems import printable

    width = max(map(len, record))
    for name, value in record.items():
        print(f"{printable(name.ljust(width))}  {printable(value)}".rstrip())


def print_json(value: object) -> None:
    """One JSON value."""
    print(json.dumps(value, indent=2))


def print_json_list(values: Iterable[object]) -> None:
    """A JSON array, printed as its values come: there may be many."""
    first = True
    for value in values:
        print("[" if first else ",", json.dumps(value), sep="\n", end="")
        first = False
    print("[]" if first else "\n]")


def _print_rich(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))  # not str: names are no markup
    Console().print(table)
