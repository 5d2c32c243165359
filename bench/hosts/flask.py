"""Flask: decorators of ours, of Flask-HTTPAuth, and of Flask-Security."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path

from flask import Flask
from flask_httpauth import HTTPBasicAuth
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, current_user, login_user
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash, generate_password_hash

from bench.data import PASSWORD
from bench.hosts.calls import PATH, Variant, Wsgi
from bench.hosts.ours import Ours
from bench.hosts.people import PEOPLE, SECRET, SENDING, Credentials, Table, by_password
from watchword.edge.flask import Authenticated, principal

_WRONG = by_password(["nobody"])[0]


def variants(ours: Ours, folder: Path, stack: ExitStack, runner: asyncio.Runner) -> dict[str, Wsgi | Variant]:
    """The application without authentication, and with each kind."""
    us = Wsgi(_ours(ours))
    return {
        "open": Wsgi(_open()),
        "watchword-basic": Variant(us, ours.passwords, _WRONG, remembers=True),
        "httpauth": Variant(Wsgi(_httpauth(folder, stack)), ours.passwords, _WRONG),
        "watchword-session": Variant(us, ours.sessions, {"Cookie": "watchword=" + "0" * 48}, remembers=True),
        "security": _security(folder),
    }


def _open() -> Flask:
    app = Flask("open")

    @app.get(PATH)
    def hello() -> dict[str, str]:
        return {"hello": "whoever you are"}

    return app


def _ours(ours: Ours) -> Flask:
    app = Flask("ours")

    @app.get(PATH)
    @Authenticated(ours.auth)
    def hello() -> dict[str, str]:
        who = principal()
        assert who is not None
        return {"hello": who.subject}

    return app


def _httpauth(folder: Path, stack: ExitStack) -> Flask:
    """As its documentation has it, but that people are in a database instead of a dictionary."""
    app = Flask("httpauth")
    auth = HTTPBasicAuth()
    table = Table(folder / "flask-httpauth.db", generate_password_hash(PASSWORD))
    stack.callback(table.close)

    @auth.verify_password  # type: ignore[untyped-decorator]  # the peer has no types  # it comes without types  # it comes without types
    def verify(name: str, password: str) -> str | None:
        kept = table.password_hash(name)
        return name if kept is not None and check_password_hash(kept, password) else None

    @app.get(PATH)
    @auth.login_required  # type: ignore[untyped-decorator]  # the peer has no types
    def hello() -> dict[str, str]:
        return {"hello": str(auth.current_user())}

    return app


def _security(folder: Path) -> Variant:
    """As its quick start has it, with Flask-SQLAlchemy. People log in by its own `login_user`."""
    app = Flask("security")
    app.config.update(
        SECRET_KEY=SECRET,
        SECURITY_PASSWORD_SALT=SECRET,
        SESSION_COOKIE_SAMESITE="strict",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/flask-security.db",
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True},
    )
    db = SQLAlchemy(app)
    fsqla_v3.FsModels.set_db_info(db)  # type: ignore[attr-defined,no-untyped-call]  # as in its documentation

    class Role(db.Model, fsqla_v3.FsRoleMixin):  # type: ignore[name-defined,misc]  # a class that is made when it runs
        pass

    class User(db.Model, fsqla_v3.FsUserMixin):  # type: ignore[name-defined,misc]  # likewise
        pass

    people = SQLAlchemyUserDatastore(db, User, Role)
    Security(app, people)

    @app.get(PATH)
    @auth_required()
    def hello() -> dict[str, str]:
        return {"hello": current_user.email}

    @app.get("/log-in/<name>")
    def log_in(name: str) -> dict[str, str]:
        person = people.find_user(email=f"{name}@example.org")
        assert person is not None
        login_user(person)
        return {"hello": name}

    with app.app_context():
        db.create_all()
        for name in PEOPLE:
            people.create_user(email=f"{name}@example.org", password="-")
        db.session.commit()
    return Variant(Wsgi(app), [_logged_in(app, name) for name in SENDING], {"Cookie": "session=no.such.session"})


def _logged_in(app: Flask, name: str) -> Credentials:
    fields = dict(Wsgi(app, f"/log-in/{name}").fields({}))
    return {"Cookie": fields["Set-Cookie"].partition(";")[0]}
