"""Provenance of the numbers of a table."""

from collections.abc import Iterable, Mapping
from typing import Any

import xarray as xr

from mfnas_vec.tables.schema import MODELLED, PROVENANCES

UNSTATED = "unstated"

#: Attribute of a training-based variable whose provenance differs between epochs: a list of
#: "EPOCH: PROVENANCE", so that it stays true for any selection of epochs.
BY_EPOCH = "provenance_by_epoch"


def parse_entries(attrs: Mapping[Any, Any]) -> dict[int, str]:
    """Provenance per epoch of a variable's attributes; empty where it does not differ.

    Raises
    ------
    ValueError
        If the attribute is not a list of "EPOCH: PROVENANCE".
    """
    entries = attrs.get(BY_EPOCH, [])
    try:
        pairs = [str(entry).partition(": ")[::2] for entry in ([entries] if isinstance(entries, str) else entries)]
        return {int(epoch): kind for epoch, kind in pairs}
    except (TypeError, ValueError):
        raise ValueError(f"{BY_EPOCH}={entries!r} must be a list of 'EPOCH: PROVENANCE'") from None


def provenance(table: xr.Dataset, variable: str, epoch: int | None = None) -> str:
    """Provenance of a table variable, at one epoch where it differs between epochs.

    Returns
    -------
    str
        "measured", "computed", "modelled", or "unstated" for a variable that does not say.
    """
    attrs = table[variable].attrs
    stated = str(attrs.get("provenance", UNSTATED))
    return stated if epoch is None else parse_entries(attrs).get(epoch, stated)


def weakest(kinds: Iterable[str]) -> str:
    """The kind to report for a number made from several: modelled or unstated if any of them is."""
    order = [*PROVENANCES[:2], UNSTATED, MODELLED]
    return max(kinds, key=lambda kind: order.index(kind) if kind in order else order.index(UNSTATED), default=UNSTATED)
