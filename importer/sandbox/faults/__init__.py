"""Faults: what the sandbox can do wrong on request, as a table, and when it does."""
