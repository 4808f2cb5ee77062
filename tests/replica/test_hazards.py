"""What stock PySyncObj does in situations that ours survives.

Each test shows the hazard on the library as it comes, so that a new version of it
tells which of our checks may go. The table in docs/hazards.md names, for each, the
test in which ours lives through the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pysyncobj.node import Node

from tests.replica.simulation import Cluster, simulate
from tests.replica.stock import NOOP, StockNode, appended, exchange
from tests.replica.test_faults import IDS, three_voters


def _ack(next_index: int, success: bool = True) -> dict[str, Any]:
    return {
        "type": "next_node_idx",
        "next_node_idx": next_index,
        "reset": False,
        "success": success,
    }


def test_no_pre_vote_a_node_that_was_cut_off_ends_the_term() -> None:
    """It campaigned alone; its first message deposes a leader that all hear."""
    leader = StockNode("a", "bc")
    leader.elect()
    returning = StockNode("b", "ac")
    for _ in range(5):
        returning.tick(10.0)
    _, message = returning.wire.sent[-1]
    assert message["type"] == "request_vote"
    leader.receive("b", message)
    assert not leader.leads
    assert leader.term == returning.term


def test_no_stickiness_a_follower_of_a_live_leader_votes() -> None:
    """Although it heard the leader a moment ago."""
    follower = StockNode("b", "ac")
    follower.receive("a", appended(1, (1, 0)))
    follower.wire.sent.clear()
    vote = {"type": "request_vote", "term": 9, "last_log_index": 1, "last_log_term": 0}
    follower.receive("c", vote)
    assert [message["type"] for _, message in follower.wire.sent] == ["response_vote"]


def test_acks_without_a_term_an_old_one_commits() -> None:
    """Sent to the leader of an earlier term, about entries of that one."""
    leader = StockNode("a", "bc")
    leader.elect()
    for _ in range(2):
        leader.append(leader.term)
    # Of the same length was what the earlier leader had put there.
    leader.receive("b", _ack(leader.last + 1))
    leader.tick()
    assert leader.commit_index == leader.last


def test_matching_entries_are_cut_off_by_a_late_message() -> None:
    """Acked ones: until they come again, the majority that counted them is none."""
    follower = StockNode("b", "ac")
    entries = [(NOOP, index, 1) for index in range(2, 7)]
    follower.receive("a", appended(1, (1, 0), *entries))
    assert follower.last == 6
    follower.receive("a", appended(1, (2, 1), entries[1]))
    assert follower.last == 3


def test_a_conflict_and_a_long_backlog_never_end() -> None:
    """Each batch that was under way resets what the first one had found out."""
    leader, follower = StockNode("a", "bc"), StockNode("b", "ac")
    for node in (leader, follower):
        for _ in range(40):
            node.append(0)
    for _ in range(12):
        follower.append(1)  # of a leader that committed none of them
    for _ in range(12):
        leader.append(2)
    for _ in range(300):
        leader.append(2, size=12_000)
    leader._SyncObj__setCurrentTerm(2, None)
    leader.elect()
    exchange(leader, follower, rounds=100)
    assert follower.last < leader.last


def test_one_vote_delivered_three_times_elects_a_leader_of_seven() -> None:
    """And so do the votes of nodes that are no voters."""
    for voters in ("bbb", "xyz"):
        candidate = StockNode("a", "bcdefg")
        candidate.nodes.update({name: StockNode(name, "a").selfNode for name in "xyz"})
        candidate.tick(10.0)
        for voter in voters:
            vote = {"type": "response_vote", "term": candidate.term}
            candidate.receive(voter, vote)
        assert candidate.leads


def test_a_leader_that_hears_nobody_leads_for_half_a_minute() -> None:
    """It takes commands that it can never commit; ours ends after four seconds."""
    leader = StockNode("a", "bc")
    leader.elect()
    for _ in range(250):
        leader.tick(0.1)
    assert leader.leads


def test_a_loop_that_stood_still_campaigns_past_waiting_heartbeats() -> None:
    """They are in its input; the tick looks at the clock first."""
    follower = StockNode("b", "ac")
    follower.receive("a", appended(1, (1, 0)))
    waiting = appended(1, (1, 0))
    follower.tick(5.0)
    assert follower.term == 2
    follower.receive("a", waiting)
    assert follower.term == 2


def test_a_leader_gives_way_to_another_of_its_own_term() -> None:
    """Whoever says it leads this term, voter or not, is followed."""
    leader = StockNode("a", "bc")
    leader.elect()
    leader.receive("b", appended(leader.term, (1, 0)))
    assert not leader.leads


def test_a_snapshot_that_cannot_be_read_is_acked(tmp_path: Path) -> None:
    """As success, and the commit index goes on over a stale tail."""
    follower = StockNode("b", "ac", fullDumpFile=str(tmp_path / "dump"), useFork=False)
    for _ in range(8):
        follower.append(1)  # a tail that no leader confirmed
    message = appended(2, (1, 0)) | {"serialized": (b"damaged", True, True)}
    del message["prevLogIdx"]
    message["commit_index"] = 9
    follower.receive("a", message)
    (_, answer), *_ = follower.wire.sent
    assert answer["success"]
    assert follower.commit_index == 9


def test_what_a_lost_disk_had_acked_still_counts() -> None:
    """The match index outlives the link, and the log that it speaks of."""
    leader = StockNode("a", "bc")
    leader.elect()
    leader.receive("b", _ack(leader.last + 1))
    leader.cut_link("b")
    leader.restore_link("b")  # with an empty journal
    assert leader.match_index("b") == leader.last


def test_adding_a_host_that_is_not_there_stops_the_queue() -> None:
    """It counts as a voter before it has acked anything; nothing commits any more."""
    leader = StockNode("a", "", dynamicMembershipChange=True)
    leader.tick(10.0)
    leader.tick()
    assert leader.leads
    assert leader.commit_index == leader.last
    leader.addNodeToCluster(Node("b"))
    for _ in range(100):
        leader.tick(0.1)
    assert leader.commit_index < leader.last


def test_any_member_appends_a_command_or_a_membership_change() -> None:
    """Bytes of a peer, unpickled by each node that applies them."""
    leader = StockNode("a", "bc")
    leader.elect()
    before = leader.last
    leader.receive("b", {"type": "apply_command", "command": b"\2whatever"})
    leader.tick()
    assert leader.log[-1][0] == b"\2whatever"
    assert leader.last == before + 1


def test_ours_catches_up_where_the_library_does_not() -> None:
    """The conflict and the backlog of above, in a real cluster of ours."""

    async def scenario(cluster: Cluster) -> None:
        hosts = await three_voters(cluster)
        leader = cluster.leader()
        assert leader is not None
        rest = [host for host in hosts if host is not leader]
        cluster.net.cut.update(frozenset((leader.id, host.id)) for host in rest)
        cluster.net.refresh()
        for number in range(12):  # a tail that only the old leader has
            await leader.submit(f"job-tail-{number:04}", timeout=0.01)
        await cluster.until(lambda: cluster.leader() in rest)
        new = cluster.leader()
        assert new is not None
        for number in range(40):
            await new.submit(f"job-new-{number:04}")
        cluster.net.cut.clear()
        cluster.net.refresh()
        await cluster.until(lambda: cluster.agreed(*IDS), 20)
        assert len([name for name in leader.jobs if "new" in name]) == 40

    simulate(scenario)
