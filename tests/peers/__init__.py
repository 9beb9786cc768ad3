"""Real servers that transfers are tested and measured against, each a context manager that starts
one on free loopback ports in a folder of its own and ends it; see tests/README.md."""
