"""What a program says in other processes, which must not depend on their hash seed or time zone."""

from __future__ import annotations

import os
import subprocess
import sys

ENVIRONMENTS = ({"PYTHONHASHSEED": "0", "TZ": "UTC"}, {"PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo"})


def said_in_every_process(program: str) -> str:
    """The standard output of a Python program, run once in each of `ENVIRONMENTS`; it has to be the same."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, **own}, capture_output=True, check=True, text=True
        ).stdout
        for own in ENVIRONMENTS
    }
    assert len(outputs) == 1
    return outputs.pop()
