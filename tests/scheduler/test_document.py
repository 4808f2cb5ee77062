"""YAML with lines: places of mistakes, and files that are made to do harm."""

from __future__ import annotations

import pytest

from moonraker_netqueue.scheduler import document
from moonraker_netqueue.scheduler.document import parse_yaml
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.section import Section

_FILE = """# a comment
printers:
  anton: &anton
    tags:
      - enclosed
    volume: {width: 1}
  berta:
    <<: *anton
    tags: [fast]
list:
  - a: 1
  -
    a: x
"""


def _section(text: str, *keys: str) -> Section:
    return Section(parse_yaml(text, "f.yaml", "docs/page.md"), "f.yaml", keys)


def _line(error: ProblemError) -> int:
    return int(str(error).partition("line ")[2].partition(":")[0])


def test_errors_have_the_line_of_their_key() -> None:
    """At any depth; of what is missing, the line of what it is missing in."""
    root = _section(_FILE, "printers", "list")
    (_, anton), (_, berta) = root.entries("printers", ("tags", "volume"))
    assert _line(root.error("printers", "", "")) == 2
    assert _line(anton.error("tags", "", "")) == 4
    assert _line(anton.error("model", "", "")) == 3
    assert _line(anton.section("volume", ("width",)).error("width", "", "")) == 6
    assert _line(berta.error("tags", "", "")) == 9
    first, second = root.sections("list", ("a",))
    assert _line(first.error("a", "", "")) == 11
    assert _line(second.error("a", "", "")) == 13
    with pytest.raises(ProblemError) as caught:
        second.whole("a", 0)
    message = "f.yaml, line 13: list[1].a: is 'x'; give a whole number"
    assert str(caught.value) == message


def test_aliases_are_followed_and_own_keys_win() -> None:
    """`<<` brings in the rest, with the lines it has there."""
    (_, _), (_, berta) = _section(_FILE, "printers", "list").entries(
        "printers", ("tags", "volume")
    )
    assert berta.texts("tags", ()) == ("fast",)
    assert _line(berta.error("volume", "", "")) == 6
    two = _section("a: &a {x: 1}\nb: &b {x: 2, y: 3}\nc: {<<: [*a, *b]}", *"abc")
    assert two.whole_numbers("c", 0) == {"x": 1, "y": 3}


def test_words_are_what_the_file_says() -> None:
    """A printer may be called `no`, a model `1.0`: YAML would make them something."""
    root = _section("p: {no: 1, 1.0: 2, 010: 3, 2026-03-22: 4}", "p")
    assert list(root.whole_numbers("p", 0)) == ["no", "1.0", "010", "2026-03-22"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: a: is there twice (first in line 1); keep one"),
        ("p:\n  x: {a: 1, 'a': 2}", "line 2: p.x.a: is there twice (first in line 2)"),
        ("a: 1\nb: [", "line 2: is not YAML"),
        ("a: *nobody", "line 1: is not YAML (found undefined alias 'nobody'); see"),
        ("a: 1\n---\nb: 1", "line 2: is not YAML"),
        ("a: 1\nb: \x07", "line 2: is not YAML (special characters are not allowed)"),
        ("a: 1\nb: !!python/name:os.system x", "line 2: is not YAML"),
        ("a: !!set {x}", "line 1: a: is a tag:yaml.org,2002:set; leave the tag out"),
        ("a: 1\nb: 2026-13-45", "line 2: b: '2026-13-45' is not possible; put it in"),
        ("a:\n  - {[x]: 1}", "line 2: a[0]: has a key that is no word; give a word"),
        ("a:\n  '': 1", "line 2: a: has a key that is no word; give a word"),
        ("a:\n  <<: 5", "line 2: a: << is no mapping; give `<<: *alias`"),
        ("a: " + "x" * 1001, "line 1: a: has over 1000 characters; shorten it"),
        ("a: " + "[" * 40 + "]" * 40, "line 1: is not YAML (over 32 levels deep)"),
        ("a: " + "[" * 9_000, "line 1: is not YAML (over 32 levels deep)"),
        ("a: &a [*a]", "repeats itself too often; use no aliases"),
        ("a: &a {<<: *a}", "repeats itself too often; use no aliases"),
    ],
)
def test_bad_files_are_told_with_the_line(text: str, message: str) -> None:
    """One line for a person, whatever is wrong."""
    with pytest.raises(ProblemError) as caught:
        parse_yaml(text, "f.yaml", "docs/page.md")
    assert message in str(caught.value)
    assert str(caught.value).startswith("f.yaml, line ")
    assert "\n" not in str(caught.value)


def _laughs(entry: str) -> str:
    lines = ["a0: &a0 {x: 1}"]
    lines += [
        f"a{n}: &a{n} " + entry.format(",".join([f"*a{n - 1}"] * 9))
        for n in range(1, 9)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize("entry", ["[{}]", "{{<<: [{}]}}"])
def test_a_few_aliases_do_not_become_a_billion_values(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each level is nine times the one before."""
    monkeypatch.setattr(document, "NODES_MAX", 1_000)
    with pytest.raises(ProblemError, match="repeats itself too often"):
        parse_yaml(_laughs(entry), "f.yaml", "docs/page.md")


def test_files_that_are_too_large_are_not_read() -> None:
    """Somebody gave a g-code file."""
    with pytest.raises(ProblemError, match="over 4194304 characters; is it the right"):
        parse_yaml("#" * (document.TEXT_MAX + 1), "f.yaml", "docs/page.md")


def test_an_empty_file_has_no_value() -> None:
    """The section that is wanted says so."""
    assert parse_yaml("# nothing", "f.yaml", "docs/page.md") is None
    with pytest.raises(ProblemError, match=r"^f.yaml, line 1: is missing; write a map"):
        _section("")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("0x" + "f" * 900, "... is too large"),
        ("1" + "0" * 500, "a: 1000000000000000000000000000000000000000000000000000"),
        ("10000000000", "a: 10000000000 is too large; give a whole number up to 1000"),
        ("-10000000000", "a: -10000000000 is too small; give a whole number from -1"),
    ],
)
def test_numbers_have_bounds(value: str, message: str) -> None:
    """So that sums of them stay what every solver can add up."""
    root = _section(f"a: {value}", "a")
    with pytest.raises(ProblemError) as caught:
        root.whole("a", 0)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 200
    with pytest.raises(ProblemError, match=r"too large|not possible"):
        root.measure("a", 0)


@pytest.mark.parametrize("when", ["0001-01-01", "9999-12-31T23:59:59-14:00"])
def test_times_have_bounds(when: str) -> None:
    """Nobody adds jobs in the days of Rome."""
    with pytest.raises(ProblemError, match="out of reach; give a time from 1970"):
        _section(f"a: '{when}'", "a").moment("a")


def test_words_that_yaml_takes_for_true_are_told() -> None:
    """A tag `on` would become `True` in silence."""
    with pytest.raises(ProblemError, match="has True in it; put words in quotes"):
        _section("a: [on]", "a").texts("a", ())
