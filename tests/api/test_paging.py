"""Long lists are answered in pages, and made without holding Moonraker's loop."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.files import FileEndpoints
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.host_files import HostFiles
from moonraker_netqueue.api.jobs import JobEndpoints
from moonraker_netqueue.api.paging import Key, Page
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    JobMove,
    JobRemove,
    Place,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.queue_state import QueueState

HOST = "a" * 64
keys = st.tuples(st.sampled_from(["", "a", "a b", "b"]), st.sampled_from("01234567"))


def itself(key: Key) -> Key:
    return key


@given(before=st.sets(keys), after=st.sets(keys), limit=st.integers(1, 5))
def test_pages_stand_edits(before: set[Key], after: set[Key], limit: int) -> None:
    """What is there all the time is on one page, exactly; the list changes in between
    into another one, and the row that a page ended with may be gone."""
    seen: list[Key] = []
    rows, following = sorted(before), None
    while True:
        asked = {"limit": limit} | ({"after": following} if following else {})
        page = Page.asked(Arguments(asked), 5)
        part, following = page.cut(rows, itself)
        assert len(part) <= limit
        assert all(page.is_behind(key) for key in part)
        seen += part
        rows = sorted(after)
        if following is None:
            break
    assert len(set(seen)) == len(seen)
    stayed = before & after if seen else set()
    # With nothing behind its last row a page is the last one.
    ended = max(before, default=None)
    assert {key for key in stayed if ended is None or key <= ended} <= set(seen)


@pytest.mark.parametrize(
    "values", [{"limit": 0}, {"limit": 6}, {"limit": "x"}, {"after": "nothing"}]
)
def test_what_is_no_page_is_refused_by_name(values: dict[str, Any]) -> None:
    """With the argument that is wrong."""
    with pytest.raises(ApiError, match=f"argument '{next(iter(values))}'") as refusal:
        Page.asked(Arguments(values), 5)
    assert refusal.value.status == 400


class Turns:
    """A clock that counts how often the loop was let go."""

    def __init__(self) -> None:
        self.count = 0

    async def sleep(self, _seconds: float) -> None:
        self.count += 1


class Shop:
    """A host with one queue."""

    def __init__(self) -> None:
        self.state = QueueState()
        self.turns = Turns()
        self._number = 0
        queue = SimpleNamespace(
            name="q", state=self.state, revision=7, pending_view=list
        )
        entries = {digest(f"orphan {n}"): entry(n) for n in range(3)}
        nothing: Any = None
        files = HostFiles(
            host_id="here",
            store=SimpleNamespace(  # type: ignore[arg-type]
                has=entries.__contains__, entries=lambda: entries
            ),
            fetcher=nothing,
            eviction=nothing,
            gcodes=nothing,
            metadata=nothing,
            clock=nothing,
        )
        host = Host(
            name="here",
            notices={},
            queues={"q": queue},  # type: ignore[dict-item]
            links=nothing,
            files=files,
            agent=SimpleNamespace(explain=explain),  # type: ignore[arg-type]
            klipper=nothing,
            cameras=tuple,
            random=nothing,
            clock=self.turns,  # type: ignore[arg-type]
        )
        self._jobs, self._files = JobEndpoints(host), FileEndpoints(host)

    def apply(self, body: Body) -> None:
        self._number += 1
        command = Command(CommandId(HOST, 1, self._number), 0.0, body)
        self.state.apply(command, self._number)

    def add_job(self, number: int) -> None:
        content = FileRef("0" * 32, digest("part"), 1, "part.gcode")
        if not self.state.contents:
            self.apply(ContentHeld(content))
        item = ItemSpec("part.gcode", 1, (content,))
        self.apply(JobAdd(f"job-{number:05}", Wishes(f"job {number}"), (item,)))

    async def jobs(self, **values: Any) -> dict[str, Any]:
        return await self._jobs.list_jobs(Arguments(values))

    async def files(self, **values: Any) -> dict[str, Any]:
        return await self._files.list_files(Arguments(values))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def entry(size: int) -> SimpleNamespace:
    return SimpleNamespace(md5="0" * 32, size=size)


async def explain(_queue: str) -> SimpleNamespace:
    return SimpleNamespace(jobs={"job-00003": "it waits"})


def ids(answer: dict[str, Any]) -> list[str]:
    return [job["job_id"] for job in answer["jobs"]]


@pytest.mark.asyncio
async def test_without_a_limit_every_job_is_in_the_answer() -> None:
    """As before there were pages; the loop is let go on the way."""
    shop = Shop()
    for number in range(250):
        shop.add_job(number)
    answer = await shop.jobs()
    assert answer.keys() == {"queue", "revision", "jobs", "next", "pending"}
    assert ids(answer) == [f"job-{number:05}" for number in range(250)]
    assert answer["jobs"][3]["why"] == "it waits"
    assert (answer["next"], answer["revision"]) == (None, 7)
    assert shop.turns.count >= 3


@pytest.mark.asyncio
async def test_a_page_goes_on_behind_a_job_that_was_removed_or_moved() -> None:
    """No job that stays where it is is left out or told twice."""
    shop = Shop()
    for number in range(6):
        shop.add_job(number)
    first = await shop.jobs(limit=2)
    assert ids(first) == ["job-00000", "job-00001"]
    shop.apply(JobRemove("job-00001"))
    second = await shop.jobs(limit=2, after=first["next"])
    assert ids(second) == ["job-00002", "job-00003"]
    shop.apply(JobMove("job-00003", Place.FRONT))
    third = await shop.jobs(limit=2, after=second["next"])
    assert ids(third) == ["job-00004", "job-00005"]
    assert third["next"] is None


@pytest.mark.asyncio
async def test_files_come_in_order_of_their_names() -> None:
    """By pages or from an offset; 500 at most."""
    shop = Shop()
    for number in range(1200):
        sha256 = digest(str(number))
        shop.apply(ContentHeld(FileRef("0" * 32, sha256, 1, f"part {number % 400}")))
    pages: list[dict[str, Any]] = [await shop.files()]
    while pages[-1]["next"]:
        pages.append(await shop.files(after=pages[-1]["next"]))
    rows = [row for page in pages for row in page["files"]]
    assert [len(page["files"]) for page in pages] == [500, 500, 200]
    found = [(row["name"], row["sha256"]) for row in rows]
    assert found == sorted((c.name, c.sha256) for c in shop.state.contents.values())
    assert {page["total"] for page in pages} == {1200}
    assert (await shop.files(offset=700, limit=100))["files"] == rows[700:800]
    assert (await shop.files(limit=None))["files"] == rows[:500]
    orphans = [row["sha256"] for row in pages[0]["orphans"]]
    assert orphans == sorted(digest(f"orphan {n}") for n in range(3))
    assert shop.turns.count >= 3
