"""A real slapd (OpenLDAP) on a free loopback port, with a directory of its own in a folder of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ldap3
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.certificates import Authority
from tests.conftest import RECORD, on_path, recorded
from tests.ports import free_port

SUFFIX = "dc=example,dc=com"
ADMIN = f"cn=admin,{SUFFIX}"
ADMIN_PASSWORD = "the administrator's"
SERVICE = f"cn=watchword,ou=services,{SUFFIX}"
SERVICE_PASSWORD = "the service account's"
PATIENCE = 60.0

_SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")

_CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
include {schemas}/nis.schema
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl'
  EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP organizationalPerson STRUCTURAL
  MAY ( sAMAccountName $ userPrincipalName $ userAccountControl ) )
objectclass ( 1.2.840.113556.1.3.30 NAME 'computer' SUP user STRUCTURAL )
modulepath {modules}
moduleload back_mdb
moduleload ppolicy
moduleload memberof
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCACertificateFile {authority}
{extra}
database mdb
suffix "{suffix}"
rootdn "{admin}"
rootpw "{admin_password}"
directory {folder}/data
maxsize 16777216
dbnosync
sizelimit 500
overlay memberof
memberof-group-oc groupOfNames
overlay ppolicy
ppolicy_default "cn=policy,{suffix}"
ppolicy_use_lockout
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=groups,{suffix}" by users read
access to dn.subtree="ou=open,{suffix}" by * read
access to * by dn.exact="{service}" read by self read by * none
"""

TREE = f"""
dn: {SUFFIX}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: ou=people,{SUFFIX}
objectClass: organizationalUnit
ou: people

dn: ou=groups,{SUFFIX}
objectClass: organizationalUnit
ou: groups

dn: ou=services,{SUFFIX}
objectClass: organizationalUnit
ou: services

dn: {SERVICE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: watchword
userPassword: {SERVICE_PASSWORD}

dn: cn=policy,{SUFFIX}
objectClass: device
objectClass: pwdPolicy
cn: policy
pwdAttribute: userPassword
"""
"""What every directory here begins with."""


@dataclass(slots=True)
class Slapd:
    """A running slapd."""

    folder: Path
    port: int
    authority: Authority
    _command: Sequence[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def ca_file(self) -> Path:
        """Who vouches for it."""
        return self.folder / "authority.pem"

    @property
    def url(self) -> str:
        return f"ldap://localhost:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        with (self.folder / "slapd.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while True:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self._process.poll() is None, (self.folder / "slapd.log").read_text()
            assert time.monotonic() < end, "slapd takes no connections"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it by its process id."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    @contextmanager
    def administered(self) -> Iterator[ldap3.Connection]:
        """A connection that may change everything; what fails on it is an error."""
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE)
        with ldap3.Connection(server, ADMIN, ADMIN_PASSWORD, raise_exceptions=True, check_names=False) as connection:
            yield connection

    def set(self, dn: str, **values: str | None) -> None:
        """Replace attributes of an entry, or take them away."""
        changes = {name: [(ldap3.MODIFY_REPLACE, [] if value is None else [value])] for name, value in values.items()}
        with self.administered() as connection:
            connection.modify(dn, changes)

    def add(self, dn: str, classes: Sequence[str], **values: str | Sequence[str]) -> None:
        """Put an entry in."""
        with self.administered() as connection:
            connection.add(dn, list(classes), dict(values))


def program(name: str) -> str:
    """Its path; the test is skipped where this machine cannot have it."""
    row = recorded().get(name, {})
    path = row.get("path") or on_path(name)
    if path is not None:
        return path
    if "left_out" in row or not RECORD.exists():
        pytest.skip(f"{name}: {row.get('left_out', 'is not on this machine; `make test` installs it where it may')}")
    pytest.fail(f"{name} should be on this machine, and is not (tools/debian_packages.py lists the programs)")


@contextmanager
def slapd(ldif: str = "", *, extra: str = "", secure: bool = False, host: str | None = None) -> Iterator[Slapd]:
    """A server with the tree above and these entries. `secure`: it speaks TLS from the first octet. `host`: its
    certificate is for that one."""
    found = program("slapd")
    with tempfile.TemporaryDirectory(prefix="slapd-") as made:
        folder = Path(made)
        # Some systems let /usr/sbin/slapd read nothing but its own folders (AppArmor); the profile is the path's.
        binary = folder / "slapd"
        shutil.copy(found, binary)
        (folder / "data").mkdir()
        authority = Authority("Test directories")
        issued = (
            authority.for_this_machine() if host is None else authority.issue(host, x509.DNSName(host), usage=_SERVER)
        )
        certificate, key = issued.write(folder, "server")
        (folder / "authority.pem").write_text(authority.pem)
        (folder / "slapd.conf").write_text(
            _CONFIGURATION.format(
                schemas=_SCHEMAS,
                modules=_MODULES,
                folder=folder,
                certificate=certificate,
                key=key,
                authority=folder / "authority.pem",
                suffix=SUFFIX,
                admin=ADMIN,
                admin_password=ADMIN_PASSWORD,
                service=SERVICE,
                extra=extra,
            )
        )
        (folder / "tree.ldif").write_text(TREE + "\n" + ldif, "utf-8")
        conf = str(folder / "slapd.conf")
        # slapd is slapadd, where it is called so.
        subprocess.run(
            [binary, "-T", "add", "-f", conf, "-l", str(folder / "tree.ldif")], check=True, capture_output=True
        )
        port = free_port()
        url = f"{'ldaps' if secure else 'ldap'}://127.0.0.1:{port}/"
        running = Slapd(folder, port, authority, (str(binary), "-d", "0", "-f", conf, "-h", url))
        running.start()
        try:
            yield running
        finally:
            running.stop()
