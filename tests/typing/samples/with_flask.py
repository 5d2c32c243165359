"""Flask: views, classes of views, and a blueprint."""

from __future__ import annotations

from typing import assert_type

from flask import Blueprint, Flask
from flask.views import MethodView
from library import as_text, full, who_is

from watchword import Principal
from watchword.edge.flask import Authenticated, Optional, on_refusal, principal, protect

application = protect(Flask(__name__), full, public=True)
assert_type(application, Flask)
beds = protect(Blueprint("beds", __name__), full, roles={"clerk"}, on_refusal=as_text)
assert_type(beds, Blueprint)


@application.get("/patients/<int:number>")
@Authenticated(full, roles={"clerk"})
def patients(number: int) -> str:
    assert_type(principal(), Principal | None)
    return f"{number} for {who_is(principal())}"


class News(MethodView):
    decorators = [Optional(full)]  # noqa: RUF012 - as Flask's documentation writes it

    def get(self) -> str:
        return who_is(principal())


application.add_url_rule("/news", view_func=News.as_view("news"))
on_refusal(application, as_text)
