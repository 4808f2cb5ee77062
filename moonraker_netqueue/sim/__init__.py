"""Whole hosts in one process on virtual time: the real code, faster than life."""
