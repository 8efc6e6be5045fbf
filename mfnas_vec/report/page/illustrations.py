"""The figures of a page, without inline styles, which the page's security policy forbids."""

import html
import re
from typing import NamedTuple

from mfnas_vec.analysis.study import Study
from mfnas_vec.report.figures import KINDS, Drawing, draw, inline_svg, panel_svgs
from mfnas_vec.report.figures.style import COLOURS, INK, MUTED, Look

#: Kinds of figures of results, in their order on the page.
ORDER = ("heatmap", "final", "anytime", "ranks", "cost", "ecdf", "leak")

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
    #: Its panels, or the whole figure.
    svgs: list[str]
    #: What lines and marks mean: an example of each, and its name.
    legend: list[tuple[str, str]]
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


def page_figure(study: Study, kind: str) -> PageFigure | str:
    """A figure of results as parts of a page, not yet ``styled``; or why it cannot be drawn."""
    try:
        return parts_of(kind, draw(kind, study, page=True))
    except ValueError as error:
        return f"{KINDS[kind]}: {error}"


def parts_of(kind: str, drawing: Drawing) -> PageFigure:
    """A figure as parts of a page; with panels, they are elements of their own."""
    name = f"figure-{kind}"
    svgs = panel_svgs(drawing, name) if drawing.panels else [inline_svg(drawing, name)]
    width = _WIDTH.search(svgs[0])
    wide = len(svgs) > 1 or (width is not None and float(width[1]) > _WIDE)
    legend = [(_key(look), words) for words, look in drawing.legend]
    return PageFigure(kind, drawing.title, drawing.caption, svgs, legend, wide)


def styled(figure: PageFigure, styles: Styles) -> PageFigure:
    """A figure with classes instead of inline styles."""
    legend = [(without_styles(svg, styles), words) for svg, words in figure.legend]
    return figure._replace(svgs=[without_styles(svg, styles) for svg in figure.svgs], legend=legend)


#: Outlines of markers around (16, 7), as matplotlib names them.
_OUTLINES = {
    "o": "M12.6 7a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0Z",
    "s": "M13 4h6v6h-6Z",
    "^": "M16 3.4l3.8 6.8h-7.6Z",
    "v": "M16 10.6l3.8 -6.8h-7.6Z",
    "<": "M12.4 7l6.8 -3.8v7.6Z",
    ">": "M19.6 7l-6.8 -3.8v7.6Z",
    "D": "M16 2.8l4.2 4.2l-4.2 4.2l-4.2 -4.2Z",
    "P": "M14.8 3h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8v-2.4h2.8Z",
    "X": "M13 4l3 3l3 -3l1.4 1.4l-3 1.6l3 1.6l-1.4 1.4l-3 -3l-3 3l-1.4 -1.4l3 -1.6l-3 -1.6Z",
}


def _key(look: Look) -> str:
    """An example of a line with its marker; decorative, as its name is next to it."""
    known = {colour: f"s{i}" for i, colour in enumerate(COLOURS)} | {INK: "ink", MUTED: "muted"}
    colour = f"var(--fig-{known[look.colour]}, {look.colour})"
    dash = "" if look.dash == "-" else f"; stroke-dasharray: {' '.join(str(1.6 * n) for n in look.dash[1])}"
    mark = f'<path d="{_OUTLINES[look.marker]}" style="fill: {colour}"/>' if look.marker else ""
    line = f'<path d="M1 7H31" style="stroke: {colour}; stroke-width: 1.8; fill: none{dash}"/>'
    return f'<svg class="key" viewBox="0 0 32 14" aria-hidden="true">{line}{mark}</svg>'


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
