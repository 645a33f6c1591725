"""`repeat`: a count, stages, stages as entries of their own, and what each copy is given."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from tests.judge import Hand, agree, build, faults

ROW = "input: [4]\n"


def chain(m, x):
    for layer in m.a:
        x = layer(x)
    return x


def staged(m, x):
    for stage in m.a:
        for layer in stage:
            x = layer(x)
    return x


def lists(*sizes: list[nn.Module]) -> nn.ModuleList:
    return nn.ModuleList(nn.ModuleList(stage) for stage in sizes)


def linears(*sizes: int) -> list[nn.Module]:
    return [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]


def test_a_count_is_a_module_list_of_separate_copies() -> None:
    module = agree(ROW + "layers: {a: {Linear: 4, repeat: 3}}\n", Hand(chain, a=nn.ModuleList(linears(4, 4, 4, 4))))
    assert type(module.a) is nn.ModuleList
    fresh = build(ROW + "layers: {a: {Linear: 4, repeat: 3}}\n")
    assert not torch.equal(fresh.a[0].weight, fresh.a[1].weight)


def test_a_count_from_an_expression_and_a_variable() -> None:
    spec = ROW + "vars: {n: 1}\nlayers: {a: {Linear: 4, repeat: $(n + 1)}}\n"
    agree(spec, Hand(chain, a=nn.ModuleList(linears(4, 4, 4))))
    agree(spec, Hand(chain, a=nn.ModuleList(linears(4, 4, 4, 4))), n=2)


def test_index_and_count() -> None:
    spec = ROW + "layers: {a: {Linear: $(10 * index + count), repeat: 3}}\n"
    agree(spec, Hand(chain, a=nn.ModuleList(linears(4, 3, 13, 23))))


def test_stages_are_lists_of_lists_that_know_their_place() -> None:
    size = "$(1000 * stages + 100 * total + 10 * position + 5 * stage + index)"
    spec = ROW + f"layers: {{a: {{Linear: '{size}', repeat: [1, 2]}}}}\n"
    agree(spec, Hand(staged, a=lists(linears(4, 2300), linears(2300, 2315, 2326))))


def test_stages_from_a_variable() -> None:
    spec = ROW + "vars: {depths: [1, 2]}\nlayers: {a: {Linear: 4, repeat: $depths}}\n"
    agree(spec, Hand(staged, a=lists(linears(4, 4), linears(4, 4, 4))))
    agree(spec, Hand(staged, a=lists(linears(4, 4, 4))), depths=[2])


def test_a_list_of_one_stage_is_still_a_list_of_lists() -> None:
    agree(ROW + "layers: {a: {Linear: 4, repeat: [2]}}\n", Hand(staged, a=lists(linears(4, 4, 4))))


def test_per_stage_gives_each_stage_its_value() -> None:
    spec = ROW + "layers: {a: {Linear: , repeat: [1, 2], per_stage: {out_features: [5, 6], bias: [true, false]}}}\n"
    hand = lists(linears(4, 5), [nn.Linear(5, 6, bias=False), nn.Linear(6, 6, bias=False)])
    agree(spec, Hand(staged, a=hand))


def test_per_repeat_gives_each_copy_its_value_in_every_stage() -> None:
    spec = ROW + "layers: {a: {Linear: , repeat: [1, 3], per_repeat: {out_features: [5, 6, 7]}}}\n"
    agree(spec, Hand(staged, a=lists(linears(4, 5), linears(5, 5, 6, 7))))


def test_values_of_stages_from_variables_and_expressions() -> None:
    spec = """
vars: {widths: [5, 6]}
layers:
  a: {Linear: , repeat: [1, 1], per_stage: {out_features: $widths, bias: ['$(widths[0] > 9)', true]}}
