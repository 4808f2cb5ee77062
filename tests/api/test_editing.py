"""An edit through the interface while others edit the same job at other hosts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.jobs import JobEndpoints
from moonraker_netqueue.model.command import Body, JobEdit, JobRemove
from moonraker_netqueue.model.errors import Rejected
from moonraker_netqueue.model.job import Wishes
from tests.model.talk import ANNA, BERT, Talk, spec

pytestmark = pytest.mark.asyncio
JOB = "job-0001"


class Desk:
    """The interface of Anna's host; Bert's commands come first, one before each."""

    def __init__(self, *of_bert: Body) -> None:
        self.talk = Talk.with_printers()
        self.talk.add(JOB, spec(2))
        self._of_bert = list(of_bert)

        async def known(_queue: Any, job_id: str) -> Any:
            return self.job(job_id)

        host: Any = SimpleNamespace(
            queue=lambda _arguments: self,
            job=known,
            why_waiting=why,
            files=SimpleNamespace(item=None),
        )
        self._endpoints = JobEndpoints(host)
        self.name, self.state = "q", self.talk.state

    def job(self, job_id: str) -> Any:
        try:
            return self.state.job(job_id)
        except Rejected as error:
            raise ApiError.from_rejection(error) from error

    async def submit(self, body: Body, client_id: str = "") -> bool:
        if self._of_bert:
            self.talk.say(BERT, self._of_bert.pop(0))
        try:
            self.talk.say(ANNA, body, client_id)
        except Rejected as error:
            raise ApiError.from_rejection(error) from error
        return False

    async def edit(self, **values: Any) -> None:
        await self._endpoints.write_job(Arguments({"job_id": JOB, **values}))

    @property
    def wishes(self) -> Wishes:
        return self.state.job(JOB).wishes


async def why(_queue: object) -> dict[str, str]:
    return {}


def noted(note: str) -> JobEdit:
    return JobEdit(JOB, wishes=Wishes("part", note=note))


async def test_an_edit_keeps_what_another_changed_just_before() -> None:
    """Anna's page shows an older version; she names the job, Bert wrote a note."""
    desk = Desk(noted("black, please"), noted("red, please"))
    await desk.edit(name="box")
    assert (desk.wishes.name, desk.wishes.note) == ("box", "red, please")


@pytest.mark.parametrize("means", [{"if_version": 1}, {"command_id": "click-0001"}])
async def test_who_means_one_version_is_told_that_it_changed(
    means: dict[str, Any],
) -> None:
    """As is who repeats itself: one id has one answer."""
    desk = Desk(noted("black, please"))
    with pytest.raises(ApiError, match="changed meanwhile") as refusal:
        await desk.edit(name="box", **means)
    assert refusal.value.status == 409
    assert desk.wishes.note == "black, please"


async def test_a_job_that_changes_all_the_time_is_not_tried_for_ever() -> None:
    """The person reads it again."""
    desk = Desk(*(noted(f"note {n}") for n in range(50)))
    with pytest.raises(ApiError, match="changed meanwhile"):
        await desk.edit(name="box")
    assert desk.wishes.note == "note 4"


async def test_a_job_that_is_removed_meanwhile_is_not_found() -> None:
    """Not a conflict: there is nothing to read again."""
    desk = Desk(JobRemove(JOB))
    with pytest.raises(ApiError) as refusal:
        await desk.edit(name="box")
    assert refusal.value.status == 404
