"""The list of tensors of a file of `torch.save`, read by an unpickler that can call nothing but stand-ins.

They note each tensor's shape and storage, and refuse every other name and every other way to call something.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, NoReturn

from archspec.errors import clip
from archspec.weights.contents import SIZES, Damaged, elements

MOST_CONTAINERS = 1_000_000
_MOST_SIZES = 64
_LARGEST_SIZE = 2**63


class Foreign(Exception):
    """The pickle names something that is neither a tensor nor plain data."""


class _Storage(NamedTuple):
    """A storage of the archive: which record, and how many elements it claims."""

    key: str
    dtype: str
    size: int


class Tensor(NamedTuple):
    """A tensor as the pickle describes it: a view of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


class _Dict(OrderedDict[Any, Any]):
    """Stands for `OrderedDict`, whose attributes (torch's `_metadata`) are of no interest here."""


def unpickled(content: bytes, sizes: Mapping[str, int]) -> Mapping[Any, Any]:
    """The pickled dict, with a `Tensor` for each tensor. `sizes` are the bytes of each storage that the file holds.

    Raises:
        Damaged: the pickle is cut off, or claims what the file does not hold.
        Foreign: it names more than tensors and plain data.
    """
    try:
        found = _Unpickler(content, sizes).load()
    except (Damaged, Foreign):
        raise
    except Exception as error:  # a pickle is a program: anything can be wrong with it
        raise Damaged(f"has a list of tensors that cannot be read: {clip(str(error))}") from None
    if isinstance(found, Tensor):
        raise Damaged("holds a single tensor, not a state dict", "save `model.state_dict()`", "AS454")
    if not isinstance(found, dict):
        raise Damaged("holds no state dict", "save `model.state_dict()`", "AS454")
    return found


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *rest: Any) -> Tensor:
    return Tensor(storage, offset, tuple(shape), tuple(strides), storage.dtype)


def _typed_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, grad: Any, hooks: Any, dtype: Any, *rest: Any
) -> Tensor:
    return Tensor(storage, offset, tuple(shape), tuple(strides), dtype)


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    return text.encode("latin1" if encoding == "latin1" else "utf-8")


def _as_tuple(*items: Any) -> tuple[Any, ...]:
    return tuple(*items)


def _as_dict(*items: Any) -> dict[Any, Any]:
    return _Dict(*items)


def _nothing(*items: Any) -> None:
    return None


