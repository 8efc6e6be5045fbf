"""A figure with its text: as a file, or as part of a page; the same figure gives the same bytes."""

import html
import io
import re
import textwrap
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mfnas_vec._files import new_file
from mfnas_vec.report.figures.style import COLOURS, GRID, INK, MUTED, PAPER, Look, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: By suffix: metadata left out because it changes from day to day.
_DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}, ".png": {}}
_CAPTION_SIZE = 6.0
#: Characters of a caption per inch.
_PER_INCH = 22.0


class Drawing(NamedTuple):
    """A figure with its title, text alternative and caption."""

    figure: "Figure"
    title: str
    #: Text alternative: what the figure shows, in words and numbers.
    alt: str
    #: What is drawn, numbers of runs, seed and provenance.
    caption: str
    #: Name and text of each panel, and what the lines mean, of a figure for a page.
    panels: tuple[tuple[str, str], ...] = ()
    legend: "tuple[tuple[str, Look], ...]" = ()

    def _repr_html_(self) -> str:
        """The figure in a notebook."""
        # Lines and text in the colour of the notebook's text, which may be light on dark.
        style = "--fig-ink: currentColor; --fig-muted: currentColor; --fig-grid: #8884; --fig-paper: transparent"
        name = f"figure-{zlib.crc32(self.alt.encode()):08x}"
        words = f"<figcaption>{html.escape(self.caption)}</figcaption>"
        return f'<figure style="{style}">{inline_svg(self, name)}{words}</figure>'


def check_file(path: str | Path, *, overwrite: bool = False) -> None:
    """Check before drawing what ``save`` would refuse.

    Raises
    ------
    ValueError
        If the suffix is none of .svg, .pdf, .png, or the path exists (unless ``overwrite``).
    """
    if Path(path).suffix.lower() not in _DATES:
        raise ValueError(f"out={str(path)!r} must end in {', '.join(_DATES)}")
    if Path(path).exists() and not overwrite:
        raise ValueError(f"{path} exists already; --overwrite (overwrite=True) replaces it")
    if not Path(path).parent.is_dir():
        raise ValueError(f"cannot write {path}: the folder {Path(path).parent} does not exist")


def save(drawing: Drawing, path: str | Path, *, overwrite: bool = False) -> None:
    """Write a figure with its caption as SVG, PDF or PNG, by the path's suffix.

    Raises
    ------
    ValueError
        If the suffix is another, or the path exists (unless ``overwrite``) or cannot be written.
    """
    check_file(path, overwrite=overwrite)
    suffix = Path(path).suffix.lower()
    figure = drawing.figure
    with new_file(path, overwrite=overwrite) as scratch, style():
        text = textwrap.fill(drawing.caption, int(_PER_INCH * figure.get_figwidth()))
        note = figure.text(0.01, -0.02, text, fontsize=_CAPTION_SIZE, color=MUTED, va="top", ha="left")
        options: dict[str, Any] = {"format": suffix[1:], "dpi": 200, "bbox_inches": "tight", "pad_inches": 0.05}
        figure.savefig(scratch, metadata=_DATES[suffix], bbox_extra_artists=[note], **options)
        note.remove()


def inline_svg(drawing: Drawing, name: str) -> str:
    """A figure as an element of a page, in the page's type and colours.

    Colours are CSS variables: ``--fig-ink``, ``--fig-muted``, ``--fig-grid``, ``--fig-paper``, and
    ``--fig-s0`` to ``--fig-s8`` for searches.

    Parameters
    ----------
    drawing
        What to show.
    name
        Prefix of all ids of the element: letters, digits and dashes, unique in the page.
    """
    svg = _plain_svg(drawing, name)
    head = f'role="img" aria-labelledby="{name}-title {name}-desc" class="figure"'
    words = (
        f'<title id="{name}-title">{html.escape(drawing.title)}</title>'
        f'<desc id="{name}-desc">{html.escape(drawing.alt)}</desc>'
    )
    return re.sub(r"<svg([^>]*)>", lambda m: f"<svg{m.group(1)} {head}>{words}", svg, count=1)


def _plain_svg(drawing: Drawing, name: str) -> str:
    """The element with ids that begin with a name, and variables for colours."""
    stream = io.StringIO()
    with style(**{"svg.fonttype": "none", "figure.facecolor": "none", "savefig.facecolor": "none"}):
        drawing.figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]*)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]*)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'xlink:href="#([^"]*)"', rf'xlink:href="#{name}-\1"', svg)
    variables = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper"}
    variables |= {colour: f"s{i}" for i, colour in enumerate(COLOURS)}
    for colour, variable in variables.items():
        svg = svg.replace(f": {colour}", f": var(--fig-{variable}, {colour})")
    return svg


def panel_svgs(drawing: Drawing, name: str) -> list[str]:
    """Each panel of a figure for a page as an element of its own, in the page's type and colours.

    Parameters
    ----------
    drawing
        Its panels have equal heights and are below each other.
    name
        As of ``inline_svg``.
    """
    svg = _plain_svg(drawing, name)
    defs = svg[svg.rindex(" <defs>") : svg.rindex("</svg>")] if " <defs>" in svg else ""
    width, height = (72.0 * inches for inches in drawing.figure.get_size_inches())
    height /= len(drawing.panels)
    found = []
    for i, (title, text) in enumerate(drawing.panels):
        head = (
            f'<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 {i * height:.2f} {width:.2f} '
            f'{height:.2f}" role="img" aria-labelledby="{name}-{i}-title {name}-{i}-desc" class="figure">'
            f'<title id="{name}-{i}-title">{html.escape(drawing.title)}: {html.escape(title)}</title>'
            f'<desc id="{name}-{i}-desc">{html.escape(text)}</desc>'
        )
        # Marks and clips of all panels are those of the whole document.
        found.append(f"{head}{_group(svg, f'{name}-axes_{i + 1}')}{'' if i else defs}</svg>")
    return found


def _group(svg: str, name: str) -> str:
    """The group of an id, with all that is in it."""
    start = svg.index(f'<g id="{name}"')
    depth = 0
    for tag in re.finditer(r"<g\b[^>]*>|</g>", svg[start:]):
        depth += -1 if tag[0] == "</g>" else not tag[0].endswith("/>")
        if not depth:
            return svg[start : start + tag.end()]
    raise ValueError(f"{name}: the group does not end")
