"""Every question the pure floors ask, with the type of its answer.

Each looks something up or changes something. A change is one atomic step: when its answer arrives it is durable, and
the next check on every process of this machine sees it.
"""

from __future__ import annotations

from watchword.core.questions.access_tokens import (
    FindSigningKey,
    FindStanding,
    FindToken,
    FindVerifyingKey,
    FoundToken,
    IntrospectToken,
    KeepToken,
    RevokeToken,
)
from watchword.core.questions.accounts import AddAccount, ChangeAccount, DeleteAccount, FindAccount, ListAccounts, Page
from watchword.core.questions.api_keys import AddKey, EndKeys, FindKey, FoundKey, ListKeys, RotateKey, TouchKey
from watchword.core.questions.auth_tokens import IssueAuthToken, RevokeAuthToken
from watchword.core.questions.clients import (
    AddClient,
    ChangeClient,
    CheckClientSecret,
    DeleteClient,
    FindClient,
    ListClients,
    SecretAnswer,
    SecretRight,
)
from watchword.core.questions.families import (
    EndFamilies,
    FamilyStart,
    FindFamily,
    ListFamilies,
    NotRedeemed,
    Redeemed,
    Repeated,
    Reused,
    Rotated,
    SpendRefresh,
    StartFamily,
)
from watchword.core.questions.passwords import (
    CheckPassword,
    HashPassword,
    PasswordAnswer,
    PasswordHeld,
    PasswordRight,
    PasswordWrong,
)
from watchword.core.questions.policies import CheckRisk, FindCountry, Risk, Verdict
from watchword.core.questions.sessions import (
    EndSession,
    EndSessions,
    FindSession,
    FoundSession,
    ListSessions,
    StartSession,
    TouchSession,
    WriteSessionData,
)
from watchword.core.questions.upkeep import CleanUp, SpendAssertion

__all__ = [
    "AddAccount",
    "AddClient",
    "AddKey",
    "ChangeAccount",
    "ChangeClient",
    "CheckClientSecret",
    "CheckPassword",
    "CheckRisk",
    "CleanUp",
    "DeleteAccount",
    "DeleteClient",
    "EndFamilies",
    "EndKeys",
    "EndSession",
    "EndSessions",
    "FamilyStart",
    "FindAccount",
    "FindClient",
    "FindCountry",
    "FindFamily",
    "FindKey",
    "FindSession",
    "FindSigningKey",
    "FindStanding",
    "FindToken",
    "FindVerifyingKey",
    "FoundKey",
    "FoundSession",
    "FoundToken",
    "HashPassword",
    "IntrospectToken",
    "IssueAuthToken",
    "KeepToken",
    "ListAccounts",
    "ListClients",
    "ListFamilies",
    "ListKeys",
    "ListSessions",
    "NotRedeemed",
    "Page",
    "PasswordAnswer",
    "PasswordHeld",
    "PasswordRight",
    "PasswordWrong",
    "Redeemed",
    "Repeated",
    "Reused",
    "RevokeAuthToken",
    "RevokeToken",
    "Risk",
    "RotateKey",
    "Rotated",
    "SecretAnswer",
    "SecretRight",
    "SpendAssertion",
    "SpendRefresh",
    "StartFamily",
    "StartSession",
    "TouchKey",
    "TouchSession",
    "Verdict",
    "WriteSessionData",
]
