"""The command `archspec`."""

from __future__ import annotations

import errno
import gc
import os
import sys

import click

from archspec.cli.build import build
from archspec.cli.check import check
from archspec.cli.explain import explain
from archspec.cli.export import export
from archspec.cli.list import list_
from archspec.cli.runs import runs
from archspec.cli.schema import schema
from archspec.cli.show import exit_status, print_diagnostics
from archspec.cli.train import train
from archspec.cli.use import evaluate, predict
from archspec.collector import rarely_collected
from archspec.errors import SpecError, UsageError

_OUTPUT_FAULTS = frozenset({errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT})


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="archspec-nn", prog_name="archspec")
def cli() -> None:
    """Neural networks from YAML or JSON specs.

    Check a spec in a blink, build the torch module that it describes, train it.

    Exit status: 0 clean, 1 the spec is wrong, 2 the request is.
    """


for command in (check, build, train, evaluate, predict, runs, list_, explain, export, schema):
    cli.add_command(command)


def main() -> None:
    """Run the command line. Exit status: 0 clean, 1 the spec is wrong, 2 the request is."""
    if sys.stdout is None:  # closed by the shell: nobody wants to read it
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        _abandon_output()
        sys.exit(141)  # the reader of a pipe has gone: nothing to say, and nobody to say it to
    except OSError as error:
        if error.errno not in _OUTPUT_FAULTS:
            raise
        _abandon_output()
        print(f"archspec: the output cannot be written: {(error.strerror or '').lower()}", file=sys.stderr)
        sys.exit(2)
    sys.exit(status)


@rarely_collected()
def _run() -> int:
    """The command's exit status; what goes wrong is told."""
    try:
        status = cli.main(prog_name="archspec", standalone_mode=False)
    except SpecError as error:
        print_diagnostics(error.diagnostics, sys.stderr)
        return exit_status(error.diagnostics)
    except UsageError as error:
        print_diagnostics([error.diagnostic], sys.stderr)
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (click.exceptions.Abort, KeyboardInterrupt):
        return 130
    finally:
        gc.freeze()  # what is left goes with the process: nobody has to look through it for cycles, now or at its end
    return status if isinstance(status, int) else 0


def _abandon_output() -> None:
    """Leaves the interpreter nothing to flush, which would fail again on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
