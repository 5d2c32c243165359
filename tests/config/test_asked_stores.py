"""`[store.htpasswd]`, `[store.http]` and `[store.couchdb]`: what refuses to start, and what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import Authority
from tests.config.test_sentences import problems_of
from watchword.config import load
from watchword.stores.http.callback import HttpCallback

NO_URL = (
    'is no URL to ask (scheme, host and path, without a query); write one such as "https://accounts.example.com/check"'
)
CLEARTEXT = "would have passwords travel in cleartext, for everybody on the way to read; write"


@pytest.mark.parametrize("kind", ["http", "couchdb"])
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://accounts.example.com/check", f'{CLEARTEXT} "https://accounts.example.com/check"'),
        ("http://10.0.0.5:5984", f'{CLEARTEXT} "https://10.0.0.5:5984"'),
        ("http://127.0.0.1.example.com/", f'{CLEARTEXT} "https://127.0.0.1.example.com/"'),
        ("http://[2001:db8::1]/", f'{CLEARTEXT} "https://[2001:db8::1]/"'),
        ("https://ann:secret@example.com/",
         "holds credentials, which a URL is no place for; write them into a file of their own"),
        ("https://example.com/?a=b", f'"https://example.com/?a=b" {NO_URL}'),
        ("https://example.com/#a", f'"https://example.com/#a" {NO_URL}'),
        ("https://example.com:99999/", f'"https://example.com:99999/" {NO_URL}'),
        ("https://example.com:0/", f'"https://example.com:0/" {NO_URL}'),
        ("https:///check", f'"https:///check" {NO_URL}'),
        ("ftp://example.com/", f'"ftp://example.com/" {NO_URL}'),
        ("https://exämple.com/", f'"https://exämple.com/" {NO_URL}'),
        ("https://example.com/a b", f'"https://example.com/a b" {NO_URL}'),
        ("accounts.example.com", f'"accounts.example.com" {NO_URL}'),
    ],
)  # fmt: skip
def test_only_urls_that_passwords_may_be_sent_to_are_taken__S2_9(
    kind: str, url: str, says: str, tmp_path: Path
) -> None:
    (problem,) = problems_of(f"[[store]]\nkind = '{kind}'\n[store.{kind}]\nurl = '{url}'", tmp_path)
    assert (problem.where, problem.says) == (f"store[0].{kind}.url", says)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "http://127.0.0.1:9000/check",
        "http://localhost:5984",
        "http://[::1]/",
        "http://127.8.9.1/",
    ],
)
def test_loopback_may_be_asked_in_cleartext(url: str, tmp_path: Path) -> None:
    file = tmp_path / "watchword.toml"
    file.write_text(f"[[store]]\nkind = 'couchdb'\n[store.couchdb]\nurl = '{url}'")
    asked = load(file, {}).store[0].couchdb
    assert asked is not None
    assert asked.url == url


HTTP = "[[store]]\nkind = 'http'\n[store.http]\nurl = 'https://a.example'\n"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("[[store]]\nkind = 'htpasswd'", "store[0].htpasswd",
         "is missing; write [store.htpasswd] below its [[store]], with its keys"),
        ("[[store]]\n[store.http]\nurl = 'https://a.example'", "store[0].http",
         'nobody reads this; write kind = "http" above it, or leave it out'),
        ("[[store]]\nkind = 'htpasswd'\n[store.htpasswd]\nfile = 'users'", "store[0].htpasswd.file",
         "{}/users is not there; write where it is"),
        ("[[store]]\nkind = 'htpasswd'\n[store.htpasswd]\nfile = 'known'\ngroups_file = '.'",
         "store[0].htpasswd.groups_file", "{} is no file; write the name of one"),
        ("[[store]]\nkind = 'htpasswd'\n[store.htpasswd]\nfile = 'known'\nroles = ['a']", "store[0].htpasswd.roles",
         'must be a table of roles, each with a list of groups, such as { clerk = ["clerks", "nurses"] }'),
        (HTTP + "denied = [404]\nunknown = [404]", "store[0].http.unknown",
         "404 stands in denied, too; write it into one of them"),
        (HTTP + "denied = []", "store[0].http.denied",
         "is an empty list; write at least one entry, or leave the key out"),
        (HTTP + "denied = [200]", "store[0].http.denied[0]", "must be a whole number from 400 to 499, such as 401"),
        (HTTP + "name = 'a..b'", "store[0].http.name",
         'must be the name of a member, or of several inside each other, apart by full stops, such as "user.login"'),
        (HTTP + "authorization_file = 'secret'", "store[0].http.authorization_file",
         "{}/secret is not there; write where it is"),
        (HTTP + "authorization_file = 'known'", "store[0].http.authorization_file",
         "{}/known can be read by others; run chmod 600 on it"),
        (HTTP + "authorization_file = 'lines'", "store[0].http.authorization_file",
         "{}/lines is not one line of visible ASCII; write one such as `Bearer` and a random secret"),
        (HTTP + "ca_file = 'known'", "store[0].http.ca_file",
         "{}/known holds no certificates in PEM; write the file with those of who vouches for the server"),
        ("[[store]]\nkind = 'couchdb'\n[store.couchdb]\nurl = 'https://a.example'\nca_file = 'none'",
         "store[0].couchdb.ca_file", "{}/none is not there; write where it is"),
    ],
)  # fmt: skip
def test_a_bad_store_has_its_sentence(text: str, where: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "known").write_text("ann:x\n")
    (tmp_path / "known").chmod(0o644)
    (tmp_path / "lines").touch(0o600)
    (tmp_path / "lines").write_text("Bearer a\r\nX-Role: admin")
    (problem,) = problems_of(text, tmp_path)
    assert (problem.where, problem.says) == (where, says.replace("{}", str(tmp_path)))


def test_a_callback_is_made_of_its_settings(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(Authority().pem)
    (tmp_path / "secret").touch(0o600)
    (tmp_path / "secret").write_text("Bearer abc\n")
    file = tmp_path / "watchword.toml"
    file.write_text(HTTP + "authorization_file = 'secret'\nca_file = 'ca.pem'\nunknown = [404]\ncontent = 'form'")
    callback = load(file, {}).store[0].http
    assert callback is not None
    assert callback.authorization() == b"Bearer abc"
    assert isinstance(callback.made(), HttpCallback)


def test_roles_are_written_by_role_and_read_by_group(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("ann:x\n")
    file = tmp_path / "watchword.toml"
    file.write_text(
        "[[store]]\nkind = 'htpasswd'\n[store.htpasswd]\nfile = 'users'\n"
        "roles = { clerk = ['clerks', 'nurses'], reader = 'nurses' }"
    )
    read = load(file, {}).store[0].htpasswd
    assert read is not None
    assert read.roles == {"clerks": frozenset(("clerk",)), "nurses": frozenset(("clerk", "reader"))}
