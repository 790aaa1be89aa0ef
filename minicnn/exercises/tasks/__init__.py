"""The exercises, one a file: stub, solution, twin, cases, and what is often done wrong."""
