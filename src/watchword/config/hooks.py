"""What a program that runs Watchword may add to it: where addresses are, and who may go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from watchword.core.ask import AnswerFailed
from watchword.core.events import Event
from watchword.core.questions import CheckRisk, FindCountry, Risk, Verdict
from watchword.edge.error_place import place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Both are called in threads, may take their time within reason, and may be left out.

    - `country_of` gives the country of an IP address as two letters (ISO 3166-1), or nothing. Where it fails nothing is
      known of the country: a log-in does not depend on it.
    - `judge` looks at each log-in with a password that gives tokens, and at each refresh, once they are proven. Where
      it fails they wait (503): nobody goes on unjudged.
    """

    country_of: Callable[[str], str | None] | None = None
    judge: Callable[[Risk], Verdict] | None = None


NO_HOOKS = Hooks()


def find_country(hooks: Hooks, note: Callable[[Event], None]) -> Callable[[FindCountry], str]:
    """The answer to `FindCountry`; failures are noted."""
    country_of = hooks.country_of
    if country_of is None:
        return lambda question: ""

    def find(question: FindCountry) -> str:
        try:
            country = country_of(question.address) or ""
        except Exception as error:  # whatever it is, it is not ours
            note(Event("hook_failed", "error", {"hook": "country_of", "error": place_of(error)}))
            return ""
        return country.upper() if len(country) == 2 and country.isascii() and country.isalpha() else ""

    return find


def check_risk(hooks: Hooks, note: Callable[[Event], None]) -> Callable[[CheckRisk], Verdict]:
    """The answer to `CheckRisk`; failures are noted."""
    judge = hooks.judge
    if judge is None:
        return lambda question: Verdict.FINE

    def check(question: CheckRisk) -> Verdict:
        try:
            return Verdict(judge(question.risk))
        except Exception as error:
            note(Event("hook_failed", "error", {"hook": "judge", "error": place_of(error)}))
            raise AnswerFailed("the policy for log-ins failed") from None

    return check
