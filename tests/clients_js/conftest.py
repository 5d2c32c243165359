"""Node beside the client that lies in clients/js."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pouchdb import Node, node_with_packages

CLIENT = Path(__file__).parents[2] / "clients" / "js"


@pytest.fixture(scope="session")
def client() -> Path:
    """The folder of the client."""
    return CLIENT


@pytest.fixture(scope="session")
def node(require_program: Callable[[str], str]) -> str:
    """Node, whose own test runner and fetch are enough for most."""
    return require_program("node")


@pytest.fixture(scope="session")
def node_and_packages(require_program: Callable[[str], str]) -> Node:
    """Node with the packages of tests/npm: a compiler that checks types, and a program that makes scripts small."""
    return node_with_packages(require_program)
