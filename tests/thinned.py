"""Tests of which the usual run takes every n-th variant only, and the long run all the others: so that everything stays
below a quarter of an hour on two processors. The decision table's are never among them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import pytest

EVERY: Final = {
    "tests/browser/test_ending.py::test_an_outage_signs_nobody_out__C17": 2,
    "tests/browser/test_ending.py::test_an_outage_at_the_door_is_not_called_a_wrong_password__C17": 2,
    "tests/browser/test_ending.py::test_a_reload_during_an_outage_forgets_nobody__C17": 2,
    "tests/browser/test_javascript_client.py::test_sixty_calls_in_three_tabs_share_one_refresh__S2_41": 2,
    "tests/browser/test_looks.py::test_the_page_fits_and_can_be_read": 3,
    "tests/browser/test_signing_in.py::test_a_reload_keeps_who_is_signed_in": 2,
    "tests/browser/test_signing_in.py::"
    "test_a_wrong_password_is_told_on_the_page_as_often_as_it_is_given__S0_12__C07": 2,
    "tests/browser/test_signing_in.py::test_an_unknown_user_reads_the_same_as_a_wrong_password__S0_14": 2,
    "tests/browser/test_signing_in.py::test_every_request_of_the_page_asks_to_be_spared_pop_ups__S3_8": 2,
    "tests/browser/test_signing_in.py::test_the_password_is_kept_nowhere": 2,
    "tests/browser/test_signing_in.py::test_too_many_wrong_tries_are_told_with_how_long_to_wait__C16": 2,
    "tests/contract/test_credential_stores.py::test_no_name_reaches_past_the_question__S2_14__C07": 4,
    "tests/docs/test_told_identity_pages.py::"
    "test_every_command_does_what_the_page_says__S1_9__S2_7__S2_28__S2_39__S2_40": 3,
    "tests/docs/test_wsgi_host_pages.py::test_the_code_of_the_page_protects__S2_41": 2,
    "tests/edge/verifier/test_verifier.py::test_a_wall_clock_that_jumps_changes_nothing__F8": 2,
    "tests/examples/test_wsgi_examples.py::test_an_application_is_protected_in_a_few_lines__S2_41": 3,
    "tests/faults/test_sqlite_migrations.py::test_killed_migration_leaves_nothing_behind_and_is_done_again__F37": 2,
    "tests/scenarios/test_client_matrix.py::test_the_clients_of_the_jdk_get_in__S4_9": 2,
    "tests/server/test_sealed_live.py::test_rotation_of_keys_under_load_refuses_no_good_cookie__S2_10__F34": 2,
}
"""By the node of a test without its variants: one of how many is in the usual run."""


def thin_out(items: Iterable[pytest.Item]) -> None:
    """Mark as `long` what only the long run takes."""
    seen: Counter[str] = Counter()
    for item in items:
        node = item.nodeid.partition("[")[0]
        if node in EVERY:
            if seen[node] % EVERY[node]:
                item.add_marker(pytest.mark.long)
            seen[node] += 1
