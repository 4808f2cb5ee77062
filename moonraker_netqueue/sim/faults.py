"""What goes wrong with machines, disks, clocks and the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..errors import NetqueueError
from .host import WholeHost
from .life import Life
from .shop import QUEUE, Shop

_SILENCE = 3.0  # seconds until a link that hears nothing is closed: as in peers/link
_FLICKER = (0.05, 2.0)  # seconds that a link is down
_FAST, _SLOW = (0.001, 0.01), (0.02, 1.2)  # seconds that a message takes
_GOOD_DISK, _BAD_DISK = (0.001, 0.02), (0.1, 2.0)  # seconds that a call takes
_HANG = (1.0, 8.0)  # seconds that a disk hangs, or a host stands
_CLOCK = 10 * 365 * 86400.0  # seconds, at most, that a clock jumps
_HOSTS_MAX = 9

Act = Callable[[WholeHost], None]


class Faults:
    """Acts on a host that runs; a seed has some kinds of trouble, not all."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._net = shop.world.net
        self._left: list[Life | None] = []  # who leaves does so once, as in life
        self._lost_disk = False  # a run loses one disk, which is a minority
        kinds: list[tuple[Act, int]] = [
            (self._kill, 4),
            (self._cut_power, 3),
            (self._black_out, 1),
            (self._stop, 2),
            (self._cut, 3),
            (self._isolate, 2),
            (self._split, 2),
            (self._cut_one_way, 2),
            (self._flicker, 4),
            (self._slow_network, 1),
            (self._slow_disk, 2),
            (self._hang_disk, 1),
            (self._fill_disk, 2),
            (self._jump_clock, 2),
            (self._stall, 2),
            (self._join, 1),
            (self._leave, 1),
            (self._lose_for_good, 1),
            (self._restore, 2),
        ]
        chosen = [kind for kind in kinds if shop.random.random() < 0.6] or kinds
        self.acts: list[Act] = [act for act, weight in chosen for _ in range(weight)]
        self.acts += [self._mend] * (1 + len(self.acts) // 6)

    def heal(self) -> None:
        """All cables are in, all disks and clocks are well."""
        self._shop.tell("everything is repaired")
        self._net.latency = _FAST
        self._plug_in()
        for host in self._shop.here:
            host.delays = _GOOD_DISK
            host.disk_moves.set()
            host.disk.full = False

    # Machines.

    def _kill(self, host: WholeHost) -> None:
        self._shop.kill(host)

    def _cut_power(self, host: WholeHost) -> None:
        self._shop.cut_power(host, self._draw() < 0.5)

    def _black_out(self, host: WholeHost) -> None:
        for other in self._shop.alive:
            if other is not host or self._draw() < 0.5:
                self._shop.cut_power(other, False)

    def _stop(self, host: WholeHost) -> None:
        self._shop.spawn(self._shop.stop(host))

    def _stall(self, host: WholeHost) -> None:
        seconds = self._between(_HANG)
        if host.life is not None:
            self._shop.tell(f"{host.name} stands for {seconds:.1f} s")
            host.life.stall(seconds)

    def _jump_clock(self, host: WholeHost) -> None:
        host.clock_error = (2 * self._draw() - 1) ** 3 * _CLOCK
        self._shop.tell(f"the clock of {host.name} is {host.clock_error:+.0f} s off")

    # Networks.

    def _cut(self, host: WholeHost) -> None:
        other = self._other(host)
        self._shop.tell(f"the link of {host.name} and {other.name} is cut")
        self._lay({_pair(host, other)})

    def _isolate(self, host: WholeHost) -> None:
        self._shop.tell(f"{host.name} loses its network")
        self._lay({_pair(host, other) for other in self._shop.here if other != host})

    def _split(self, host: WholeHost) -> None:
        side = [other for other in self._shop.here if self._draw() < 0.5]
        rest = [other for other in self._shop.here if other not in side]
        names = " ".join(other.name for other in side)
        self._shop.tell(f"the network splits: {names or 'nobody'} on one side")
        self._lay({_pair(one, other) for one in side for other in rest})

    def _lay(self, cut: set[frozenset[str]]) -> None:
        self._net.cut |= cut
        self._net.refresh()

    def _mend(self, _host: WholeHost) -> None:
        if self._net.cut or self._net.deaf:
            self._shop.tell("the network is whole again")
        self._plug_in()

    def _plug_in(self) -> None:
        self._net.cut.clear()
        self._net.deaf.clear()
        self._net.refresh()

    def _cut_one_way(self, host: WholeHost) -> None:
        way = (host.id, self._other(host).id)
        self._shop.tell(
            f"nothing from {host.name} reaches {self._shop.name(way[1])} any more"
        )
        self._net.deaf.add(way)
        self._shop.spawn(self._fall_silent(way))

    async def _fall_silent(self, way: tuple[str, str]) -> None:
        await asyncio.sleep(_SILENCE)
        if way in self._net.deaf:
            self._lay({frozenset(way)})

    def _flicker(self, host: WholeHost) -> None:
        self._shop.spawn(self._break_shortly(host, self._other(host)))

    async def _break_shortly(self, host: WholeHost, other: WholeHost) -> None:
        """What was on its way is lost, and the link is another one."""
        pair = _pair(host, other)
        if pair not in self._net.cut:
            self._shop.tell(f"the link of {host.name} and {other.name} breaks")
            self._lay({pair})
            await asyncio.sleep(self._between(_FLICKER))
            self._net.cut.discard(pair)
            self._net.refresh()

    def _slow_network(self, _host: WholeHost) -> None:
        slow = self._net.latency == _FAST
        self._net.latency = _SLOW if slow else _FAST
        self._shop.tell(f"the network is {'slow' if slow else 'fast again'}")

    # Disks.

    def _slow_disk(self, host: WholeHost) -> None:
        slow = host.delays == _GOOD_DISK
        host.delays = _BAD_DISK if slow else _GOOD_DISK
        self._shop.tell(f"the disk of {host.name} is {'slow' if slow else 'fast'}")

    def _hang_disk(self, host: WholeHost) -> None:
        self._shop.spawn(self._hang(host))

    async def _hang(self, host: WholeHost) -> None:
        self._shop.tell(f"the disk of {host.name} hangs")
        host.disk_moves.clear()
        await asyncio.sleep(self._between(_HANG))
        host.disk_moves.set()

    def _fill_disk(self, host: WholeHost) -> None:
        host.disk.full = not host.disk.full
        state = "full" if host.disk.full else "no longer full"
        self._shop.tell(f"the disk of {host.name} is {state}")

    def _restore(self, host: WholeHost) -> None:
        """Its disk is copied, or an old copy of it (a clone's, too) is put in."""
        shop = self._shop
        if host.name not in shop.backups:
            shop.cut_power(host, False)
            shop.backups[host.name] = host.disk.copied()
            shop.tell(f"the disk of {host.name} is copied")
        elif self._all_others_see(host) and self._may_lose_disk():
            shop.cut_power(host, False)
            shop.old_disks.append(host.disk)
            host.disk = shop.backups.pop(host.name)
            host.printer.on_bed = ""
            shop.restored = True
            shop.tell(f"{host.name} gets an old copy of its disk, and an empty bed")
            shop.start(host)

    def _all_others_see(self, host: WholeHost) -> bool:
        """Only who knew a host's later life can tell that its disk is an old copy."""
        others = {other.id for other in self._shop.here if other is not host}
        quiet = self._net.latency == _FAST and not self._net.deaf
        return quiet and others == set(host.links.connected(QUEUE))

    # Members.

    def _join(self, _host: WholeHost) -> None:
        if len(self._shop.hosts) < _HOSTS_MAX:
            host = self._shop.new_host()
            self._shop.tell(f"{host.name} is new")
            self._shop.start(host)

    def _leave(self, host: WholeHost) -> None:
        self._shop.spawn(self._go(host))

    async def _go(self, host: WholeHost) -> None:
        shop, agent = self._shop, host.agent
        if agent is None or len(shop.here) < 3 or self._lost_disk:
            return
        if host.life in self._left or not self._is_known_elsewhere(host):
            return  # its disk would go with what was accepted there
        life = host.life
        self._left.append(life)
        try:
            await host.within(agent.leave(QUEUE))
        except NetqueueError as error:
            self._left.remove(life)
            shop.tell(f"{host.name} does not leave: {error}")
            return
        if host.life is not None and host not in shop.gone and len(shop.here) > 2:
            shop.tell(f"{host.name} leaves for good")
            shop.gone.append(host)
            await shop.stop(host)

    def _is_known_elsewhere(self, host: WholeHost) -> bool:
        """Whether another host has all that this one has of the queue."""
        mine = host.replicas[QUEUE].status()
        others = [
            other.replicas[QUEUE].status()
            for other in self._shop.here
            if other is not host and QUEUE in other.replicas
        ]
        return any(
            other.group == mine.group and other.applied_index >= mine.applied_index
            for other in others
        )

    def _lose_for_good(self, host: WholeHost) -> None:
        shop = self._shop
        if len(shop.here) > 2 and self._may_lose_disk():
            shop.cut_power(host, False)
            shop.gone.append(host)
            shop.tell(f"{host.name} never comes back")

    def _may_lose_disk(self) -> bool:
        """One disk a run: while each command is on two, nothing is lost with it."""
        few = self._shop.invariants.fewest_voters < 2
        if self._lost_disk or self._shop.gone or few:
            return False
        self._lost_disk = True
        return True

    # Inside.

    def _draw(self) -> float:
        return self._shop.random.random()

    def _between(self, bounds: tuple[float, float]) -> float:
        return self._shop.random.between(*bounds)

    def _other(self, host: WholeHost) -> WholeHost:
        others = [other for other in self._shop.here if other is not host]
        return others[int(self._draw() * len(others))]


def _pair(one: WholeHost, other: WholeHost) -> frozenset[str]:
    return frozenset((one.id, other.id))
