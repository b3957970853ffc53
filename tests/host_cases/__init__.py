"""One case for every registered host; the contract test refuses to start without.

A file is a family: it ends in a list ``CASES`` and is named here.
"""

from __future__ import annotations

from importlib.util import find_spec

from . import (
    image_beit,
    image_conformer,
    image_convnext,
    image_davit,
    image_deit3,
    image_edgenext,
    image_efficientformer,
    image_eva02,
    image_hivit,
    image_levit,
    image_mixer,
    image_mixmim,
    image_mobilevit,
    image_mvit,
    image_poolformer,
    image_revvit,
    image_riformer,
    image_sam,
    image_swin,
    image_swin_v2,
    image_t2t,
    image_tinyvit,
    image_tnt,
    image_twins,
    image_vit,
    image_xcit,
    video_mvit,
    video_swin,
    video_timesformer,
    video_uniformer,
    video_uniformerv2,
    video_videomae,
)
from .case import HostCase

FAMILIES = [
    image_beit,
    image_conformer,
    image_convnext,
    image_davit,
    image_deit3,
    image_edgenext,
    image_efficientformer,
    image_eva02,
    image_hivit,
    image_levit,
    image_mixer,
    image_mixmim,
    image_mobilevit,
    image_mvit,
    image_poolformer,
    image_revvit,
    image_riformer,
    image_sam,
    image_swin,
    image_swin_v2,
    image_t2t,
    image_tinyvit,
    image_tnt,
    image_twins,
    image_vit,
    image_xcit,
    video_mvit,
    video_swin,
    video_timesformer,
    video_uniformer,
    video_uniformerv2,
    video_videomae,
]
# Hosts outside the two frameworks; test_timm.py and test_transformers.py say in their
# skips where these weren't there to be tested.
if find_spec('timm') is not None:
    from . import timm_blocks

    FAMILIES.append(timm_blocks)
if find_spec('transformers') is not None:
    from . import transformers_layers

    FAMILIES.append(transformers_layers)

HOST_CASES: list[HostCase] = [case for family in FAMILIES for case in family.CASES]
