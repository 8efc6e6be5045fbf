"""Results and tables as text, figures, pages and files.

``Study`` holds results, ``comparison_text`` compares them, ``draw`` and ``save`` make figures.
"""

import importlib
from typing import TYPE_CHECKING, Any

__all__ = ["Study", "comparison_text", "draw", "save"]

if TYPE_CHECKING:
    from mfnas_vec.analysis.study import Study
    from mfnas_vec.report.comparison import comparison_text
    from mfnas_vec.report.figures import draw, save

# Loaded on first use: texts need no figures.
_HOMES = {
    "Study": "mfnas_vec.analysis.study",
    "comparison_text": "mfnas_vec.report.comparison",
    "draw": "mfnas_vec.report.figures",
    "save": "mfnas_vec.report.figures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
