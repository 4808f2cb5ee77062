"""No bytes of a stranger, or from a damaged disk, end a decoder in any other way than
by its own refusal.

`python -m pytest tests/fuzz` reads 100,000 inputs, the same ones each time;
`NETQUEUE_FUZZ_SEED=7 NETQUEUE_FUZZ_INPUTS=1000000` reads others and more. What was ever
found is kept in `testdata/fuzz/<decoder>/` and read first.
"""

from __future__ import annotations

import logging
import os
import random
import resource
from pathlib import Path

import pytest

from tests.fuzz.decoder import Decoder
from tests.fuzz.decoders import DECODERS
from tests.fuzz.mutators import mutated

_CORPUS = Path(__file__).parents[2] / "testdata" / "fuzz"
_SEED = os.environ.get("NETQUEUE_FUZZ_SEED", "1")
_INPUTS = int(os.environ.get("NETQUEUE_FUZZ_INPUTS", "100000"))
_HEAVY = 2_000  # inputs of each slow decoder, of 100,000 in all
_GROWTH_MAX = 64 << 10  # KiB that the process may grow by while one decoder is fed

_heavy = _INPUTS * _HEAVY // 100_000
_light = (_INPUTS - _heavy * sum(one.heavy for one in DECODERS.values())) // sum(
    not one.heavy for one in DECODERS.values()
)


def _feed(name: str, decoder: Decoder, data: bytes) -> bool:
    """Whether it is read; refused is as good. Fails naming how to repeat it."""
    try:
        decoder.read(data)
    except decoder.refusals:
        return False
    except Exception as error:
        kept = Path(os.environ.get("TMPDIR", "/tmp")) / f"netqueue-fuzz-{name}"  # noqa: S108
        kept.write_bytes(data)
        raise AssertionError(
            f"{name} raised {error!r}; its input is kept as {kept}: put it into"
            f" {_CORPUS.name}/{name}/ once it is mended"
        ) from error
    return True


@pytest.mark.parametrize("name", DECODERS)
def test_the_examples_are_read(name: str) -> None:
    """Else the fuzzing would never come behind the first check."""
    decoder = DECODERS[name]
    assert decoder.seeds
    for data in decoder.seeds:
        decoder.read(data)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.filterwarnings("ignore:Attribute's length must be")
@pytest.mark.parametrize("name", DECODERS)
def test_nothing_but_refusals(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nor a process that grows with what it refused."""
    caplog.set_level(logging.CRITICAL)  # else what is logged is what grows
    decoder = DECODERS[name]
    for case in sorted((_CORPUS / name).glob("*")):
        _feed(name, decoder, case.read_bytes())
    draw = random.Random(f"{_SEED} {name}")  # noqa: S311 - the same inputs each time
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = sum(
        _feed(name, decoder, mutated(draw, decoder.seeds))
        for _ in range(_heavy if decoder.heavy else _light)
    )
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < _GROWTH_MAX, f"{name} grew by {grown} KiB"
    assert read, "some mutations must pass, else only the first check was met"
