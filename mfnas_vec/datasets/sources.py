"""Official sources of benchmark data, and their download.

Downloads go through requests (and gdown for Google Drive), in the extra ``fetch``. An interrupted
download is resumed if the file is still the same. Published checksums are checked; others are recorded at the
first download and checked from then on.
"""

import dataclasses
import json
import os
from pathlib import Path

from mfnas_vec._files import sha256_of
from mfnas_vec.datasets.download import Progress, discard, from_drive, over_http
from mfnas_vec.tables.library import user_folder

#: Environment variable that overrides the folder of downloads.
DOWNLOADS_VARIABLE = "MFNAS_DOWNLOADS"
RECORD = "checksums.json"


@dataclasses.dataclass(frozen=True)
class Source:
    """An official file: its address, description and importer."""

    name: str
    title: str
    url: str
    file: str
    importer: str
    licence: str
    size: str
    citation: str
    page: str
    sha256: str = ""


_DRIVE = "https://drive.google.com/uc?id="
_NATS = (_DRIVE, "MIT", "Dong et al.: NATS-Bench. TPAMI 2021", "github.com/D-X-Y/NATS-Bench")
#: By importer: where the files are, their licence, citation and page.
_RELEASES = {
    "nasbench101": (
        "https://storage.googleapis.com/nasbench/",
        "Apache-2.0",
        "Ying et al.: NAS-Bench-101. ICML 2019",
        "github.com/google-research/nasbench",
    ),
    "nb-asr": (
        "https://github.com/SamsungLabs/nb-asr/releases/download/v1.1.0/",
        "Apache-2.0",
        "Mehrotra et al.: NAS-Bench-ASR. ICLR 2021",
        "github.com/SamsungLabs/nb-asr",
    ),
    "nats-tss": _NATS,
    "nats-sss": _NATS,
    "mf-nas": (_DRIVE, "see the page", "Phan and Luong: MF-NAS. GECCO 2024", "github.com/ELO-Lab/MF-NAS"),
}


def _source(
    importer: str, part: str, title: str, file: str, key: str = "", *, size: str = "unknown", sha256: str = ""
) -> Source:
    """A file of a release; its address ends in its key on Google Drive, or else in its name."""
    name = f"{importer}-{part}" if part else importer
    address, licence, citation, page = _RELEASES[importer]
    return Source(name, title, address + (key or file), file, importer, licence, size, citation, page, sha256)


_FILES = (
    _source(
        "nasbench101",
        "full",
        "NAS-Bench-101, all budgets",
        "nasbench_full.tfrecord",
        size="1.95 GB",
        sha256="3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
    ),
    _source(
        "nasbench101",
        "only108",
        "NAS-Bench-101, 108 epochs only",
        "nasbench_only108.tfrecord",
        size="499 MB",
        sha256="4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
    ),
    _source("nb-asr", "1234", "NAS-Bench-ASR, 40 epochs, seed 1234", "nb-asr-e40-1234.pickle"),
    _source("nb-asr", "1235", "NAS-Bench-ASR, 40 epochs, seed 1235", "nb-asr-e40-1235.pickle"),
    _source("nb-asr", "1236", "NAS-Bench-ASR, 40 epochs, seed 1236", "nb-asr-e40-1236.pickle"),
    _source("nb-asr", "info", "NAS-Bench-ASR, parameters and FLOPs", "nb-asr-info.pickle"),
    _source(
        "nats-tss",
        "",
        "NATS-Bench topology, all epochs and seeds",
        "NATS-tss-v1_0-3ffb9-simple.tar",
        "17_saCsj_krKjlCBLOJEpNtzPXArMCqxU",
    ),
    _source(
        "nats-sss",
        "",
        "NATS-Bench size, all epochs and seeds",
        "NATS-sss-v1_0-50262-simple.tar",
        "1scOMTUwcQhAMa_IMedp9lTzwmgqHLGgA",
    ),
    _source(
        "mf-nas", "cifar10", "NAS-Bench-201, CIFAR-10", "[NB201][cifar10]_data.p", "1-bM3530VM-74PiHao_VejbqKKcrq65g6"
    ),
    _source(
        "mf-nas",
        "cifar100",
        "NAS-Bench-201, CIFAR-100",
        "[NB201][cifar100]_data.p",
        "1-eMgp8-ClTgnJ5q0N_c_KBGN1g-tQO44",
    ),
    _source(
        "mf-nas",
        "imagenet16",
        "NAS-Bench-201, ImageNet16-120",
        "[NB201][ImageNet16-120]_data.p",
        "1-egdKed0zWToV4qKByjVo6844CSlQZ1j",
    ),
    _source(
        "mf-nas", "nb201-scores", "NAS-Bench-201, scores", "zc_nasbench201.json", "1uvT92YrmfR4iPYVJw-MgKDAwRahlxMK-"
    ),
    _source("mf-nas", "nb101", "NAS-Bench-101", "[NB101]_data.p", "1-DDEmdgoJc1zE4OpTWX8rLkUc4Fob9Uw"),
    _source(
        "mf-nas", "nb101-scores", "NAS-Bench-101, scores", "zc_nasbench101.json", "1iWCLW4R7yF4hABWCi04LTsIxzbfJ6kT7"
    ),
)
#: Every source by its name.
SOURCES = {source.name: source for source in _FILES}


