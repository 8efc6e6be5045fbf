"""Where the embedded stores are: inside an installed package, next to it in a clone."""

from pathlib import Path


def embedded_folder() -> Path:
    """Folder of the embedded tables and spaces."""
    package = Path(__file__).parent
    inside = package / "benchmarks_zarr"
    return inside if inside.is_dir() else package.parent / "benchmarks_zarr"
