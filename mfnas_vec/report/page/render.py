"""The HTML of a page, which loads nothing from the network."""

import base64
import hashlib
import importlib.util
import math
from importlib.resources import files
from typing import Any


def check_packages() -> None:
    """Check before any work that the packages are installed.

    Raises
    ------
    ValueError
        If jinja2 or matplotlib is not installed.
    """
    missing = [name for name in ("jinja2", "matplotlib") if importlib.util.find_spec(name) is None]
    if missing:
        raise ValueError(f"a report needs {' and '.join(missing)} (pip install 'mfnas-vec[report]')")


def asset(name: str) -> str:
    """The text of a file of this folder."""
    return (files("mfnas_vec.report.page") / name).read_text(encoding="utf-8")


def data_uri(text: str) -> str:
    """A CSV file as a data URI, so that the page contains it."""
    return f"data:text/csv;charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def number(value: float, places: int = 2) -> str:
    """A number with some decimals; a dash if it is missing."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:,.{places}f}".replace("-", "−")


def signed(value: float, places: int = 2) -> str:
    """A difference with its sign; a dash if it is missing."""
    return "–" if value is None or math.isnan(value) else f"{value:+,.{places}f}".replace("-", "−")


def render(content: dict[str, Any], figure_css: str, name: str = "page.html.j2") -> str:
    """A page as HTML, whose security policy allows its own script and styles only, and no network.

    Parameters
    ----------
    content
        What the template shows; texts are escaped.
    figure_css
        Style sheet of the figures.
    name
        The template.
    """
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    loader = FunctionLoader(asset)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"number": number, "signed": signed, "data_uri": data_uri}
    css = asset("page.css") + figure_css
    js = asset("common.js") + (asset("page.js") if name == "page.html.j2" else "")
    policy = (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(js)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template(name).render(content, css=Markup(css), js=Markup(js), policy=policy, svg=Markup)
    return page + "\n"
