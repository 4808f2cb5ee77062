"""The members of one queue, as this host sees them: pure, without disk or links.

Whom this host admitted itself is a member, and whom a member admitted by a signed
record. To forget a host wins over every admission that did not know of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..names import clean_name
from .errors import AdmissionRefused
from .identity import Identity, fingerprint, is_host_certificate
from .record import LARGEST_CERTIFICATE, MOST_ROUNDS, Record, Word, write_record

MOST_MEMBERS = 128  # per queue: `open` must not let a stranger fill the disk
MOST_SUBJECTS = 2 * MOST_MEMBERS  # forgotten ones included
_MOST_ISSUERS = 4  # of admissions of one host that are kept, this host's own besides


@dataclass(frozen=True)
class Member:
    """A host admitted to a queue."""

    host_id: str
    name: str
    certificate: bytes


@dataclass(frozen=True)
class Roll:
    """Who is a member of `queue`. Every change makes a new one."""

    queue: str
    own: Member  # this host
    trusted: Mapping[str, Member] = field(default_factory=dict)  # without a record
    admitted: Mapping[tuple[str, str], Record] = field(default_factory=dict)
    forgotten: Mapping[str, Record] = field(default_factory=dict)

    @cached_property
    def members(self) -> Mapping[str, Member]:
        """By host id, without this host."""
        return self._members()

    @cached_property
    def let_in(self) -> Mapping[str, tuple[Member, ...]]:
        """By host id, who is a member by the word of that host alone."""
        found = {}
        for issuer in self._said.keys() & self.members.keys():
            others = self._members(without=issuer)
            found[issuer] = tuple(
                member for host, member in self.members.items() if host not in others
            )
        return found

    @cached_property
    def _said(self) -> Mapping[str, Sequence[Record]]:
        said = defaultdict(list)
        for record in self.admitted.values():
            said[record.issuer].append(record)
        return said

    def _members(self, without: str = "") -> Mapping[str, Member]:
        """The members if host `without` had said nothing."""
        found = {self.own.host_id: self.own}
        found |= {h: m for h, m in self.trusted.items() if h not in self.forgotten}
        left = list(found)
        while left:
            issuer = left.pop()
            for r in self._said.get(issuer, ()) if issuer != without else ():
                if r.subject not in found:
                    found[r.subject] = Member(r.subject, r.name, r.certificate)
                    left.append(r.subject)
        del found[self.own.host_id]
        return found

    @property
    def is_forgotten_here(self) -> bool:
        """Whether the members forgot this host, and did not let it in again."""
        own = self.own.host_id
        again = any(subject == own for subject, _ in self.admitted)
        return own in self.forgotten and not again

    def records(self) -> tuple[Record, ...]:
        """All that is to be told to another member; those on this host first."""
        every = (*self.forgotten.values(), *self.admitted.values())
        return tuple(sorted(every, key=lambda r: r.subject != self.own.host_id))

    def take(self, records: Iterable[Record]) -> Roll:
        """With what others say; what no member says, or is not news, is left out.

        Blocks: it checks signatures.
        """
        roll, waiting = self, [r for r in records if r.queue == self.queue]
        while True:
            ready = [r for r in waiting if roll._voice(r.issuer) is not None]
            if not ready:
                return roll
            waiting = [r for r in waiting if r not in ready]
            for record in ready:
                roll = roll._with(record)

    def trust(self, certificate: bytes, name: str) -> Roll:
        """Admit without a record, as an open queue does; raises AdmissionRefused."""
        member = _checked(certificate, name)
        if member.host_id in self.forgotten:
            raise AdmissionRefused(
                f"queue {self.queue} forgot that host; a person can let it in again"
            )
        self._require_room(member.host_id)
        return replace(self, trusted={**self.trusted, member.host_id: member})

    def admit(self, identity: Identity, certificate: bytes, name: str) -> Roll:
        """Admit by a record of this host; raises AdmissionRefused."""
        member = _checked(certificate, name)
        self._require_room(member.host_id)
        gone = self.forgotten.get(member.host_id)
        count = 1 if gone is None else gone.round + 1
        if count > MOST_ROUNDS:  # a member said so: nobody does that by hand
            raise AdmissionRefused(
                f"queue {self.queue} forgot that host for good; give it a new key"
            )
        return self._with(
            write_record(
                identity, self.queue, Word.ADMIT, count, certificate, member.name
            )
        )

    def sign_trusted(self, identity: Identity) -> Roll:
        """A record for each member that has none, so that others learn of it."""
        recorded = {record.subject for record in self.admitted.values()}
        roll = self
        for member in self.trusted.values():
            if member.host_id not in recorded:
                roll = roll.admit(identity, member.certificate, member.name)
        return roll

    def forget(self, identity: Identity, host_id: str) -> Roll:
        """End a membership; raises AdmissionRefused.

        What the host said of others this one says from now on: they stay members.
        """
        member = self.members.get(host_id)
        if member is None:
            raise AdmissionRefused(f"queue {self.queue} has no member {host_id[:8]}")
        rounds = [r.round for r in self.admitted.values() if r.subject == host_id]
        said = [r for r in self.records() if r.issuer == host_id]
        taken_over = [
            write_record(identity, r.queue, r.word, r.round, r.certificate, r.name)
            for r in said
            if r.subject not in (host_id, self.own.host_id)
        ]
        gone = write_record(
            identity,
            self.queue,
            Word.FORGET,
            max(rounds, default=1),
            member.certificate,
            member.name,
        )
        return self._with(gone).take(taken_over)

    def repeat(self, identity: Identity, host_id: str) -> Roll:
        """Say what a host said of others in this host's name, too.

        For who becomes a viewer: what it said while its word counted stays true.
        """
        own = (host_id, self.own.host_id)
        said = [r for r in self.records() if r.issuer == host_id]
        again = []
        for r in said:
            gone = r.word is Word.FORGET
            if r.subject in own or (gone and r.subject in self.members):
                continue
            # A round that is the same is no news.
            count = min(r.round + 1, MOST_ROUNDS) if gone else r.round
            again.append(
                write_record(identity, r.queue, r.word, count, r.certificate, r.name)
            )
        return self.take(again)

    def _voice(self, host_id: str) -> Member | None:
        """Who may say something: this host and the members."""
        if host_id == self.own.host_id:
            return self.own
        return self.members.get(host_id)

    def _with(self, record: Record) -> Roll:
        issuer = self._voice(record.issuer)
        if issuer is None or not self._is_news(record):
            return self
        if not record.is_signed_by(issuer.certificate):
            return self
        if not is_host_certificate(record.certificate):
            return self
        if record.word is Word.ADMIT:
            key = (record.subject, record.issuer)
            return replace(self, admitted={**self.admitted, key: record})
        return replace(
            self,
            forgotten={**self.forgotten, record.subject: record},
            trusted={h: m for h, m in self.trusted.items() if h != record.subject},
            admitted={
                key: known
                for key, known in self.admitted.items()
                if known.subject != record.subject or known.round > record.round
            },
        )

    def _is_news(self, record: Record) -> bool:
        gone = self.forgotten.get(record.subject)
        if gone is not None and record.round <= gone.round:
            # Said again by a member, because who said it first was forgotten.
            is_again = record.round == gone.round and record.word is Word.FORGET
            return is_again and self._voice(gone.issuer) is None
        if record.word is Word.FORGET:
            return record.subject in self._subjects() or self._has_room()
        known = self.admitted.get((record.subject, record.issuer))
        if known is not None:
            return record.round > known.round
        issuers = [
            issuer
            for subject, issuer in self.admitted
            if subject == record.subject and self._voice(issuer) is not None
        ]
        if len(issuers) >= _MOST_ISSUERS and record.issuer != self.own.host_id:
            return False
        return record.subject in self._subjects() or self._has_room()

    def _subjects(self) -> set[str]:
        return {subject for subject, _ in self.admitted} | self.forgotten.keys()

    def _has_room(self) -> bool:
        return len(self._subjects()) < MOST_SUBJECTS

    def _require_room(self, host_id: str) -> None:
        if host_id in self.members:
            return
        if len(self.members) >= MOST_MEMBERS:
            raise AdmissionRefused(
                f"queue {self.queue} has {MOST_MEMBERS} members, the most it may have:"
                " forget those that are gone"
            )
        if host_id not in self._subjects() and not self._has_room():
            raise AdmissionRefused(
                f"queue {self.queue} knows {MOST_SUBJECTS} hosts, with those that were"
                " forgotten, the most it may know: use a queue of another name"
            )


def _checked(certificate: bytes, name: str) -> Member:
    is_small = len(certificate) <= LARGEST_CERTIFICATE
    if not is_small or not is_host_certificate(certificate):
        raise AdmissionRefused("the certificate is not one that netqueue makes")
    return Member(fingerprint(certificate), clean_name(name), certificate)
