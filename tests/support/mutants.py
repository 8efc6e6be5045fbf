"""Source code with one change, to see whether a test notices."""

from pathlib import Path


def mutated(module, right, wrong):
    """The names of a module in whose source ``right`` is replaced by ``wrong``."""
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert right in source
    names = {"__name__": "mutant"}
    exec(compile(source.replace(right, wrong), "mutant", "exec"), names)
    return names
