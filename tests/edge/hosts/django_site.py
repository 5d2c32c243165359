"""Django as tests use it: each test says its own routes and settings, whatever the process has configured already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.test import override_settings
from django.urls import URLPattern, URLResolver

TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [Path(rest_framework.__path__[0]) / "templates"],
    "OPTIONS": {"libraries": {"rest_framework": "rest_framework.templatetags.rest_framework"}},
}
"""Those of the REST framework, which no process has to have installed as an application for it."""


def configure() -> None:
    """Django has one configuration for each process, and needs it before it is imported any further."""
    if not settings.configured:
        settings.configure()
    if not apps.ready:
        django.setup()


@contextmanager
def site(patterns: Sequence[URLPattern | URLResolver], **changed: object) -> Iterator[None]:
    """Django with these routes, and these settings changed."""
    routes = ModuleType("routes")
    routes.urlpatterns = list(patterns)  # type: ignore[attr-defined]  # a module may have what it likes
    said: dict[str, object] = {
        "ALLOWED_HOSTS": ["*"],
        "REST_FRAMEWORK": {"UNAUTHENTICATED_USER": None},
        "ROOT_URLCONF": routes,
        "STATIC_URL": "static/",
        "TEMPLATES": [TEMPLATES],
    }
    with override_settings(**said | changed):
        yield
