"""`gridmock listen`: takes what an API pushes, shows it, and says where it breaks the contract."""

from __future__ import annotations

import json
import queue
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from contract_tests.commandline import CannotCheck, contract_of, writable

if TYPE_CHECKING:
    from contract_tests.receiver import Delivery
    from contract_tests.webhooks import Flaw, Webhooks
    from specs.operation import Operation

NOT_FOUND = 404


@click.command(short_help="Receive webhooks and check them.")
@click.option("--port", type=click.IntRange(0, 65_535), required=True, help="Listen here, on 127.0.0.1; 0: a free one.")
@click.option("--api", help="Whose webhooks are awaited; stekker when nothing is said.")
@click.option("--spec", type=click.Path(path_type=Path), help="Any OpenAPI file with webhooks, instead of --api.")
@click.option(
    "--key", default="", help="The secret that the webhook's headers hold, or sign its body with; never shown."
)
@click.option(
    "--status", type=click.IntRange(200, 599), default=200, show_default=True, help="Answer to what the contract knows."
)
@click.option("--once", is_flag=True, help="Stop after the first delivery.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), callback=writable, help="Write each delivery here, a line."
)
@click.pass_context
def listen(
    context: click.Context,
    port: int,
    api: str | None,
    spec: Path | None,
    key: str,
    status: int,
    once: bool,
    json_file: Path | None,
) -> None:
    """Receive the webhooks of an API on this machine until Ctrl-C, and check each against the contract.

    Any path will do that ends with the webhook's name, /api/v1/chargers/7/set-charging-profile for Stekker's profiles;
    anything else is answered 404 and listed at the end.

    Exit code 0: all that came was as the contract says. 1: something was not. 2: wrong usage, or the port is taken.
    """
    from contract_tests.contract import ContractError
    from contract_tests.webhooks import Webhooks
    from specs.errors import SpecError

    if api and spec:
        raise click.UsageError("say whose webhooks: either --api NAME or --spec FILE")
    try:
        webhooks = Webhooks(contract_of("" if spec else api or "stekker", spec), key)
    except (ContractError, SpecError) as error:
        raise CannotCheck(str(error)) from error
    with json_file.open("a", encoding="utf-8") if json_file else nullcontext() as out:
        context.exit(_Desk(webhooks, status, out).serve(port, once))


class _Desk:
    """Shows and judges deliveries as they come in."""

    def __init__(self, webhooks: Webhooks, status: int, out: TextIO | None) -> None:
        self._webhooks = webhooks
        self._status = status
        self._out = out
        self._unknown: dict[str, int] = {}
        self._good = self._bad = 0

    def serve(self, port: int, once: bool) -> int:
        """Listen until Ctrl-C, or for one delivery; the exit code."""
        from contract_tests.receiver import Receiver

        # None is the wish to end. Signals put it there, so that none of them breaks off what is being written.
        arrived: queue.SimpleQueue[tuple[Delivery, Operation | None] | None] = queue.SimpleQueue()

        def answer(delivery: Delivery) -> int:
            webhook = self._webhooks.of(delivery)
            arrived.put((delivery, webhook))
            return self._status if webhook else NOT_FOUND

        receiver = Receiver(port, answer)
        try:
            receiver.start()
        except OSError as error:
            raise CannotCheck(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another --port") from error
        names = ", ".join(webhook.path for webhook in self._webhooks.spec.webhooks)
        click.echo(f"Listening on {receiver.url} for {names} of {self._webhooks.spec.title}. Ctrl-C ends it.")
        with _signals(lambda: arrived.put(None)):
            while pushed := arrived.get():
                self._take(*pushed)
                if once:
                    break
        receiver.stop()
        return self._end()

    def _take(self, delivery: Delivery, webhook: Operation | None) -> None:
        from contract_tests.report import deliveries

        flaws = self._webhooks.flaws(webhook, delivery) if webhook else []
        if webhook is None:
            name = f"{delivery.method} {delivery.path}"
            self._unknown[name] = self._unknown.get(name, 0) + 1
        elif flaws:
            self._bad += 1
        else:
            self._good += 1
        first, *rest = deliveries.lines(delivery, webhook.path if webhook else "", flaws)
        click.echo("\n".join([click.style(first, fg="red" if flaws or not webhook else "green"), *rest]))
        if self._out:
            self._out.write(json.dumps(self._record(delivery, webhook, flaws)) + "\n")
            self._out.flush()

    def _record(self, delivery: Delivery, webhook: Operation | None, flaws: list[Flaw]) -> dict[str, Any]:
        from contract_tests.webhooks import parsed

        try:
            body = parsed(delivery.body)
        except ValueError:
            body = delivery.body.decode("utf-8", "replace")
        return {
            "at": delivery.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "method": delivery.method,
            "path": delivery.path,
            "webhook": webhook.path if webhook else None,
            "headers": self._webhooks.shown_headers(webhook, delivery),
            "body": body,
            "wrong": [{"message": flaw.message, "where": flaw.where} for flaw in flaws],
        }

    def _end(self) -> int:
        from contract_tests.credentials import NOBODY
        from contract_tests.exchange import shown

        total = self._good + self._bad + sum(self._unknown.values())
        click.echo(f"{total} received, {self._good} as the contract says, {self._bad} not")
        for name, times in self._unknown.items():
            click.echo(f"   no webhook of the contract: {shown(name, NOBODY)}, {times} ×")
        return 1 if self._bad or self._unknown else 0


@contextmanager
def _signals(act: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C and SIGTERM do this, and nothing else."""
    before = {number: signal.signal(number, lambda *_: act()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
