"""The build scripts are no part of the installed package: find them beside the tests."""

import sys
from pathlib import Path

# At the end: the installed package is the one to test.
sys.path.append(str(Path(__file__).parents[2]))
sys.path.append(str(Path(__file__).parent))
