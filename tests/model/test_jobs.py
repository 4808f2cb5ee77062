"""Jobs: adding, editing, removing, moving, completing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from moonraker_netqueue.model.command import (
    ContentHeld,
    JobAdd,
    JobEdit,
    JobMove,
    JobRemove,
    Place,
    PrintEnded,
    RulesRaise,
)
from moonraker_netqueue.model.errors import Rule
from moonraker_netqueue.model.job import (
    COUNT_MAX,
    ITEMS_MAX,
    ItemSpec,
    Requirements,
    Wishes,
)
from moonraker_netqueue.model.job_rules import JOBS_OF_ONE
from moonraker_netqueue.model.order import RANK_MAX
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.queue_data import COMPLETED_MAX
from moonraker_netqueue.model.schema import SCHEMA
from tests.model.talk import ANNA, BERT, CLARA, Talk, file, spec


@pytest.fixture
def talk() -> Talk:
    return Talk.with_printers()


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (spec(0), "count of 'part' must be 1 to"),
        (spec(-1), "not -1"),
        (spec(10**9), f"1 to {COUNT_MAX}"),
        (ItemSpec("part", 1, ()), "1 to 32 files"),
        (ItemSpec("", 1, (file(),)), "name of an item"),
        (ItemSpec("a\nb", 1, (file(),)), "one line"),
        (ItemSpec("part", 1, (file(),), nozzle=0.0), "nozzle"),
        (ItemSpec("part", 1, (file(),), estimate_s=-1), "estimate_s -1"),
        (ItemSpec("part", 1, (file(),), materials=("",)), "materials"),
        (ItemSpec("part", 1, (file(),), materials=("x",) * 65), "at most 64"),
        (spec(1, dataclasses.replace(file(), size=0)), "is empty"),
        (spec(1, dataclasses.replace(file(), name="a/b.gcode")), "no file name"),
        (spec(1, dataclasses.replace(file(), name="..")), "no file name"),
        (spec(1, dataclasses.replace(file(), name="a\0.gcode")), "no file name"),
        (spec(1, dataclasses.replace(file(), name="ä" * 200)), "no file name"),
        (spec(1, dataclasses.replace(file(), key="1" * 31)), "key"),
        (spec(1, dataclasses.replace(file(), sha256="G" * 64)), "sha256"),
    ],
)
def test_add_names_the_bad_argument(talk: Talk, item: ItemSpec, words: str) -> None:
    """What cannot be an item is refused, and the reason says what is wrong with it."""
    body = JobAdd("job-0001", Wishes("a"), (item,))
    assert words in talk.refused(ANNA, body, Rule.INVALID)


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes(" "), "name of a job"),
        (Wishes("x" * 256), "name of a job"),
        (Wishes("a", priority=10), "priority 10"),
        (Wishes("a", max_attempts=0), "max_attempts 0"),
        (Wishes("a", note="x" * 2001), "note"),
        (Wishes("a", owner="a\nb"), "owner"),
    ],
)
def test_wishes_are_checked_on_add_and_edit(
    talk: Talk, wishes: Wishes, words: str
) -> None:
    """Adding and editing refuse the same wishes."""
    talk.add("job-0001")
    add = JobAdd("job-0002", wishes, (spec(),))
    assert words in talk.refused(ANNA, add, Rule.INVALID)
    edit = JobEdit("job-0001", wishes=wishes)
    assert words in talk.refused(ANNA, edit, Rule.INVALID)


def test_number_of_items_is_bounded(talk: Talk) -> None:
    """A job has 1 to ITEMS_MAX items."""
    for items in ((), (spec(),) * (ITEMS_MAX + 1)):
        body = JobAdd("job-0001", Wishes("a"), items)
        assert "items" in talk.refused(ANNA, body, Rule.INVALID)


def test_one_job_id_is_added_once(talk: Talk) -> None:
    """A second job of one id is a conflict, not a replacement; a short id is none."""
    talk.add("job-0001")
    body = JobAdd("job-0001", Wishes("other"), (spec(),))
    talk.refused(BERT, body, Rule.CONFLICT)
    talk.refused(BERT, JobAdd("short", Wishes("a"), (spec(),)), Rule.INVALID)


def test_job_of_unknown_content_is_refused(talk: Talk) -> None:
    """A job names bytes that some host has, under the MD5 they were registered with."""
    unknown = JobAdd("job-0001", Wishes("a"), (spec(1, file("9")),))
    assert "upload it again" in talk.refused(ANNA, unknown, Rule.NOT_FOUND)
    other_key = spec(1, dataclasses.replace(file(), key="9" * 32))
    talk.refused(ANNA, JobAdd("job-0001", Wishes("a"), (other_key,)), Rule.NOT_FOUND)


def test_one_name_with_two_contents_stays_two(talk: Talk) -> None:
    """Lesson 7: files of one name are told apart by their bytes, per job."""
    talk.add("job-0001", spec(1, file("1", "bracket.gcode")))
    talk.add("job-0002", spec(1, file("2", "bracket.gcode")))
    shas = [talk.item(job).spec.files[0].sha256[0] for job in ("job-0001", "job-0002")]
    assert shas == ["1", "2"]


def test_one_md5_with_two_contents_stays_two(talk: Talk) -> None:
    """The MD5 is an alias only: SHA-256 and size are the identity (R17)."""
    talk.say(BERT, ContentHeld(file("4", key="e" * 32)))
    talk.say(BERT, ContentHeld(file("5", key="e" * 32)))
    assert {"4" * 64, "5" * 64} <= set(talk.state.contents)


def test_if_version_guards_edit_and_remove(talk: Talk) -> None:
    """Who read an older version is told so, with both versions."""
    talk.add("job-0001")
    talk.say(BERT, JobEdit("job-0001", if_version=1, wishes=Wishes("renamed")))
    late = JobEdit("job-0001", if_version=1, wishes=Wishes("mine"))
    assert "version 2, not 1" in talk.refused(ANNA, late, Rule.CONFLICT)
    talk.refused(ANNA, JobRemove("job-0001", if_version=1), Rule.CONFLICT)
    assert talk.state.jobs["job-0001"].wishes.name == "renamed"


def test_assigned_job_is_not_removed(talk: Talk) -> None:
    """Not even by who added it; the reason names the printer. A lost print counts."""
    talk.add("job-0001")
    talk.reserve(BERT, "print-01", "job-0001")
    assert "Bert" in talk.refused(ANNA, JobRemove("job-0001"), Rule.PERMISSION)


def test_assigned_job_keeps_files_and_requirements(talk: Talk) -> None:
    """While copies are assigned only wishes and counts change."""
    talk.add("job-0001", spec(3))
    talk.reserve(BERT, "print-01", "job-0001")
    files = JobEdit("job-0001", items=(spec(3, file("2")),))
    talk.refused(ANNA, files, Rule.PERMISSION)
    needs = JobEdit("job-0001", requires=Requirements(tags=("pei",)))
    talk.refused(ANNA, needs, Rule.PERMISSION)
    more = JobEdit("job-0001", items=(spec(3), spec(1)))
    talk.refused(ANNA, more, Rule.PERMISSION)
    wishes = Wishes("urgent", priority=5, hold=True)
    talk.say(CLARA, JobEdit("job-0001", wishes=wishes, items=(spec(9),)))
    assert talk.state.jobs["job-0001"].wishes == wishes
    assert talk.item("job-0001").spec.count == 9


def test_count_does_not_fall_below_done_and_assigned(talk: Talk) -> None:
    """R20; down to exactly that it may go."""
    talk.add("job-0001", spec(5))
    talk.print_one(ANNA, "print-01", "job-0001")
    talk.reserve(BERT, "print-02", "job-0001")
    below = JobEdit("job-0001", items=(spec(1),))
    assert "1 done and 1 assigned" in talk.refused(ANNA, below, Rule.PERMISSION)
    talk.say(ANNA, JobEdit("job-0001", items=(spec(2),)))
    assert talk.state.waiting(talk.state.jobs["job-0001"], 0) == 0


def test_untouched_job_is_edited_freely_and_forgets_its_old_content(
    talk: Talk,
) -> None:
    """Items of a job without prints are replaced; no orphan stays in the registry."""
    talk.add("job-0001", spec(1, file("1")))
    talk.say(BERT, JobEdit("job-0001", items=(spec(1, file("2")), spec(2))))
    talk.say(BERT, JobEdit("job-0001", items=(spec(1, file("2")),)))
    assert "1" * 64 not in talk.state.contents
    assert "2" * 64 in talk.state.contents


def test_higher_count_reopens_a_complete_job(talk: Talk) -> None:
    """A complete job takes copies again, and completes again."""
    talk.add("job-0001")
    talk.print_one(ANNA, "print-01", "job-0001")
    assert talk.state.jobs["job-0001"].completed == 5.0
    talk.say(ANNA, JobEdit("job-0001", items=(spec(2),)))
    assert talk.state.jobs["job-0001"].completed is None
    talk.print_one(BERT, "print-02", "job-0001")
    assert talk.state.jobs["job-0001"].completed == 5.0


def test_lowering_the_count_completes_a_job_like_any_other(talk: Talk) -> None:
    """It counts in the totals; an edit of a complete job does not count again."""
    talk.add("job-0001", spec(2))
    talk.print_one(ANNA, "print-01", "job-0001")
    talk.say(ANNA, JobEdit("job-0001", items=(spec(1),)), at=7.0)
    talk.say(ANNA, JobEdit("job-0001", wishes=Wishes("x")), at=8.0)
    assert talk.state.jobs["job-0001"].completed == 7.0
    assert talk.state.totals.jobs_completed == 1


def test_complete_jobs_are_dropped_in_order_of_completion(talk: Talk) -> None:
    """The oldest beyond COMPLETED_MAX go, whatever the printers' clocks say."""
    for number in range(COMPLETED_MAX + 1):
        job_id = talk.add(f"job-{number:04}")
        talk.start(ANNA, f"print-{number:04}", job_id)
        done = PrintEnded(f"print-{number:04}", PrintState.DONE, job_id, 0, "1" * 64)
        talk.say(ANNA, done, at=1000.0 - number)
    assert len(talk.state.jobs) == COMPLETED_MAX
    assert "job-0000" not in talk.state.jobs
    assert talk.state.totals.jobs_completed == COMPLETED_MAX + 1


