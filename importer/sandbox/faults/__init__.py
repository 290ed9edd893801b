"""Faults: a table of what the sandbox can do wrong on request, and the conditions under which it does."""
