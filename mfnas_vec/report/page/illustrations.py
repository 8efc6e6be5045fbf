"""The figures of a page, without inline styles, which the page's security policy forbids."""

import html
import re
from typing import NamedTuple

from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures import KINDS, draw, inline_svg

#: Kinds of figures of results, in their order on the page.
ORDER = ("heatmap", "final", "anytime", "cost", "ecdf")

_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>.*?</style>\s*", re.DOTALL)
_TAG = re.compile(r'<([A-Za-z][\w:]*)((?:\s+[\w:-]+="[^"]*")*)\s*(/?)>')
_ATTRIBUTE = re.compile(r'([\w:-]+)="([^"]*)"')
_WIDTH = re.compile(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+)')
#: Points from which a figure is two columns wide.
_WIDE = 300.0


class PageFigure(NamedTuple):
    """A figure of a page."""

    kind: str
    title: str
    caption: str
    svg: str
    wide: bool


class Styles:
    """Declarations of inline styles as classes of the page's style sheet."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, declarations: str) -> str:
        """The class of some declarations."""
        text = html.unescape(declarations).strip().rstrip(";")
        return self._names.setdefault(text, f"f{len(self._names)}")

    def css(self) -> str:
        """The style sheet; empty if there are no classes."""
        return "".join(f".{name}{{{text}}}\n" for text, name in self._names.items())


def figures_of(study: Study, styles: Styles) -> tuple[list[PageFigure], list[str]]:
    """All figures that can be drawn of these results, and the reason for each other one.

    Raises
    ------
    ValueError
        If matplotlib is not installed.
    """
    found, left_out = [], []
    for kind in ORDER:
        try:
            drawing = draw(kind, study)
        except ValueError as error:
            left_out.append(f"{KINDS[kind]}: {error}")
            continue
        svg = without_styles(inline_svg(drawing, f"figure-{kind}"), styles)
        width = _WIDTH.search(svg)
        wide = width is not None and float(width[1]) > _WIDE
        found.append(PageFigure(kind, drawing.title, drawing.caption, svg, wide))
    return found, left_out


def without_styles(svg: str, styles: Styles) -> str:
    """An SVG element with classes instead of inline styles, and without comments."""
    svg = _STYLE.sub("", _COMMENT.sub("", svg))

    def replaced(tag: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(tag[2]))
        declarations = attributes.pop("style", None)
        if declarations is not None:
            attributes["class"] = " ".join(filter(None, [attributes.get("class"), styles.name(declarations)]))
        if tag[1] == "svg":
            attributes = {name: value for name, value in attributes.items() if name not in ("width", "height")}
        text = "".join(f' {name}="{value}"' for name, value in attributes.items())
        return f"<{tag[1]}{text}{tag[3]}>"

    return _TAG.sub(replaced, svg).strip()
