"""A progress bar for long work, on terminals only."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Self


class ProgressBar:
    """Counts finished runs; shows a bar on standard error once work takes longer than a second.

    Nothing is shown where standard error is not a terminal.
    """

    def __init__(self, total: int, label: str) -> None:
        self._total = total
        self._label = label
        self._begun = time.monotonic()
        self._done = 0
        self._bar: Any = None
        #: Whether standard error is a terminal.
        self.watched = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, n: int) -> None:
        """Count ``n`` more finished runs."""
        self._done += n
        if not self.watched or time.monotonic() - self._begun < 1.0:
            return
        if self._bar is None:
            self._bar = self._make_bar()
            self._bar.start()
            self._task = self._bar.add_task(self._label, total=self._total, speed="")
        speed = self._done / max(time.monotonic() - self._begun, 1e-9)
        self._bar.update(self._task, completed=self._done, speed=f"{speed:,.0f}/s")

    def _make_bar(self) -> Any:
        # Imported where needed: most runs end before a bar would show.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        speed = TextColumn("{task.fields[speed]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
        return Progress(*columns, console=Console(stderr=True), transient=True)


@contextlib.contextmanager
def sweep_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar for ``sweep``, called with the number of searches finished so far and that of all."""
    bars: list[ProgressBar] = []
    shown = 0

    def show(done: int, total: int) -> None:
        nonlocal shown
        if not bars:
            bars.append(work.enter_context(ProgressBar(total - done, label)))
        else:
            bars[0](done - shown)
        shown = done

    with contextlib.ExitStack() as work:
        yield show