"""
    agree(ROW + spec, Hand(staged, a=lists([nn.Linear(4, 5, bias=False)], linears(5, 6))))


def test_first_and_last_are_of_each_stage() -> None:
    spec = ROW + "layers: {a: {Linear: 7, repeat: [1, 3], first: {bias: false}, last: {out_features: 5}}}\n"
    first = [nn.Linear(4, 5, bias=False)]
    second = [nn.Linear(5, 7, bias=False), *linears(7, 7, 5)]
    agree(spec, Hand(staged, a=lists(first, second)))


def test_the_more_special_override_wins() -> None:
    """The kind's own value < per_stage < per_repeat < first < last."""
    spec = """
layers:
  a:
    Linear: 2
    repeat: [4, 1]
    per_stage: {out_features: [3, 30]}
    per_repeat: {out_features: [5, 6, 7, 8]}
    first: {out_features: 9}
    last: {out_features: 10}
  b: {Linear: 2, repeat: [2], per_stage: {out_features: [3]}}
"""

    def forward(m, x):
        x = staged(m, x)
        for layer in m.b[0]:
            x = layer(x)
        return x

    hand = Hand(forward, a=lists(linears(4, 9, 6, 7, 10), linears(10, 10)), b=lists(linears(10, 3, 3)))
    agree(ROW + spec, hand)


def test_overrides_may_use_the_copy_s_place() -> None:
    spec = ROW + "layers: {a: {Linear: 4, repeat: [1, 2], first: {out_features: $(stage + 5)}}}\n"
    agree(spec, Hand(staged, a=lists(linears(4, 5), linears(5, 6, 4))))


def test_blocks_with_overridden_parameters() -> None:
    spec = """
blocks:
  mlp: {params: {hidden: int, out: 4}, layers: {up: {Linear: $hidden}, down: {Linear: $out}}}
layers: {a: {mlp: 6, repeat: 3, per_repeat: {out: [4, 5, 6]}, last: {hidden: 9}}}
"""

    def mlp(inputs: int, hidden: int, out: int) -> nn.Module:
        return Hand(lambda m, x: m.down(m.up(x)), up=nn.Linear(inputs, hidden), down=nn.Linear(hidden, out))

    agree(ROW + spec, Hand(chain, a=nn.ModuleList([mlp(4, 6, 4), mlp(4, 6, 5), mlp(5, 9, 6)])))


def test_a_named_entry_per_stage() -> None:
    spec = """
layers:
  layer$(stage + 1): {Linear: , repeat: [1, 2, 1], per_stage: {out_features: [5, 6, 7]}, first: {bias: false}}
  fc: {Linear: 2}
"""
    layers = {
        "layer1": nn.ModuleList([nn.Linear(4, 5, bias=False)]),
        "layer2": nn.ModuleList([nn.Linear(5, 6, bias=False), nn.Linear(6, 6)]),
        "layer3": nn.ModuleList([nn.Linear(6, 7, bias=False)]),
        "fc": nn.Linear(7, 2),
    }

    def plain(m, x):
        for stage in (m.layer1, m.layer2, m.layer3):
            for layer in stage:
                x = layer(x)
        return m.fc(x)

    agree(ROW + spec, Hand(plain, **layers))


def test_named_stages_can_be_referred_to_like_any_entry() -> None:
    def forward(m, x):
        first = m.s1[0](x)
        second = m.s2[0](first)
        third = m.s2[1](second)
        return third, first, second

    spec = "layers: {s$(stage + 1): {Linear: 4, repeat: [1, 2]}}\noutputs: [s2, s1, s2.0]\n"
    agree(ROW + spec, Hand(forward, s1=nn.ModuleList(linears(4, 4)), s2=nn.ModuleList(linears(4, 4, 4))))


def test_names_may_count_down_from_the_number_of_stages() -> None:
    spec = ROW + "vars: {depths: [1, 1, 1]}\nlayers: {up$(stages - stage): {Linear: 4, repeat: $depths}}\n"
    hand = Hand(
        lambda m, x: m.up1[0](m.up2[0](m.up3[0](x))),
        **{name: nn.ModuleList(linears(4, 4)) for name in ("up3", "up2", "up1")},
    )
    agree(spec, hand)


