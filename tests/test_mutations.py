"""The table of rules that `bench.mutations` takes out still speaks of the code."""

from __future__ import annotations

import pytest

from bench.mutations import MUTATIONS, ROOT, Mutation


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"{m.rule} {m.file}")
def test_a_mutation_changes_one_place_and_names_a_test(mutation: Mutation) -> None:
    """Else a rule would count as held by a test that never saw it broken."""
    code = (ROOT / "moonraker_netqueue" / mutation.file).read_text(encoding="utf-8")
    assert code.count(mutation.old) == 1
    assert mutation.new != mutation.old
    file, _, test = mutation.test.partition("::")
    tests = (ROOT / "tests" / file).read_text(encoding="utf-8")
    assert f"def {test or 'test_'}" in tests