_STORAGES = {
    "Double": "float64",
    "Float": "float32",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Bool": "bool",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
_CALLED: Mapping[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _typed_tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "collections.OrderedDict": _as_dict,
    "collections.Counter": _as_dict,
    "torch.Size": _as_tuple,
    "torch.device": _nothing,
    "builtins.set": _as_tuple,
    "__builtin__.set": _as_tuple,
    "_codecs.encode": _encoded,
}
_NAMED: Mapping[str, Any] = {
    **{f"torch.{name}Storage": dtype for name, dtype in _STORAGES.items()},
    **{f"torch.{name}": name for name in SIZES},
    "torch.storage.UntypedStorage": "uint8",
    "torch.UntypedStorage": "uint8",
}


class _Unpickler(pickle._Unpickler):  # the one in Python, whose memo cannot be blown up
    """Reads tensors and plain data, and refuses every other name and every other way to call something."""

    dispatch: ClassVar[dict[int, Callable[[Any], None]]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]

    def __init__(self, content: bytes, sizes: Mapping[str, int]) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._sizes = sizes
        self._containers = 0

    def find_class(self, module: str, name: str) -> Any:
        """A stand-in, or a refusal.

        Raises:
            Foreign: it is no name that a state dict needs.
        """
        wanted = f"{module}.{name}"
        found = _NAMED.get(wanted) or _CALLED.get(wanted)
        if found is None:
            raise Foreign(wanted)
        return found

    def persistent_load(self, pid: Any) -> _Storage:
        """A storage, of a size that the archive holds."""
        kind, dtype, key, _, count = pid
        if kind != "storage" or not isinstance(dtype, str) or not isinstance(key, (str, int)) or type(count) is not int:
            raise Damaged("has a list of tensors with something else than storages in it")
        held, claimed = self._sizes.get(str(key)), count * SIZES[dtype]
        if held is None:
            raise Damaged(f"lacks the values of a tensor: there is no record `data/{clip(str(key))}`")
        if held != claimed:
            raise Damaged(f"says that its record `data/{key}` has {claimed:,} bytes, but it has {held:,}")
        return _Storage(str(key), dtype, count)

    def get_extension(self, code: int) -> NoReturn:
        """Registered codes name classes of the process: none is wanted."""
        raise Foreign(f"extension {code}")

    def _reduce(self) -> None:
        arguments = self.stack.pop()
        function = self.stack[-1]
        if not any(function is known for known in _CALLED.values()):
            raise Foreign("a call of something that is not a function")
        if function is _as_dict:
            _check_keys([key for pairs in arguments for key, _ in pairs])
        made = function(*arguments)
        self.stack[-1] = _sound(made) if isinstance(made, Tensor) else made

    def _build(self) -> None:
        self.stack.pop()
        if not isinstance(self.stack[-1], (_Dict, Tensor)):
            raise Foreign("an object with a state of its own")

    def _refuse(self) -> NoReturn:
        raise Foreign("an object of a class")

    def _set_item(self) -> None:
        _check_keys(self.stack[-2:-1])
        super().load_setitem()  # type: ignore[misc]

    def _set_items(self) -> None:
        _check_keys(self.stack[::2])
        super().load_setitems()  # type: ignore[misc]

    def _dict(self) -> None:
        _check_keys(self.stack[::2])
        super().load_dict()  # type: ignore[misc]

    def _add_items(self) -> None:
        _check_keys(self.stack)
        super().load_additems()  # type: ignore[misc]

    def _frozen_set(self) -> None:
        _check_keys(self.stack)
        super().load_frozenset()  # type: ignore[misc]

    def _count(self) -> None:
        self._containers += 1
        if self._containers > MOST_CONTAINERS:
            raise Damaged(f"has a list of tensors with more than {MOST_CONTAINERS:,} lists and mappings in it")

    def _counted(load: Callable[[Any], None]) -> Callable[[Any], None]:  # type: ignore[misc]
        def counting(self: _Unpickler) -> None:
            self._count()
            load(self)

        return counting

    for _code in (pickle.EMPTY_LIST, pickle.EMPTY_DICT, pickle.EMPTY_SET, pickle.MARK, pickle.LIST, pickle.TUPLE):
        dispatch[_code[0]] = _counted(dispatch[_code[0]])
    for _code in (pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3):
        dispatch[_code[0]] = _counted(dispatch[_code[0]])
    dispatch[pickle.SETITEM[0]] = _set_item
    dispatch[pickle.SETITEMS[0]] = _set_items
    dispatch[pickle.DICT[0]] = _dict
    dispatch[pickle.ADDITEMS[0]] = _add_items
    dispatch[pickle.FROZENSET[0]] = _frozen_set
    dispatch[pickle.REDUCE[0]] = _reduce
    dispatch[pickle.BUILD[0]] = _build
    for _code in (pickle.NEWOBJ, pickle.NEWOBJ_EX, pickle.INST, pickle.OBJ):
        dispatch[_code[0]] = _refuse


def _check_keys(keys: list[Any]) -> None:
    """Keys are names or small numbers: the hash or the text of a tuple of shared tuples takes for ever.

    Raises:
        Damaged: one is something else.
    """
    for key in keys:
        if not isinstance(key, (str, bytes, float, int, type(None))):
            raise Damaged("has a mapping with keys that are neither names nor numbers")
        if isinstance(key, int) and abs(key) >= _LARGEST_SIZE:
            raise Damaged("has a mapping with a key beyond 2^63")


def _sound(tensor: Tensor) -> Tensor:
    """The tensor, if its storage has every element that it shows, and none twice."""
    storage, offset, shape, strides, dtype = tensor
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, _Storage) or not all(
        type(number) is int and 0 <= number < _LARGEST_SIZE for number in numbers
    ):
        raise Damaged("has a tensor without a storage, a shape or strides")
    if len(shape) > _MOST_SIZES or len(shape) != len(strides) or not isinstance(dtype, str) or dtype not in SIZES:
        raise Damaged(f"has a tensor with {len(shape)} sizes and {len(strides)} strides")
    held = storage.size * SIZES[storage.dtype] // SIZES[dtype]
    shown = clip(str(list(shape)))
    if elements(shape) > held:
        message = f"claims a tensor {shown} of {elements(shape):,} elements, but stores {held:,} for it"
        raise Damaged(message, "save it with `.contiguous()`, if it was expanded")
    if (
        elements(shape)
        and offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True)) >= held
    ):
        raise Damaged(f"claims a tensor {shown} that reaches beyond its storage of {held:,} elements")
    return tensor
