"""What a host gives to members of a queue (R13)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from moonraker_netqueue.files.served import ServedContents
from moonraker_netqueue.files.store import ContentStore
from moonraker_netqueue.model.content import Content
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.replica.replica import Replica

SHA256 = "ab" * 32
PATH = Path("/gcodes/.netqueue") / SHA256


def _replica(*holders: str) -> Replica:
    """This host's replica of a queue in which those hold the content."""
    state = QueueState()
    state.contents[SHA256] = Content(SHA256, 100, "0" * 32, "lid.gcode", holders)
    return cast(Replica, SimpleNamespace(host_id="here", state=state))


def test_a_content_is_served_where_this_host_said_that_it_holds_it() -> None:
    """Not to a member of another queue that writes its hash into that one."""
    store = SimpleNamespace(path=lambda _: PATH)
    served = ServedContents(cast(ContentStore, store))
    replicas = {"ours": _replica("here", "liar"), "theirs": _replica("liar")}
    served.replicas = lambda: replicas
    assert served.content_path("ours", SHA256) == PATH
    assert served.content_path("theirs", SHA256) is None
    assert served.content_path("another", SHA256) is None
