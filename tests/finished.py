"""A run that tests share: trained once a session, and changed by none; copy it for that."""

LINEAR = """archspec: 1
name: Linear
input: [1, 8, 8]
layers: {flatten: Flatten, fc: {Linear: 10}}
train: {data: digits, epochs: 2, optimizer: {Adam: {lr: 0.01}}}
"""
