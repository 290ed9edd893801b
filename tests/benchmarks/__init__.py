"""Benchmarks: `python -m tests.benchmarks [NAME…]`.

They compare within one run and assert no times; pytest does not collect them.
"""
