"""The rules of a queue, asked and raised at a real Moonraker (R23)."""

from __future__ import annotations

from moonraker_netqueue.model.schema import BASE, SCHEMA, needed_version
from moonraker_netqueue.version import __version__
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.test_component import ROOT, exchange


def test_a_person_sees_who_is_behind_and_raises_the_rules(
    printer: VirtualPrinter,
) -> None:
    """Of one queue only; once all hosts know them nobody is left out."""
    shown = printer.client.get(f"{ROOT}/rules", queue="workshop")
    assert shown == {
        "queue": "workshop",
        "version": __version__,
        "rules": BASE,
        "known": SCHEMA,
        "behind": [],
    }
    body = {"queue": "workshop", "without": ["f" * 64]}
    assert printer.client.post(f"{ROOT}/rules", body)["rules"] == SCHEMA
    queues = printer.client.get(f"{ROOT}/status")["queues"]
    assert [queues[name]["rules"] for name in ("workshop", "spare")] == [SCHEMA, BASE]
    (event, *_) = printer.client.get(f"{ROOT}/events", queue="workshop")["events"]
    assert event["what"] == (
        f"raised the queue's rules to {SCHEMA} without ffffffff: all hosts need version"
        f" {needed_version(SCHEMA)} or later from now on, and what is new in it can be"
        " used"
    )
    assert exchange(printer, "POST", f"{ROOT}/rules", {"queue": "none"})[0] == 404
    assert printer.client.post(f"{ROOT}/rules", body)["rules"] == SCHEMA
