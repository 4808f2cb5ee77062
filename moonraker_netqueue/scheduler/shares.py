"""Fair shares between owners: credit in the score for those who had less."""

from __future__ import annotations

from collections.abc import Mapping

from .problem import Weights

EQUAL_SHARE = 1  # of an owner for whom none is set


def owner_credits(
    shares: Mapping[str, int],
    used: Mapping[str, int],
    most: int = Weights.share,
) -> tuple[tuple[str, int], ...]:
    """`Problem.owner_credit`: most x (share - used share) / share, within +-`most`.

    `shares` count in proportion to each other. `used` are the minutes printed lately
    and being printed now, by owner; name every owner whose jobs wait, if with 0.
    Nobody's jobs (owner "") neither have nor use a share. In hundredths of a minute,
    rounded up.
    """
    owners = sorted({*shares, *used} - {""})
    share = {owner: shares.get(owner, EQUAL_SHARE) for owner in owners}
    all_shares = sum(share.values())
    all_used = sum(used.get(owner, 0) for owner in owners)
    if not all_used:
        return tuple((owner, 0) for owner in owners)
    credit = {
        owner: most
        - most * used.get(owner, 0) * all_shares // (all_used * share[owner])
        for owner in owners
    }
    return tuple((owner, max(-most, credit[owner])) for owner in owners)
