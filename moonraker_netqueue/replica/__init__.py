"""A queue replicated by PySyncObj over authenticated links.

`from .replica.replica import Replica` loads PySyncObj; this package does not.
"""
