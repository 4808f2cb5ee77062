"""What hosts say to people in English, as the source has it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import moonraker_netqueue
from moonraker_netqueue.model.command import Decision
from moonraker_netqueue.model.member import MemberRole
from moonraker_netqueue.model.print import PrintState

_PACKAGE = Path(moonraker_netqueue.__file__).parent
# Refusals that reach the page as the text of an answer, and reasons of a printer.
_REFUSALS = {
    "Abandoned",
    "AdmissionRefused",
    "ApiError",
    "Hindrance",
    "Rejected",
    "RecoverRefused",
    "RejoinRefused",
}
# Files in which each text is said to people.
_WHOLE = {
    "api/admission_notices.py",
    "api/audit.py",
    "api/leaving.py",
    "api/undecided.py",
    "printer/agent.py",
    "printer/bed.py",
    "printer/loading.py",
    "printer/printer_state.py",
    "printer/start.py",
    "printer/verdict.py",
    "printer/watch.py",
    "replica/advice.py",
}
_SINGLE = {  # functions of others
    "api/members.py": {"_left_over"},
    "api/queue.py": {"pending_message"},
    "api/recover.py": {"_unseen"},
    "component.py": {"__init__"},
    "hardware.py": {"take_folder"},
    "host_queues.py": {"load", "_tell"},
    "printer/record.py": {"_save", "damage_notice"},
}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ELSEWHERE = {"cli", "sim", "virtual_printer"}
# Words that are put into the others.
_WORDS = {
    *(state.value for state in PrintState),
    *(role.value for role in MemberRole),
    *("wishes", "requirements", "items", "failed attempts forgiven", "cancelled"),
    *(decision.value for decision in Decision),
}
# What is wrong with the arguments of a call is told to who writes a program.
_FOR_PROGRAMS = ("argument ", "unknown argument ", "give one of the arguments")
# Letters below which a text is no saying of its own, with values in it or without.
_FRAME_MIN, _PLAIN_MIN = 3, 8


def english() -> set[str]:
    """Every text with `{0}`, `{1}`... for what is put into it, and some of that."""
    found: set[str] = set()
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_PACKAGE).as_posix()
        if name.split("/")[0] not in _ELSEWHERE:
            found.update(_said_in(name, ast.parse(path.read_text())))
    return {text for text in found if _of_people(text)} | _WORDS


def _said_in(name: str, tree: ast.Module) -> Iterator[str]:
    if name in _WHOLE:
        yield from _texts(tree)
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in _REFUSALS:
            for argument in node.args:
                yield from _texts(argument)
        elif isinstance(node, _FUNCTIONS) and node.name in _SINGLE.get(name, ()):
            yield from _texts(node)


def _called(call: ast.Call) -> str:
    function = call.func
    return str(getattr(function, "id", getattr(function, "attr", "")))


def _texts(node: ast.AST) -> Iterator[str]:
    """Texts at and below a node; docstrings are none."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str):
            yield node.value
        return
    if isinstance(node, ast.JoinedStr):
        yield _template(node)
    for child in ast.iter_child_nodes(node):
        part = isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)
        said = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not part and not said:
            yield from _texts(child)


def _template(node: ast.JoinedStr) -> str:
    numbers = count()
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else f"{{{next(numbers)}}}"
        for part in node.values
    )


def _of_people(text: str) -> bool:
    literal = re.sub(r"\{\d\}", "", text)
    letters = sum(letter.isalpha() for letter in literal)
    least = _FRAME_MIN if "{" in text else _PLAIN_MIN
    said = " " in literal and "%s" not in literal  # else it is a line of moonraker.log
    return letters >= least and said and not text.startswith(_FOR_PROGRAMS)
