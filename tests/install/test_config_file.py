"""Edits of moonraker.conf: exact, undone exactly, all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installer.config_file import (
    Change,
    TokenUnplaced,
    apply,
    backups,
    includes_us,
    install_changes,
    show,
    uninstall_changes,
    with_include,
    with_token,
    without_include,
)

ROOT = Path(__file__).parents[2]
CONFIG = b"[server]\nport: 7125\n"
TEXTS = st.lists(
    st.sampled_from(
        [b"[server]", b"port: 1", b"", b" \xff", b"# x", b"\r\n", b"\n", b"[history]"]
    )
).map(b"".join)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A moonraker.conf in a folder of its own."""
    path = tmp_path / "moonraker.conf"
    path.write_bytes(CONFIG)
    return path


def install(config: Path) -> list[Path | None]:
    """Apply all; the backups that were made."""
    changes = list(install_changes(config, ROOT, "", ""))
    return [apply(change, keep_backup=True) for change in changes]


def uninstall(config: Path, *, purge: bool = False) -> None:
    """Apply all."""
    for change in list(uninstall_changes(config, purge=purge)):
        apply(change, keep_backup=not purge)


@given(TEXTS)
def test_uninstall_gives_the_old_bytes_back(text: bytes) -> None:
    """Whatever the text is: with or without a last line end, in any encoding."""
    assert includes_us(with_include(text))
    assert with_include(with_include(text)) == with_include(text)
    assert without_include(with_include(text), [text]) == text


@given(TEXTS, TEXTS)
def test_what_changed_since_is_kept(text: bytes, more: bytes) -> None:
    """Without a matching backup only our line goes."""
    changed = with_include(text) + b"# more\n" + more
    left = without_include(changed, [text])
    assert not includes_us(left)
    assert left.endswith(b"# more\n" + more)


@pytest.mark.parametrize(
    "line",
    [b"[include netqueue.conf]", b"  [include   ./netqueue.conf ] # mine"],
)
def test_an_include_of_a_person_is_enough(line: bytes) -> None:
    """However it is written, it is not added again."""
    text = CONFIG + line + b"\n"
    assert with_include(text) == text


def test_a_section_in_moonraker_conf_is_left_alone(config: Path) -> None:
    """Two sections [netqueue] would be mixed: the person's own one stays the one."""
    config.write_bytes(CONFIG + b"[netqueue]\nqueues: x\n")
    assert list(install_changes(config, ROOT, "", "")) == []


TOKEN = "nq-" + "a" * 52


def test_a_token_goes_into_our_own_file(config: Path) -> None:
    """A new file or a person's, in place of an older token; nothing else changes."""
    made = next(install_changes(config, ROOT, "", "", TOKEN))
    assert f"[netqueue]\ntoken: {TOKEN}\n" in (made.new or b"").decode()
    own = config.with_name("netqueue.conf")
    own.write_bytes(b"# mine\n[netqueue]\ntoken: nq-old\nqueues: mine")
    change = next(install_changes(config, ROOT, "", "", TOKEN))
    expected = f"# mine\n[netqueue]\ntoken: {TOKEN}\nqueues: mine".encode()
    assert change == Change(own, own.read_bytes(), expected)
    assert with_token(expected, TOKEN) == expected


@pytest.mark.parametrize(
    ("text", "own", "token"),
    [
        (CONFIG + b"[netqueue]\n", None, TOKEN),
        (CONFIG, b"# empty\n", TOKEN),
        (CONFIG, None, "nq-abc"),
    ],
)
def test_a_token_without_a_place_is_told(
    config: Path, text: bytes, own: bytes | None, token: str
) -> None:
    """Rather than lost."""
    config.write_bytes(text)
    if own is not None:
        config.with_name("netqueue.conf").write_bytes(own)
    with pytest.raises(TokenUnplaced):
        list(install_changes(config, ROOT, "", "", token))


def test_a_comment_is_no_include() -> None:
    """A line that is commented out does not count."""
    assert not includes_us(b"#[include netqueue.conf]\n")


def test_install_twice_changes_nothing(config: Path) -> None:
    """The second time there is nothing to do; a file of the person's is kept."""
    own = config.with_name("netqueue.conf")
    own.write_bytes(b"[netqueue]\nqueues: mine\n")
    assert install(config)[0] is not None
    assert install(config) == []
    assert own.read_bytes() == b"[netqueue]\nqueues: mine\n"


def test_a_backup_has_the_old_bytes_and_the_mode(config: Path) -> None:
    """Mode and bytes: it can be put back by hand."""
    config.chmod(0o600)
    _, backup = install(config)
    assert backup is not None
    assert backup.read_bytes() == CONFIG
    assert config.stat().st_mode & 0o777 == backup.stat().st_mode & 0o777 == 0o600


def test_several_changes_in_one_second_keep_their_backups(config: Path) -> None:
    """None is overwritten, so the first bytes come back in the end."""
    config.write_bytes(CONFIG.rstrip())
    for _ in range(3):
        install(config)
        uninstall(config)
    assert config.read_bytes() == CONFIG.rstrip()
    assert len(backups(config)) == 6


def test_purge_leaves_the_configuration_alone(config: Path) -> None:
    """Our file and the backups go, moonraker.conf is as it was."""
    install(config)
    uninstall(config, purge=True)
    assert [path.name for path in config.parent.iterdir()] == ["moonraker.conf"]
    assert config.read_bytes() == CONFIG


def test_a_link_stays_a_link(config: Path, tmp_path: Path) -> None:
    """People keep their configuration in a repository and link to it."""
    kept = tmp_path / "kept" / "printer.conf"
    kept.parent.mkdir()
    config.rename(kept)
    config.symlink_to(kept)
    install(config)
    assert config.is_symlink()
    assert includes_us(kept.read_bytes())
    assert config.with_name("netqueue.conf").is_file()


def test_a_failed_write_leaves_the_old_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is met before the name is touched, and leaves nothing behind."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    change = Change(config, CONFIG, with_include(CONFIG))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        apply(change, keep_backup=False)
    assert [path.name for path in config.parent.iterdir()] == ["moonraker.conf"]
    assert config.read_bytes() == CONFIG


def test_the_update_section_only_where_there_are_updates(config: Path) -> None:
    """A Moonraker without an update manager does not get one by us."""
    own, _ = install_changes(config, ROOT, "https://host.example/x", "main")
    assert b"update_manager" not in (own.new or b"")
    config.write_bytes(CONFIG + b"[update_manager]\n")
    own, _ = install_changes(config, ROOT, "https://host.example/x", "main")
    assert b"[update_manager netqueue]" in (own.new or b"")
    for secret in ("https://token@host.example/x", "http://me:secret@host.example/x"):
        own, _ = install_changes(config, ROOT, secret, "main")
        assert b"update_manager" not in (own.new or b"")


def test_a_diff_tells_of_a_missing_line_end(config: Path) -> None:
    """What is shown is what is written, to the byte."""
    text = show(Change(config, b"[server]", b"[server]\n[include netqueue.conf]\n"))
    assert "-[server]\n\\ No newline at end of file\n+[server]\n+[include" in text
