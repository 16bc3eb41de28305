"""`gridmock serve --reload`: a saved contract is live; a broken one is reported and the old one stays."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import specs
import specs.catalogue
from mockserver.app import create_app, create_runtime, load_specs, selected
from mockserver.commands import serve
from mockserver.settings import Settings
from tests.asgi import Client
from tests.mock import NOON

PAGE_SIZE_100 = "/ev-energy/v2/tariffs?page_size=100"
DEADLINE_S = 15.0


class Reloading:
    """A mock of copied contracts, and the watcher of `--reload` in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "ev_energy"
        self.common = self.folder / "common.yaml"
        declared = selected(("ev-energy",))
        documents = load_specs(declared)
        self.runtime = create_runtime(Settings(at=NOON, speed=0.0), declared, documents)
        self.application = serve.Swappable(create_app(self.runtime, declared, documents))
        token = next(iter(self.runtime.ready.tokens))
        self.client = Client(self.application, {"authorization": f"Bearer {token}", "host": "127.0.0.1:8080"})
        files = [file for document in documents.values() for file in document.files]
        assert all(file.is_relative_to(folder) for file in files), "the copies are what is served"
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(serve._reload(self.application, None, self.runtime, declared, files))
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def _watch(self) -> None:
        self.error: BaseException | None = None
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except Exception as error:
            self.error = error

    def save(self, file: Path, content: str | bytes, seen: Callable[[], bool]) -> None:
        """Save until the watcher has seen it (it may not watch yet the first time)."""
        raw = content.encode() if isinstance(content, str) else content
        deadline = time.monotonic() + DEADLINE_S
        while True:
            file.write_bytes(raw)
            pause = time.monotonic() + 2.5
            while time.monotonic() < pause:
                if seen():
                    return
                assert self.error is None, f"the watcher has died of {self.error!r}"
                time.sleep(0.05)
            assert time.monotonic() < deadline, "the watcher has not seen the save"

    def allows_100(self) -> bool:
        """Whether the contract of now allows pages of 100."""
        return self.client.get(PAGE_SIZE_100).status == 200

    def close(self) -> None:
        """End the watcher."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(10)
        self._loop.close()
        self.client.close()


@pytest.fixture
def reloading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloading]:
    folder = tmp_path / "specs"
    for source in Path(specs.__file__).parent.glob("*/*.yaml"):
        target = folder / source.parent.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    monkeypatch.setattr(specs.catalogue, "_FOLDER", folder)
    running = Reloading(folder)
    yield running
    running.close()


def test_a_saved_contract_is_live_and_state_outlives_it(
    reloading: Reloading, capfd: pytest.CaptureFixture[str]
) -> None:
    created = reloading.client.post("/_mock/applications", json={"name": "kept"}).json()
    assert reloading.allows_100()
    text = reloading.common.read_text()
    narrowed = text.replace("maximum: 100\n", "maximum: 99\n")
    assert narrowed != text

    said: list[str] = []

    def live_and_said() -> bool:
        said.append(capfd.readouterr().err)
        return not reloading.allows_100() and "reloaded common.yaml" in "".join(said)

    reloading.save(reloading.common, narrowed, live_and_said)

    assert reloading.client.get(f"/_mock/applications/{created['client_id']}").status == 200
    document = reloading.client.get("/ev-energy/v2/openapi.json").json()
    assert "99" in str(document["components"]["parameters"])


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("common.yaml", lambda text: "paths: [\n"),
        ("common.yaml", lambda text: text + "\nnope: 1\n"),
        ("common.yaml", lambda text: b"\xff\xfe" + text.encode()),
        ("root.yaml", lambda text: text.replace("operationId: get-root", "operationId: get-toor")),
        ("openapi.yaml", lambda text: ""),  # what an editor leaves for a moment
        ("openapi.yaml", lambda text: b"\xff\xfe" + text.encode()),
    ],
    ids=["not YAML", "unknown keyword", "not UTF-8", "no handler", "empty root", "root not UTF-8"],
)
def test_a_broken_contract_is_reported_and_the_old_one_stays(
    reloading: Reloading,
    capfd: pytest.CaptureFixture[str],
    name: str,
    spoil: Callable[[str], str | bytes],
) -> None:
    file = reloading.folder / name
    good = file.read_text()
    told: list[str] = []

    def reported() -> bool:
        told.append(capfd.readouterr().err)
        return "not reloaded, the old contract stays" in "".join(told)

    reloading.save(file, spoil(good), reported)

    assert reloading.allows_100()
    assert reloading.client.get("/ev-energy/v2/openapi.json").status == 200
    reloading.save(file, good, lambda: "reloaded" in "".join([*told, capfd.readouterr().err]).rpartition("stays")[2])
    assert reloading.allows_100()
