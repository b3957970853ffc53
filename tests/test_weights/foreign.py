"""Checkpoints of other code bases, and what their models compute, written out.

The forwards here are literal transcriptions of the published architectures on plain
tensors (ViT, https://arxiv.org/abs/2010.11929; VideoMAE,
https://arxiv.org/abs/2203.12602). They know nothing of mmadapt or of OpenMMLab, so a
model that was loaded right must agree with them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

WIDTH, DEPTH, HEADS, HIDDEN, PATCH = 48, 2, 4, 96, 8

State = dict[str, Tensor]


def timm_state(image: int = 32, seed: int = 0) -> State:
    """A file of timm, DeiT, jx or MAE: class token, learned positions, fused qkv."""
    draw = torch.Generator().manual_seed(seed)
    patches = (image // PATCH) ** 2
    state = {
        'cls_token': torch.randn(1, 1, WIDTH, generator=draw),
        'pos_embed': torch.randn(1, 1 + patches, WIDTH, generator=draw),
        'patch_embed.proj.weight': torch.randn(WIDTH, 3, PATCH, PATCH, generator=draw),
        'patch_embed.proj.bias': torch.randn(WIDTH, generator=draw),
    }
    for index in range(DEPTH):
        state.update(block_state(f'blocks.{index}.', draw))
        state[f'blocks.{index}.attn.qkv.bias'] = torch.randn(3 * WIDTH, generator=draw)
    for kind, shift in (('weight', 1.0), ('bias', 0.0)):
        state[f'norm.{kind}'] = shift + 0.1 * torch.randn(WIDTH, generator=draw)
    state['head.weight'] = torch.randn(10, WIDTH, generator=draw)
    state['head.bias'] = torch.randn(10, generator=draw)
    return state


def videomae_state(seed: int = 0) -> State:
    """A fine-tuned file of VideoMAE: tubelet 2, q and v biases, fc_norm, no table."""
    draw = torch.Generator().manual_seed(seed)
    shape = (WIDTH, 3, 2, PATCH, PATCH)
    state = {
        'patch_embed.proj.weight': torch.randn(*shape, generator=draw),
        'patch_embed.proj.bias': torch.randn(WIDTH, generator=draw),
    }
    for index in range(DEPTH):
        state.update(block_state(f'blocks.{index}.', draw))
        for part in 'qv':
            bias = torch.randn(WIDTH, generator=draw)
            state[f'blocks.{index}.attn.{part}_bias'] = bias
    state['fc_norm.weight'] = 1 + 0.1 * torch.randn(WIDTH, generator=draw)
    state['fc_norm.bias'] = 0.1 * torch.randn(WIDTH, generator=draw)
    state['head.weight'] = torch.randn(10, WIDTH, generator=draw)
    state['head.bias'] = torch.randn(10, generator=draw)
    return state


def block_state(prefix: str, draw: torch.Generator) -> State:
    """One block, but for the biases of q, k and v."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draw) / math.sqrt(shape[-1])

    return {
        f'{prefix}norm1.weight': 1 + normal(WIDTH),
        f'{prefix}norm1.bias': normal(WIDTH),
        f'{prefix}attn.qkv.weight': normal(3 * WIDTH, WIDTH),
        f'{prefix}attn.proj.weight': normal(WIDTH, WIDTH),
        f'{prefix}attn.proj.bias': normal(WIDTH),
        f'{prefix}norm2.weight': 1 + normal(WIDTH),
        f'{prefix}norm2.bias': normal(WIDTH),
        f'{prefix}mlp.fc1.weight': normal(HIDDEN, WIDTH),
        f'{prefix}mlp.fc1.bias': normal(HIDDEN),
        f'{prefix}mlp.fc2.weight': normal(WIDTH, HIDDEN),
        f'{prefix}mlp.fc2.bias': normal(WIDTH),
    }


def official(state: Mapping[str, Tensor]) -> State:
    """The same weights in the names of the AdaptFormer authors' code."""
    renamed: State = {}
    for name, tensor in state.items():
        if '.attn.qkv.' in name:
            for part, piece in zip('qkv', tensor.chunk(3), strict=True):
                renamed[name.replace('.qkv.', f'.{part}_proj.')] = piece.clone()
        else:
            renamed[name.replace('.mlp.fc', '.fc')] = tensor
    return renamed


