"""What a search in Python may read of a table: everything but test results."""

import operator
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from mfnas_vec.search.defaults import iepoch as default_epoch
from mfnas_vec.search.defaults import published
from mfnas_vec.search.settings import check_metric
from mfnas_vec.spaces import NO_ARCH
from mfnas_vec.tables import dense
from mfnas_vec.tables.coverage import REFUSE, WORST, check_coverage, with_worst
from mfnas_vec.tables.schema import EPOCH, SECONDS_SUFFIX, TRAIN_SECONDS, is_test_result


class View(NamedTuple):
    """A metric after some epochs of training; scores to be maximised, -inf where there is none."""

    metric: str
    is_main: bool
    factor: float
    score: dense.FloatArray  # [arch]
    seconds: dense.FloatArray  # [arch], or [1] with seconds_step = 0
    seconds_step: int
    epochs: int  # charged; 0: a zero-cost metric
    epoch: int  # read; 0: the metric is known once per architecture


#: Tables with their test results. No attribute of what a search is given leads to them.
_WHOLE: "weakref.WeakKeyDictionary[Readable, xr.Dataset]" = weakref.WeakKeyDictionary()


def whole_table(readable: "Readable") -> xr.Dataset:
    """The table with its test results: for assembling the result, not for searches."""
    return _WHOLE[readable]


