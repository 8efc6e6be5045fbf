"""Sweeps that are killed, here and under Dask, on disks and on S3: nothing lost, nothing doubled.

``MFNAS_KILLS`` sets how often; a few times by default.
"""

import contextlib
import os
import signal
import subprocess
import time

import numpy as np
import pytest
from support.sweeps import contents, start, write_grid

from mfnas_vec.sweeps.sweep import open_results, sweep

KILLS = int(os.environ.get("MFNAS_KILLS", "4"))

pytest.importorskip("distributed", reason="Dask is in the extra 'cluster'")

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    sweep(write_grid(folder), folder / "r.zarr")
    return contents(folder / "r.zarr")


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def children(process):
    """Processes started by a process, and theirs."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = dict(map(int, line.split()) for line in listed.splitlines())
    found = {process.pid}
    for _ in range(4):
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found - {process.pid}


def finish(args, whole, out):
    process = start(*args)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    assert contents(out) == whole


def test_kills_lose_nothing(tmp_path, whole):
    """SIGKILL at random moments, most of them while blocks are written."""
    out, random = tmp_path / "r.zarr", np.random.default_rng(0)
    args = ["sweep", write_grid(tmp_path), "--out", out, "--resume"]
    done, killed, begun = -1, 0, time.monotonic()
    while killed < KILLS and time.monotonic() - begun < 60 * max(1, KILLS):
        process = start(*args)
        while not (out / "nbasr").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 1.5))
        ended = process.poll()
        kill(process)
        killed += 1
        now = len(list(out.rglob("arch/c/*/*/*")))
        assert now >= done
        done = now
        if ended == 0:
            assert contents(out) == whole
            # Start over: there is nothing left to kill.
            subprocess.run(["rm", "-r", str(out)], check=True)
            done = -1
    finish(args, whole, out)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_polite_stop_says_how_to_go_on(tmp_path, whole, number):
    out = tmp_path / "r.zarr"
    args = ["sweep", write_grid(tmp_path), "--out", out, "--resume"]
    process = start(*args)
    while not (out / "nbasr" / "arch").exists():
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    if process.returncode != 0:  # it may just have ended
        assert process.returncode == 130
        assert errors.count("\n") == 1
        assert "--resume completes" in errors
    finish(args, whole, out)


def test_workers_make_the_same_bytes(tmp_path, whole):
    for workers, size in ((1, 1), (2, 1 << 20)):
        out = tmp_path / f"{workers}.zarr"
        finish(["sweep", write_grid(tmp_path), "--out", out, "--workers", workers, "--block-size", size], whole, out)


def test_killed_workers_and_masters_lose_nothing(tmp_path, whole):
    out, random = tmp_path / "r.zarr", np.random.default_rng(1)
    args = ["sweep", write_grid(tmp_path), "--out", out, "--resume", "--workers", 2]
    for i in range(max(1, KILLS // 2)):
        process = start(*args)
        while not (out / "nbasr").exists() and process.poll() is None:
            time.sleep(0.01)
        time.sleep(random.uniform(0, 4))
        workers = sorted(children(process))
        if i % 2 == 0 and workers:  # a worker: Dask starts another
            with contextlib.suppress(ProcessLookupError):
                os.kill(workers[-1], signal.SIGKILL)
            _, errors = process.communicate(timeout=300)
            assert process.returncode == 0, errors
            assert contents(out) == whole
            subprocess.run(["rm", "-r", str(out)], check=True)
        else:
            kill(process)
    finish(args, whole, out)


def test_a_running_scheduler(tmp_path, whole):
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address="127.0.0.1:0") as cluster:
        sweep(write_grid(tmp_path), tmp_path / "r.zarr", scheduler=cluster.scheduler_address)
    assert contents(tmp_path / "r.zarr") == whole


def test_a_scheduler_that_is_not_there(tmp_path, monkeypatch):
    from mfnas_vec.sweeps import cluster

    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    # Nothing is written before the workers are there.
    with pytest.raises(ValueError, match="cannot be reached"):
        sweep(write_grid(tmp_path), tmp_path / "r.zarr", scheduler="tcp://127.0.0.1:9")
    assert not (tmp_path / "r.zarr").exists()


def test_workers_that_do_not_start_are_started_again(tmp_path, monkeypatch):
    from distributed import LocalCluster

    from mfnas_vec.sweeps import cluster

    tries = []

    def fails(n_failure):
        def make(**options):
            tries.append(options["n_workers"])
            if len(tries) <= n_failure:
                raise RuntimeError("Nanny failed to start.")
            return LocalCluster(**options | {"processes": False})

        return make

    with cluster._start(fails(2), 2) as started:
        assert len(started.workers) == 2
    assert tries == [2, 2, 2]
    tries.clear()
    with pytest.raises(ValueError, match="workers=2: processes do not start: Nanny failed"):
        cluster._start(fails(9), 2)


def test_ctrl_c_reaches_workers_too(tmp_path):
    """A terminal sends it to the whole group of processes; the work ends, and quietly."""
    out = tmp_path / "r.zarr"
    grid = write_grid(tmp_path, "problems: [nb201-cifar10]\noptimizers:\n  MF-NAS:\n")
    process = start("sweep", grid, "--out", out, "--workers", 2, "--n_run", 3_000_000)
    while len(list(out.rglob("arch/c/*/*"))) < 3 and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.count("\n") == 1, errors
    assert "--resume completes" in errors


#: Few objects, for a server in Python: one problem of two chunks of runs.
FEW = """
problems: [nbasr]
n_run: 9000
optimizers:
  RS: {max_eval: 20}
  SH: {n_candidate: 2}
"""


def test_s3(tmp_path, monkeypatch):
    """An S3 interface: local and Dask writers, resume."""
    server_module = pytest.importorskip("moto.server", reason="moto is in the extra 'test'")
    pytest.importorskip("s3fs", reason="s3fs is in the extra 'cluster'")
    server = server_module.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        for name, value in (
            ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            monkeypatch.setenv(name, value)
        import s3fs

        bucket = s3fs.S3FileSystem(skip_instance_cache=True)
        bucket.mkdir("results")

        def found(name):
            bucket.invalidate_cache()
            return {key.removeprefix(f"results/{name}/"): bucket.cat(key) for key in bucket.find(f"results/{name}")}

        grid = write_grid(tmp_path, FEW)
        sweep(grid, tmp_path / "r.zarr")
        whole = contents(tmp_path / "r.zarr")
        sweep(grid, "s3://results/a.zarr")
        assert found("a.zarr") == whole
        assert open_results("s3://results/a.zarr").attrs["state"] == "complete"
        for key in list(bucket.find("results/a.zarr/nbasr"))[::3]:
            if "/c/" in key:
                bucket.rm(key)
        sweep(grid, "s3://results/a.zarr", resume=True, workers=1)
        assert found("a.zarr") == whole
        sweep(grid, "s3://results/b.zarr", workers=2)
        assert found("b.zarr") == whole
        with pytest.raises(ValueError, match=r"cannot (read|write) s3://nosuch/r\.zarr"):
            sweep(grid, "s3://nosuch/r.zarr")
    finally:
        server.stop()
