"""The shipped contracts are found by name."""

from __future__ import annotations

import pytest

from specs import catalogue


def test_names_follow_folders_and_files() -> None:
    assert {"ev-energy", "ev-energy-oauth", "control"} <= set(catalogue.names())
    assert catalogue.path_of("ev-energy").parts[-2:] == ("ev_energy", "openapi.yaml")
    assert catalogue.path_of("ev-energy-oauth").parts[-2:] == ("ev_energy", "oauth.yaml")


def test_part_files_are_no_contracts() -> None:
    assert "ev-energy-common" not in catalogue.names()


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(LookupError, match=r"no contract is called 'ev_energy': there are .*ev-energy"):
        catalogue.path_of("ev_energy")
