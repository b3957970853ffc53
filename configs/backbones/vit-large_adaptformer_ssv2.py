"""AdaptFormer-64 on SSv2 with a ViT-L. The paper has no figure for it."""

_base_ = '../adaptformer_ssv2.py'
arch = 'large'
