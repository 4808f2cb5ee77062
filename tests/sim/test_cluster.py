"""Random lives of whole clusters: fixed seeds, some new ones a commit, and replays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from moonraker_netqueue.files.eviction import Eviction
from moonraker_netqueue.sim import cluster
from moonraker_netqueue.sim.cluster_run import STEPS, live
from moonraker_netqueue.sim.ledger import PromiseBroken
from tests.sim.mutations import MUTATIONS

pytestmark = pytest.mark.timeout(900)  # on a machine that does much else

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "testdata" / "cluster-seeds.txt"
DRAWN = 3  # new lives a commit
TRIED = 6  # lives in which a broken program must be found out


def fixed() -> list[tuple[int, int]]:
    """Seed and number of hosts, of each line."""
    lines = (line.partition("#")[0].split() for line in SEEDS.read_text().splitlines())
    return [(int(line[0]), int(line[1])) for line in lines if line]


def drawn() -> list[tuple[int, int]]:
    """Others with every commit."""
    command = ("git", "rev-parse", "HEAD")
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    number = int(answer.stdout.strip()[:8] or "0", 16)
    return [(number + more, 2 + (number + more) % 3) for more in range(DRAWN)]


def silent(_line: str) -> None:
    return


@pytest.mark.parametrize(("seed", "hosts"), [*fixed(), *drawn()])
def test_a_life_in_which_much_fails_keeps_all_promises(seed: int, hosts: int) -> None:
    """Nothing accepted is lost, nothing is printed twice, all hosts agree at last."""
    lived = live(seed, hosts, STEPS, silent)
    assert lived.made > 0
    assert lived.commands > 0


BUDGET = 60  # bytes of files on a host: one, and what is needed
LITTLE_ROOM = ((3, 3), (1, 4), (2, 5))  # seed and number of hosts


def test_files_that_leave_hosts_and_come_back_cost_no_print() -> None:
    """The last copy of what is to be printed stays, whoever is lost or has no room."""
    lives = [live(seed, hosts, STEPS, silent, BUDGET) for seed, hosts in LITTLE_ROOM]
    assert sum(lived.given_up for lived in lives) > 0


def test_a_host_that_deletes_what_it_likes_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So the lives above can fail."""

    async def evict(self: Eviction, sha256: str) -> tuple[str, ...]:
        await self._store.drop(sha256)
        return ()

    monkeypatch.setattr(Eviction, "evict", evict)

    def lives() -> None:
        for seed, hosts in LITTLE_ROOM:
            live(seed, hosts, STEPS, silent, BUDGET)

    with pytest.raises(PromiseBroken, match="last copy"):
        lives()


# First seed and number of hosts with which each is found out within TRIED lives.
FOUND = {
    "half_is_a_majority": (1, 2),
    "generation_from_a_snapshot": (1, 2),
    "merge_adds_up": (1, 2),
    "answers_before_the_disk_has_them": (1, 3),
    "applies_before_the_disk_has_them": (1, 3),
    "starts_before_the_record_is_safe": (1, 3),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_program_that_breaks_a_promise_is_found_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the lives above can fail."""
    MUTATIONS[name](monkeypatch)
    first, hosts = FOUND[name]

    def lives() -> None:
        for seed in range(first, first + TRIED):
            live(seed, hosts, STEPS, silent)

    with pytest.raises(PromiseBroken):
        lives()


def story(hash_seed: str, *options: str) -> str:
    """What the program prints, in a process of its own."""
    program = (sys.executable, "-m", "moonraker_netqueue.sim.cluster", *options)
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    answer = subprocess.run(
        program, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=170
    )
    assert answer.returncode == cluster.KEPT, answer.stderr
    return answer.stdout.partition("simulated s per CPU s")[0]


def test_a_seed_tells_the_same_story_in_every_process() -> None:
    """To the last millisecond, whatever the hashes of strings are."""
    options = ("--seeds", "1", "--first-seed", "7", "--hosts", "3", "--steps", "40")
    first = story("1", *options)
    assert first.count("\n") > 40
    assert story("2", *options) == first


def test_a_broken_promise_says_how_to_replay_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Seed, what broke, and the command; the status is 3."""

    def broken(seed: int, *_: object) -> None:
        raise PromiseBroken(f"of seed {seed}")

    monkeypatch.setattr(cluster, "live", broken)
    status = cluster.main(["--seeds", "2", "--first-seed", "5", "--hosts", "2..4"])
    complaint = capsys.readouterr().err
    assert status == cluster.BROKEN
    assert "seed 6: of seed 6" in complaint
    assert "sim.cluster --seeds 1 --first-seed 6 --hosts 2" in complaint


@pytest.mark.parametrize("hosts", ["1..3", "5..2", "x", "2..99"])
def test_a_number_of_hosts_that_cannot_be(
    hosts: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what to write instead."""
    with pytest.raises(SystemExit):
        cluster.main(["--hosts", hosts])
    assert "write 2..7" in capsys.readouterr().err
