"""Benchmarks: ours and theirs side by side."""