def test_moves_put_a_job_where_they_say(talk: Talk) -> None:
    """Front, back, before, after; new ones at the back, or the front if asked."""
    for letter in "abcd":
        talk.add(f"job-000{letter}")
    a, b, c, d = (f"job-000{letter}" for letter in "abcd")
    talk.say(ANNA, JobMove(d, Place.FRONT))
    assert talk.order() == [d, a, b, c]
    talk.say(ANNA, JobMove(a, Place.BACK))
    assert talk.order() == [d, b, c, a]
    talk.say(ANNA, JobMove(a, Place.BEFORE, c))
    assert talk.order() == [d, b, a, c]
    talk.say(ANNA, JobMove(d, Place.AFTER, b))
    assert talk.order() == [b, d, a, c]
    talk.say(ANNA, JobMove(b, Place.BEFORE, d))
    assert talk.order() == [b, d, a, c]
    talk.say(ANNA, JobAdd("job-000e", Wishes("e"), (spec(),), front=True))
    assert talk.order() == ["job-000e", b, d, a, c]


def test_move_of_or_to_a_removed_job_makes_no_ghost(talk: Talk) -> None:
    """Lesson 6: drag to the front while another host deletes."""
    talk.add("job-0001")
    talk.add("job-0002")
    talk.say(BERT, JobRemove("job-0001"))
    talk.refused(ANNA, JobMove("job-0001", Place.FRONT), Rule.NOT_FOUND)
    after = JobMove("job-0002", Place.AFTER, "job-0001")
    talk.refused(ANNA, after, Rule.NOT_FOUND)
    itself = JobMove("job-0002", Place.AFTER, "job-0002")
    talk.refused(ANNA, itself, Rule.INVALID)
    assert talk.order() == ["job-0002"]


