"""Downloads: checked, resumed only if the file at the source is the same; errors say how to download by hand."""

import dataclasses
import hashlib
import http.server
import json
import threading

import pytest

from mfnas_vec import cli
from mfnas_vec.datasets import download, sources
from mfnas_vec.datasets.sources import SOURCES

pytestmark = pytest.mark.slow

pytest.importorskip("requests")

OLD, NEW = bytes(range(256)) * 2_000, bytes(range(255, -1, -1)) * 1_500
#: Bytes that are kept of half a file: whole blocks.
KEPT = 7 * download._BLOCK
BY_HAND = r"By hand: download d\.bin from github\.com/SamsungLabs/nb-asr .*mfnas tables import nb-asr d\.bin"


class Server(http.server.ThreadingHTTPServer):
    """Serves one file; what it does wrong is set by a test."""

    body, tag, modified = OLD, '"v1"', None
    cut = gone = False
    ranges = True
    #: Replaces the header Content-Range of an answer.
    content_range = None
    more = b""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(dict(self.headers))
        if server.gone:
            self.send_error(404)
            return
        body, code, start = server.body, 200, 0
        condition = self.headers.get("If-Range")
        if self.headers.get("Range") and server.ranges and condition in (None, server.tag, server.modified):
            start, code = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")), 206
        if start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", server.content_range or f"bytes */{len(body)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(code)
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.modified:
            self.send_header("Last-Modified", server.modified)
        if code == 206:
            whole = f"bytes {start}-{len(body) - 1}/{len(body)}"
            self.send_header("Content-Range", server.content_range or whole)
        if not server.more:
            self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        self.wfile.write(body[start : start + (len(body) - start) // 2] if server.cut else body[start:] + server.more)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def source(server):
    return dataclasses.replace(
        SOURCES["nb-asr-1234"], url=f"http://127.0.0.1:{server.server_port}/data", file="d.bin", sha256=""
    )


def cut(server, source, folder):
    server.cut = True
    with pytest.raises(ValueError, match=rf"the connection broke after {KEPT:,} of 512,000 bytes"):
        sources.fetch(source, folder)
    server.cut = False
    assert (folder / "d.bin.partial").read_bytes() == OLD[:KEPT]


@pytest.mark.parametrize(
    ("tag", "modified", "condition"),
    [
        ('"v1"', None, '"v1"'),
        ('W/"v1"', "Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 10:00:00 GMT"),
        (None, "Mon, 23 Nov 2026 10:00:00 GMT", "Mon, 23 Nov 2026 10:00:00 GMT"),
        (None, None, None),
    ],
)
def test_the_rest_is_requested_on_condition(server, source, tmp_path, tag, modified, condition):
    server.tag, server.modified = tag, modified
    cut(server, source, tmp_path)
    assert sources.fetch(source, tmp_path).read_bytes() == OLD
    assert [asked.get("Range") for asked in server.asked] == [None, f"bytes={KEPT}-"]
    assert server.asked[1].get("If-Range") == condition
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.json", "d.bin"]


def test_a_file_is_downloaded_once(server, source, tmp_path):
    path = sources.fetch(source, tmp_path)
    assert path.read_bytes() == OLD
    assert sources.fetch(source, tmp_path) == path
    assert len(server.asked) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.json", "d.bin"]


def test_a_server_without_ranges_sends_all_again(server, source, tmp_path):
    server.ranges = False
    cut(server, source, tmp_path)
    assert not (tmp_path / "d.bin").exists()
    assert sources.fetch(source, tmp_path).read_bytes() == OLD
    assert server.asked[1]["Range"] == f"bytes={KEPT}-"


def test_a_missing_file_is_reported(server, source, tmp_path):
    server.gone = True
    with pytest.raises(ValueError, match=r"404.*" + BY_HAND):
        sources.fetch(source, tmp_path)
    assert not (tmp_path / "d.bin").exists()


def test_no_server(source, tmp_path):
    with pytest.raises(ValueError, match="was not downloaded"):
        sources.fetch(dataclasses.replace(source, url="http://127.0.0.1:9/data"), tmp_path)


def test_a_page_in_place_of_data_is_noticed(server, source, tmp_path):
    server.body = b"<!DOCTYPE html><html>quota exceeded</html>"
    with pytest.raises(ValueError, match="the server sent a web page instead of the data"):
        sources.fetch(source, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_is_noticed(source, tmp_path):
    with pytest.raises(ValueError, match="its checksum is"):
        sources.fetch(dataclasses.replace(source, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []
    good = dataclasses.replace(source, sha256=hashlib.sha256(OLD).hexdigest())
    assert sources.fetch(good, tmp_path).read_bytes() == OLD


def test_a_checksum_is_kept_from_the_first_use(source, tmp_path):
    path = sources.fetch(source, tmp_path)
    path.write_bytes(b"changed")
    assert sources.fetch(source, tmp_path).read_bytes() == OLD


@pytest.mark.parametrize("tag", ['"v2"', None])
def test_a_file_that_changed_meanwhile_is_downloaded_again(server, source, tmp_path, tag):
    """With a tag the condition fails; without one the size decides."""
    server.tag = '"v1"' if tag else None
    cut(server, source, tmp_path)
    server.body, server.tag = NEW, tag
    assert sources.fetch(source, tmp_path).read_bytes() == NEW


@pytest.mark.parametrize(
    "reported", ["bytes 1-511999/512000", f"bytes {KEPT}-511999/512001", "bytes */512000", "words"]
)
def test_a_part_that_does_not_fit_is_dropped(server, source, tmp_path, reported):
    cut(server, source, tmp_path)
    server.content_range = reported
    assert sources.fetch(source, tmp_path).read_bytes() == OLD
    assert [asked.get("Range") for asked in server.asked] == [None, f"bytes={KEPT}-", None]


def test_a_part_without_valid_facts_is_dropped(server, source, tmp_path):
    (tmp_path / "d.bin.partial").write_bytes(NEW[:1_000])
    assert sources.fetch(source, tmp_path).read_bytes() == OLD
    for facts in ("{", "[]", "{}", json.dumps({"url": source.url, "total": True, "validator": None})):
        (tmp_path / "d.bin").unlink()
        (tmp_path / "d.bin.partial").write_bytes(NEW[:1_000])
        (tmp_path / "d.bin.partial.json").write_text(facts)
        assert sources.fetch(source, tmp_path).read_bytes() == OLD
    assert [asked.get("Range") for asked in server.asked] == [None] * 5


@pytest.mark.parametrize(("reported", "n_asked"), [(None, 1), ("bytes */999", 2), ("bytes */*", 2), ("words", 2)])
def test_nothing_left_to_send_is_believed_if_the_size_is_right(server, source, tmp_path, reported, n_asked):
    (tmp_path / "d.bin.partial").write_bytes(OLD)
    facts = {"url": source.url, "total": len(OLD), "validator": '"v1"'}
    (tmp_path / "d.bin.partial.json").write_text(json.dumps(facts))
    server.content_range = reported
    assert sources.fetch(source, tmp_path).read_bytes() == OLD
    assert len(server.asked) == n_asked


def test_a_longer_answer_is_refused(server, source, tmp_path):
    facts = {"url": source.url, "total": len(OLD), "validator": '"v1"'}
    (tmp_path / "d.bin.partial").write_bytes(OLD[:1_000])
    (tmp_path / "d.bin.partial.json").write_text(json.dumps(facts))
    server.more = b"more"
    with pytest.raises(ValueError, match=r"sends more than the 512,000 bytes it announced.*" + BY_HAND):
        sources.fetch(source, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_progress_is_reported(server, source, tmp_path):
    reported = []
    sources.fetch(source, tmp_path, lambda done, total: reported.append((done, total)))
    assert reported[-1] == (len(OLD), len(OLD))
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)


def test_the_command_line_shows_a_bar(server, source, tmp_path, monkeypatch, capsys):
    bars = []

    class Bar:
        def __init__(self, total, label):
            self.total, self.label, self.done = total, label, 0
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __call__(self, n):
            self.done += n

    monkeypatch.setattr("mfnas_vec.report.progress.ProgressBar", Bar)
    monkeypatch.setitem(SOURCES, source.name, source)
    assert cli.main(["tables", "fetch", source.name, "--to", str(tmp_path)]) == 0
    assert (bars[0].label, bars[0].done) == ("fetching d.bin", bars[0].total)
    assert "d.bin" in capsys.readouterr().out


@pytest.mark.parametrize("function", ["_error_of", "_write_record", "sha256_of"])
def test_errors_of_the_disk_say_how_to_download_by_hand(server, source, tmp_path, monkeypatch, function):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sources, function, fail)
    with pytest.raises(ValueError, match=r"No space left on device.*" + BY_HAND):
        sources.fetch(source, tmp_path)


def test_a_folder_in_the_way_is_reported(server, source, tmp_path):
    (tmp_path / "d.bin" / "x").mkdir(parents=True)
    with pytest.raises(ValueError, match=BY_HAND):
        sources.fetch(source, tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=BY_HAND):
        sources.fetch(source, tmp_path / "file")


def test_a_renewed_file_names_the_entry_to_delete(server, source, tmp_path):
    path = sources.fetch(source, tmp_path)
    path.unlink()
    server.body = NEW
    words = r"delete the entry 'd\.bin' of .*checksums\.json and fetch again.*" + BY_HAND
    with pytest.raises(ValueError, match=words):
        sources.fetch(source, tmp_path)
    good = hashlib.sha256(OLD).hexdigest()
    with pytest.raises(ValueError, match="its checksum is") as caught:
        sources.fetch(dataclasses.replace(source, sha256=good), tmp_path)
    assert "delete the entry" not in str(caught.value)
    (tmp_path / "checksums.json").unlink()
    assert sources.fetch(source, tmp_path).read_bytes() == NEW


def test_google_drive_reports_progress_where_gdown_can(monkeypatch, tmp_path):
    gdown = pytest.importorskip("gdown")
    asked = []

    def new(url, output, quiet, resume, progress=None):
        progress(1, None)
        return output

    def old(url, output, quiet, resume):
        return output

    def none(url, output, quiet, resume):
        return None

    for function in (new, old):
        monkeypatch.setattr(gdown, "download", function)
        download.from_drive("u", tmp_path / "f", lambda *reported: asked.append(reported))
    assert asked == [(1, 0)]
    monkeypatch.setattr(gdown, "download", none)
    with pytest.raises(OSError, match="refuses the file"):
        download.from_drive("u", tmp_path / "f")
