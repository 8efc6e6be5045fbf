"""Downloads that resume after an interruption, if the file at the source is still the same.

A partial download has a file of facts next to it: its address, complete size, and the ETag or the time
of change that the server sent. The server is asked for the rest on the condition that these still hold.
"""

import contextlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec

#: Called with the bytes received and the size of the file.
Progress = Callable[[int, int], object]

#: Small, so that little is lost when a connection breaks.
_BLOCK = 1 << 15
_TIMEOUT = 60
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)


class _Facts(msgspec.Struct, frozen=True):
    """What is known of the file that a partial download is part of."""

    url: str
    total: Annotated[int, msgspec.Meta(gt=0)] | None
    validator: str | None


def facts_path(part: Path) -> Path:
    """Path of the facts of a partial download."""
    return part.with_name(f"{part.name}.json")


def discard(part: Path) -> None:
    """Remove a partial download and its facts."""
    part.unlink(missing_ok=True)
    facts_path(part).unlink(missing_ok=True)


def over_http(url: str, part: Path, progress: Progress | None = None) -> None:
    """Download a file: resume a partial download, or start again if the file at the source has changed.

    Raises
    ------
    OSError
        If the connection breaks, or the server sends something else than it announces.
    """
    if not _attempt(url, part, progress):
        discard(part)
        if not _attempt(url, part, progress):
            raise OSError("the server sends ranges that were not requested")


def from_drive(url: str, part: Path, progress: Progress | None = None) -> None:
    """Download a file from Google Drive; gdown resumes an interrupted download. OSError if it is refused."""
    import gdown

    more: dict[str, Any] = {}
    if progress is not None and "progress" in inspect.signature(gdown.download).parameters:
        more["progress"] = lambda done, total: progress(done, total or 0)
    if gdown.download(url, str(part), quiet=True, resume=True, **more) is None:
        raise OSError("Google Drive refuses the file")


def _attempt(url: str, part: Path, progress: Progress | None) -> bool:
    """Request the file once; false if the partial download does not match the file of the server."""
    import requests

    facts = _read_facts(part, url)
    if facts is None:
        discard(part)  # it is not known which file it is part of
        facts = _Facts(url, None, None)
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if facts.validator:
            headers["If-Range"] = facts.validator
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        sent = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if have and answer.status_code == 416:  # the file is complete, or has changed
            return sent is not None and sent[3] == str(have)
        answer.raise_for_status()
        validator = _validator(answer.headers)
        total: int | None
        if answer.status_code == 206:
            if not have or not _fits(sent, have, facts, validator):
                return False
            total = facts.total
            if sent is not None and sent[3] != "*":
                total = int(sent[3])
        else:
            length = answer.headers.get("Content-Length")
            have, total = 0, None if length is None else int(length)
            discard(part)  # before its facts change, or a later attempt would resume with wrong bytes
            _write_facts(part, _Facts(url, total, validator))
        _receive(answer.iter_content(_BLOCK), part, have, total, progress)
    return True


def _fits(sent: "re.Match[str] | None", have: int, facts: _Facts, validator: str | None) -> bool:
    """Whether the response continues the partial download, and is of the same file."""
    if sent is None or sent[1] is None or int(sent[1]) != have:
        return False
    if sent[3] != "*" and facts.total not in (None, int(sent[3])):
        return False
    return validator is None or facts.validator in (None, validator)


def _receive(blocks: Iterator[bytes], part: Path, have: int, total: int | None, progress: Progress | None) -> None:
    with part.open("ab") as stream:
        for block in _until_broken(blocks, known=total is not None):
            have += len(block)
            if total is not None and have > total:
                break
            stream.write(block)
            if progress is not None:
                progress(have, total or 0)
    if total is not None and have > total:
        discard(part)
        raise OSError(f"the server sends more than the {total:,} bytes it announced")
    if total is not None and have < total:
        raise OSError(f"the connection broke after {have:,} of {total:,} bytes; fetch again to resume")


def _until_broken(blocks: Iterator[bytes], known: bool) -> Iterator[bytes]:
    """Blocks until the connection breaks; the caller detects that if the size is ``known``."""
    import requests

    try:
        yield from blocks
    except requests.RequestException as error:
        if not known:
            raise OSError(f"the connection broke: {error}") from error


def _validator(headers: Any) -> str | None:
    """The ETag or time of change, which identifies the version of a file; weak tags do not identify bytes."""
    tag = headers.get("ETag")
    found = tag if tag is not None and not tag.startswith("W/") else headers.get("Last-Modified")
    return None if found is None else str(found)


def _read_facts(part: Path, url: str) -> _Facts | None:
    """Facts of a partial download, if there are any of this address."""
    try:
        facts = msgspec.json.decode(facts_path(part).read_bytes(), type=_Facts)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError):
        return None
    return facts if facts.url == url else None


def _write_facts(part: Path, facts: _Facts) -> None:
    path = facts_path(part)
    try:
        path.write_text(json.dumps(msgspec.structs.asdict(facts)) + "\n", encoding="utf-8")
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()  # a damaged file would be worse than none
        raise