@pytest.mark.parametrize("place", list(Place))
def test_thousands_of_moves_to_one_place_keep_ranks_short(
    talk: Talk, place: Place
) -> None:
    """Ranks are bounded and the order stays what the moves say."""
    jobs = [talk.add(f"job-{number:04}") for number in range(8)]
    anchor, others = jobs[3], [job for job in jobs if job != jobs[3]]
    for step in range(2000):
        talk.say(ANNA, JobMove(others[step % 7], place, anchor))
    assert max(len(job.rank) for job in talk.state.jobs.values()) <= RANK_MAX
    last_first = [others[step % 7] for step in range(1999, 1992, -1)]
    at = talk.order().index(anchor)
    if place is Place.FRONT:
        assert talk.order() == [*last_first, anchor]
    elif place is Place.BACK:
        assert talk.order() == [anchor, *reversed(last_first)]
    elif place is Place.BEFORE:
        assert talk.order()[:at] == last_first[::-1]
    else:
        assert talk.order()[at + 1 :] == last_first


def test_fresh_ranks_are_told(talk: Talk) -> None:
    """Each job whose rank changed has an event, so that who follows them is right."""
    jobs = [talk.add(f"job-{number:04}") for number in range(3)]
    for step in range(500):
        before = {job_id: job.rank for job_id, job in talk.state.jobs.items()}
        events = talk.say(ANNA, JobMove(jobs[step % 2], Place.BEFORE, jobs[2]))
        if talk.state.jobs[jobs[2]].rank != before[jobs[2]]:
            assert {event.key for event in events} == set(jobs)
            return
    raise AssertionError("the ranks were never renewed")


