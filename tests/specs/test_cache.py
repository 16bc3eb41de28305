"""Contracts that were loaded before: the same, unless anything has changed since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from specs import cache, loader
from specs.catalogue import path_of
from specs.errors import SpecError


@pytest.fixture
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A contract of several files, and a cache folder that is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = Path(shutil.copytree(path_of("ev-energy").parent, tmp_path / "contract"))
    return folder / "openapi.yaml"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was read from its files."""
    paths: list[Path] = []

    def load(path: Path, *, examples: bool) -> object:
        paths.append(path)
        return loader.load(path, examples=examples)

    monkeypatch.setattr(cache, "load", load)
    return paths


def test_a_contract_is_read_from_its_files_once(contract: Path, loaded: list[Path]) -> None:
    first, second = cache.load_sound(contract), cache.load_sound(contract)
    assert loaded == [contract]
    assert first == second == loader.load(contract)
    assert str(second.locate("/info/title")) == str(first.locate("/info/title"))


@pytest.mark.parametrize("name", ["openapi.yaml", "tariffs.yaml"])
def test_a_file_that_has_changed_is_read_again(contract: Path, loaded: list[Path], name: str) -> None:
    before = cache.load_sound(contract)
    file = contract.with_name(name)
    file.write_text(
        file.read_text("utf-8").replace("List tariffs", "List all tariffs").replace("title: ev", "title: EV")
    )
    assert cache.load_sound(contract) != before
    assert loaded == [contract, contract]


def test_other_code_reads_again(contract: Path, loaded: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    cache.load_sound(contract)
    monkeypatch.setattr(cache, "_code", lambda: "of another version")
    cache.load_sound(contract)
    assert loaded == [contract, contract]


@pytest.mark.parametrize("kept", [b"", b"no pickle", b"\x80\x05}."])
def test_what_cannot_be_read_is_made_again(contract: Path, loaded: list[Path], kept: bytes) -> None:
    first = cache.load_sound(contract)
    (file,) = (cache.folder() / "contracts").iterdir()
    file.write_bytes(kept)
    assert cache.load_sound(contract) == cache.load_sound(contract) == first
    assert loaded == [contract, contract]


def test_without_a_place_to_write_it_is_read_each_time(contract: Path, loaded: list[Path]) -> None:
    cache.folder().parent.mkdir()
    cache.folder().write_text("in the way")
    assert cache.load_sound(contract) == cache.load_sound(contract)
    assert loaded == [contract, contract]


def test_a_contract_that_is_wrong_is_not_kept(contract: Path) -> None:
    file = contract.with_name("tariffs.yaml")
    file.write_text(file.read_text("utf-8").replace("operationId: get-tariffs", "operationId: [get-tariffs]"))
    for _ in range(2):
        with pytest.raises(SpecError):
            cache.load_sound(contract)
    assert not (cache.folder() / "contracts").exists()
