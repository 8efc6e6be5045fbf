"""The command ``bench``: arguments and action."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from mfnas_vec.cli.arguments import names_of

_EPILOG = """\
Every optimizer on every problem, for 1 to 100,000 runs, on one, two and all threads: seconds of the
kernel alone. In the same minutes two yardsticks are measured: the reference implementation in plain
Python, one run at a time, and the limit, a compiled loop that only draws, reads and notes. Imports,
compilation, opening of tables and whole commands are measured in processes of their own.

--check exits with 1 when a target is not met. --guard counts the instructions per evaluation of every
kernel with Valgrind, compares them with those of a file and exits with 1 when one has grown beyond the
band of the file (with --overwrite it writes the file).

examples:
  mfnas bench --quick
  mfnas bench --problems nb101 --optimizers MF-NAS,FLS --threads 1,2
  mfnas bench --out bench/speed.json --overwrite
  mfnas bench --guard bench/guard.json
"""


def add(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "bench",
        help="measure how fast searches are made here",
        description="Measure how fast searches are made here, next to two yardsticks.",
        epilog=_EPILOG,
    )
    parser.add_argument("--quick", action="store_true", help="few repeats, at most 500 runs")
    parser.add_argument("--problems", metavar="NAME,...", help="tables (default: nb201-cifar10, nbasr, nb101)")
    parser.add_argument("--optimizers", metavar="NAME,...", help="some of the optimizers (default: all)")
    parser.add_argument("--threads", metavar="N,...", help="numbers of threads (default: 1, 2 and all)")
    parser.add_argument("--repeats", type=int, metavar="N", help="repeats of a point (default: 15; 3 with --quick)")
    parser.add_argument("--markdown", action="store_true", help="print Markdown tables")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is not met")
    parser.add_argument("--guard", metavar="FILE", help="only compare instruction counts with those of FILE")
    parser.add_argument("--out", metavar="FILE", help="write all that was measured as JSON")
    parser.add_argument("--overwrite", action="store_true", help="replace the file at --out or --guard")
    parser.set_defaults(act=run_bench)


def _check_file(option: str, path: str, overwrite: bool) -> None:
    """Refuse, before minutes are spent, a file that could not be written."""
    if Path(path).is_dir():
        raise ValueError(f"{option}={path} is a folder; name a file")
    if Path(path).exists() and not overwrite:
        raise ValueError(f"{option}={path} exists already; --overwrite replaces it")
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{option}={path}: the folder {Path(path).parent} does not exist")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ValueError(f"{option}={path}: the folder {Path(path).parent} cannot be written")


def _write(report: dict[str, Any], path: str, overwrite: bool) -> None:
    from mfnas_vec._files import new_file

    with new_file(path, overwrite=overwrite) as scratch:
        Path(scratch).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _threads(text: str | None) -> list[int] | None:
    words = names_of("--threads", text)
    try:
        return None if words is None else [int(word) for word in words]
    except ValueError:
        raise ValueError(f"--threads={text}: must be numbers with commas, such as 1,2") from None


def run_bench(args: argparse.Namespace) -> None:
    """``mfnas bench``."""
    if args.guard is not None:
        _guard(args)
        return
    if args.out is not None:
        _check_file("--out", args.out, args.overwrite)
    problems, optimizers = names_of("--problems", args.problems), names_of("--optimizers", args.optimizers)
    threads = _threads(args.threads)

    from mfnas_bench.harness import bench, make_effort, n_step
    from mfnas_bench.text import report_text

    from mfnas_vec.report.progress import ProgressBar

    effort = make_effort(quick=args.quick, threads=threads, repeats=args.repeats)
    with ProgressBar(n_step(problems, optimizers, quick=args.quick), "measuring") as progress:
        report = bench(problems, optimizers, quick=args.quick, effort=effort, progress=progress)
    if args.out is not None:
        _write(report, args.out, args.overwrite)
    print(report_text(report, markdown=args.markdown))
    if args.out is not None:
        print(f"\nwritten to {args.out}")
    if args.check and not report["targets"]:
        raise ValueError("--check: no target is for what was measured")
    if args.check and not all(target["met"] for target in report["targets"]):
        raise SystemExit(1)


def _guard(args: argparse.Namespace) -> None:
    given = ("quick", "problems", "optimizers", "threads", "repeats", "markdown", "check", "out")
    clash = [name for name in given if getattr(args, name)]
    if clash:
        raise ValueError(f"--guard measures what its file holds: it goes without --{clash[0]}")
    if args.overwrite:
        _check_file("--guard", args.guard, True)
    else:
        try:
            committed = json.loads(Path(args.guard).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"--guard={args.guard} cannot be read: {error}") from None

    from mfnas_bench.guard import PAIRS, count, guard_report, read_guard, slips
    from mfnas_bench.machine import describe

    from mfnas_vec.report.progress import ProgressBar

    bar = ProgressBar(2 * len(PAIRS), "compiling, counting")
    if args.overwrite:
        with bar as progress:
            report = guard_report(progress)
        _write(report, args.guard, True)
        print(f"written to {args.guard}")
        return
    known, band = read_guard(committed)  # refuses a file of something else before anything is counted
    with bar as progress:
        slower = slips(count(PAIRS, progress), known, band)
    if slower:
        before, here = committed.get("machine", {}).get("numba"), describe()["numba"]
        print("\n".join(slower), f"counted with numba {here}, the file with {before}", sep="\n")
        raise SystemExit(1)
    print(f"{len(PAIRS)} kernels take as many instructions as in {args.guard}, within its band")
