"""``python -m mfnas_vec.cli``."""

import sys

from mfnas_vec.cli import main

if __name__ == "__main__":
    sys.exit(main())
