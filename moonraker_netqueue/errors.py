"""The one base of every error this package raises on purpose."""


class NetqueueError(Exception):
    """Base of all errors of moonraker_netqueue.

    The message names the thing, the reason and the remedy, for a person to read.
    """
