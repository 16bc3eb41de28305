"""The jobs in the docs do what they say: their steps are run, against a server on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract_tests.conftest import token_of
from tests.contract_tests.serving import served
from tests.mock import V2, Mock

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"


def steps(job: str) -> list[str]:
    """The shell commands of a job."""
    document: Any = yaml.safe_load((EXAMPLES / job).read_text("utf-8"))
    if job == "gitlab.yaml":
        return list(document["contract"]["script"])
    return [step["run"] for step in document["jobs"]["staging"]["steps"] if "run" in step]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with what the jobs need."""
    (tmp_path / "waivers.toml").write_text("", "utf-8")
    return tmp_path


@pytest.fixture
def staging(mock: Mock, folder: Path) -> Iterator[str]:
    """The token for a server that is the target `staging`."""
    with served(mock.app) as url:
        text = f'[staging]\nurl = "{url}{V2}"\ntoken = "${{STAGING_TOKEN}}"\n'
        (folder / "targets.toml").write_text(text, "utf-8")
        yield token_of(mock, "ev-energy-full")


@pytest.mark.parametrize("job", ["github.yaml", "gitlab.yaml"])
def test_the_steps_of_a_job_do_what_they_say(job: str, staging: str, folder: Path) -> None:
    install, check = steps(job)
    assert install == "pip install 'gridmock[check]'"
    # The random phases are what takes long, and are tried elsewhere.
    check = check.rstrip() + " --phases laws,examples"
    environment = {
        **os.environ,
        "STAGING_TOKEN": staging,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", check],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.name for path in folder.iterdir()} - {"waivers.toml", "targets.toml"}
    assert written == {word for word in check.split() if word.startswith("contract.")}
    assert all(staging not in (folder / name).read_text("utf-8") for name in written)


def test_the_extra_that_the_jobs_install_is_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "gridmock"
    assert "check" in project["optional-dependencies"]
