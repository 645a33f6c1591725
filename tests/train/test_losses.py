"""Losses of more than an output and its label: each against what one would write by hand with torch."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import archspec
from archspec.errors import SpecError
from archspec.train.seeds import order

pytestmark = pytest.mark.usefixtures("no_pictures")

PARTS = """archspec: 1
name: Net
{model}
train:
  data: {{tensors: {{train: {data}, eval: {data}}}}}
  batch_size: 4
  epochs: 3
  optimizer: {{SGD: {{lr: 0.05}}}}
{recipe}
"""
GENERATOR = np.random.default_rng(0)


def floats(*shape):
    return GENERATOR.standard_normal(shape).astype(np.float32)


def trained(tmp_path, model, recipe, **arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    spec = PARTS.format(model=model, recipe=recipe, data=tmp_path / "data.npz")
    return archspec.load(spec), archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)


def by_hand(architecture, loss, **arrays):
    """The weights after the same epochs of a plain loop, and the losses of the last one."""
    model = architecture.build(seed=0)
    optimizer, tensors = (
        torch.optim.SGD(model.parameters(), lr=0.05),
        {k: torch.from_numpy(v) for k, v in arrays.items()},
    )
    count = len(next(iter(tensors.values())))
    for epoch in (1, 2, 3):
        losses = []
        for chosen in order(count, 0, epoch).split(4):
            optimizer.zero_grad()
            value = loss(model, **{name: tensor[chosen] for name, tensor in tensors.items()})
            value.backward()
            optimizer.step()
            losses.append(float(value.detach()) * len(chosen))
    return model, sum(losses) / count


def assert_same(result, model, loss):
    last = result.last_model().state_dict()
    for name, tensor in model.state_dict().items():
        assert torch.allclose(last[name], tensor, rtol=1e-5, atol=1e-6), name
    assert result.history[-1]["train_loss"] == pytest.approx(loss, rel=1e-5)


THREE = """inputs: {anchor: [6], positive: [6], negative: [6]}
layers:
  embed: {Linear: 3, from: anchor}
  near: {use: embed, from: positive}
  far: {use: embed, from: negative}
outputs: {a: embed, p: near, n: far}"""


def test_triplets(tmp_path):
    arrays = {name: floats(8, 6) for name in ("anchor", "positive", "negative")}

    def loss(model, anchor, positive, negative):
        return functional.triplet_margin_loss(*model(anchor, positive, negative).values(), margin=0.5)

    architecture, result = trained(tmp_path, THREE, "  loss: {TripletMarginLoss: {margin: 0.5}}", **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))
    assert result.metric == "loss"
    assert result.best == min(row["eval_loss"] for row in result.history)


TWO = """inputs: {left: [6], right: [6]}
layers:
  embed: {Linear: 3, from: left}
  other: {use: embed, from: right}
outputs: {b: other, a: embed}"""


def test_pairs_alike_or_not(tmp_path):
    arrays = {"left": floats(8, 6), "right": floats(8, 6), "target": np.arange(8) % 2}

    def loss(model, left, right, target):
        outputs = model(left, right)
        return functional.cosine_embedding_loss(outputs["a"], outputs["b"], 2.0 * target - 1, margin=0.2)

    recipe = "  losses: {alike: {CosineEmbeddingLoss: {margin: 0.2}, from: [a, b]}}"
    architecture, result = trained(tmp_path, TWO, recipe, **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))


VARIATIONAL = """input: [6]
layers:
  hidden: {Linear: 4}
  tanh: Tanh
  mean: {Linear: 2, from: tanh}
  log_variance: {Linear: 2, from: tanh}
  back: {Linear: 6, from: mean}
  squares: {mul: [mean, mean]}
  variance: {exp: log_variance}
  kl1: {add: [squares, variance]}
  kl2: {sub: [kl1, log_variance]}
outputs: {again: back, divergence: kl2}"""


def test_a_variational_sum_with_the_input_as_target(tmp_path):
    arrays = {"x": floats(8, 6)}

    def loss(model, x):
        again, divergence = model(x).values()
        return functional.mse_loss(again, x) + 0.1 * divergence.mean()

    recipe = "  losses: {again: {MSELoss: , target: input}, divergence: {mean: , weight: 0.1}}\n  metrics: [mse, mae]"
    architecture, result = trained(tmp_path, VARIATIONAL, recipe, **arrays)
    model, value = by_hand(architecture, loss, **arrays)
    assert_same(result, model, value)
    x = torch.from_numpy(arrays["x"])
    wanted = functional.mse_loss(model(x)["again"], x).item()
    assert result.history[-1]["eval_mse"] == pytest.approx(wanted, rel=1e-4)
    assert result.metric == "mse"


def test_pictures_are_made_again(tmp_path):
    spec = """archspec: 1
input: [1, 8, 8]
layers:
  conv: {Conv2d: {out_channels: 2, kernel_size: 3, padding: 1}}
  back: {Conv2d: {out_channels: 1, kernel_size: 1}}
train:
  data: digits
  batch_size: 256
  epochs: 3
  losses: {output: {MSELoss: , target: input}}
  optimizer: {Adam: {lr: 0.01}}