def test_thousands_of_jobs_added_and_removed_keep_ranks_short(talk: Talk) -> None:
    """A queue that lives for years does not grow its ranks."""
    talk.add("job-stays")
    for number in range(2000):
        job_id = talk.add(f"job-{number:04}")
        if number >= 3:
            talk.say(ANNA, JobRemove(f"job-{number - 3:04}"))
    assert len(talk.state.jobs[job_id].rank) <= RANK_MAX
    assert talk.order() == ["job-stays", *(f"job-{n:04}" for n in (1997, 1998, 1999))]


def test_copies_are_not_kept_together_and_spread() -> None:
    """One says the contrary of the other."""
    talk = Talk.with_printers()
    both = Requirements(keep_together=True, spread=True)
    reason = talk.refused(ANNA, _adding(both), Rule.INVALID)
    assert "one of keep_together and spread" in reason
    talk.say(ANNA, _adding(Requirements(spread=True)))
    assert talk.state.jobs["job-0009"].requires.spread


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"grams": -1.0}, "grams -1"),
        ({"bbox": (1.0, 2.0)}, "bbox: three sides"),
        ({"bbox": (1.0, 2.0, -3.0)}, "a side in mm -3"),
        ({"from_file": ("x" * 65,)}, "from_file"),
        (
            {"files": (dataclasses.replace(file(), estimate_s=-1),)},
            "estimate_s of a file -1",
        ),
    ],
)
def test_what_an_item_says_of_itself_is_checked(
    change: dict[str, Any], reason: str
) -> None:
    """By name, as the rest of it."""
    wrong = dataclasses.replace(spec(), **change)
    body = JobAdd("job-0009", Wishes("a"), (wrong,))
    assert reason in Talk.with_printers().refused(ANNA, body, Rule.INVALID)


def _adding(requires: Requirements) -> JobAdd:
    return JobAdd("job-0009", Wishes("a"), (spec(),), requires)


def test_who_fills_the_queue_keeps_nobody_off() -> None:
    """Of one host there are fewer jobs than the queue holds."""
    talk = Talk.with_printers()
    talk.say(ANNA, RulesRaise(SCHEMA))
    talk.add("job-0001")
    job = talk.state.jobs["job-0001"]
    for number in range(2, JOBS_OF_ONE + 1):
        job_id = f"job-{number:04}"
        talk.state.jobs[job_id] = dataclasses.replace(job, job_id=job_id)
    body = JobAdd("job-more", Wishes("x"), (spec(),))
    assert "leaves room" in talk.refused(ANNA, body, Rule.CONFLICT)
    talk.say(BERT, body)
