"""What makes plug-ins: the one place that imports and calls them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from pydantic import BaseModel, ValidationError

from watchword.config.plug_ins.installed import PlugInKind, PlugInRefused, loaded
from watchword.config.plug_ins.ports import Given
from watchword.config.plug_ins.table import Written
from watchword.config.problems import printable
from watchword.config.values import FOLDER
from watchword.core.authorizer import Authorizer
from watchword.core.mechanism import AnyMechanism, Mechanism
from watchword.core.token_manager import TokenManager
from watchword.stores import OutsideStore

_PORTS: dict[PlugInKind, type] = {
    "mechanism": Mechanism,
    "store": OutsideStore,
    "token manager": TokenManager,
    "authorizer": Authorizer,
}


class SettingsRefused(Exception):
    """The plug-in's own model does not take its settings."""

    def __init__(self, invalid: ValidationError, model: type[BaseModel]) -> None:
        super().__init__(f"the settings of the plug-in are wrong in {invalid.error_count()} places")
        self.invalid = invalid
        self.model = model


def mechanism(name: str, written: Written | None, *, realm: str, clock: Callable[[], float]) -> AnyMechanism:
    """A mechanism of a plug-in, for a space. Raises as `made`."""
    return cast("AnyMechanism", made("mechanism", name, written, name=name, realm=realm, clock=clock))


def store(kind: str, written: Written | None, *, name: str, realm: str) -> OutsideStore:
    """A store of a plug-in. Raises as `made`."""
    return cast("OutsideStore", made("store", kind, written, name=name, realm=realm))


def token_manager(kind: str, written: Written | None, *, realm: str, clock: Callable[[], float]) -> TokenManager:
    """A token manager of a plug-in. Raises as `made`."""
    return cast("TokenManager", made("token manager", kind, written, name=kind, realm=realm, clock=clock))


def authorizer(kind: str, written: Written | None, *, name: str, realm: str) -> Authorizer:
    """An authorizer of a plug-in. Raises as `made`."""
    return cast("Authorizer", made("authorizer", kind, written, name=name, realm=realm))


class _PlugIn(Protocol):
    Settings: type[BaseModel]

    def make(self, settings: Any, given: Given) -> object: ...


def made(
    kind: PlugInKind,
    offered: str,
    written: Written | None,
    *,
    name: str,
    realm: str,
    clock: Callable[[], float] = time.time,
) -> object:
    """What the plug-in makes of its settings.

    Raises:
        PlugInRefused: where it cannot be used, with a sentence that goes on after the setting that asks for it.
        SettingsRefused: where its model does not take the settings.
    """
    found, package = loaded(kind, offered)
    model = getattr(found, "Settings", None)
    if not (isinstance(model, type) and issubclass(model, BaseModel) and callable(getattr(found, "make", None))):
        raise PlugInRefused(
            f"{package} is no plug-in for this Watchword: its entry point has no Settings and make; upgrade it"
        )
    told = Written() if written is None else written
    try:
        settings = model.model_validate(dict(told.values), context={FOLDER: told.folder})
    except ValidationError as invalid:
        raise SettingsRefused(invalid, model) from None
    given = Given(name=name, realm=realm, clock=clock, entropy=os.urandom)
    try:
        result = cast("_PlugIn", found).make(settings, given)
    except ValueError as error:  # which is how it says what is wrong
        raise PlugInRefused(f"{package} says: {printable(str(error))[:300]}") from None
    except Exception as error:
        why = printable(type(error).__name__)
        raise PlugInRefused(f"{package} failed ({why}) when it was set up; report it there, or leave it out") from None
    _assert_fits(kind, result, package, name)
    return result


def _assert_fits(kind: PlugInKind, result: object, package: str, name: str) -> None:
    """What is made has all that its port names, and is called as it was asked for."""
    missing = [part for part in vars(_PORTS[kind]) if not part.startswith("_") and not hasattr(result, part)]
    if missing:
        raise PlugInRefused(
            f"{package} is no {kind} for this version of Watchword: it lacks {', '.join(missing)}; upgrade it"
        )
    if kind in ("mechanism", "authorizer") and getattr(result, "name", None) != name:
        raise PlugInRefused(f"what {package} makes has another name than it was asked for by; report it there")
