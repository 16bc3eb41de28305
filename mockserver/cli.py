"""The `gridmock` command. Each sub-command is imported only when it is called, so that none pays for another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import click

from mockserver import __version__

COMMANDS = {
    "serve": ("mockserver.commands.serve", "serve", "Run the mock server."),
    "routes": ("mockserver.commands.routes", "routes", "List every operation that is served."),
    "generate": ("mockserver.commands.generate", "generate", "Write the numbers of the world to files."),
    "simulate": ("mockserver.commands.simulate.command", "simulate", "Play charger traffic against a server."),
    "check": ("contract_tests.cli", "check", "Check an implementation against its contract."),
    "compare": ("contract_tests.compare", "compare", "Say what is new since an earlier check."),
    "listen": ("contract_tests.listen", "listen", "Receive webhooks and check them."),
    "verify": ("contract_tests.verify", "verify", "Check recorded traffic against a contract."),
    "proxy": ("contract_tests.proxy", "proxy", "Pass traffic on, and check it against a contract."),
}
"""Module and attribute of each sub-command, and its line in the help."""


class LazyGroup(click.Group):
    """A click group whose commands are modules of their own (click's documented pattern for lazy loading)."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group.list_commands`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group.get_command`."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"auto_envvar_prefix": "GRIDMOCK", "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gridmock")
def gridmock() -> None:
    """Mock server and contract tests for EV-charging and energy APIs.

    Every option can also be set in the environment: GRIDMOCK_SERVE_PORT=9000 is `serve --port 9000`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 fine, 1 findings, 2 wrong usage or unreachable."""
    sys.exit(gridmock.main(arguments, standalone_mode=True))
