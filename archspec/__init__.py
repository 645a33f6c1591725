"""A declarative architecture compiler: neural networks from YAML or JSON specs to torch modules.

>>> import archspec
>>> model = archspec.build("specs/resnet34.yaml", num_classes=10)
"""

from archspec.api import (
    Examination,
    build,
    check,
    evaluate,
    examine,
    from_file,
    is_first_process,
    json_schema,
    launch,
    ledger,
    load,
    predict,
    spec_of_run,
    train,
)
from archspec.architecture import Architecture
from archspec.errors import Diagnostic, SpecError, UsageError
from archspec.plugins import load_plugin, register
from archspec.source.zoo import ZooEntry, list_zoo
from archspec.version import __version__

__all__ = [
    "Architecture",
    "Diagnostic",
    "Examination",
    "SpecError",
    "UsageError",
    "ZooEntry",
    "__version__",
    "build",
    "check",
    "evaluate",
    "examine",
    "from_file",
    "is_first_process",
    "json_schema",
    "launch",
    "ledger",
    "list_zoo",
    "load",
    "load_plugin",
    "predict",
    "register",
    "spec_of_run",
    "train",
]
