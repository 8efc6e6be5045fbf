"""Downloads that go on where they were cut, if the file at the source is still the same.

Beside a part lies a file of facts: where it comes from, its size when whole, and the ETag or the time
of change that the server told. A server is asked for the rest on the condition that these still hold.
"""

import contextlib
import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

#: Called with the bytes there are and the bytes there will be.
Progress = Callable[[int, int], object]

#: Small, so that little is lost where a connection is cut.
_BLOCK = 1 << 15
_TIMEOUT = 60
_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(\d{1,18}|\*)", re.ASCII)


def facts_path(part: Path) -> Path:
    """Where the facts of a part are kept."""
    return part.with_name(f"{part.name}.json")


def discard(part: Path) -> None:
    """Remove a part and its facts."""
    part.unlink(missing_ok=True)
    facts_path(part).unlink(missing_ok=True)


def over_http(url: str, part: Path, progress: Progress | None = None) -> None:
    """Download a file, from where an earlier try stopped, or anew if that does not fit any more.

    Raises
    ------
    OSError
        If the connection is cut, or the server sends something else than it tells.
    """
    if not _attempt(url, part, progress):
        discard(part)
        if not _attempt(url, part, progress):
            raise OSError("the server sends parts that it was not asked for")


def from_drive(url: str, part: Path, progress: Progress | None = None) -> None:
    """Download a file from Google Drive; gdown goes on with a cut download by itself.

    Raises
    ------
    OSError
        If it is not given.
    """
    import gdown

    more: dict[str, Any] = {}
    if progress is not None and "progress" in inspect.signature(gdown.download).parameters:
        more["progress"] = lambda done, total: progress(done, total or 0)
    if gdown.download(url, str(part), quiet=True, resume=True, **more) is None:
        raise OSError("Google Drive does not give it")


def _attempt(url: str, part: Path, progress: Progress | None) -> bool:
    """Ask once; false if the part there is does not fit what the server has."""
    import requests

    facts = _read_facts(part, url)
    if not facts:
        discard(part)  # nobody knows what it is a part of
    have = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if facts.get("validator"):
            headers["If-Range"] = str(facts["validator"])
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if have and answer.status_code == 416:  # nothing is left to send, or the file has changed
            return told is not None and told[3] == str(have)
        answer.raise_for_status()
        validator = _validator(answer.headers)
        total: int | None
        if answer.status_code == 206:
            if not have or not _fits(told, have, facts, validator):
                return False
            total = facts.get("total")
            if told is not None and told[3] != "*":
                total = int(told[3])
        else:
            length = answer.headers.get("Content-Length")
            have, total = 0, None if length is None else int(length)
            discard(part)  # before its facts change, or a later try would go on with the wrong bytes
            _write_facts(part, {"url": url, "total": total, "validator": validator})
        _receive(answer.iter_content(_BLOCK), part, have, total, progress)
    return True


def _fits(told: "re.Match[str] | None", have: int, facts: dict[str, Any], validator: str | None) -> bool:
    """Whether the bytes that come go on where the part ends, in the same file."""
    if told is None or told[1] is None or int(told[1]) != have:
        return False
    if told[3] != "*" and facts.get("total") not in (None, int(told[3])):
        return False
    return validator is None or facts.get("validator") in (None, validator)


def _receive(blocks: Iterator[bytes], part: Path, have: int, total: int | None, progress: Progress | None) -> None:
    with part.open("ab") as stream:
        for block in _until_cut(blocks, known=total is not None):
            have += len(block)
            if total is not None and have > total:
                break
            stream.write(block)
            if progress is not None:
                progress(have, total or 0)
    if total is not None and have > total:
        discard(part)
        raise OSError(f"the server sends more than the {total:,} bytes it tells")
    if total is not None and have < total:
        raise OSError(f"the connection was cut after {have:,} of {total:,} bytes; fetch again to go on")


def _until_cut(blocks: Iterator[bytes], known: bool) -> Iterator[bytes]:
    """Blocks until the connection is cut; where the size is ``known``, the caller notices that it is."""
    import requests

    try:
        yield from blocks
    except requests.RequestException as error:
        if not known:
            raise OSError(f"the connection was cut: {error}") from error


def _validator(headers: Any) -> str | None:
    """What tells one version of a file from another; weak tags do not tell bytes apart."""
    tag = headers.get("ETag")
    found = tag if tag is not None and not tag.startswith("W/") else headers.get("Last-Modified")
    return None if found is None else str(found)


def _read_facts(part: Path, url: str) -> dict[str, Any]:
    """Facts of a part of that address; none if there are none, or they are of another."""
    try:
        found = json.loads(facts_path(part).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    total, validator = (found.get("total"), found.get("validator")) if isinstance(found, dict) else (0, None)
    known = isinstance(found, dict) and found.get("url") == url
    plain = total is None or (type(total) is int and total > 0)
    if not known or not plain or not (validator is None or isinstance(validator, str)):
        return {}
    return {"url": url, "total": total, "validator": validator}


def _write_facts(part: Path, facts: dict[str, Any]) -> None:
    path = facts_path(part)
    try:
        path.write_text(json.dumps(facts) + "\n", encoding="utf-8")
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()  # half of it would be worse than none
        raise
