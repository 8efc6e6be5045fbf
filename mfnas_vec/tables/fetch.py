"""Official sources of benchmark data, and their download.

Downloads go through requests (and gdown for Google Drive), in the extra ``fetch``. A cut download is
taken up where it stopped. Checksums that are published are checked; others are kept on first use
and checked from then on.
"""

import dataclasses
import hashlib
import json
import os
from pathlib import Path

from mfnas_vec.tables.library import user_folder

#: Environment variable that overrides the folder of downloads.
DOWNLOADS_VARIABLE = "MFNAS_DOWNLOADS"
RECORD = "checksums.json"
_BLOCK = 1 << 20
#: Small, so that little is lost where a connection is cut.
_DOWNLOAD_BLOCK = 1 << 15
_TIMEOUT = 60


@dataclasses.dataclass(frozen=True)
class Source:
    """An official file: where it is, what it is, how it is imported."""

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


_NB101 = "Ying et al.: NAS-Bench-101. ICML 2019"
_NATS = "Dong et al.: NATS-Bench. TPAMI 2021"
_ASR = "Mehrotra et al.: NAS-Bench-ASR. ICLR 2021"
_MFNAS = "Phan and Luong: MF-NAS. GECCO 2024"
_GOOGLE = "https://storage.googleapis.com/nasbench"
_RELEASE = "https://github.com/SamsungLabs/nb-asr/releases/download/v1.1.0"
_DRIVE = "https://drive.google.com/uc?id="
_MFNAS_PAGE = "github.com/ELO-Lab/MF-NAS"


def _asr(name: str, file: str, title: str) -> Source:
    return Source(
        name,
        title,
        f"{_RELEASE}/{file}",
        file,
        "nb-asr",
        "Apache-2.0",
        "unknown",
        _ASR,
        "github.com/SamsungLabs/nb-asr",
    )


def _mf_nas(name: str, key: str, file: str, title: str) -> Source:
    return Source(name, title, _DRIVE + key, file, "mf-nas", "see the page", "unknown", _MFNAS, _MFNAS_PAGE)


