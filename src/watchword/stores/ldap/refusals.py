"""What servers say where they take a password from nobody, as reasons that stay the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from watchword.core.ask import AnswerFailed
from watchword.stores import Denied
from watchword.stores.ldap.conversation import BindResult, Entry

_ACTIVE_DIRECTORY: Final = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]+),")
_LOCKED: Final = Denied("account-locked")
_DISABLED: Final = Denied("account-disabled")
_EXPIRED: Final = Denied("account-expired")
_PASSWORD_EXPIRED: Final = Denied("password-expired")
_MUST_CHANGE: Final = Denied("password-must-change")
_RESTRICTED: Final = Denied("log-in-restricted")
_UNKNOWN: Final = Denied("unknown-user", knows=False)
_WRONG: Final = Denied("wrong-password")

_SUB_CODES: Final[Mapping[int, Denied]] = {
    0x525: _UNKNOWN,
    0x52E: _WRONG,
    0x530: _RESTRICTED,  # not at this time
    0x531: _RESTRICTED,  # not from this computer
    0x532: _PASSWORD_EXPIRED,
    0x533: _DISABLED,
    0x701: _EXPIRED,
    0x773: _MUST_CHANGE,
    0x775: _LOCKED,
}
"""Of Active Directory: codes of Windows (winerror.h), which it writes into the sentence of result 49."""

_POLICY: Final[Mapping[int, Denied]] = {0: _PASSWORD_EXPIRED, 1: _LOCKED, 2: _MUST_CHANGE}
"""Of the password policy control: passwordExpired, accountLocked, changeAfterReset."""


def judged(result: BindResult, entry: Entry | None = None) -> Denied | None:
    """Why the bind proves nobody; None where it proves somebody. `entry` is theirs, as far as it is known.

    Raises:
        AnswerFailed: where the server said neither.
    """
    if result.is_success:
        return _POLICY.get(result.policy) if result.policy is not None else None
    denied = refusal(result, entry)
    if denied is None:
        raise AnswerFailed(f"the directory does not judge the password: {result}")
    return denied


def refusal(result: BindResult, entry: Entry | None = None) -> Denied | None:
    """What a failed bind says of the password or its owner; None where it says nothing of them."""
    match result.code:
        case 49:
            found = _ACTIVE_DIRECTORY.search(result.message)
            if found is not None:
                return _SUB_CODES.get(int(found[1], 16), _WRONG)
            told = None if result.policy is None else _POLICY.get(result.policy)
            if told is not None:
                return told
            return _LOCKED if entry is not None and entry.first("pwdAccountLockedTime") is not None else _WRONG
        case 48:
            return Denied("no-password")
        case 19:
            return _LOCKED  # 389 Directory Server and its relatives: too many failures
        case 53 if "inactivated" in result.message:
            return _DISABLED  # the same
        case 32 | 34:
            return _UNKNOWN  # only some servers tell, and only where the name of the entry was made of what was typed
        case _:
            return None
