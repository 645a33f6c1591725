"""Which room of the catalogue has which kinds: written by `python tools/generate_index.py`."""

ROOMS: dict[str, str] = {
    "activation": """
        ReLU ReLU6 LeakyReLU PReLU RReLU ELU SELU CELU GELU SiLU Mish Hardswish Hardsigmoid Hardtanh Hardshrink
        Softshrink Tanhshrink Softplus Softsign Sigmoid LogSigmoid Tanh Threshold relu gelu silu mish sigmoid
        tanh
    """,
    "adaptive": """
        AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
        AdaptiveMaxPool3d
    """,
    "attention": """
        MultiheadAttention
    """,
    "axes": """
        permute transpose squeeze unsqueeze movedim diagonal
    """,
    "casts": """
        to type_as detach
    """,
    "comparison": """
        eq ne lt le gt ge logical_and logical_or logical_xor logical_not
    """,
    "composed": """
        Conv2dNormActivation Conv3dNormActivation MLP SqueezeExcitation
    """,
    "constants": """
        arange linspace eye new_zeros new_ones new_full full_like tril triu
    """,
    "convolution": """
        Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d
    """,
    "distance": """
        Bilinear CosineSimilarity cosine_similarity PairwiseDistance pairwise_distance cdist
    """,
    "dropout": """
        Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout
    """,
    "einops_patterns": """
        rearrange reduce repeat_axis
    """,
    "elementwise": """
        neg abs sign square sqrt rsqrt reciprocal exp expm1 log log1p log2 log10 exp2 logit erf floor trunc frac
        ceil round pow clamp nan_to_num relu6 hardswish hardsigmoid selu logsigmoid softsign tanhshrink
        hardshrink softshrink celu hardtanh threshold leaky_relu elu softplus dropout maximum minimum
        masked_fill where randn_like rand_like zeros_like ones_like
    """,
    "embedding": """
        Embedding EmbeddingBag
    """,
    "fold": """
        Fold Unfold
    """,
    "gather": """
        gather scatter scatter_add
    """,
    "indexing": """
        select slice index_select embedding one_hot roll flip
    """,
    "linear": """
        Linear
    """,
    "matmul": """
        matmul bmm einsum outer scaled_dot_product_attention
    """,
    "merge": """
        add mul mean_of sub div concat
    """,
    "normalization": """
        BatchNorm1d BatchNorm2d BatchNorm3d SyncBatchNorm InstanceNorm1d InstanceNorm2d InstanceNorm3d GroupNorm
        LayerNorm RMSNorm LocalResponseNorm CrossMapLRN2d
    """,
    "own_layers": """
        BilinearPool2d GlobalAvgPool2d
    """,
    "padding": """
        ZeroPad1d ZeroPad2d ZeroPad3d ConstantPad1d ConstantPad2d ConstantPad3d ReflectionPad1d ReflectionPad2d
        ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d CircularPad1d CircularPad2d
        CircularPad3d
    """,
    "pieces": """
        split chunk unbind stack
    """,
    "pooling": """
        MaxPool1d MaxPool2d MaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d LPPool3d
        FractionalMaxPool2d FractionalMaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d
    """,
    "pyramid": """
        FeaturePyramidNetwork
    """,
    "recurrent": """
        RNN LSTM GRU RNNCell LSTMCell GRUCell
    """,
    "reductions": """
        mean sum amax amin std var logsumexp vector_norm prod argmax argmin max min median any all cumsum
        cumprod normalize
    """,
    "reshape": """
        Identity Flatten flatten Unflatten unflatten
    """,
    "shaping": """
        reshape expand tile
    """,
    "shuffle": """
        PixelShuffle PixelUnshuffle ChannelShuffle pixel_shuffle pixel_unshuffle
    """,
    "softmax": """
        Softmax Softmin LogSoftmax softmax log_softmax softmin Softmax2d GLU glu
    """,
    "sorting": """
        topk sort argsort
    """,
    "transformer": """
        TransformerEncoderLayer TransformerDecoderLayer Transformer
    """,
    "trigonometry": """
        sin cos tan asin acos atan sinh cosh asinh acosh atanh atan2
    """,
    "upsample": """
        Upsample UpsamplingNearest2d UpsamplingBilinear2d interpolate
    """,
    "vision": """
        pad crop grid_sample affine_grid
    """,
    "vision_layers": """
        StochasticDepth DropBlock2d DropBlock3d FrozenBatchNorm2d Permute DeformConv2d
    """,
}
