"""The bench of the calls still finds all that they ask for."""

from __future__ import annotations

import asyncio

import pytest

from bench.interface import Farm, measure_farm


def test_each_call_of_a_farm_in_memory_is_answered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asyncio.run(measure_farm(Farm(printers=3, jobs=4, files=5)))
    assert capsys.readouterr().out.count("the loop held at once") == 7
