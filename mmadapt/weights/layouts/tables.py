"""How each code base names the tensors of one and the same ViT.

Every layout is described against one neutral naming, timm's, in which the two layers
of the MLP are ``blocks.N.mlp.fc1`` and ``fc2``. The tables are read in both
directions: from a file into the neutral names, and from those into a model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ['ADAPTFORMER', 'LAYOUTS', 'MMACTION', 'MMPRETRAIN', 'TIMM', 'Layout']


@dataclass(frozen=True)
class Layout:
    """One naming.

    Attributes:
        name: For messages.
        anchor: A tensor that files of this layout have and those of others don't.
        blocks: What the list of blocks is called.
        top: Neutral name to own name, outside the blocks; beginnings up to a dot.
        block: The same for what follows ``blocks.N.``.
        prompts: What the list of prompts is called where it is outside the blocks.
    """

    name: str
    anchor: str
    blocks: str = 'blocks'
    top: Mapping[str, str] = field(default_factory=dict)
    block: Mapping[str, str] = field(default_factory=dict)
    prompts: str = ''

    def own(self, neutral: str) -> str:
        """This layout's name for a neutral one."""
        parts = neutral.split('.')
        if self.prompts and parts[0] == 'blocks' and parts[2:] == ['prompt', 'tokens']:
            return f'{self.prompts}.{parts[1]}'
        return self._rename(neutral, 'blocks', self.blocks, self.top, self.block)

    def neutral(self, own: str) -> str:
        """The neutral name for one of this layout."""
        first, _, index = own.partition('.')
        if self.prompts and first == self.prompts and index.isdigit():
            return f'blocks.{index}.prompt.tokens'
        top = {value: key for key, value in self.top.items()}
        block = {value: key for key, value in self.block.items()}
        return self._rename(own, self.blocks, 'blocks', top, block)

    @staticmethod
    def _rename(
        name: str,
        blocks: str,
        new_blocks: str,
        top: Mapping[str, str],
        block: Mapping[str, str],
    ) -> str:
        first, _, rest = name.partition('.')
        index, _, inside = rest.partition('.')
        if first == blocks and index.isdigit() and inside:
            return f'{new_blocks}.{index}.{_replace_start(inside, block)}'
        return _replace_start(name, top)


def _replace_start(name: str, table: Mapping[str, str]) -> str:
    """The name with its longest known beginning replaced."""
    for start in sorted(table, key=len, reverse=True):
        if name == start or name.startswith(f'{start}.'):
            return table[start] + name[len(start) :]
    return name


TIMM = Layout('timm', anchor='blocks.0.mlp.fc1.weight')
"""timm, DeiT, the ``jx_*`` files, MAE; VideoMAE has the same names."""

ADAPTFORMER = Layout(
    'AdaptFormer',
    anchor='blocks.0.attn.q_proj.weight',
    block={
        'mlp.fc1': 'fc1',
        'mlp.fc2': 'fc2',
        'adapter.down': 'adaptmlp.down_proj',
        'adapter.up': 'adaptmlp.up_proj',
        'adapter.norm': 'adaptmlp.adapter_layer_norm_before',
        'adapter.scale': 'adaptmlp.scale',
    },
    prompts='embeddings',
)
"""The authors' code (github.com/ShoufaChen/AdaptFormer): q, k and v apart."""

MMPRETRAIN = Layout(
    'mmpretrain',
    anchor='layers.0.ln1.weight',
    blocks='layers',
    top={
        'patch_embed.proj': 'patch_embed.projection',
        'norm': 'ln1',
        'fc_norm': 'ln2',
    },
    block={
        'norm1': 'ln1',
        'norm2': 'ln2',
        'mlp.fc1': 'ffn.layers.0.0',
        'mlp.fc2': 'ffn.layers.1',
        'ls1.gamma': 'attn.gamma1.weight',
        'ls2.gamma': 'ffn.gamma2.weight',
    },
)
"""MMPretrain's VisionTransformer."""

MMACTION = Layout(
    'mmaction',
    anchor='blocks.0.mlp.layers.0.0.weight',
    top={'patch_embed.proj': 'patch_embed.projection'},
    block={
        'mlp.fc1': 'mlp.layers.0.0',
        'mlp.fc2': 'mlp.layers.1',
        'ls1.gamma': 'gamma_1',
        'ls2.gamma': 'gamma_2',
    },
)
"""MMAction2's VisionTransformer (VideoMAE)."""

LAYOUTS = (ADAPTFORMER, MMPRETRAIN, MMACTION, TIMM)
