"""Results and tables as text, figures, pages and files.

``Study`` holds results, ``compare`` and ``comparison_text`` compare them, ``draw`` and ``save`` make figures. The
package itself can be called: ``report(results, path)`` is the page on them.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["Study", "compare", "comparison_text", "draw", "save"]

if TYPE_CHECKING:
    from mfnas_vec.analysis.study import Study
    from mfnas_vec.report.comparison import compare, comparison_text
    from mfnas_vec.report.figures import draw, save

# Loaded on first use: texts need no figures.
_HOMES = {
    "Study": "mfnas_vec.analysis.study",
    "compare": "mfnas_vec.report.comparison",
    "comparison_text": "mfnas_vec.report.comparison",
    "draw": "mfnas_vec.report.figures",
    "save": "mfnas_vec.report.figures",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


class _Report(ModuleType):
    """This package, which is also the function of its name: ``from mfnas_vec import report``."""

    def __call__(self, results: Any, *arguments: Any, **options: Any) -> str:
        """As of ``mfnas_vec.report.page.write.report``."""
        from mfnas_vec.report.page.write import report

        return report(results, *arguments, **options)


sys.modules[__name__].__class__ = _Report