def pretraining(state: Mapping[str, Tensor]) -> State:
    """A pre-training file of VideoMAE around an encoder: norm, decoder, mask token."""
    renamed = {
        f'encoder.{name}': tensor
        for name, tensor in state.items()
        if not name.startswith(('fc_norm.', 'head.'))
    }
    renamed['encoder.norm.weight'] = torch.full((WIDTH,), 9.0)
    renamed['encoder.norm.bias'] = torch.full((WIDTH,), 9.0)
    draw = torch.Generator().manual_seed(9)
    renamed.update(block_state('decoder.blocks.0.', draw))
    renamed['encoder_to_decoder.weight'] = torch.zeros(24, WIDTH)
    renamed['mask_token'] = torch.zeros(1, 1, 24)
    return renamed


def image_feature(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Normed class token (B, C) of a ViT for ``images`` (B, 3, H, W)."""
    x = patch_tokens(state, images)
    token = state['cls_token'].expand(len(x), -1, -1)
    x = torch.cat([token, x], dim=1) + state['pos_embed']
    for index in range(DEPTH):
        x = block(state, index, x)
    return layer_norm(x, state, 'norm')[:, 0]


def still_feature(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Mean of an image ViT's patch tokens (B, C), run with no class token.

    The tokens of a clip whose frames are all the same are copies of the image's, and
    softmax attention over copies is attention over one: so a ViT inflated to clips
    must give this, under a norm that is the identity but for normalising.
    """
    x = patch_tokens(state, images) + state['pos_embed'][:, 1:]
    for index in range(DEPTH):
        x = block(state, index, x)
    return F.layer_norm(x.mean(1), (WIDTH,), eps=1e-6)


def clip_feature(state: Mapping[str, Tensor], clips: Tensor) -> Tensor:
    """Feature (B, C) of VideoMAE for ``clips`` (B, 3, T, H, W)."""
    stride = (2, PATCH, PATCH)
    weight, bias = (state[f'patch_embed.proj.{kind}'] for kind in ('weight', 'bias'))
    x = F.conv3d(clips, weight, bias, stride=stride).flatten(2).transpose(1, 2)
    x = x + joint_index_table(x.shape[1])
    for index in range(DEPTH):
        x = block(state, index, x)
    return layer_norm(x.mean(1), state, 'fc_norm')


def joint_index_table(tokens: int) -> Tensor:
    """sin and cos of n / 10000^(2i/C) by turns, token by token, in plain Python."""
    rows = [
        [
            (math.sin if channel % 2 == 0 else math.cos)(
                token / 10000 ** (2 * (channel // 2) / WIDTH)
            )
            for channel in range(WIDTH)
        ]
        for token in range(tokens)
    ]
    return torch.tensor(rows)


def patch_tokens(state: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """Patch embeddings (B, N, C) of ``images`` (B, 3, H, W)."""
    weight, bias = (state[f'patch_embed.proj.{kind}'] for kind in ('weight', 'bias'))
    return F.conv2d(images, weight, bias, stride=PATCH).flatten(2).transpose(1, 2)


def block(state: Mapping[str, Tensor], index: int, x: Tensor) -> Tensor:
    """One pre-norm block on ``x`` (B, N, C)."""
    part = {
        name.removeprefix(f'blocks.{index}.'): tensor
        for name, tensor in state.items()
        if name.startswith(f'blocks.{index}.')
    }
    y = layer_norm(x, part, 'norm1')
    if 'attn.qkv.bias' in part:
        qkv_bias = part['attn.qkv.bias']
    else:
        q, v = part['attn.q_bias'], part['attn.v_bias']
        qkv_bias = torch.cat([q, torch.zeros(WIDTH), v])
    q, k, v = (
        piece.unflatten(-1, (HEADS, -1)).transpose(1, 2)  # (B, heads, N, C / heads)
        for piece in F.linear(y, part['attn.qkv.weight'], qkv_bias).chunk(3, dim=-1)
    )
    scores = q @ k.transpose(-2, -1) / math.sqrt(WIDTH // HEADS)
    y = (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)
    x = x + F.linear(y, part['attn.proj.weight'], part['attn.proj.bias'])
    y = layer_norm(x, part, 'norm2')
    y = F.gelu(F.linear(y, part['mlp.fc1.weight'], part['mlp.fc1.bias']))
    return x + F.linear(y, part['mlp.fc2.weight'], part['mlp.fc2.bias'])


def layer_norm(x: Tensor, state: Mapping[str, Tensor], name: str) -> Tensor:
    """LayerNorm with the epsilon of every ViT here."""
    return F.layer_norm(
        x, (WIDTH,), state[f'{name}.weight'], state[f'{name}.bias'], eps=1e-6
    )