class Readable:
    """A table without test results, as simulators of any number of runs share it.

    Parameters
    ----------
    table, metric, missing
        As of ``Simulator``.

    Raises
    ------
    ValueError
        As of ``Simulator``.
    """

    def __init__(self, table: xr.Dataset, metric: str, missing: str = REFUSE) -> None:
        self.space = dense.table_space(table)
        dense.check_rows(table)
        self._missing = missing
        self._is_zero_cost = {metric: check_metric(table, metric, "metric", None, "")}
        dense.announce_direction(table, metric)
        check_coverage(table, [dense.test_variable(table), *self._read_by(table, metric)], missing)
        known = with_worst(table) if missing == WORST else table
        self._table = known.drop_vars([name for name in known.variables if is_test_result(name)])
        self.metric = metric
        self.factor = dense.sign(table, metric)
        self.direction = dense.direction(table, metric)
        self.metrics = dense.metric_names(table)
        #: Whether evaluations of the search metric cost seconds.
        self.priced = (TRAIN_SECONDS if EPOCH in table[metric].dims else metric + SECONDS_SUFFIX) in table
        self.epochs = tuple(int(e) for e in table[EPOCH].values) if EPOCH in table.dims else ()
        setup = published(table)
        self.published_accounting = dense.CUMULATIVE if setup is None else setup.halving_accounting
        self._views: dict[tuple[str, int | None], View] = {}
        self._located: dict[str, tuple[int, int]] = {}
        self._declared: list[tuple[str, int | None]] | None = None
        _WHOLE[self] = known

    @staticmethod
    def _read_by(table: xr.Dataset, metric: str) -> list[str]:
        return dense.metrics_of(table, {"metric": metric})

    def declare(self, reads: Sequence[tuple[str, int | None]]) -> None:
        """Allow nothing but some (metric, epoch or None); the first epoch is the default."""
        self._declared = list(reads)

    def load(self) -> None:
        """Read everything into memory, for other processes."""
        self._table = self._table[[n for n in self._table.data_vars if n in self.metrics or _is_price(str(n))]].load()

    def view(self, metric: str | None, epoch: int | None) -> View:
        """A metric as it is looked up.

        Raises
        ------
        ValueError
            If metric or epoch are not in the table, or the metric is a test result.
        """
        name = self.metric if metric is None else metric
        if name not in self._is_zero_cost:
            self._is_zero_cost[name] = check_metric(self._table, name, "metric", None, "")
            check_coverage(self._table, self._read_by(self._table, name), self._missing)
            dense.announce_direction(self._table, name)
        if epoch is None and self._declared is not None:
            epoch = next((e for declared, e in self._declared if declared == name), None)
        until = self._epoch(name, epoch)
        if self._declared is not None and (name, until) not in self._declared:
            found, *allowed = (f"{m} after {e} epochs" if e else m for m, e in [(name, until), *self._declared])
            raise ValueError(f"the search reads {found}, but its settings say {', '.join(allowed)}")
        if (name, until) not in self._views:
            objective = (
                dense.zero_cost_objective(self._table, name)
                if self._is_zero_cost[name]
                else dense.training_objective(self._table, name, until)
            )
            factor = dense.sign(self._table, name)
            self._views[name, until] = View(name, name == self.metric, factor, *objective, until or 0)
        return self._views[name, until]

    def _epoch(self, name: str, epoch: int | None) -> int | None:
        if EPOCH not in self._table[name].dims:
            if epoch:
                kind = "a zero-cost metric" if self._is_zero_cost[name] else "known once per architecture"
                raise ValueError(f"epoch={epoch!r} has no effect on metric={name!r}, {kind}")
            return None
        if epoch is None:
            epoch = default_epoch(self._table)
        index = -1 if epoch is None or isinstance(epoch, bool) or not hasattr(epoch, "__index__") else int(epoch)
        if index not in self.epochs:
            known = ", ".join(map(str, self.epochs))
            raise ValueError(f"epoch={epoch!r} must be one of the table's epochs: {known}")
        return index

    def locate(self, architecture: int | str | Sequence[int] | None, row: int | None) -> tuple[int, int]:
        """Code and row of an architecture in any form.

        Raises
        ------
        ValueError
            If it is no architecture of the space.
        """
        space = self.space
        if row is not None:
            if architecture is not None:
                raise ValueError("architecture and row: give one or the other")
            return self._of_row(row)
        if isinstance(architecture, str):
            if architecture not in self._located:
                self._located[architecture] = self._of_text(architecture)
            return self._located[architecture]
        if type(architecture) is tuple:
            code = self._of_genotype(architecture)
        elif isinstance(architecture, (int, np.integer)) and not isinstance(architecture, bool):
            code = int(architecture)
        else:
            code = self._of_genotype(architecture)  # type: ignore[arg-type]
        at = space.row_of(code)
        if at == NO_ARCH:
            raise ValueError(f"architecture={architecture!r} is no valid architecture of {space.name}")
        return code, at

    def _of_genotype(self, genotype: Sequence[int] | None) -> int:
        space = self.space
        genes = genotype.tolist() if isinstance(genotype, np.ndarray) else genotype
        code = 0
        try:
            for gene, weight, cardinality in zip(genes, space.weight, space.cardinality, strict=True):  # type: ignore[arg-type]
                if not 0 <= gene < cardinality:
                    raise ValueError
                code += gene * weight
            code = operator.index(code)  # refuses what is no integer
        except (TypeError, ValueError):
            raise ValueError(
                f"architecture={genotype!r} is no genotype of {space.name}: {space.n_gene} integers, "
                f"each at least 0 and less than {', '.join(map(str, space.cardinality))}"
            ) from None
        return code

    def _of_row(self, row: int) -> tuple[int, int]:
        if isinstance(row, bool) or not hasattr(row, "__index__") or not 0 <= row.__index__() < self.space.n_arch:
            raise ValueError(f"row={row!r} must be an integer in [0, {self.space.n_arch})")
        return int(self.space.arch_code[row]), int(row)

    def _of_text(self, text: str) -> tuple[int, int]:
        try:
            row = self.space.row_of_key(text)
        except ValueError:
            raise ValueError(f"architecture={text!r} is no valid architecture of {self.space.name}") from None
        genes = self.space.genes_of_digits(text)
        if genes is not None:
            return self._of_genotype(genes), row
        return int(self.space.arch_code[row]), row


def _is_price(name: str) -> bool:
    return name == TRAIN_SECONDS or name.endswith(SECONDS_SUFFIX)
