"""Prints whose end nobody saw: what a person can decide, and what each choice risks."""

from __future__ import annotations

from ..model.print import UNSTARTED, Print, PrintState
from ..model.queue_state import QueueState
from .views import host_name, job_name

_NAMED_MAX = 3


def choices(print_: Print) -> dict[str, str]:
    """What a person can decide about a print that its printer tells nothing of, and
    what each risks."""
    missing = "if the copy was not made, or is not good, one is missing"
    if print_.state is PrintState.LOST:
        return {
            "wait": "nothing is risked; the job stays unfinished until you decide",
            "retry": "if the copy was made after all, it is made twice",
            "mark_done": missing,
        }
    if print_.state in UNSTARTED:
        retry = (
            "its printer holds the copy and may start it as long as it does not hear"
            " of this: then it is made twice"
        )
    else:
        retry = (
            "its printer may be printing the copy, or have finished it: then it is"
            " made twice"
        )
    return {
        "wait": "the copy stays with its printer until that is back; nothing is risked",
        "retry": retry,
        "mark_done": missing,
    }


def notice_of(state: QueueState) -> str:
    """Which prints wait for a person's word, and how to give it; or nothing."""
    lost = state.lost_prints()
    if not lost:
        return ""
    named = [
        f"{job_name(state, print_.job_id)!r} on {host_name(state, print_.host)}"
        for print_ in lost[:_NAMED_MAX]
    ]
    if len(lost) > _NAMED_MAX:
        named.append(f"{len(lost) - _NAMED_MAX} more")
    return (
        f"nobody saw the end of {', '.join(named)}: look at the bed, then decide:"
        f" 'netqueue print {lost[0].print_id[:8]} mark_done' if it is good, or 'retry'"
        " to print it again (if it was made after all, it is made twice)"
    )
