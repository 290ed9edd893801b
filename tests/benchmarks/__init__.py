"""Benchmarks: `python -m tests.benchmarks [NAME…]`.

They compare contestants within one run and assert nothing about times; pytest does not collect them.
"""
