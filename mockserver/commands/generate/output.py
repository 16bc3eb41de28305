"""Where rows and pictures go: standard output, or a file that is there whole or not at all."""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from mockserver.commands.options import fail


class ReaderGone(Exception):
    """Whoever read our standard output has closed it, as `head` does when it has seen enough."""


class Destination(ABC):
    """Where bytes go: a context manager that has nothing left to do when it ends with an exception."""

    @abstractmethod
    def write(self, content: bytes, /) -> None:
        """Take all of the bytes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(  # noqa: B027  # what is written to a stream stays
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        """End, well or not."""


class StandardOutput(Destination):
    """Standard output as a sink; ReaderGone when nobody reads any more."""

    def __init__(self) -> None:
        """Ends the process with 2 when it is closed."""
        if sys.stdout is None:
            fail("there is no standard output to write to: give --output FILE")
        self._stream: BinaryIO = sys.stdout.buffer

    def write(self, content: bytes) -> None:
        """Send all of the bytes at once; whoever waits at the other end of a pipe sees them."""
        try:
            self._stream.write(content)
            self._stream.flush()
        except BrokenPipeError:
            # What is left in the buffers must not fail again when the interpreter flushes them at its end.
            with suppress(OSError), open(os.devnull, "wb") as nowhere:  # noqa: PTH123  # not a file of ours
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
            raise ReaderGone from None
        except OSError as error:
            fail(f"cannot write to standard output: {error.strerror}")


class NewFile(Destination):
    """A file that appears under its name when all of it is written, and not at all when anything goes wrong.

    The bytes go to a hidden file beside it, which takes its place in one step. What cannot be replaced, a device or
    a named pipe, is written directly. Ends the process with 2 when the file cannot be written.
    """

    def __init__(self, path: Path, option: str) -> None:
        """`option` is what the user gave it with."""
        self._name = f"{option} {path}"
        self._path = Path(os.path.realpath(path))  # a link stays one, its target is replaced
        self._written = self._path.with_name(f".gridmock{option}-{os.getpid()}.part")
        self._in_place = False
        self._stream: BinaryIO

    def __enter__(self) -> Self:
        with self._failing():
            if self._path.is_dir():
                fail(f"{self._name} is a folder: give the name of a file in it")
            if not self._path.parent.is_dir():
                fail(f"{self._name}: there is no folder {self._path.parent}")
            if self._path.exists():
                self._in_place = not self._path.is_file()
                if not os.access(self._path, os.W_OK):
                    fail(f"{self._name} cannot be written: it is write-protected")
            self._stream = (self._path if self._in_place else self._written).open("wb")
        return self

    def write(self, content: bytes) -> None:
        """Take all of the bytes; the process ends with 2 when the disk is full."""
        with self._failing():
            self._stream.write(content)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            with self._failing() if kind is None else suppress(OSError):
                self._stream.close()
            if kind is None and not self._in_place:
                with self._failing():
                    self._written.replace(self._path)
        finally:
            if not self._in_place:
                self._written.unlink(missing_ok=True)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """End the process with 2 when the file cannot be written."""
        try:
            yield
        except OSError as error:
            fail(f"{self._name} cannot be written: {error.strerror}")
