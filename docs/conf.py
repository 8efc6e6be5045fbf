"""Settings of the documentation: ``python -m sphinx -W docs site`` builds it, without a network."""

import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from generated import write_pages

import mfnas_vec

write_pages()

project = "mfnas_vec"
author = "The mfnas_vec developers"
version = release = mfnas_vec.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_generated", "_ext", "site"]

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_use_type_comments = False
python_use_unqualified_type_names = True
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False

smartquotes = False
nitpicky = True
# Types in signatures: those of other projects have no page here, and not every class of this one has.
nitpick_ignore_regex = [("py:.*", r".*")]

html_theme = "furo"
html_title = f"mfnas_vec {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False

#: What NumPy's ArrayLike is, spelled out.
_ARRAY_LIKE = re.compile(r"[\w.~]*_Buffer \| .*?NestedSequence\[complex \| bytes \| str\]")


def _shorten(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returned: str | None
) -> Any:
    """Signatures with the name of a long type in place of its definition."""
    return _ARRAY_LIKE.sub("ArrayLike", signature or "") or None, returned


def setup(app: Any) -> None:
    """Connect the hooks."""
    app.connect("autodoc-process-signature", _shorten)
