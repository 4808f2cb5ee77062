"""Solvers of the transportation problem, and the one optimum that they agree on."""
