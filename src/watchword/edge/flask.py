"""The Flask host: `protect` for an application or a blueprint, and decorators for views and `MethodView`s.

Refusals do not pass through the application's handlers of errors, which stay what they are: `on_refusal` tells them in
the application's own way. Views may be `async`; authentication waits in the request's own thread, and needs no event
loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import TypeVar, Unpack, cast

from watchword.core.demand import Demand, demand
from watchword.core.principal import Principal
from watchword.edge import wsgi
from watchword.edge.door import Door, Doors
from watchword.edge.refusal import Render
from watchword.edge.route import Demands, of_application, with_or_without_slash
from watchword.http.merging import merged
from watchword.http.message import Response as Answer

try:
    from flask import Blueprint, Flask, Response, after_this_request, current_app, request
    from flask.blueprints import BlueprintSetupState
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError('Flask is needed here: pip install "watchword[flask]"', name=missing.name) from missing

View = TypeVar("View", bound=Callable[..., object])
Protected = TypeVar("Protected", Flask, Blueprint)

_RENDERS = "watchword.renders"


def protect(
    app: Protected,
    auth: Doors,
    *,
    public: bool = False,
    on_refusal: Render | None = None,
    **demanded: Unpack[Demands],
) -> Protected:
    """Judge every request of the application or blueprint: by the rules of the configuration, and by what is demanded
    here of paths that no rule names.

    `public`: whoever sends nothing passes, and views demand by themselves. Of an application that is every request,
    before all of its own functions; and what authentication adds is on every answer, errors too. Of a blueprint it is
    every request that has a view there.
    """
    door, demanded_here = auth.in_threads, of_application(public=public, **demanded)

    def judge() -> Response | None:
        return _refused(door, demanded_here)

    # First before a request, and so last after it, whatever was registered already.
    app.before_request(judge)
    before = app.before_request_funcs[None]
    before.insert(0, before.pop())
    app.after_request(_with_fields)
    after = app.after_request_funcs[None]
    after.insert(0, after.pop())
    if on_refusal is not None:
        _on_refusal(app, on_refusal)
    return app


class Authenticated:
    """Demands at one view that it is proven who asks: `principal()` tells it.

    Write it below `@app.route`, or into `decorators` of a `MethodView`. Without `protect`, what authentication adds to
    answers is on those of this view, and on errors that the application handles in its course.
    """

    def __init__(self, auth: Doors, **demanded: Unpack[Demands]) -> None:
        self._door = auth.in_threads
        self._demand = demand(**demanded)

    def __call__(self, view: View) -> View:
        return _judged(view, self._door, self._demand)


class Optional:
    """Lets whoever sends nothing through to one view. Credentials that were sent on purpose and fail are refused."""

    def __init__(self, auth: Doors, **demanded: Unpack[Demands]) -> None:
        self._door = auth.in_threads
        self._demand = demand(public=True, **demanded)

    def __call__(self, view: View) -> View:
        return _judged(view, self._door, self._demand)


def principal() -> Principal | None:
    """Who the current request was proven to come from; None for anonymous requests."""
    return wsgi.principal(request.environ)


def on_refusal(app: Flask | Blueprint, render: Render) -> None:
    """Let `render` tell refusals of this application or blueprint: their content, never status, challenges or other
    fields. It is called in the request, and may use templates."""
    if isinstance(app, Flask):
        app.extensions.setdefault(_RENDERS, {})[None] = render
        return

    def registered(state: BlueprintSetupState) -> None:  # a blueprint's name is known only then
        name = f"{state.name_prefix}.{state.name}".lstrip(".")
        state.app.extensions.setdefault(_RENDERS, {})[name] = render

    app.record(registered)


_on_refusal = on_refusal  # in `protect` the name is taken


def _judged(view: View, door: Door, demanded: Demand) -> View:
    @wraps(view)
    def judged(*args: object, **kwargs: object) -> object:
        refused = _refused(door, demanded, alone=True)
        return current_app.ensure_sync(view)(*args, **kwargs) if refused is None else refused

    return cast("View", judged)  # to Flask a refusal is an answer like others, and a coroutine function is one, too


def _refused(door: Door, demanded: Demand | None, *, alone: bool = False) -> Response | None:
    """The answer in place of the application's, where there is one. `alone`: maybe nobody else adds the fields."""
    visit = wsgi.visit_of(request.environ)
    if visit is not None:
        refused = wsgi.judge_again(request.environ, visit, door, demanded, _render())
        return None if refused is None else _response(refused)
    rule = request.url_rule
    reading = None if rule is None or rule.strict_slashes else partial(with_or_without_slash, door)
    entered = wsgi.enter(request.environ, door, demanded, _render(), reading=reading)
    if isinstance(entered, Answer):
        return _response(entered)
    if alone:
        after_this_request(_with_fields)
    return None


def _with_fields(response: Response) -> Response:
    visit = wsgi.visit_of(request.environ)
    if visit is None:
        return response
    added = _text(visit.fields)
    if not any(name in response.headers for name, _ in added):
        response.headers.extend(added)
        return response
    lines = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers)
    both = merged(lines, visit.fields)
    response.headers.clear()
    response.headers.extend(_text(both))
    return response


def _text(fields: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields]


def _response(answer: Answer) -> Response:
    response = current_app.response_class(answer.body, answer.status, _text(answer.fields))
    if not answer.body:
        response.headers.pop("content-type", None)  # Flask tells one for no content, too
    return response


def _render() -> Render | None:
    """Who tells refusals here: the innermost blueprint that says so, or the application."""
    renders: dict[str | None, Render] = current_app.extensions.get(_RENDERS, {})
    return next((renders[name] for name in (*request.blueprints, None) if name in renders), None) if renders else None
