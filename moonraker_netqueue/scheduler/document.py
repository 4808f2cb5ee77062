"""A YAML file as mappings and lists that know their lines: what section.py reads."""

from __future__ import annotations

from typing import Any

import yaml

from .errors import ProblemError

TEXT_MAX = 4 * 1024 * 1024  # characters: 1,000 printers and 10,000 jobs need less
NODES_MAX = 1_000_000  # keys and values, with every alias followed
DEPTH_MAX = 32
WORD_MAX = 1_000  # characters of one key or value

_MAP, _LIST, _MERGE = (f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "merge"))


class LinedMapping(dict[str, Any]):
    """A mapping in the order of the file, and the line of each key."""

    def __init__(self) -> None:
        """An empty one."""
        super().__init__()
        self.lines: dict[str, int] = {}


class LinedList(list[Any]):
    """A list, and the line of each entry."""

    def __init__(self) -> None:
        """An empty one."""
        super().__init__()
        self.lines: list[int] = []


def parse_yaml(text: str, name: str, page: str) -> object:
    """What file `name` says; raises ProblemError, which points at docs page `page`.

    Keys are the words of the file, whatever YAML makes of them elsewhere.
    """
    if len(text) > TEXT_MAX:
        raise ProblemError(
            f"{name}: has over {TEXT_MAX} characters; is it the right file?"
        )
    try:
        # Made here, since it refuses characters that YAML does not know.
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            return None if node is None else _Builder(loader, name).value(node, "")
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise ProblemError(
            f"{name}, line {_line_of(error, text)}: is not YAML ({_reason(error)});"
            f" see {page} for an example"
        ) from None


class _Loader(yaml.SafeLoader):
    """Composes nodes up to a depth: PyYAML calls itself for each level."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise yaml.MarkedYAMLError(
                problem=f"over {DEPTH_MAX} levels deep",
                problem_mark=None if parent is None else parent.start_mark,
            )
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Builder:
    """Values of nodes. Aliases make one node many values, so values are counted."""

    def __init__(self, loader: _Loader, name: str) -> None:
        self._loader = loader
        self._name = name
        self._nodes = 0
        self._depth = 0

    def value(self, node: yaml.Node, path: str) -> object:
        self._nodes += 1
        self._depth += 1
        if self._nodes > NODES_MAX or self._depth > DEPTH_MAX:
            raise self._error(node, path, "repeats itself too often", "use no aliases")
        if isinstance(node, yaml.ScalarNode):
            found = self._scalar(node, path)
        elif isinstance(node, yaml.MappingNode) and node.tag == _MAP:
            found = self._mapping(node, path)
        elif isinstance(node, yaml.SequenceNode) and node.tag == _LIST:
            found = self._list(node, path)
        else:
            raise self._error(node, path, f"is a {node.tag}", "leave the tag out")
        self._depth -= 1
        return found

    def _scalar(self, node: yaml.ScalarNode, path: str) -> object:
        if len(node.value) > WORD_MAX:
            raise self._error(
                node, path, f"has over {WORD_MAX} characters", "shorten it"
            )
        try:
            return self._loader.construct_object(node)
        except ValueError:  # a 13th month
            raise self._error(
                node, path, f"{node.value!r} is not possible", "put it in quotes"
            ) from None

    def _list(self, node: yaml.SequenceNode, path: str) -> LinedList:
        found = LinedList()
        for number, entry in enumerate(node.value):
            found.append(self.value(entry, f"{path}[{number}]"))
            found.lines.append(_line(entry))
        return found

    def _mapping(self, node: yaml.MappingNode, path: str) -> LinedMapping:
        found = LinedMapping()
        merged = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += self._merged(value, path)
                continue
            word = self._key(key, path)
            below = f"{path}.{word}" if path else word
            if word in found:
                first = found.lines[word]
                raise self._error(
                    key, below, f"is there twice (first in line {first})", "keep one"
                )
            found[word] = self.value(value, below)
            found.lines[word] = _line(key)
        for other in merged:
            for word in other.keys() - found.keys():
                found[word] = other[word]
                found.lines[word] = other.lines[word]
        return found

    def _merged(self, node: yaml.Node, path: str) -> list[LinedMapping]:
        """What `<<: *alias` or `<<: [*alias, *alias]` brings in, the first first."""
        value = self.value(node, path)
        others = value if isinstance(value, LinedList) else [value]
        if not all(isinstance(other, LinedMapping) for other in others):
            raise self._error(node, path, "<< is no mapping", "give `<<: *alias`")
        return list(others)

    def _key(self, node: yaml.Node, path: str) -> str:
        word = node.value if isinstance(node, yaml.ScalarNode) else ""
        if not 0 < len(word) <= WORD_MAX:
            raise self._error(node, path, "has a key that is no word", "give a word")
        return str(word)

    def _error(
        self, node: yaml.Node, path: str, reason: str, remedy: str
    ) -> ProblemError:
        where = f"{self._name}, line {_line(node)}: "
        return ProblemError(
            where + (f"{path}: " if path else "") + reason + f"; {remedy}"
        )


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _line_of(error: yaml.YAMLError, text: str) -> int:
    if isinstance(error, yaml.MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return mark.line + 1 if mark else 1
    return text.count("\n", 0, getattr(error, "position", 0)) + 1


def _reason(error: yaml.YAMLError) -> str:
    reason = getattr(error, "problem", None) or getattr(error, "reason", None)
    return " ".join(str(reason or "unreadable").split())
