"""The command line: ``mfnas``."""

import io
import sys
from collections.abc import Sequence

from mfnas_vec.cli.parser import make_parser

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; 0 for success, 2 for a user's error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # "±" on a terminal that cannot show it
    args = make_parser().parse_args(argv)
    try:
        for path in getattr(args, "plugin", ()):
            from mfnas_vec.search import load_plugin

            load_plugin(path)
        args.act(args)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (ValueError, OSError, MemoryError) as error:
        message = " ".join(str(error).split()) or type(error).__name__
        print(f"mfnas: error: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interruption:
        print(": ".join(["mfnas: interrupted", *map(str, interruption.args)]), file=sys.stderr)
        return 130
    return 0