"""
    result = archspec.train(spec, out=tmp_path / "run", device="cpu", quiet=True)
    assert result.metric == "mae"
    assert result.history[-1]["eval_loss"] < 0.8 * result.history[0]["train_loss"]


REGRESSION = "input: [6]\nlayers: {fc: {Linear: %d}}"


@pytest.mark.parametrize("name", ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"])
def test_regression(tmp_path, name):
    arrays = {"x": floats(8, 6), "y": floats(8)}

    def loss(model, x, y):
        return getattr(nn, name)()(model(x), y[:, None])

    architecture, result = trained(tmp_path, REGRESSION % 1, f"  loss: {name}", **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))
    assert result.metric == "mae"


def test_a_gaussian_of_mean_and_variance(tmp_path):
    model = """input: [6]
layers: {mean: {Linear: 2}, raw: {Linear: 2, from: input}, var: {Softplus: , from: raw}}
outputs: {mean: mean, var: var}"""
    arrays = {"x": floats(8, 6), "y": floats(8, 2)}

    def loss(model, x, y):
        mean, var = model(x).values()
        return functional.gaussian_nll_loss(mean, y, var)

    architecture, result = trained(tmp_path, model, "  loss: GaussianNLLLoss", **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))


def test_ctc_of_sequences_of_several_lengths(tmp_path):
    model = "input: [5, 6]\nlayers: {fc: {Linear: {in_features: 6, out_features: 4}}, log: {LogSoftmax: -1}}"
    target = np.array([[1, 2, -1], [3, -1, -1], [2, 2, 1], [1, 3, 2]] * 2)
    arrays = {"x": floats(8, 5, 6), "y": target}

    def loss(model, x, y):
        lengths = (y >= 0).sum(1)
        wanted = torch.cat([row[: int(length)] for row, length in zip(y, lengths, strict=True)])
        return functional.ctc_loss(model(x).transpose(0, 1), wanted, torch.full((len(x),), 5), lengths)

    architecture, result = trained(tmp_path, model, "  loss: CTCLoss", **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))


def test_tokens_with_the_channels_last(tmp_path):
    model = """input: {shape: [5], dtype: int64}
layers:
  embed: {Embedding: {num_embeddings: 7, embedding_dim: 4}}
  head: {Linear: {in_features: 4, out_features: 7}}"""
    tokens = GENERATOR.integers(0, 7, (8, 6))
    arrays = {"x": tokens[:, :-1], "y": np.where(GENERATOR.random((8, 5)) < 0.2, -100, tokens[:, 1:])}
    arrays["y"][0, 0] = 6

    def loss(model, x, y):
        return functional.cross_entropy(model(x).flatten(0, 1), y.flatten())

    architecture, result = trained(tmp_path, model, "  metrics: [perplexity, accuracy]", **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))
    assert result.history[-1]["eval_perplexity"] > 1


def test_two_targets(tmp_path):
    model = "input: [6]\nlayers: {kind: {Linear: 3}, size: {Linear: 1, from: input}}\noutputs: {kind: kind, size: size}"
    arrays = {"x": floats(8, 6), "kinds": np.arange(8) % 3, "sizes": floats(8)}

    def loss(model, x, kinds, sizes):
        outputs = model(x)
        return functional.cross_entropy(outputs["kind"], kinds) + functional.mse_loss(outputs["size"][:, 0], sizes)

    recipe = "  losses: {kind: {CrossEntropyLoss: , target: kinds}, size: {MSELoss: , target: sizes}}"
    architecture, result = trained(tmp_path, model, recipe, **arrays)
    assert_same(result, *by_hand(architecture, loss, **arrays))
    assert result.metric == "accuracy"


@pytest.mark.parametrize(
    ("recipe", "code", "words"),
    [
        ("loss: TripletMarginLoss", "AS511", "`TripletMarginLoss` takes 3 outputs, and the model has 2"),
        ("losses: {x: {CosineEmbeddingLoss: , from: a}}", "AS506", "takes 2 outputs, but `from` has 1"),
        ("losses: {x: {CosineEmbeddingLoss: , from: [a, bb]}}", "AS511", "the model has no output `bb`"),
        ("losses: {a: {mean: , target: left}}", "AS506", "`mean` has no target"),
        ("losses: {a: {MSELoss: , from: [1]}}", "AS101", "names of outputs"),
    ],
)
def test_what_a_loss_cannot_take(recipe, code, words):
    faults = archspec.check(PARTS.format(model=TWO, recipe=f"  {recipe}", data="data.npz"))
    assert [fault.code for fault in faults][:1] == [code]
    assert words in faults[0].message
    assert faults[0].span is not None


@pytest.mark.parametrize(
    ("recipe", "arrays", "words"),
    [
        ("", {"x": floats(8, 6), "y": floats(8, 3)}, "different shapes: [1] and [3]"),
        (
            "  losses: {output: {MSELoss: , target: weights}}",
            {"x": floats(8, 6), "y": floats(8)},
            "no target `weights`",
        ),
    ],
)
def test_a_target_that_does_not_fit(tmp_path, recipe, arrays, words):
    with pytest.raises(SpecError) as caught:
        trained(tmp_path, REGRESSION % 1, recipe or "  loss: MSELoss", **arrays)
    (fault,) = caught.value.diagnostics
    assert fault.code == "AS509"
    assert words in fault.message
