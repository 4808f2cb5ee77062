"""What another host may take of this one, be it a member or a stranger.

docs/limits.md tells people; a test holds it against these numbers.
"""

from __future__ import annotations

# What travels over a link.
LARGEST_FRAME = 8 << 20  # bytes; a batch of the log is far below 1 MiB
LARGEST_CHUNK = 64 << 10  # bytes; small, so that one never holds the loop for long
LARGEST_HELLO = 16 << 10  # bytes of a frame before the peer's first hello is accepted
MOST_VALUES = 1 << 17  # in one frame: 8 MiB of empty lists would become 500 MiB here
UNSENT_LIMIT = 32 << 20  # bytes; a peer that lets more pile up is dropped

# How often. (burst, a second): what a peer may do at once, and then for ever.
HELLOS = (128, 2.0)  # of a link that is up: a change of queues makes every other anew
INTRODUCTIONS = (256, 4.0)  # frames of records, or of who asks, of a link
LINKS = (20, 1 / 3)  # that one member opens: each makes the queues say hello
ADMISSION_REQUESTS = (100, 5.0)  # from one address: each is a signature to check
OWN_CODES = (32, 1 / 6)  # where this host asks: who is between hosts tries no more
STRANGERS_LINES = (10, 1 / 60)  # of a log, about handshakes and requests that failed
MOST_RECORDS_WAITING = 4096  # of one peer, to be checked; 4 KiB each
SHUNNED_SECONDS = 60.0  # that a member which broke a rule gets no link

# Connections.
IDLE_SECONDS = 10.0  # for the handshake and the head of a request, then for its body
STALLED_SECONDS = 10.0  # that 64 KiB of a range may take to be read by the peer
MOST_CONNECTIONS = 128  # that are not links: strangers cannot use up memory
MOST_OF_ONE = 32  # of them from one address
MOST_GREETING = 64  # accepted links that have not said hello yet
MOST_GREETING_OF_ONE = 4  # of them of one member
LARGEST_RANGE = 4 << 20  # bytes; ours ask for 1 MiB
RANGES_AT_ONCE = 64 << 20  # bytes; they are in memory until they are read
RANGES_OF_ONE = 16 << 20  # bytes, of them of one member: others get theirs
