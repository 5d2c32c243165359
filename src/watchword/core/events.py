"""What is worth a line in the security log, by the names of OWASP's Logging Vocabulary (ASVS 16.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from watchword.core.decision import Refused
from watchword.core.principal import Principal
from watchword.core.questions import RecordAlarm
from watchword.core.third_party import ThirdPartyCredential
from watchword.http.message import Request
from watchword.http.shown import shown_path

Level = Literal["info", "warning", "error"]

_NAMES: dict[str, tuple[str, Level]] = {
    "C03": ("authn_required", "info"),
    "C04": ("authn_required", "info"),
    "C05": ("session_use_after_expire", "info"),
    "C07": ("authn_login_fail", "warning"),
    "C08": ("authn_login_fail", "warning"),
    "C09": ("authn_token_invalid", "warning"),
    "C10": ("input_validation_fail", "warning"),
    "C11": ("authz_fail", "warning"),
    "C12": ("authz_fail", "warning"),
    "C13": ("authz_fail", "warning"),
    "C14": ("authz_fail", "warning"),
    "C15": ("authn_step_up_required", "info"),
    "C16": ("excess_rate_limit_exceeded", "warning"),
    "C17": ("sys_dependency_unavailable", "error"),
    "C18": ("input_validation_fail", "warning"),
    "C19": ("third_party_credential_rejected", "warning"),
    "C20": ("third_party_credential_refused", "warning"),
    "C21": ("third_party_unavailable", "warning"),
    "C22": ("cors_preflight", "info"),
    "C23": ("authn_required", "info"),
    "C28": ("input_validation_fail", "warning"),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the log. `fields` hold nothing secret: credentials never, names only of who was proven."""

    name: str
    level: Level
    fields: dict[str, str | int]


def event_about(name: str, subject: str, request: Request, by: Principal | None = None, **more: str | int) -> Event:
    """The event of something that was done to the account `subject`, at the demand of `by` where that is another."""
    fields: dict[str, str | int] = {"subject": subject, "client": request.peer.address}
    if by is not None and by.subject != subject:
        fields["by"] = by.subject
    return Event(name, "info", {**fields, **more})


def credential_event(kept: ThirdPartyCredential, client: str | None = None) -> Event:
    """The event of a credential for a third party that is in another state since it was verified. `client` is there
    where somebody asked for that."""
    fields: dict[str, str | int] = {"subject": kept.subject, "provider": kept.provider}
    if client is not None:
        fields["client"] = client
    if kept.provider_status is not None:
        fields["provider_status"] = kept.provider_status
    return Event(f"third_party_credential_{kept.state}", "warning" if kept.state == "rejected" else "info", fields)


def alarm_event(alarm: RecordAlarm) -> Event:
    """The event of what only an operator can put right."""
    fields: dict[str, str | int] = {"mechanism": alarm.mechanism, "reason": alarm.reason, "client": alarm.address}
    if alarm.about:
        fields["about"] = alarm.about
    return Event("authn_alarm", "error", fields)


def event_of(refused: Refused, request: Request, request_id: str) -> Event:
    """The event of a refusal, with everything that an operator needs to find out why."""
    name, level = _NAMES.get(refused.cell, ("authn_refused", "warning"))
    fields: dict[str, str | int] = {
        "id": request_id,
        "cell": refused.cell,
        "code": refused.code,
        "status": refused.status,
        "method": request.method,
        "path": shown_path(request.path),
        "client": request.peer.address,
    }
    if refused.reasons:
        fields["reasons"] = "; ".join(refused.reasons)
    if refused.principal is not None:
        fields["subject"] = refused.principal.subject
    return Event(name, level, fields)
