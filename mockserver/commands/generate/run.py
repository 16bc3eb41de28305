"""The way of the rows: from their source through a writer into a file, past a picture, with a progress bar."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import click

from mockserver.commands.generate.columns import Column, Row
from mockserver.commands.generate.output import NewFile, ReaderGone, StandardOutput
from mockserver.commands.generate.plots import require_plots, save
from mockserver.commands.generate.progress import Progress, is_terminal
from mockserver.commands.generate.subject import Picture, Source
from mockserver.commands.generate.window import Window
from mockserver.commands.generate.writers import BINARY, WRITERS
from mockserver.commands.generate.writers.writer import Writer
from mockserver.commands.options import fail

_LARGEST_BATCH = 1024
_SHELL_COUNTS_FROM = 128  # the exit code of a process that signal 0 would end
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be written where; `format` is None for no rows, `output` for standard output."""

    source: Source
    columns: Sequence[Column]
    window: Window
    seed: int
    format: str | None
    output: Path | None
    plot: Path | None
    image: str | None
    quiet: bool
    heed: Callable[[], None]
    """What `ended_by_signals` gives."""


class Stopped(BaseException):
    """A signal, of that number, asks the process to end."""


def run(request: Request) -> None:
    """Write what is asked for; SystemExit with 2 when that cannot be."""
    rows, complete = _write(request)
    if request.quiet or not complete:
        return
    for remark in request.source.remarks():
        click.echo(remark, err=True)
    if request.output:
        click.echo(f"{rows:,} row{'' if rows == 1 else 's'} in {request.output}", err=True)
    if request.plot:
        click.echo(f"picture in {request.plot}", err=True)


@contextmanager
def ended_by_signals(files: Iterable[Path]) -> Iterator[Callable[[], None]]:
    """Let the signals that end a process unwind it, so that no half file stays, and exit with 128 + the signal.

    Those that are ignored, as under nohup, stay so. What it gives raises Stopped when there was a signal: whoever works
    long calls it now and then, because an exception that a signal raises inside a destructor is lost.
    """
    asked: list[int] = []

    def stop(number: int, _: object) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # one is enough: let the files be put away
        asked.append(number)
        heed()

    def heed() -> None:
        if asked:
            raise Stopped(asked[0])

    in_main = threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in _SIGNALS if in_main and signal.getsignal(each) != signal.SIG_IGN}
    for each in before:
        signal.signal(each, stop)
    try:
        yield heed
    except BaseException:
        if not asked:
            raise
        # Whatever it was, the signal was its cause: orjson, for one, makes a TypeError of what its callback raises.
        unwritten = " and ".join(map(str, files))
        click.secho(f"gridmock: stopped{f', {unwritten} not written' if unwritten else ''}", err=True, fg="red")
        sys.exit(_SHELL_COUNTS_FROM + asked[0])
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _write(request: Request) -> tuple[int, bool]:
    """The number of rows, and whether anybody wanted them to the end."""
    window = request.window
    if request.plot:
        require_plots()  # not at the end of an hour's work
    with ExitStack() as stack:
        writer = None
        to_terminal = False
        if request.format:
            to_terminal = request.output is None and is_terminal(sys.stdout)
            if to_terminal and request.format in BINARY:
                fail(f"{request.format} is not for a terminal: give --output FILE")
            destination = NewFile(request.output, "--output") if request.output else StandardOutput()
            sink = stack.enter_context(destination)
            try:
                writer = WRITERS[request.format](request.columns, sink)
            except ReaderGone:
                return 0, False
            stack.push(_Abandoned(writer))
        picture = drawing = None
        if request.plot:
            picture = request.source.picture(window)
            drawing = stack.enter_context(NewFile(request.plot, "--plot"))
        shown = not request.quiet and not to_terminal and is_terminal(sys.stderr)
        with Progress(window, shown=shown) as progress:
            rows, complete = _pump(request.source.rows(window), writer, picture, progress, request.heed)
        if picture is not None and drawing is not None and request.image is not None:
            save(picture, window, request.seed, request.image, drawing)
        request.heed()  # before the files get their names
    return rows, complete


def _pump(
    rows: Iterator[Row],
    writer: Writer | None,
    picture: Picture | None,
    progress: Progress,
    heed: Callable[[], None],
) -> tuple[int, bool]:
    written, complete = 0, True
    for batch in _batches(rows):
        heed()
        written += len(batch)
        if picture is not None:
            picture.add(batch)
        if writer is not None:
            try:
                writer.write(batch)
            except ReaderGone:
                if picture is None:
                    return written, False
                writer.abandon()
                writer = None
        progress.reach(cast(Any, batch[-1][0]))
    if writer is not None:
        try:
            writer.close()
        except ReaderGone:
            complete = False
    return written, complete


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Few rows at first, so that whoever reads along sees them at once; then as many as make writing cheap."""
    size = 1
    while batch := list(islice(rows, size)):
        yield batch
        size = min(2 * size, _LARGEST_BATCH)


class _Abandoned:
    """Tells a writer on the way out that something went wrong."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._writer.abandon()
