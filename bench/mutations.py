"""Takes each rule of the queue out of the code, and sees its test fail.

    python -m bench.mutations [RULE ...]

works on a copy of the tree. A rule whose tests pass without it is held by nothing: the
exit code is 1. The rules are those of docs/consistency.md.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
_PARTS = ("moonraker_netqueue", "tests", "testdata", "setup.cfg", "pyproject.toml")
_TIMEOUT = 600  # seconds that one test may take; none at all is a failure, too


class Mutation(NamedTuple):
    """`old`, which is once in `file`, becomes `new`; then `test` must fail."""

    rule: str
    file: str  # below moonraker_netqueue/
    old: str
    new: str
    test: str  # below tests/


MUTATIONS = (
    Mutation(
        "R1",
        "replica/seats.py",
        "if host not in seats and core.match_index(host) == last",
        "if host not in seats",
        "replica/test_faults.py::test_a_newcomer_gets_no_seat_before_it_has_the_log",
    ),
    Mutation(
        "R2",
        "replica/hardening.py",
        "if host not in core.other_voters or host in self._votes[1]:",
        "if host not in core.other_voters:",
        "replica/test_hostile.py::test_one_vote_delivered_three_times_elects_nobody",
    ),
    Mutation(
        "R2",
        "replica/hardening.py",
        "if host not in core.other_voters or host in self._votes[1]:",
        "if host in self._votes[1]:",
        "replica/test_hostile.py::test_votes_of_non_members_do_not_count",
    ),
    Mutation(
        "R3",
        "replica/hardening.py",
        'ack = {"next_node_idx": next_index, "reset": False, "success": here}',
        'ack = {"next_node_idx": index + 1, "reset": False, "success": True}',
        "replica/test_snapshots.py",
    ),
    Mutation(
        "R4",
        "replica/participants.py",
        "return frozenset(doubted) if self._estranged else impostors",
        "return frozenset(doubted)",
        "replica/test_lost_journals.py",
    ),
    Mutation(
        "R4",
        "replica/group.py",
        "if incarnation != life.incarnation:",
        "if False:",
        "replica/test_seats.py::test_a_message_of_an_earlier_incarnation_is_dropped",
    ),
    Mutation(
        "R5",
        "replica/lives.py",
        "if known.nonce != hello.nonce and hello.boots <= known.boots:",
        "if False:",
        "replica/test_lives.py"
        "::test_a_copy_whose_journal_is_as_long_is_told_by_its_starts",
    ),
    Mutation(
        "R5",
        "replica/lives.py",
        "if mark is not None and not known.nonce.startswith(mark):",
        "if False:",
        "replica/test_lives.py"
        "::test_a_copy_that_was_started_more_often_alone_is_not_let_in",
    ),
    Mutation(
        "R5",
        "replica/lives.py",
        "if known is None or known.boots < start.boots:",
        "if False:",
        "replica/test_lives.py::test_who_knows_a_later_life_passes_it_on",
    ),
    Mutation(
        "R5",
        "replica/lives.py",
        "if same and hello.last_index < known.reach:",
        "if False:",
        "replica/test_lives.py"
        "::test_a_journal_shorter_than_what_it_acked_is_an_old_copy",
    ),
    Mutation(
        "R6",
        "replica/copies.py",
        "for index in range(applied + 1, journal.last_index + 1):",
        "for index in range(0):",
        "replica/test_generations.py"
        "::test_an_entry_that_only_a_follower_has_is_not_lost",
    ),
    Mutation(
        "R6",
        "replica/copies.py",
        "for name, file in journal.not_yet_back(state):",
        "for name, file in ():",
        "replica/test_succession.py"
        "::test_what_was_brought_to_a_host_that_died_is_not_lost",
    ),
    Mutation(
        "R7",
        "replica/recovery.py",
        "if group.goes_on:",
        "if False:",
        "replica/test_generations.py::test_a_reachable_majority_is_not_left",
    ),
    Mutation(
        "R7",
        "replica/recovery.py",
        "    state.dissolved_into = None\n",
        "    state.dissolved_into = None\n    state.prints = {}\n",
        "replica/test_generations.py::test_of_two_hosts_one_goes_on_by_a_persons_word",
    ),
    Mutation(
        "R7",
        "replica/recovery.py",
        "or journal.is_as_left",
        "",
        "replica/test_recover_outlook.py"
        "::test_who_left_in_the_evening_may_be_missed_by_a_majority",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "return other_key > mine_key or (other_key == mine_key and other.id < mine.id)",
        "return other.id < mine.id",
        "replica/test_generations.py"
        "::test_two_sides_of_a_split_that_both_went_on_become_one",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "if not (both or self._related(group, hello)):",
        "if not both:",
        "replica/test_generations.py"
        "::test_an_empty_generation_takes_in_the_jobs_of_the_group_before",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "        if self._related(group, other):\n            return False\n",
        "",
        "replica/test_generations.py"
        "::test_an_empty_generation_takes_in_the_jobs_of_the_group_before",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "if voter and not group.may_be_used():",
        "if voter:",
        "replica/test_generations.py"
        "::test_what_is_said_of_an_empty_queue_goes_over_with_it",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "return ended(willing, group.id, self._line(into))",
        "return True",
        "replica/test_generations.py"
        "::test_no_host_goes_over_while_a_majority_of_its_group_stays",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "return ended(self._left(group, into), group.id, self._line(into))",
        "return True",
        "replica/test_going_over.py"
        "::test_who_went_while_its_group_stays_comes_back_as_new",
    ),
    Mutation(
        "R8",
        "replica/meeting.py",
        "if said.end <= mine]",
        "]",
        "replica/test_gone_over.py"
        "::test_who_knows_less_than_was_decided_does_not_go_first",
    ),
    Mutation(
        "R8",
        "replica/group.py",
        "position = self._journal.set_meta(going_to=into)",
        "position = self._journal.set_meta()",
        "replica/test_going_over.py"
        "::test_what_it_began_to_bring_a_host_does_not_take_back_after_a_restart",
    ),
    Mutation(
        "R8",
        "replica/succession.py",
        "await self._hand_over.offer(self._leader_of(into), into, bodies)",
        "pass",
        "replica/test_succession.py::test_an_older_group_refuses_what_it_does_not_know",
    ),
    Mutation(
        "R8",
        "replica/succession.py",
        "await self._hand_over.bring(self._leader_of(into), into, bodies)",
        "pass",
        "replica/test_generations.py::test_two_groups_with_jobs_become_one",
    ),
    Mutation(
        "R8",
        "replica/gone_over.py",
        "2 * len(hosts) > len(seats)",
        "2 * len(hosts) >= len(seats)",
        "replica/test_going_over.py"
        "::test_who_was_switched_off_does_not_speak_for_the_one_that_stayed",
    ),
    Mutation(
        "R8",
        "replica/gone_over.py",
        "said.group != group or said.into not in into or not said.configuration",
        "said.group != group or not said.configuration",
        "replica/test_going_over.py"
        "::test_who_sees_one_group_does_not_count_on_who_sees_another",
    ),
    Mutation(
        "R8",
        "replica/gone_over.py",
        "if (host, said.incarnation) in said.seats:",
        "if host in dict(said.seats):",
        "replica/test_gone_over.py"
        "::test_a_word_of_another_journal_than_that_of_the_seat_does_not_count",
    ),
    Mutation(
        "R9",
        "printer/start.py",
        "lambda record: replace(record.with_intent(intent), bed=in_use)",
        "lambda record: replace(record, bed=in_use)",
        "printer/test_agent_crashes.py",
    ),
    Mutation(
        "R9",
        "printer/start.py",
        "if answer.accepted or answer.pending:",
        "if True:",
        "printer/test_agent_crashes.py",
    ),
    Mutation(
        "R10",
        "model/joins.py",
        "Tally(max(one.done, other.done), max(one.failed, other.failed))",
        "one + other",
        "model/test_merge.py::test_a_merge_again_changes_nothing",
    ),
    Mutation(
        "R10",
        "model/print_rules.py",
        "if print_ is None:\n        return _note_late(queue, command, body)",
        "if print_ is None:\n        return ()",
        "model/test_merge.py::test_a_person_decides_for_a_printer_that_is_away",
    ),
    Mutation(
        "R11",
        "model/queue_state.py",
        "if earlier is not None:",
        "if False:",
        "model/test_outcomes.py::test_one_command_twice_acts_once",
    ),
    Mutation(
        "R11",
        "replica/submission.py",
        "            self._outbox.note_answered(command)\n",
        "            self._outbox.remove(command)\n",
        "replica/test_generations.py"
        "::test_an_end_that_only_the_others_heard_is_told_again",
    ),
    Mutation(
        "R12",
        "replica/signatures.py",
        "if self._signer.is_signed(author, text, command.signature):",
        "if command.signature:",
        "replica/test_signatures.py::test_a_leader_cannot_speak_for_another_host",
    ),
    Mutation(
        "R12",
        "replica/signatures.py",
        'signed = ["netqueue command", self._queue, group, signed_part(command)]',
        'signed = ["netqueue command", self._queue, signed_part(command)]',
        "replica/test_signatures.py::test_a_leader_cannot_speak_for_another_host",
    ),
    Mutation(
        "R12",
        "replica/copies.py",
        "if signatures.refusal(command, group, state.rules) is None:",
        "if signatures:",
        "replica/test_signatures.py"
        "::test_what_goes_on_without_a_quorum_counts_no_forged_command",
    ),
    Mutation(
        "R12",
        "model/permissions.py",
        "if author in queue.viewers and type(command.body) not in _VIEWER_SAYS:",
        "if type(command.body) is Command:",
        "model/test_roles.py::test_who_may_say_what",
    ),
    Mutation(
        "R14",
        "model/queue_rules.py",
        "if queue.ever_had_jobs:",
        "if False:",
        "replica/test_meeting.py::test_dissolve_is_refused_once_there_is_a_job",
    ),
    Mutation(
        "R14",
        "replica/meeting.py",
        "if group.may_be_used() or other.group is None:",
        "if group.state.ever_used or other.group is None:",
        "replica/test_meeting.py::test_what_is_said_while_groups_meet_is_not_lost",
    ),
    Mutation(
        "R14",
        "replica/meeting.py",
        "if goes_over(mine, side) or self._was_left(group, neighbour):",
        "if goes_over(mine, side):",
        "replica/test_meeting.py"
        "::test_who_was_off_when_its_group_dissolved_brings_what_only_its_log_has",
    ),
    Mutation(
        "R14",
        "model/queue_data.py",
        "return self.ever_had_jobs or bool(self.stamps or self.roles)",
        "return self.ever_had_jobs",
        "replica/test_meeting.py"
        "::test_what_was_said_of_a_queue_without_jobs_is_not_lost",
    ),
    Mutation(
        "R14",
        "replica/lifecycle.py",
        "if left <= 0 and not self._lives.held:",
        "if left <= 0:",
        "replica/test_lives.py::test_a_host_that_lost_its_queue_founds_none_unasked",
    ),
    Mutation(
        "R15",
        "replica/membership.py",
        "if len(silent) >= 2 and len(census.seats) - 2 >= _VOTERS_MIN:",
        "if silent:",
        "replica/test_seats.py::test_three_voters_stay_three_when_one_vanishes",
    ),
    Mutation(
        "R15",
        "replica/membership.py",
        "return self.linked - self.ending",
        "return self.linked",
        "replica/test_membership.py"
        "::test_nobody_counts_on_a_leaver_that_waits_for_no_answer",
    ),
    Mutation(
        "R7",
        "replica/group.py",
        "return self.has_quorum and (self.is_leader or self._election.ends)",
        "return self.has_quorum",
        "replica/test_evenings.py"
        "::test_a_person_goes_on_where_only_the_log_of_others_shows_a_majority",
    ),
    Mutation(
        "R15",
        "replica/membership.py",
        "return bool(rest) and host in census.seats",
        "return host in census.seats",
        "replica/test_membership.py::test_the_last_voter_keeps_its_seat",
    ),
    Mutation(
        "R17",
        "files/store.py",
        "if (digest.sha256, digest.size) != (sha256, size):",
        "if digest.size != size:",
        "files/test_fetch.py",
    ),
    Mutation(
        "R17",
        "model/printer_rules.py",
        "if len(keepers) < HOLDERS_MIN and queue.referenced(body.sha256):",
        "if False:",
        "model/test_rules_of_a_queue.py"
        "::test_of_what_is_needed_two_hosts_that_are_on_keep_a_copy",
    ),
    Mutation(
        "R18",
        "replica/raft_core.py",
        "limit = min(self.commit_index, self._journal.durable_index)",
        "limit = self.commit_index",
        "replica/test_durability.py"
        "::test_a_leader_applies_only_what_is_on_its_own_disk",
    ),
    Mutation(
        "R18",
        "replica/sender.py",
        "while self._held and self._held[0].position <= written:",
        "while self._held and written >= 0:",
        "replica/test_durability.py::test_a_follower_acks_nothing_before_it_is_durable",
    ),
    Mutation(
        "R20",
        "model/print_rules.py",
        "if queue.unstarted_of_host(host) >= UNSTARTED_MAX:",
        "if False:",
        "model/test_prints.py::test_a_printer_holds_two_unstarted_reservations_at_most",
    ),
    Mutation(
        "R20",
        "model/permissions.py",
        "if spec.count < item.done + live and spec.count != item.spec.count:",
        "if False:",
        "model/test_jobs.py::test_count_does_not_fall_below_done_and_assigned",
    ),
    Mutation(
        "R21",
        "model/intake.py",
        "if not same and queue.outcomes.knows(job.dot):",
        "if False:",
        "model/test_merge.py::test_no_job_is_lost_and_none_comes_back",
    ),
    Mutation(
        "R21",
        "model/intake.py",
        "if mine is None and print_.state not in ENDED and known:",
        "if False:",
        "model/test_merge.py::test_a_print_whose_end_is_forgotten_stays_ended",
    ),
    Mutation(
        "R21",
        "model/outcome.py",
        "_GAPS_MAX = 10_000",
        "_GAPS_MAX = 64",
        "model/test_merge.py::test_a_long_queue_is_merged_whole_in_any_order",
    ),
    Mutation(
        "R21",
        "model/parts.py",
        "if batch and size + length > _BATCH:",
        "if False:",
        "model/test_merge.py::test_what_a_host_is_told_fits_commands",
    ),
    Mutation(
        "R23",
        "replica/rules_gate.py",
        "if reason is not None:",
        "if False:",
        "replica/test_versions.py::test_what_is_new_waits_until_all_hosts_know_it",
    ),
    Mutation(
        "R23",
        "model/queue_rules.py",
        "if command.schema > queue.rules and",
        "if False and",
        "model/test_rules_of_a_queue.py"
        "::test_what_is_above_the_rules_is_refused_until_they_are_raised",
    ),
    Mutation(
        "R23",
        "replica/applier.py",
        '            self._stop(HostOutdated(f"entry {entry.index} cannot be applied:'
        ' {error}"))\n',
        "",
        "replica/test_hostile.py::test_a_host_stops_at_an_entry_of_a_newer_version",
    ),
    Mutation(
        "R23",
        "replica/applier.py",
        "    except CommandTooNew:\n        raise\n",
        "",
        "replica/test_succession.py"
        "::test_an_entry_of_a_newer_version_is_not_passed_over",
    ),
    Mutation(
        "R13",
        "api/endpoints.py",
        'if values["queue"] != queue:',
        "if False:",
        "api/test_passed_on.py::test_a_call_passed_on_is_about_the_queue_of_the_link",
    ),
    Mutation(
        "R13",
        "api/file_details.py",
        "for named in _named_in(queue):",
        "for named in map(self._named, [n.filename for q in"
        " self._host.queues.values() for n in _named_in(q)]):",
        "api/test_file_details.py::test_a_member_is_told_of_files_of_its_queue_only",
    ),
    Mutation(
        "R13",
        "files/eviction.py",
        "if replica.state.held_by(self._links.host_id, sha256) is None:",
        "if False:",
        "files/test_eviction.py"
        "::test_only_members_of_its_queue_may_have_a_copy_read_again",
    ),
    Mutation(
        "R13",
        "files/served.py",
        "if replica is None or not replica.state.held_by(replica.host_id, sha256):",
        "if replica is None:",
        "files/test_served.py"
        "::test_a_content_is_served_where_this_host_said_that_it_holds_it",
    ),
    Mutation(
        "R13",
        "peers/server.py",
        "if not self.callbacks.is_authorised(queue, host_id):",
        "if False:",
        "peers/test_lying_peers.py::test_only_contents_of_the_queue_are_served",
    ),
    Mutation(
        "R13",
        "peers/network.py",
        "if queue in peer.queues:\n            return self._listeners[queue]",
        "if queue in self._listeners:\n            return self._listeners[queue]",
        "peers/test_letting_in.py::test_a_queue_is_admitted_to_by_itself",
    ),
)


def main(rules: list[str]) -> int:
    """Try the mutations of some rules, or all; returns how many nothing caught."""
    chosen = [m for m in MUTATIONS if not rules or m.rule in rules]
    with tempfile.TemporaryDirectory(prefix="netqueue-mutations-") as name:
        copy = Path(name)
        _copy_tree(copy)
        survivors = [m for m in chosen if not _is_caught(copy, m)]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutations are caught")
    return len(survivors)


def _copy_tree(copy: Path) -> None:
    for part in _PARTS:
        source = ROOT / part
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, copy / part, ignore=ignored)
        else:
            shutil.copy(source, copy / part)


def _is_caught(copy: Path, mutation: Mutation) -> bool:
    path = copy / "moonraker_netqueue" / mutation.file
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        caught = not _passes(copy, mutation.test)
    finally:
        path.write_text(text, encoding="utf-8")
    verdict = "fails" if caught else "PASSES"
    print(f"{mutation.rule:4} {mutation.file:24} {mutation.test} {verdict}", flush=True)
    return caught


def _passes(copy: Path, test: str) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", f"tests/{test}"]
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1):
        raise SystemExit(f"{test} cannot be run:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
