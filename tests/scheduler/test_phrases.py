"""Phrases: English texts that know their code and values."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from moonraker_netqueue.scheduler.phrases import Phrase, chained, phrase_of, plain

_LOAD = Phrase("load", material=Phrase("new_spool"), printer="{voron}")


def test_a_phrase_is_its_english_text() -> None:
    """A name is told as it is, whatever is in it."""
    assert _LOAD == "load a new spool on {voron}"
    assert Phrase("needs_nozzle", nozzle=0.40) == "needs a 0.4 mm nozzle"


def test_its_plain_form_is_json_and_comes_back() -> None:
    form = plain(_LOAD)
    assert form == {
        "code": "load",
        "material": {"code": "new_spool"},
        "printer": "{voron}",
    }
    back = phrase_of(json.loads(json.dumps(form)))
    assert (back, back.code, plain(back)) == (_LOAD, "load", form)
    assert plain("a mere text") is None


def test_copies_stay_phrases() -> None:
    """Between threads and processes nothing of them is lost."""
    for copied in (copy.deepcopy(_LOAD), pickle.loads(pickle.dumps(_LOAD))):  # noqa: S301
        assert (copied, plain(copied)) == (_LOAD, plain(_LOAD))


def test_texts_are_chained() -> None:
    assert chained("both", ["one"]) == "one"
    assert chained("both", ["one", "two", "three"]) == "one and two and three"


def test_what_is_no_phrase_is_refused() -> None:
    with pytest.raises(KeyError):
        phrase_of({"code": "no such code"})
    with pytest.raises(KeyError):
        phrase_of({"code": "load", "printer": "voron"})
