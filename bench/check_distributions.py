"""Build wheel and sdist and check what is in them.

    python bench/check_distributions.py

Checks names, metadata, size and contents: every file of the package and of the embedded tables is in the wheel, nothing
else is, and the sdist builds the same wheel. Exits with 1 and says what is wrong.
"""

import email
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_BYTES = 60_000_000
#: What a person needs to build, test and use the package from the sdist.
IN_SDIST = (
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "CITATION.cff",
    "pyproject.toml",
    "docs/conf.py",
    "tests/conftest.py",
)


def built(folder: Path, source: Path, kind: str) -> Path:
    """Build the wheel or sdist of a source folder with its own back end, without a network."""
    hook = f"from hatchling.build import build_{kind}; build_{kind}({str(folder)!r})"
    subprocess.run([sys.executable, "-c", hook], cwd=source, check=True, capture_output=True, text=True)
    (made,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


def expected() -> set[str]:
    """Files of the package that a wheel has."""
    homes = ((ROOT / "mfnas_vec", "mfnas_vec"), (ROOT / "bench/mfnas_bench", "mfnas_bench"))
    homes += ((ROOT / "benchmarks_zarr", "mfnas_vec/benchmarks_zarr"),)
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return {
        f"{name}/{(ROOT / file).relative_to(home)}"
        for file in listed
        for home, name in homes
        if (ROOT / file).is_relative_to(home)
    }


def wheel_faults(wheel: Path, project: dict[str, object]) -> list[str]:
    """What is wrong with a wheel."""
    faults = []
    with zipfile.ZipFile(wheel) as files:
        names = {n for n in files.namelist() if ".dist-info/" not in n}
        (home,) = {n.split("/")[0] for n in files.namelist() if ".dist-info/" in n}
        about = email.message_from_bytes(files.read(f"{home}/METADATA"))
        scripts = files.read(f"{home}/entry_points.txt").decode()
        has_licence = f"{home}/licenses/LICENSE" in files.namelist()
    if names != expected():
        faults.append(f"not in the wheel or not in git: {', '.join(sorted(names ^ expected())[:10])}")
    for field in ("Name", "Version", "Summary", "License-Expression", "Requires-Python", "Description-Content-Type"):
        if not about[field]:
            faults.append(f"no {field} in the metadata")
    if about["Version"] != project["version"]:
        faults.append(f"version {about['Version']}, not {project['version']}")
    if "# mfnas_vec" not in str(about.get_payload()):
        faults.append("the description is not the README")
    if not has_licence:
        faults.append("no LICENSE")
    if "mfnas = mfnas_vec.cli.__main__:command" not in scripts:
        faults.append("no command mfnas")
    return faults


def main() -> int:
    """Build, check, report."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory() as folder:
        first, second, source = (Path(folder) / name for name in ("first", "second", "source"))
        for made in (first, second, source):
            made.mkdir()
        wheel, sdist = built(first, ROOT, "wheel"), built(first, ROOT, "sdist")
        faults = wheel_faults(wheel, project)
        with tarfile.open(sdist) as files:
            files.extractall(source, filter="data")
        (inside,) = source.iterdir()
        faults += [f"{name} is not in the sdist" for name in IN_SDIST if not (inside / name).is_file()]
        again = built(second, inside, "wheel")
        with zipfile.ZipFile(wheel) as here, zipfile.ZipFile(again) as there:
            contents = [{f.filename: f.CRC for f in files.infolist()} for files in (here, there)]
        if contents[0] != contents[1]:
            differing = sorted(dict(contents[0].items() ^ contents[1].items()))
            faults.append(f"the sdist builds another wheel: {', '.join(differing[:10])}")
        for path in (wheel, sdist):
            size = path.stat().st_size
            print(f"{path.name}: {size / 1e6:.1f} MB")
            if size > MOST_BYTES:
                faults.append(f"{path.name} has more than {MOST_BYTES / 1e6:.0f} MB")
    for fault in faults:
        print(f"wrong: {fault}", file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
