"""The examples of docs/api.md, run in order against a real Moonraker."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.virtual_printer.printers import VirtualPrinter
from tests.component.test_component import ROOT, SECTION, exchange, serves, wait
from tests.conftest import StartPrinters

_PAGE = Path(__file__).parents[2] / "docs" / "api.md"
_EXAMPLE = re.compile(r"```request\n(.*?)```\n+```answer\n(.*?)```", re.DOTALL)
_ANY = "…"


def _differences(expected: Any, answer: Any, known: dict[str, str]) -> list[str]:
    """What the answer lacks of what is documented. `$name` stands for one value."""
    if expected == _ANY:
        return []
    if isinstance(expected, str) and expected.startswith("$"):
        value = known.setdefault(expected, answer)
        return [] if value == answer else [f"{answer!r} is not {expected}"]
    if isinstance(expected, dict) and isinstance(answer, dict):
        missing = [f"no {key!r}" for key in expected if key not in answer]
        return missing + [
            f"{key}: {text}"
            for key in expected.keys() & answer.keys()
            for text in _differences(expected[key], answer[key], known)
        ]
    if expected and isinstance(expected, list) and isinstance(answer, list):
        if len(answer) < len(expected):
            return [f"{len(answer)} entries, not {len(expected)}"]
        return [
            f"{number}: {text}"
            for number, (one, other) in enumerate(zip(expected, answer, strict=False))
            for text in _differences(one, other, known)
        ]
    return [] if expected == answer else [f"{answer!r}, not {expected!r}"]


def _run(printer: VirtualPrinter, request: str, known: dict[str, str]) -> Any:
    for name, value in known.items():
        request = request.replace(name, value)
    line, _, body = request.partition("\n")
    method, path = line.split()
    arguments = json.loads(body) if body.strip() else {}
    status, answer = exchange(printer, method, path, arguments)
    assert status == 200, (line, answer)
    return answer["result"]


@pytest.mark.timeout(300)
def test_every_example_is_answered_as_the_page_says(
    start_printers: StartPrinters,
) -> None:
    """None of them can be wrong for long."""
    (printer,) = start_printers(1, SECTION).printers
    wait(lambda: serves(printer))
    printer.client.post(f"{ROOT}/pause")
    for name in ("brackets/left", "box", "lid", "clip", "clip-mk3"):
        printer.client.upload(f"{name}.gcode", f"G28\n; {name}\n".encode())
    examples = _EXAMPLE.findall(_PAGE.read_text(encoding="utf-8"))
    assert len(examples) >= 12
    known: dict[str, str] = {}
    for request, expected in examples:
        answer = _run(printer, request, known)
        differences = _differences(json.loads(expected), answer, known)
        assert not differences, (request, differences, answer)
