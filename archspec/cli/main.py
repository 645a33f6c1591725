"""The command `archspec`."""

from __future__ import annotations

import sys

import click

from archspec.cli.build import build
from archspec.cli.check import check
from archspec.cli.show import print_diagnostics
from archspec.cli.train import train
from archspec.errors import SpecError, UsageError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="archspec-nn", prog_name="archspec")
def cli() -> None:
    """Neural networks from YAML or JSON specs.

    check a spec in a blink, build the torch module it describes, train it.
    """


cli.add_command(check)
cli.add_command(build)
cli.add_command(train)


def main() -> None:
    """Run the command line. Exit status: 0 clean, 1 the spec is wrong, 2 the request is."""
    try:
        status = cli.main(standalone_mode=False)
    except SpecError as error:
        print_diagnostics(error.diagnostics, sys.stderr)
        missing = all(diagnostic.code == "AS001" for diagnostic in error.diagnostics)
        sys.exit(2 if missing else 1)
    except UsageError as error:
        print_diagnostics([error.diagnostic], sys.stderr)
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe has gone: nothing to say, and nobody to say it to
        sys.exit(141)
    sys.exit(status if isinstance(status, int) else 0)
