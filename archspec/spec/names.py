"""Which names a layer, variable, block or model may have."""

from __future__ import annotations

import keyword
import re

LAYER_NAME = re.compile(r"[A-Za-z0-9_-]+")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
LONGEST = 128

REFERENCE_WORDS = frozenset({"input", "previous"})

# Attributes of nn.Module, Sequential, ModuleList and ModuleDict: a child of such a name would hide one of them.
# A test holds this list to the installed torch.
TORCH_ATTRIBUTES = frozenset(
    [
        "T_destination",
        "add_module",
        "append",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "clear",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extend",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "insert",
        "ipu",
        "items",
        "keys",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "pop",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "update",
        "values",
        "xpu",
        "zero_grad",
    ]
)


def layer_name_fault(name: str) -> str | None:
    """Why a layer cannot have this name; None if it can."""
    if not name:
        return "a layer's name cannot be empty"
    if len(name) > LONGEST:
        return f"a layer's name has at most {LONGEST} characters"
    if "." in name:
        return "a layer's name cannot contain `.`, which separates the levels of the module tree"
    if not LAYER_NAME.fullmatch(name):
        return "a layer's name is made of letters, digits, `_` and `-`"
    if name in REFERENCE_WORDS:
        return f"`{name}` always refers to {'the input' if name == 'input' else 'the entry before'}"
    if name in TORCH_ATTRIBUTES or (name.startswith("_") and name.strip("_") != ""):
        reason = "names that start with `_`" if name.startswith("_") else f"`{name}`"
        return f"{reason} {'belong' if name.startswith('_') else 'belongs'} to torch's own nn.Module"
    return None


def identifier_fault(name: str, what: str) -> str | None:
    """Why a variable, block, input or model cannot have this name; None if it can."""
    if len(name) > LONGEST:
        return f"the name of {what} has at most {LONGEST} characters"
    if not IDENTIFIER.fullmatch(name):
        return f"the name of {what} starts with a letter and is made of letters, digits and `_`"
    if keyword.iskeyword(name) or name.startswith("__"):
        return f"`{name}` means something else in Python"
    return None