def download_folder() -> Path:
    """Folder of downloaded files; it need not exist."""
    given = os.environ.get(DOWNLOADS_VARIABLE)
    return Path(given) if given else user_folder().parent / "downloads"


class _ManualError(ValueError):
    """A failed download, with its reason and how to download by hand."""

    def __init__(self, source: Source, reason: str) -> None:
        super().__init__(
            f"{source.name} was not downloaded: {reason}. By hand: download {source.file} from {source.page} "
            f"({source.url}), then `mfnas tables import {source.importer} {source.file}`"
        )


def fetch(source: Source, folder: Path | None = None, progress: Progress | None = None) -> Path:
    """Download a file, or resume an interrupted download, and check it.

    Parameters
    ----------
    source
        One of ``SOURCES``.
    folder
        The target folder; the folder of downloads by default.
    progress
        Called with the bytes received and the size of the file (0 if the server does not state it).

    Returns
    -------
    Path
        The file, in the folder of downloads.

    Raises
    ------
    ValueError
        If it cannot be downloaded or written, is an error page instead of data, or has a wrong
        checksum; the message says how to download by hand.
    """
    folder = download_folder() if folder is None else folder
    path, part = folder / source.file, folder / f"{source.file}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = _read_record(folder).get(source.file, "")
        expected = source.sha256 or kept
        if path.is_file() and expected and sha256_of(path) == expected:
            return path
        (from_drive if source.url.startswith(_DRIVE) else over_http)(source.url, part, progress)
        if reason := _error_of(part, expected, source.file if kept and not source.sha256 else "", folder):
            discard(part)
            raise _ManualError(source, reason)
        digest = sha256_of(part)
        part.replace(path)
        discard(part)
        _write_record(folder, source.file, digest)
    except ImportError as error:
        raise _ManualError(source, f"{error} (pip install 'mfnas-vec[fetch]')") from error
    except _ManualError:
        raise
    except Exception as error:  # libraries of the network raise many types
        raise _ManualError(source, str(error) or type(error).__name__) from error
    return path


def _error_of(part: Path, expected: str, recorded: str, folder: Path) -> str:
    """The error of a download; empty if it is as expected."""
    with part.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "the server sent a web page instead of the data"
    found = sha256_of(part)
    if not expected or found == expected:
        return ""
    reason = f"its checksum is {found}, not {expected}"
    if recorded:
        reason += (
            f", which is that of its first download; if the file was changed at its source on purpose, delete the "
            f"entry {recorded!r} of {folder / RECORD} and fetch again"
        )
    return reason


def _read_record(folder: Path) -> dict[str, str]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {str(k): str(v) for k, v in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _write_record(folder: Path, file: str, digest: str) -> None:
    kept = _read_record(folder) | {file: digest}
    scratch = folder / f"{RECORD}.partial"
    scratch.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    scratch.replace(folder / RECORD)
