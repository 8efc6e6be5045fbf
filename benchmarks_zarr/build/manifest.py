"""Write ``MANIFEST.json``: for each embedded table its digests and where every variable comes from."""

import json
from pathlib import Path
from typing import Any

import zarr

from mfnas_vec._files import full_digest, quick_digest, read_zarr

FOLDER = Path(__file__).parents[1]


def describe(path: Path) -> dict[str, Any]:
    """The manifest entry of one store."""
    table = read_zarr(path)
    variables = {}
    for name in sorted(map(str, table.data_vars)):
        attrs = table[name].attrs
        variables[name] = {
            key: attrs[key] for key in sorted(attrs) if key.startswith(("provenance", "source", "licence"))
        }
    files = [p for p in path.rglob("*") if p.is_file()]
    return {
        "space": table.attrs["space"],
        "dataset": table.attrs["dataset"],
        "title": table.attrs["title"],
        "n_arch": table.sizes["arch"],
        "n_byte": sum(p.stat().st_size for p in files),
        "quick_digest": quick_digest(path),
        "digest": full_digest(path),
        "variables": variables,
    }


def describe_space(path: Path) -> dict[str, Any]:
    """The manifest entry of the row map of a space."""
    attrs = dict(zarr.open_group(path, mode="r").attrs)
    size = sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return attrs | {"n_byte": size, "quick_digest": quick_digest(path), "digest": full_digest(path)}


def write_manifest() -> None:
    """Describe every store of the folder: tables, and the row maps of spaces."""
    paths = sorted(FOLDER.glob("*.zarr"))
    spaces = {path.stem: describe_space(path) for path in paths if path.stem.endswith("-space")}
    tables = {path.stem: describe(path) for path in paths if path.stem not in spaces}
    text = json.dumps({"format": 1, "tables": tables, "spaces": spaces}, indent=1, sort_keys=True)
    (FOLDER / "MANIFEST.json").write_text(text + "\n", encoding="utf-8")
    for name, entry in (tables | spaces).items():
        print(f"{name}: {entry['n_byte']:,} bytes, digest {entry['digest'][:16]}")


if __name__ == "__main__":
    write_manifest()