def test_from_feeds_the_first_stage_of_named_ones() -> None:
    def forward(m, x):
        return m.s1[0](m.s0[0](x)), m.other(x)

    hand = Hand(forward, other=nn.Linear(4, 9), s0=nn.ModuleList(linears(4, 5)), s1=nn.ModuleList(linears(5, 6)))
    spec = """
layers:
  other: {Linear: 9}
  s$(stage): {Linear: $(stage + 5), repeat: [1, 1], from: input}
outputs: [s1, other]
"""
    agree(ROW + spec, hand)


def test_later_named_stages_keep_the_further_inputs() -> None:
    spec = """
blocks:
  gate: {inputs: [x, by], layers: {fc: {Linear: 4, from: x}, out: {mul: [fc, by]}}}
layers:
  stem: {Linear: 4}
  s$(stage): {gate: , repeat: [1, 2], from: [stem, input]}
"""

    def gate():
        return Hand(lambda m, x, by: m.fc(x) * by, fc=nn.Linear(4, 4))

    def forward(m, x):
        y = m.stem(x)
        for layer in (*m.s0, *m.s1):
            y = layer(y, x)
        return y

    hand = Hand(forward, stem=nn.Linear(4, 4), s0=nn.ModuleList([gate()]), s1=nn.ModuleList([gate(), gate()]))
    agree(ROW + spec, hand)


def test_repeats_in_repeats_and_in_blocks() -> None:
    spec = """
blocks:
  tower: {params: {n: int}, layers: {fc: {Linear: 4, repeat: $n}, act: ReLU}}
layers:
  a: {layers: [{tower: $(index + 1)}, {Linear: $(index + 4), repeat: 2}], repeat: 2}
  b: {tower: 2}
"""

    def tower(inputs: int, n: int) -> nn.Module:
        def forward(m, x):
            for layer in m.fc:
                x = layer(x)
            return torch.relu(x)

        return Hand(forward, fc=nn.ModuleList(linears(inputs, *[4] * n)))

    class Copy(nn.Sequential):
        def forward(self, x):
            x = self[0](x)
            for layer in self[1]:
                x = layer(x)
            return x

    def forward(m, x):
        return m.b(chain(m, x))

    copies = [
        Copy(tower(4, 1), nn.ModuleList(linears(4, 4, 5))),  # an inner `index` hides the outer one
        Copy(tower(5, 2), nn.ModuleList(linears(4, 4, 5))),
    ]
    agree(ROW + spec, Hand(forward, a=nn.ModuleList(copies), b=tower(5, 2)))


def test_a_function_repeated() -> None:
    agree(
        ROW + "layers: {a: {relu: input, repeat: 3}, fc: {Linear: 4}}\n",
        Hand(lambda m, x: m.fc(torch.relu(x)), fc=nn.Linear(4, 4)),
    )


def test_dense_concatenation_grows_with_every_copy() -> None:
    def forward(m, x):
        for layer in m.a:
            x = torch.cat([x, layer(x)], 1)
        return x

    agree(
        ROW + "layers: {a: {Linear: 2, repeat: 3, skip: concat}}\n",
        Hand(forward, a=nn.ModuleList([nn.Linear(4, 2), nn.Linear(6, 2), nn.Linear(8, 2)])),
    )


