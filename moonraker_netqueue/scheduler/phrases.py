"""What people are told of a plan: English, with a code that a page can translate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any

Value = str | int | float
_MASK = {
    "state": "not ready, nor soon",
    "queue": "serves another queue",
    "profile": "no file sliced for the printer's model",
    "material": "no such material",
    "nozzle": "another nozzle",
    "volume": "build volume too small",
    "tags": "lacks a tag the job asks for",
    "filament": "no spool with enough filament",
    "operator": "material change needed and nobody is there",
    "bed": "bed not known to be clear",
    "quarantine": "in quarantine after repeated failures",
    "colour": "material in another colour",
    "switched_off": "paused by a person",
    "held": "job is held",
    "attempts": "failed here before",
    "content": "file on no host that can be reached",
    "together": "other copies of the job are on another printer",
    "spread": "has a copy already, and they are to be spread",
}
_NO_MORE = "the operator does as much by hand as the period allows"
_OUTBID = "{printer} takes {job} first"
ENGLISH: Mapping[str, str] = {
    **{f"mask_{reason}": text for reason, text in _MASK.items()},
    **{f"word_{reason}": reason for reason in _MASK},
    # how phrases are put together
    "both": "{first} and {second}",
    "comma": "{first}, {second}",
    "semicolon": "{first}; {second}",
    "remedy_else": "{remedy}; else {otherwise}",
    "remedy_later": "{remedy} ({doing})",
    "more": "{names} and {n} more",
    "no_fit": "no printer fits: {needs}",
    "need_of": "{need} ({printers})",
    "count_of": "{reason} {n}",
    "to_do": "{why}: {what}",
    "at_printer": "{printer}: {doing}",
    # what is the matter with a job
    "waiting": "waiting: {what}",
    "no_printer": "no printer serves this queue yet",
    "paused_resume": "the queue is paused; resume it",
    "held_release": "it is on hold; release it",
    "failed_retry": "it failed too often; look at why, then retry it",
    "failed_times": "it failed {n} times; retry it after a look at why",
    "again_soon": "it is tried again soon. {reason}",
    "about_to_take": "{printers} is about to take it",
    "all_take": "every printer that fits already takes a copy of it",
    "queue_paused": "the queue is paused",
    "on_hold": "it is on hold",
    "failed_often": "it failed too often",
    # what a printer does
    "state": "{state}",
    "state_left": "{state}, {minutes} min left",
    "takes_first": "takes {job} first",
    "it_takes_first": "it takes {job} first",
    "it_is": "it is {doing}",
    "is": "{printer} is {doing}",
    "takes_next": "{printer} takes a copy of it next",
    "outbid": _OUTBID,
    "outbid_minutes": _OUTBID
    + "; this one instead would cost at least {minutes} min more",
    "dearer": "starting it on {printer} costs more than leaving that idle",
    "limited": f"{{printer}} needs a change, and {_NO_MORE}",
    # what a job needs, and a printer has not
    "needs_material": "needs {material}",
    "needs_nozzle": "needs a {nozzle:g} mm nozzle",
    "needs_tag": "needs the tag {tags}",
    "needs_tags": "needs the tags {tags}",
    "too_large_at": "too large at {size}",
    "no_file_asked": "no file sliced for a model that the job asks for: add one",
    "no_file_unnamed": "every file is for a model, and the printer names none",
    "no_file_model": "no file sliced for model {model}: add one",
    "not_served": "{printer} does not serve queue {queue}",
    "no_model": "{printer} names no model, and every file is for one",
    "no_file": "no file is sliced for model {model} of {printer}",
    "has_no": "{printer} has no {material}",
    "new_spool": "a new spool",
    "nozzle_unknown": "needs a {nozzle:g} mm nozzle;"
    " {printer} does not say which it has",
    "other_nozzle": "needs a {nozzle:g} mm nozzle; {printer} has {has:g}",
    "volume_unknown": "{printer} does not say how large a part may be",
    "too_large": "too large for {printer}: {size}, it has {room}",
    "lacks_tag": "{printer} lacks the tag {tags}",
    "lacks_tags": "{printer} lacks the tags {tags}",
    "little_filament": "needs {grams:g} g; a spool of {printer} holds {has:g}",
    "somebody": "somebody must be there to load {material} on {printer}",
    "operator_limit": f"{{material}} must be loaded on {{printer}}, and {_NO_MORE}",
    "bed_unknown": "the bed of {printer} is not known to be clear",
    "in_quarantine": "{printer} failed several prints in a row",
    "switched_off": "{printer} is paused by a person",
    "failed_here": "it failed on {printer}: another printer is to try",
    "no_content": "file on no host that {printer} can reach",
    "together": "its copies belong together, and others of it are on {printer}",
    "spread": "{printer} has a copy of it already, and they are to be spread",
    # what a person can do
    "resume_queue": "resume the queue",
    "release": "release it",
    "look_retry": "look at why, then retry it",
    "retry_after_look": "retry it after a look at why",
    "get_going": "get {printer} going",
    "let_serve": "let {printer} serve it",
    "say_model": "say in its settings which model {printer} is",
    "add_file": "add a file sliced for {model}",
    "load": "load {material} on {printer}",
    "say_nozzle": "say in its settings which nozzle {printer} has",
    "fit_nozzle": "fit a {nozzle:g} mm nozzle to {printer}",
    "say_volume": "say in its settings the build volume of {printer}",
    "give_tag": "give {printer} the tag {tags}, if that is true of it",
    "give_tags": "give {printer} the tags {tags}, if that is true of it",
    "put_spool": "put a spool with {grams:g} g or more on {printer}",
    "put_spool_of": "put a spool of {material} with {grams:g} g or more on {printer}",
    "clear_bed": "clear the bed of {printer}",
    "look_after": "look after {printer}, then say that its bed is clear",
    "resume_printer": "resume taking work on {printer}",
    "switch_on": "switch on a printer that has its file",
    # why a printer has no work
    "no_job": "no job waits",
    "job_limited": f"{{job}} needs a change, and {_NO_MORE}",
    "job_dearer": "starting {job} costs more than staying idle",
    "taken": "other printers take every job it could print",
    "unfit": "fits none of {n} jobs: {counts}",
    "clear_it": "clear it",
    "look_after_it": "look after it, then say that its bed is clear",
    "resume_it": "resume it",
    "get_it_going": "get it going",
    "load_here": "load {material}",
    "somebody_here": "somebody must be there to load {material}",
    "one_waits": "1 job waits for it",
    "jobs_wait": "{n} jobs wait for it",
}
"""The English words of each code. A page in another language has its own."""


class Phrase(str):
    """An English text that knows its code, and the values that it speaks of.

    A value is a text, a number or a phrase itself.
    """

    __slots__ = ("code", "values")
    code: str
    values: Mapping[str, Value]

    def __new__(cls, code: str, **values: Value) -> Phrase:
        phrase = super().__new__(cls, ENGLISH[code].format(**values))
        phrase.code = code
        phrase.values = values
        return phrase

    def __reduce__(self) -> tuple[Any, ...]:
        return phrase_of, (plain(self),)


def plain(text: str) -> dict[str, Any] | None:
    """A phrase as JSON: its `code` beside its values; None: it is a mere text."""
    if not isinstance(text, Phrase):
        return None
    values = {
        name: plain(value) if isinstance(value, Phrase) else value
        for name, value in text.values.items()
    }
    return {"code": text.code, **values}


def phrase_of(form: Mapping[str, Any]) -> Phrase:
    """The inverse; raises KeyError, TypeError or ValueError if it is no phrase."""
    values = {
        name: phrase_of(value) if isinstance(value, Mapping) else value
        for name, value in form.items()
    }
    return Phrase(**values)


def chained(code: str, texts: Iterable[str]) -> str:
    """Texts one after another, put together by a phrase of two; at least one."""
    return reduce(lambda first, second: Phrase(code, first=first, second=second), texts)
