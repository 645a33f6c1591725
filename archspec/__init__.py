"""A declarative architecture compiler: neural networks from YAML or JSON specs to torch modules.

>>> import archspec
>>> model = archspec.build("specs/resnet34.yaml", num_classes=10)
"""

from typing import TYPE_CHECKING

from archspec.api import (
    Examination,
    build,
    check,
    examine,
    from_file,
    is_first_process,
    json_schema,
    launch,
    ledger,
    load,
    spec_of_run,
    train,
)
from archspec.architecture import Architecture
from archspec.errors import Diagnostic, SpecError, UsageError
from archspec.plugins import load_plugin, register, register_dataset
from archspec.runs import compare_runs, draw_predictions, evaluate, examine_run, is_run, list_runs, predict
from archspec.source.zoo import ZooEntry, list_zoo
from archspec.train import Callback
from archspec.trial import dry_run, find_lr, overfit, prepare, profile
from archspec.version import __version__

if TYPE_CHECKING:  # what a check must not load, for annotations
    from archspec.train.account.compare import Comparison as Comparison
    from archspec.train.account.compare import Difference as Difference
    from archspec.train.account.listing import RunSummary as RunSummary
    from archspec.train.findings import ClassFigures as ClassFigures
    from archspec.train.predict import Prediction as Prediction

__all__ = [
    "Architecture",
    "Callback",
    "Diagnostic",
    "Examination",
    "SpecError",
    "UsageError",
    "ZooEntry",
    "__version__",
    "build",
    "check",
    "compare_runs",
    "draw_predictions",
    "dry_run",
    "evaluate",
    "examine",
    "examine_run",
    "find_lr",
    "from_file",
    "is_first_process",
    "is_run",
    "json_schema",
    "launch",
    "ledger",
    "list_runs",
    "list_zoo",
    "load",
    "load_plugin",
    "overfit",
    "predict",
    "prepare",
    "profile",
    "register",
    "register_dataset",
    "spec_of_run",
    "train",
]
