"""Python's TOML reader: `tomllib`, or the same from PyPI before Python 3.11 has it."""

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["tomllib"]
