"""What torch has and the language has not, with the reason: said to whoever writes it."""

from __future__ import annotations

_OF_DATA = "the size of its result depends on the data, so that no later shape would be known"
_MASK = "use `where` or `masked_fill`, which keep the shape"
_SORT = "use `topk` or `argmax`, which give a known number of places"

_BOXES = "its boxes are a list of a length of its own for each image, so that the rows of its result depend on the data"
_AFTER = "let the model output the feature maps, and call it in the code that has the boxes"
_FIXED = "`grid_sample` takes the same number of places from each image"

_TAKES_LAYERS = "it takes a layer as an argument"
_ABSTRACT = "it is what all layers are made from, and computes nothing"
_STRUCTURE = "the form of the spec says how layers stand together"
_RUN = "it says how a model is run, not what it is"

REFUSED: dict[str, tuple[str, str]] = {
    "TransformerEncoder": (_TAKES_LAYERS, "use `TransformerEncoderLayer` with `repeat`"),
    "TransformerDecoder": (_TAKES_LAYERS, "use `TransformerDecoderLayer` with `repeat`"),
    "Module": (_ABSTRACT, "write the layers that it is made of, in a block"),
    "Sequential": (_STRUCTURE, "write a list of entries, `[Flatten, {Linear: 10}]`, or `{layers: {…}}`"),
    "ModuleList": (_STRUCTURE, "write `repeat: 3` beside an entry for three copies of it"),
    "ModuleDict": (_STRUCTURE, "write `{layers: {…}}` for entries with names"),
    "ParameterList": (_STRUCTURE, "write each of them as an entry"),
    "ParameterDict": (_STRUCTURE, "write each of them as an entry"),
    "DataParallel": (_RUN, "wrap the module that `archspec.build` returns"),
    "nonzero": (_OF_DATA, _SORT),
    "argwhere": (_OF_DATA, _SORT),
    "masked_select": (_OF_DATA, _MASK),
    "unique": (_OF_DATA, "use `one_hot` and `sum` to count the values of a known range"),
    "unique_consecutive": (_OF_DATA, "use `one_hot` and `sum` to count the values of a known range"),
    "bincount": (_OF_DATA, "use `one_hot` and `sum`, with a written number of classes"),
    "repeat_interleave": ("as torch has it, the size of its result may depend on the data", "use `repeat_axis`"),
    **dict.fromkeys(
        ("RoIAlign", "RoIPool", "PSRoIAlign", "PSRoIPool", "MultiScaleRoIAlign"), (_BOXES, f"{_AFTER}; {_FIXED}")
    ),
    "nms": (_OF_DATA, "do it after the model, in the code that calls it"),
    "item": ("a number taken out of a tensor cannot be trained or traced", "keep it a tensor"),
    "numpy": ("what leaves torch cannot be trained or traced", "do it after the model, in the code that calls it"),
}
"""By name: why, and what to write instead."""
