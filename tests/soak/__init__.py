"""A soak of the whole system under faults: `make soak`, or `python -m soak --help` from tests/."""