@pytest.mark.parametrize(
    ("entry", "code", "marked"),
    [
        ("{Linear: 4, repeat: 0}", "AS230", "0"),
        ("{Linear: 4, repeat: -1}", "AS230", "-1"),
        ("{Linear: 4, repeat: 1.5}", "AS230", "1.5"),
        ("{Linear: 4, repeat: true}", "AS230", "true"),
        ("{Linear: 4, repeat: []}", "AS230", "[]"),
        ("{Linear: 4, repeat: [1, 0]}", "AS230", "0"),
        ("{Linear: 4, repeat: 100001}", "AS230", "100001"),
        ("{Linear: 4, repeat: 1e9}", "AS230", "1e9"),
        ("{Linear: 4, repeat: {}}", "AS230", "{}"),
        ("{Linear: 4, repeat: {a: {}, b: 3}}", "AS101", "3"),
        ("{Linear: 4, repeat: {a: {}, a.b: {}}}", "AS106", "a.b"),
        ("{Linear: 4, repeat: {a: {}}, names: b$(index)}", "AS107", "names"),
        ("{Linear: 4, repeat: {a: {out_featurs: 4}}}", "AS202", "out_featurs"),
        ("{Linear: 4, repeat: 2, names: b}", "AS106", "b"),
        ("{Linear: 4, repeat: 2, names: $(1.5 * index)}", "AS101", "$(1.5 * index)"),
        ("{Linear: 4, names: b$(index)}", "AS105", "names"),
        ("{Linear: 4, repeat: 2, names: $(idx)}", "AS211", "idx"),
        ("{Linear: , repeat: [1, 1], per_stage: {out_features: [4]}}", "AS230", "[4]"),
        ("{Linear: , repeat: 2, per_repeat: {out_features: [4, 5, 6]}}", "AS230", "[4, 5, 6]"),
        ("{Linear: 4, repeat: 2, per_repeat: {out_features: 4}}", "AS230", "4"),
        ("{Linear: 4, repeat: 2, first: 3}", "AS101", "3"),
        ("{Linear: 4, repeat: 2, last: [3]}", "AS101", "[3]"),
        ("{Linear: 4, repeat: 2, first: {out_feature: 3}}", "AS202", "out_feature"),
        ("{layers: [{Linear: 4}], repeat: 2, first: {out_features: 3}}", "AS202", "out_features"),
        ("{Linear: $(index + nope), repeat: 2}", "AS211", "nope"),
    ],
)
def test_faults_of_repeats(entry: str, code: str, marked: str) -> None:
    assert faults(ROW + f"layers: {{a: {entry}}}\n") == [(code, marked)]


@pytest.mark.parametrize(
    ("name", "repeat", "code"),
    [
        ("s", None, None),
        ("s$(stage)", None, "AS106"),
        ("s$(stage)", "2", "AS106"),
        ("s$(0)", "[1, 1]", "AS106"),
        ("s.$(stage)", "[1, 1]", "AS106"),
    ],
)
def test_faults_of_named_stages(name: str, repeat: str | None, code: str | None) -> None:
    modifier = "" if repeat is None else f", repeat: {repeat}"
    found = faults(ROW + f"layers: {{{name}: {{Linear: 4{modifier}}}}}\n")
    assert [c for c, _ in found] == ([] if code is None else [code])


def test_a_shape_fault_in_the_third_copy_is_told_once_with_its_copy() -> None:
    import archspec

    spec = "archspec: 1\ninput: [3, 5, 5]\nlayers: {a: {MaxPool2d: 2, repeat: 4}}\n"
    (fault,) = archspec.check(spec)
    assert "copy 2 of `a`" in " ".join(fault.notes)


def test_a_further_input_made_just_before_the_copies_outlives_the_first() -> None:
    spec = """
blocks:
  gate: {inputs: [x, by], layers: {fc: {Linear: 4, from: x}, out: {mul: [fc, by]}}}
layers:
  by: {Linear: 4}
  a: {gate: , from: [input, previous], repeat: 2}
"""

    def gate():
        return Hand(lambda m, x, by: m.fc(x) * by, fc=nn.Linear(4, 4))

    def forward(m, x):
        by = m.by(x)
        for layer in m.a:
            x = layer(x, by)
        return x

    agree(ROW + spec, Hand(forward, by=nn.Linear(4, 4), a=nn.ModuleList([gate(), gate()])))


def keyed(m, x):
    for layer in m.a.values():
        x = layer(x)
    return x


def test_named_copies_are_a_module_dict() -> None:
    spec = ROW + "layers: {a: {Linear: $(4 + index), repeat: 3, names: dense$(index + 1)}}\n"
    layers = dict(zip(("dense1", "dense2", "dense3"), linears(4, 4, 5, 6), strict=True))
    module = agree(spec, Hand(keyed, a=nn.ModuleDict(layers)))
    assert type(module.a) is nn.ModuleDict


