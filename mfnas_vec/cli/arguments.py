"""Arguments that several commands share, and what their texts mean."""

import argparse
import re
from collections.abc import Callable, Sequence
from typing import Any

from mfnas_vec.cli.catalogue import TABLES

#: A comma that is not within brackets: labels may have some, as "MF-NAS (params, k=32)".
_COMMA = re.compile(r",(?![^()]*\))")
#: Steps of a progress bar of unknown units.
N_SHARE = 1000


def names_of(option: str, text: str | None) -> list[str] | None:
    """The items of a list with commas, but for those within brackets; ``None`` if not given.

    Raises
    ------
    ValueError
        If it is given and names nothing.
    """
    if text is None:
        return None
    words = [word.strip() for word in _COMMA.split(text) if word.strip()]
    if not words:
        raise ValueError(f"{option} names nothing: {text!r}")
    return words


def add_problems_option(parser: argparse.ArgumentParser, text: str, names: Sequence[str] = TABLES) -> None:
    """Add ``--problems``, a list of ``names``."""
    parser.add_argument("--problems", type=spelled_list(names), metavar="NAME,...", help=text)


def add_tables_option(parser: argparse.ArgumentParser, text: str) -> None:
    """Add ``--tables``, paths of tables or "embedded"."""
    text = f"{text}; 'embedded': no imported table"
    parser.add_argument("--tables", nargs="+", default=[], metavar="PATH", help=text)


def tables_of(texts: Sequence[str]) -> tuple[list[str], bool]:
    """Paths of ``--tables``, and whether imported tables are ignored ("embedded")."""
    return [text for text in texts if text != "embedded"], "embedded" in texts


def spelled(names: Sequence[str]) -> Callable[[str], str]:
    """For ``type=``: the name that a text differs from only in case, or in "_" for "-"; other texts unchanged.

    Examples
    --------
    >>> spelled(["MF-NAS", "REA", "REA+W"])("mf_nas")
    'MF-NAS'
    """

    def plain(text: str) -> str:
        return text.lower().replace("_", "-")

    known = {plain(name): name for name in names}
    return lambda text: text if text in names else known.get(plain(text), text)


def spelled_list(names: Sequence[str]) -> Callable[[str], str]:
    """The same for each name of a list with commas."""
    one = spelled(names)
    return lambda text: ",".join(one(word.strip()) for word in _COMMA.split(text))


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add the argument of every command that needs optimizers or spaces of your own; ``main`` loads the files."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar="FILE",
        help="a Python file that registers optimizers or spaces of your own; it is run; may be repeated",
    )


def add_run_arguments(parser: argparse.ArgumentParser, *, from_grid: bool = False) -> None:
    """Add the arguments of every command that makes runs."""

    def add(*flags: str, default: Any, text: str, kind: Callable[[str], Any] = int) -> None:
        note = f"default: the grid's, {default} if it says nothing" if from_grid else f"default {default}"
        parser.add_argument(*flags, type=kind, default=None if from_grid else default, help=f"{text} ({note})")

    add("--n_run", "--n-run", default=500, text="number of independent runs")
    add("--seed", default=0, text="seed of all runs")
    protocols = "gecco2024, head2025 or corrected, perhaps with +decision or -decision"
    add("--protocol", default="gecco2024", text=protocols, kind=str.lower)
    missing = "tables that know some architectures only: refuse or worst"
    add("--missing", default="refuse", text=missing, kind=spelled(("refuse", "worst")))
    parser.add_argument("--threads", type=int, metavar="N", help="threads (default: all processors)")


def run_values(args: argparse.Namespace) -> dict[str, Any]:
    """The values of ``add_run_arguments`` that replace those of a grid."""
    return {"n_run": args.n_run, "seed": args.seed, "protocol": args.protocol, "missing": args.missing}


def shares(progress: Callable[[int], object]) -> Callable[[int, int], None]:
    """Progress as (done, total), for a bar of ``N_SHARE`` steps."""
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal shown
        now = min(N_SHARE, N_SHARE * done // total) if total > 0 else 0
        if now > shown:
            progress(now - shown)
            shown = now

    return show
