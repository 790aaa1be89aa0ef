"""The exercises, one per file: stub, solution, twin, cases and common mistakes."""
