"""Write the page of every embedded table, as ``mfnas report --table`` does: ``python docs/_ext/table_pages.py``."""

from pathlib import Path

from mfnas_vec.report.page.benchmark import write_benchmark_page
from mfnas_vec.tables.store import read_manifest

FOLDER = Path(__file__).parents[1] / "_static" / "tables"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in read_manifest():
        write_benchmark_page(name, FOLDER / f"{name}.html", embedded=True, overwrite=True)