SOURCES = {
    source.name: source
    for source in (
        Source(
            "nasbench101-full",
            "NAS-Bench-101, all budgets",
            f"{_GOOGLE}/nasbench_full.tfrecord",
            "nasbench_full.tfrecord",
            "nasbench101",
            "Apache-2.0",
            "1.95 GB",
            _NB101,
            "github.com/google-research/nasbench",
            "3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        ),
        Source(
            "nasbench101-only108",
            "NAS-Bench-101, 108 epochs only",
            f"{_GOOGLE}/nasbench_only108.tfrecord",
            "nasbench_only108.tfrecord",
            "nasbench101",
            "Apache-2.0",
            "499 MB",
            _NB101,
            "github.com/google-research/nasbench",
            "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        ),
        _asr("nb-asr-1234", "nb-asr-e40-1234.pickle", "NAS-Bench-ASR, 40 epochs, seed 1234"),
        _asr("nb-asr-1235", "nb-asr-e40-1235.pickle", "NAS-Bench-ASR, 40 epochs, seed 1235"),
        _asr("nb-asr-1236", "nb-asr-e40-1236.pickle", "NAS-Bench-ASR, 40 epochs, seed 1236"),
        _asr("nb-asr-info", "nb-asr-info.pickle", "NAS-Bench-ASR, parameters and FLOPs"),
        Source(
            "nats-tss",
            "NATS-Bench topology, all epochs and seeds",
            f"{_DRIVE}17_saCsj_krKjlCBLOJEpNtzPXArMCqxU",
            "NATS-tss-v1_0-3ffb9-simple.tar",
            "nats-tss",
            "MIT",
            "unknown",
            _NATS,
            "github.com/D-X-Y/NATS-Bench",
        ),
        _mf_nas(
            "mf-nas-cifar10", "1-bM3530VM-74PiHao_VejbqKKcrq65g6", "[NB201][cifar10]_data.p", "NAS-Bench-201, CIFAR-10"
        ),
        _mf_nas(
            "mf-nas-cifar100",
            "1-eMgp8-ClTgnJ5q0N_c_KBGN1g-tQO44",
            "[NB201][cifar100]_data.p",
            "NAS-Bench-201, CIFAR-100",
        ),
        _mf_nas(
            "mf-nas-imagenet16",
            "1-egdKed0zWToV4qKByjVo6844CSlQZ1j",
            "[NB201][ImageNet16-120]_data.p",
            "NAS-Bench-201, ImageNet16-120",
        ),
        _mf_nas(
            "mf-nas-nb201-scores", "1uvT92YrmfR4iPYVJw-MgKDAwRahlxMK-", "zc_nasbench201.json", "NAS-Bench-201, scores"
        ),
        _mf_nas("mf-nas-nb101", "1-DDEmdgoJc1zE4OpTWX8rLkUc4Fob9Uw", "[NB101]_data.p", "NAS-Bench-101"),
        _mf_nas(
            "mf-nas-nb101-scores", "1iWCLW4R7yF4hABWCi04LTsIxzbfJ6kT7", "zc_nasbench101.json", "NAS-Bench-101, scores"
        ),
    )
}


def download_folder() -> Path:
    """Folder of downloaded files; it need not exist."""
    given = os.environ.get(DOWNLOADS_VARIABLE)
    return Path(given) if given else user_folder().parent / "downloads"


def manual(source: Source, reason: str) -> ValueError:
    """What went wrong, and how to go on by hand."""
    return ValueError(
        f"{source.name} was not downloaded: {reason}. By hand: download {source.file} from {source.page} "
        f"({source.url}), then `mfnas tables import {source.importer} {source.file}`"
    )


def fetch(source: Source, folder: Path | None = None) -> Path:
    """Download a file, or take up a cut download, and check it.

    Returns
    -------
    Path
        The file, in the folder of downloads.

    Raises
    ------
    ValueError
        If it cannot be downloaded, is no data (an error page), or has another checksum than it
        should; the message tells how to go on by hand.
    """
    folder = download_folder() if folder is None else folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cannot make the folder of downloads, {folder}: {error.strerror or error}") from error
    path = folder / source.file
    expected = source.sha256 or _read_record(folder).get(source.file, "")
    if path.is_file() and expected and _sha256(path) == expected:
        return path
    partial = folder / f"{source.file}.partial"
    try:
        (_from_drive if source.url.startswith(_DRIVE) else _over_http)(source.url, partial)
    except ImportError as error:
        raise manual(source, f"{error} (pip install 'mfnas-vec[fetch]')") from error
    except Exception as error:  # libraries of the network raise many types
        raise manual(source, str(error) or type(error).__name__) from error
    _check(source, partial, expected)
    partial.replace(path)
    _write_record(folder, source.file, _sha256(path))
    return path


def _check(source: Source, partial: Path, expected: str) -> None:
    with partial.open("rb") as stream:
        head = stream.read(512).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        partial.unlink()
        raise manual(source, "a web page came in place of the data")
    found = _sha256(partial)
    if expected and found != expected:
        partial.unlink()
        raise manual(source, f"its checksum is {found}, not {expected}")


def _over_http(url: str, path: Path) -> None:
    """Download a file, from where an earlier try stopped."""
    import requests

    have = path.stat().st_size if path.is_file() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        if answer.status_code == 416:  # nothing is left to send
            return
        answer.raise_for_status()
        resumed = answer.status_code == 206
        total = int(answer.headers.get("Content-Length", 0)) + (have if resumed else 0)
        with path.open("ab" if resumed else "wb") as stream:
            for block in answer.iter_content(_DOWNLOAD_BLOCK):
                stream.write(block)
    if total and path.stat().st_size < total:
        raise OSError(f"the connection was cut after {path.stat().st_size:,} of {total:,} bytes; fetch again to go on")


def _from_drive(url: str, path: Path) -> None:
    """Download a file from Google Drive."""
    import gdown

    if gdown.download(url, str(path), quiet=True, resume=True) is None:
        raise OSError("Google Drive does not give it")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


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
