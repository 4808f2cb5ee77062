"""What another group hands in must be what rules like ours can have made.

A command is checked where it is applied; what comes with another group was, there.
Who made that group up checked nothing: names that are paths, numbers at their end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from .checks import TEXT_MAX, check_id, check_size
from .codec import to_plain
from .command import CLIENT_ID_MAX, CLIENT_ID_MIN
from .content import FileRef, check_digest
from .errors import Rejected, Rule
from .identity import AUTHOR_MAX
from .job import ITEMS_MAX, PRIORITY_MAX, Job
from .member import MEMBERS_MAX
from .outcome import AUTHORS_MAX
from .part import NUMBER_MAX, Part, numbers
from .print import Print
from .printer_rules import PRINTERS_MAX
from .queue_data import QueueData, is_sound
from .schema import SIGNED

_STRETCHES_MAX = 16  # of one life in one part: each is long
_LIFE_MAX = 1 << 50  # outboxes begin below 1 << 48, and go up by 1 << 40 at most


def check_part(queue: QueueData, part: Part) -> None:
    """Raise Rejected for what rules rely on, and from SIGNED on for all of it.

    A version that does not know SIGNED takes the rest, and all hosts must agree.
    """
    logs = [log for lives in part.authors.values() for log in lives]
    sound = all(is_sound(job.job_id, job) for job in part.jobs) and all(
        text.isdecimal() for log in logs for text in log.recent
    )
    if part.settings is not None:
        part.settings.check()
    if not sound:
        raise _impossible("a job's rank or numbers")
    _check_numbers(queue, part)  # no host of any version comes to other ones
    if queue.rules >= SIGNED:
        _check_room(queue, part)
        _check_things(part)


def _check_numbers(queue: QueueData, part: Part) -> None:
    """One at its end can be raised no more, or by a state that nobody can read."""
    known = {
        log.incarnation for lives in queue.outcomes.authors.values() for log in lives
    }
    for name, number in numbers("", to_plain(part)):
        most = _LIFE_MAX if name == "incarnation" else NUMBER_MAX
        least = -PRIORITY_MAX if name == "priority" else 0
        if number < least or (number > most and number not in known):
            raise _impossible(f"{name[:80]} {number}")


def _check_room(queue: QueueData, part: Part) -> None:
    """Made-up hosts leave room for real ones."""
    holders = {host for content in part.contents for host in content.holders}
    made = {job.added_by for job in part.jobs} | {p.host for p in part.prints}
    told = {stretch.author for stretch in part.stretches} | part.authors.keys()
    _check_new(
        "hosts", queue.outcomes.authors.keys(), holders | made | told, AUTHORS_MAX
    )
    printers = {printer.host for printer in part.printers}
    _check_new("printers", queue.printers.keys(), printers, PRINTERS_MAX)
    lives = Counter((one.author, one.incarnation) for one in part.stretches)
    check_size("stretches of one life", max(lives.values(), default=0), _STRETCHES_MAX)
    roles = {standing.host for standing in part.roles}
    _check_new("roles", {known.host for known in queue.roles}, roles, MEMBERS_MAX)


def _check_new(what: str, known: Set[str], brought: Set[str], most: int) -> None:
    if not brought <= known:
        check_size(f"{what} of another group", len(known | brought), most // 2)


def _check_things(part: Part) -> None:
    """What people and hosts wrote, as the rules check it when they say it."""
    for job in part.jobs:
        _check_job(job)
    for content in part.contents:
        FileRef(content.key, content.sha256, content.size, content.name).check()
        for host in content.holders:
            check_id("host, a holder,", host)
    for printer in part.printers:
        check_id("host, a printer,", printer.host)
        printer.profile.check()
    for print_ in part.prints:
        _check_print(print_)
    for standing in part.roles:
        check_id("host, the id of a member,", standing.host)
    texts = [author for author in part.authors if len(author) > AUTHOR_MAX]
    texts += [c for c in part.clients if not CLIENT_ID_MIN <= len(c) <= CLIENT_ID_MAX]
    if texts:
        raise _impossible(f"host or client {texts[0][:80]!r}")


def _check_job(job: Job) -> None:
    check_id("job_id", job.job_id)
    if not 1 <= len(job.items) <= ITEMS_MAX:
        raise Rejected(Rule.INVALID, f"a job has 1 to {ITEMS_MAX} items")
    job.wishes.check()
    job.requires.check()
    for item in job.items:
        item.spec.check()
        tallies = [(tally.done, tally.failed) for tally in item.tallies.values()]
        if min(item.by_hand, item.forgiven, *(min(pair) for pair in tallies)) < 0:
            raise _impossible(f"fewer copies of {item.spec.name!r} than none")


def _check_print(print_: Print) -> None:
    check_id("print_id", print_.print_id)
    check_id("job_id", print_.job_id)
    check_digest("sha256", print_.sha256, 64)
    check_size("item of a print", print_.item, ITEMS_MAX - 1)
    for text in (print_.reason, print_.decided_by):
        check_size("characters of a remark", len(text), TEXT_MAX)


def _impossible(what: str) -> Rejected:
    return Rejected(
        Rule.INVALID, f"a part that no group of this queue can have: {what}"
    )