def test_a_repeat_that_names_its_copies() -> None:
    spec = ROW + "layers: {a: {Linear: {out_features: 5}, repeat: {stem: {}, tail: {out_features: 3, bias: false}}}}\n"
    layers = nn.ModuleDict({"stem": nn.Linear(4, 5), "tail": nn.Linear(5, 3, bias=False)})
    agree(spec, Hand(keyed, a=layers))


def test_named_copies_with_stages_blocks_skips_and_taps() -> None:
    spec = ROW + (
        "layers:\n"
        "  s$(stage): {Linear: 4, repeat: [1, 2], names: 'u$(stage)_$(position)', skip: add}\n"
        "  last: {add: [s1, s1.u1_1, s0.u0_0]}\n"
    )

    def forward(m, x):
        x = x + m.s0["u0_0"](x)
        first = x + m.s1["u1_1"](x)
        return (first + m.s1["u1_2"](first)) + first + x

    s1 = nn.ModuleDict({"u1_1": nn.Linear(4, 4), "u1_2": nn.Linear(4, 4)})
    agree(spec, Hand(forward, s0=nn.ModuleDict({"u0_0": nn.Linear(4, 4)}), s1=s1))


def test_a_named_copy_whose_when_is_false_leaves_its_name_free() -> None:
    spec = ROW + "layers: {a: {Linear: 4, repeat: 3, names: b$(index), when: $(index != 1)}}\n"
    layers = nn.ModuleDict({"b0": nn.Linear(4, 4), "b2": nn.Linear(4, 4)})
    agree(spec, Hand(keyed, a=layers))


def test_further_inputs_that_each_copy_chooses() -> None:
    spec = (
        ROW
        + """
layers:
  encoder: {Linear: 4, repeat: 3}
  decoder: {add: [encoder, 'encoder.$(2 - index)'], repeat: 3}
  both: {Bilinear: 4, from: [decoder, 'encoder.$(stage + index)'], repeat: [1, 2]}
"""
    )

    def forward(m, x):
        made = []
        for layer in m.encoder:
            x = layer(x)
            made.append(x)
        for index in range(3):
            x = x + made[2 - index]
        x = m.both[0][0](x, made[0])
        x = m.both[1][0](x, made[1])
        return m.both[1][1](x, made[2])

    both = lists([nn.Bilinear(4, 4, 4)], [nn.Bilinear(4, 4, 4) for _ in range(2)])
    agree(spec, Hand(forward, encoder=nn.ModuleList(linears(4, 4, 4, 4)), both=both))


def test_the_fault_of_a_further_input_says_which_copy() -> None:
    spec = ROW + "layers: {a: {Linear: 4, repeat: 2}, b: {add: [a, 'a.$(index + 1)'], repeat: 2}}\n"
    assert faults(spec) == [("AS205", "'a.$(index + 1)'")]


def test_a_copy_that_is_not_there_asks_for_no_further_input() -> None:
    spec = (
        ROW
        + """
layers:
  encoder: {Linear: 4, repeat: 2}
  decoder: {add: [encoder, 'encoder.$(index - 1)'], repeat: 3, when: $(index > 0)}
"""
    )

    def forward(m, x):
        made = []
        for layer in m.encoder:
            x = layer(x)
            made.append(x)
        return x + made[0] + made[1]

    agree(spec, Hand(forward, encoder=nn.ModuleList(linears(4, 4, 4))))


@pytest.mark.parametrize(("n", "uses"), [(0, None), (1, 0), (2, 1)])
def test_an_entry_that_is_not_there_asks_for_no_further_input(n: int, uses: int | None) -> None:
    spec = (
        ROW
        + f"""
vars: {{n: {n}}}
layers:
  encoder: {{Linear: 4, repeat: 2}}
  out: {{add: [encoder, 'encoder.$(n - 1)'], when: $(n > 0)}}
"""
    )

    def forward(m, x):
        made = []
        for layer in m.encoder:
            x = layer(x)
            made.append(x)
        return x if uses is None else x + made[uses]

    agree(spec, Hand(forward, encoder=nn.ModuleList(linears(4, 4, 4))))
