"""The page on protocols says what the code decides."""

import importlib.util
from pathlib import Path

from mfnas_vec.protocols import Protocol

ROOT = Path(__file__).parents[2]


def test_the_page_is_as_generated():
    spec = importlib.util.spec_from_file_location("render_protocols", ROOT / "bench/render_protocols.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert set(module.meanings()) == set(Protocol._fields) - {"budget"}
    written = module.PAGE.read_text(encoding="utf-8")
    assert written == module.page(written.partition(module.EFFECTS)[2])
