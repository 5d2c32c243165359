"""Django: decorators for views in threads and on an event loop, and whole handlers."""

from __future__ import annotations

from typing import assert_type

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views import View
from library import as_text, full, who_is

from watchword import Principal
from watchword.edge.django import Authenticated, Optional, on_refusal, principal, protect


@Authenticated(full, roles={"clerk"})
def patients(request: HttpRequest) -> HttpResponse:
    assert_type(principal(request), Principal | None)
    return HttpResponse(who_is(principal(request)))


@Optional()
async def news(request: HttpRequest) -> HttpResponse:
    return HttpResponse(who_is(principal(request)))


@method_decorator(Authenticated(full), name="dispatch")
class Beds(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(who_is(principal(request)))


in_threads = protect(get_wsgi_application(), full, public=True)
on_loop = protect(get_asgi_application(), full, roles={"clerk"})
on_refusal(in_threads, as_text)
on_refusal(on_loop, as_text)
