"""A spec that has one of everything that generated code does."""

EVERYTHING = """
archspec: 1
name: Everything
input: [3, 16, 16]
vars: {depths: [1, 2]}
blocks:
  res:
    params: {channels: int, stride: 1, act: ReLU}
    layers:
      conv: {Conv2d: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}}
      norm: BatchNorm2d
      shortcut:
        from: input
        when: $(stride != 1 or input.channels != channels)
        layers: [{Conv2d: {out_channels: $channels, kernel_size: 1, stride: $stride}}, BatchNorm2d]
      add: {add: [norm, shortcut]}
      act: $act
  up:
    inputs: [x, skip]
    layers:
      up: {Upsample: {scale_factor: 2}, from: x}
      join: {concat: [skip, up], align: pad}
      conv: {Conv2d: {out_channels: 4, kernel_size: 1}}
layers:
  stem-1: {Conv2d: {out_channels: 4, kernel_size: 3, padding: 1}}
  stage$(stage): {res: {}, repeat: $depths, per_stage: {channels: [4, 8]}, first: {stride: $(stage + 1)}}
  tower: {layers: [{Conv2d: {out_channels: 8, kernel_size: 1}}, {Dropout: 0.5}], repeat: 2, skip: add}
  wide: {Conv2d: {out_channels: 12, kernel_size: 3, padding: 1}, skip: {project: auto}}
  up: {up: , from: [wide, stage0.0]}
  gate: {layers: {a: {Conv2d: {out_channels: 4, kernel_size: 1}}, b: {mul: [a, stem-1]}, c: Sigmoid}}
  mix: {add: [gate, gate.a]}
  pool: {AdaptiveAvgPool2d: 1}
  flat: Flatten
  head: {Linear: 5}
outputs: {logits: head, features: up}
"""
