import dataclasses
import hashlib
import http.server
import threading
from typing import ClassVar

import pytest

from mfnas_vec.datasets.sources import SOURCES, fetch

pytest.importorskip("requests")

DATA = bytes(range(256)) * 2_000


class Handler(http.server.BaseHTTPRequestHandler):
    """A server with moods: whole, cut, gone, page; it takes up where it was cut."""

    cut: ClassVar[bool] = False
    asked: ClassVar[list] = []

    def do_GET(self):
        Handler.asked.append(self.headers.get("Range"))
        if self.path == "/gone":
            self.send_error(404)
            return
        body, code = DATA, 200
        if self.path == "/page":
            body = b"<!DOCTYPE html><html>quota exceeded</html>"
        start = self.headers.get("Range")
        if start and self.path != "/norange":
            body, code = DATA[int(start.removeprefix("bytes=").rstrip("-")) :], 206
            if not body:
                self.send_error(416)
                return
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if Handler.cut else body)

    def log_message(self, *args):
        pass


@pytest.fixture
def source():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Handler.cut, Handler.asked = False, []
    base = dataclasses.replace(SOURCES["nb-asr-1234"], url=f"http://127.0.0.1:{server.server_port}/data", file="d.bin")
    yield base
    server.shutdown()
    server.server_close()
    thread.join()


def at(source, path):
    return dataclasses.replace(source, url=source.url.replace("/data", path))


def test_a_file_is_downloaded_once(source, tmp_path):
    path = fetch(source, tmp_path)
    assert path.read_bytes() == DATA
    assert fetch(source, tmp_path) == path
    assert len(Handler.asked) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["checksums.json", "d.bin"]


@pytest.mark.parametrize("path", ["/data", "/norange"])
def test_a_cut_download_is_taken_up(source, tmp_path, path):
    Handler.cut = True
    with pytest.raises(ValueError, match=r"was not downloaded.*mfnas tables import nb-asr d\.bin"):
        fetch(at(source, path), tmp_path)
    assert not (tmp_path / "d.bin").exists()
    Handler.cut = False
    assert fetch(at(source, path), tmp_path).read_bytes() == DATA
    assert Handler.asked[1].startswith("bytes=")


def test_a_missing_file_says_how_to_download_by_hand(source, tmp_path):
    with pytest.raises(ValueError, match=r"404.*By hand: download d\.bin from github\.com/SamsungLabs/nb-asr"):
        fetch(at(source, "/gone"), tmp_path)
    assert not (tmp_path / "d.bin").exists()


def test_a_page_in_place_of_data_is_noticed(source, tmp_path):
    with pytest.raises(ValueError, match="the server sent a web page instead of the data"):
        fetch(at(source, "/page"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_checksum_is_noticed(source, tmp_path):
    with pytest.raises(ValueError, match="its checksum is"):
        fetch(dataclasses.replace(source, sha256="0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []
    good = dataclasses.replace(source, sha256=hashlib.sha256(DATA).hexdigest())
    assert fetch(good, tmp_path).read_bytes() == DATA


def test_a_checksum_is_kept_from_the_first_use(source, tmp_path):
    path = fetch(source, tmp_path)
    path.write_bytes(b"changed")
    assert fetch(source, tmp_path).read_bytes() == DATA
    path.unlink()
    (tmp_path / "checksums.json").write_text('{"d.bin": "' + "1" * 64 + '"}')
    with pytest.raises(ValueError, match="its checksum is"):
        fetch(source, tmp_path)


def test_no_server(source, tmp_path):
    nowhere = dataclasses.replace(source, url="http://127.0.0.1:9/data")
    with pytest.raises(ValueError, match="was not downloaded"):
        fetch(nowhere, tmp_path)
