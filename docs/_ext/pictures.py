"""Draw the pictures of the page on concepts: ``python docs/_ext/pictures.py``. The same bytes every time."""

from collections.abc import Callable, Sequence
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "_static"
BLUE, ORANGE, GREEN, GREY, INK = "#cfe3f5", "#fbe0c3", "#d3edd9", "#ededed", "#222222"


def _text(x: float, y: float, text: str, *, size: int = 13, anchor: str = "middle", weight: str = "normal") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="{INK}">{text}</text>'
    )


def _box(x: float, y: float, width: float, height: float, fill: str, lines: Sequence[str] = ()) -> str:
    parts = [
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" stroke="{INK}" '
        'stroke-width="1"/>'
    ]
    top = y + height / 2 - 9 * (len(lines) - 1) + 5
    for i, line in enumerate(lines):
        parts.append(_text(x + width / 2, top + 18 * i, line, weight="bold" if i == 0 and len(lines) > 1 else "normal"))
    return "".join(parts)


def _arrow(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="{INK}" stroke-width="1.5" marker-end="url(#head)"/>'


def _picture(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif"><title>{title}</title><defs><marker id="head" viewBox="0 0 8 8" '
        'refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{INK}"/></marker></defs>'
        f'<rect width="{width}" height="{height}" fill="white"/>'
    )
    return head + "\n" + "\n".join(parts) + "\n</svg>\n"


def flow() -> str:
    """From files to a report."""
    steps = (
        ("files", "official or yours", GREY),
        ("table", "xarray on zarr", BLUE),
        ("arrays", "per metric, epoch", BLUE),
        ("runs", "500 at once, compiled", ORANGE),
        ("result", "xarray Dataset", GREEN),
        ("report", "tests, figures", GREEN),
    )
    parts = []
    for i, (name, what, fill) in enumerate(steps):
        x, y = 15 + 225 * (i % 3), 15 + 95 * (i // 3)
        parts.append(_box(x, y, 180, 60, fill, (name, what)))
        if i % 3 < 2:
            parts.append(_arrow(x + 180, y + 30, x + 223, y + 30))
    parts.append(
        f'<path d="M555 75V92H105V108" fill="none" stroke="{INK}" stroke-width="1.5" marker-end="url(#head)"/>'
    )
    return _picture(660, 185, "From files to a report", parts)


def space() -> str:
    """A genotype, its code and its row."""
    parts = [_text(15, 25, "genotype", anchor="start", weight="bold")]
    for i, gene in enumerate((3, 0, 3, 1, 4, 2)):
        parts.append(_box(15 + 34 * i, 35, 30, 30, ORANGE, (str(gene),)))
    code = sum(gene * 5**i for i, gene in enumerate(reversed((3, 0, 3, 1, 4, 2))))
    parts += [_text(320, 25, "code", weight="bold"), _box(275, 35, 90, 30, ORANGE, (f"{code:,}",))]
    parts += [_text(480, 25, "row", weight="bold")]
    for i in range(5):
        parts.append(_box(430, 35 + 22 * i, 210, 20, BLUE if i != 2 else GREEN))
    parts += [_arrow(219, 50, 271, 50), _arrow(365, 50, 427, 88)]
    parts.append(_text(535, 94, "one architecture", size=12))
    parts.append(_text(15, 105, "one integer per gene", anchor="start", size=12))
    parts.append(_text(275, 105, "mixed radix", anchor="start", size=12))
    return _picture(660, 160, "A genotype is one integer, which the space maps to a row", parts)


def table() -> str:
    """A table over architectures and epochs."""
    parts = [_text(190, 20, "val_acc: a column per epoch", weight="bold")]
    for j, epoch in enumerate((1, 12, 50, 200)):
        parts.append(_text(125 + 55 * j, 42, str(epoch), size=12))
        parts += [_box(100 + 55 * j, 50 + 24 * i, 50, 21, BLUE) for i in range(5)]
    for i in range(5):
        parts.append(_text(85, 65 + 24 * i, f"arch {i}", size=12, anchor="end"))
    parts += [_text(402, 20, "proxy", weight="bold"), _text(402, 42, "synflow", size=12)]
    parts += [_box(370, 50 + 24 * i, 64, 21, ORANGE) for i in range(5)]
    parts += [_text(540, 20, "test result", weight="bold"), _text(540, 42, "test_acc", size=12)]
    parts += [_box(508, 50 + 24 * i, 64, 21, GREEN) for i in range(5)]
    parts.append(_text(210, 190, "read by searches, costs training time", size=12))
    parts.append(_text(402, 190, "read, (almost) free", size=12))
    parts.append(_text(550, 190, "judges a run, never read", size=12))
    return _picture(660, 205, "A table of a benchmark", parts)


def mfnas() -> str:
    """The two stages of MF-NAS."""
    parts = [_text(150, 22, "1. local search on a proxy", weight="bold"), _box(15, 35, 270, 130, GREY)]
    walk = ((40, 140), (75, 118), (110, 125), (145, 95), (185, 80), (225, 60))
    parts += [_arrow(*walk[i], *walk[i + 1]) for i in range(len(walk) - 1)]
    parts += [f'<circle cx="{x}" cy="{y}" r="6" fill="{ORANGE}" stroke="{INK}"/>' for x, y in walk]
    parts += [_arrow(287, 100, 338, 100), _text(312, 90, "k best", size=12)]
    parts.append(_text(505, 22, "2. successive halving", weight="bold"))
    for i, (n, epochs) in enumerate(((8, 12), (4, 25), (2, 50), (1, 200))):
        y = 38 + 33 * i
        parts += [_box(345 + 22 * j, y, 18, 24, BLUE if n > 1 else GREEN) for j in range(n)]
        parts.append(_text(535, y + 17, f"{n} trained for {epochs} epochs", size=12, anchor="start"))
    return _picture(690, 180, "MF-NAS: local search on a proxy, then successive halving", parts)


PICTURES: dict[str, Callable[[], str]] = {"flow.svg": flow, "space.svg": space, "table.svg": table, "mfnas.svg": mfnas}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw(), encoding="utf-8")
