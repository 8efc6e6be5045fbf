"""What a start imports: nothing heavy before it is needed."""

import subprocess
import sys

import pytest

#: Imported by some commands only, or by other libraries where they are installed.
LATE = ("matplotlib", "dask", "distributed", "scipy", "rich", "pyarrow", "jinja2", "requests")


def imported(code, *options):
    """Top-level names of all that a process imported, as ``-X importtime`` lists them."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_the_package_itself_imports_nothing_heavy():
    found = imported("import mfnas_vec")
    assert not found & {*LATE, "pandas", "numpy", "numba", "xarray", "zarr"}


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]])
def test_help_imports_nothing_heavy(words):
    found = imported(f"from mfnas_vec.cli import main\ntry: main({words})\nexcept SystemExit: pass")
    assert "argparse" in found
    assert not found & {*LATE, "pandas", "numpy", "numba", "xarray", "zarr"}


@pytest.mark.slow
def test_a_run_needs_none_of_the_late_packages(tmp_path):
    """xarray and numba import dask and scipy where they are installed; here they are hidden."""
    code = (
        "import sys\n"
        f"for name in {LATE!r}: sys.modules[name] = None\n"
        "from mfnas_vec.cli import main\n"
        "words = ['run', '--ss', 'nb201', '--optimizer', 'RS', '--n_run', '2', '--out']\n"
        f"sys.exit(main([*words, {str(tmp_path / 'r')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    assert "RS on nb201-cifar10: 2 runs" in done.stdout
    assert (tmp_path / "r" / "zarr.json").exists()
