"""A host that was forgotten is shown no longer than there is something of it."""

from __future__ import annotations

from moonraker_netqueue.api.views import gone_hosts
from moonraker_netqueue.model.print import PrintState
from tests.model.talk import ANNA, BERT, Talk


def test_one_that_holds_a_print_or_a_seat_is_shown_until_it_does_not() -> None:
    talk = Talk.with_printers()
    job_id = talk.add("hooks-01")
    talk.start(BERT, "print-01", job_id)
    forgotten = [ANNA, BERT]
    assert gone_hosts(talk.state, forgotten, [ANNA]) == frozenset()
    assert gone_hosts(talk.state, forgotten, []) == {ANNA}
    talk.end(BERT, "print-01", PrintState.FAILED)
    assert gone_hosts(talk.state, forgotten, []) == {ANNA, BERT}
    assert gone_hosts(talk.state, [], []) == frozenset()
