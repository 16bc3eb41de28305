"""`gridmock verify`: is recorded traffic what the contract says?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contract_tests.commandline import CannotCheck, contract_of, writable
from contract_tests.traffic.options import base_url_option, require_openapi_core

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.traffic.recordings import Sample
    from contract_tests.traffic.tally import Tally

_GUESSED_FROM = 2_000


@click.command(short_help="Check recorded traffic against a contract.")
@click.argument("words", nargs=-1, required=True, metavar="[API] FILE...")
@click.option("--spec", type=click.Path(path_type=Path), help="Any OpenAPI file, instead of one of our APIs.")
@base_url_option
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    callback=writable,
    help="Write the result here, for programs.",
)
@click.pass_context
def verify(
    context: click.Context, words: tuple[str, ...], spec: Path | None, base_url: str | None, json_file: Path | None
) -> None:
    """Check each exchange of HAR files, or of gridmock's journal as JSON or JSON lines, against the contract of API.

    Requests and responses are judged. A request that breaks the contract and was refused with 4xx counts for nothing;
    security is not judged, because recordings have no secrets.

    Exit code 0: no violations. 1: violations. 2: wrong usage, an unreadable file, or nothing that could be judged.
    """
    require_openapi_core()
    from contract_tests.contract import ContractError
    from contract_tests.traffic import words as wording
    from contract_tests.traffic.recordings import RecordingError
    from specs.errors import SpecError

    api, files = ("", words) if spec else (words[0], words[1:])
    if not files:
        raise click.UsageError("name the API, then the files: gridmock verify ev-energy traffic.har")
    try:
        tally, base_url = _verified(contract_of(api, spec), [*map(Path, files)], base_url)
    except (ContractError, SpecError, RecordingError) as error:
        raise CannotCheck(str(error)) from error
    for cause in tally.causes.values():
        first, *rest = wording.block(cause)
        click.echo("\n".join([click.style(first, fg="red"), *rest, ""]))
    click.echo("\n".join(wording.summary(tally)))
    if json_file:
        json_file.write_text(json.dumps({"base_url": base_url, **tally.as_json()}, indent=2) + "\n", "utf-8")
    if not tally.exchanges:
        raise CannotCheck(
            f"nothing below {base_url or 'any base URL'} is an operation of {tally.contract.path}: nothing was judged. "
            "Is it the right contract, and --base-url?"
        )
    context.exit(1 if tally.causes else 0)


def _verified(contract: Contract, files: list[Path], base_url: str | None) -> tuple[Tally, str]:
    from contract_tests.traffic.judge import Judge
    from contract_tests.traffic.routes import BaseUrlGuess
    from contract_tests.traffic.tally import Tally

    if base_url is None:
        guess = BaseUrlGuess(contract)
        for sample in islice(_samples(files), _GUESSED_FROM):
            if not _is_foreign(contract, sample):
                guess.see(sample.exchange.method, sample.exchange.url)
        base_url = guess.best
    judge, tally = Judge(contract, base_url), Tally(contract)
    for sample in _samples(files):
        if _is_foreign(contract, sample):
            tally.elsewhere += 1
        else:
            tally.add(sample.exchange, judge.judge(sample.exchange), sample.at)
    return tally, base_url


def _samples(files: list[Path]) -> Iterator[Sample]:
    from contract_tests.traffic.recordings import samples

    for file in files:
        yield from samples(file)


def _is_foreign(contract: Contract, sample: Sample) -> bool:
    """Whether a journal says that another API answered; a contract of the user's own has no name there."""
    return bool(contract.name and sample.api and sample.api != contract.name)
