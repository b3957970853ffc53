"""One case for every registered host; the contract test refuses to start without.

A file is a family: it ends in a list ``CASES`` and is named here.
"""

from __future__ import annotations

from . import (
    image_swin,
    image_vit,
    video_mvit,
    video_swin,
    video_timesformer,
    video_uniformer,
    video_uniformerv2,
    video_videomae,
)
from .case import HostCase

FAMILIES = [
    image_swin,
    image_vit,
    video_mvit,
    video_swin,
    video_timesformer,
    video_uniformer,
    video_uniformerv2,
    video_videomae,
]

HOST_CASES: list[HostCase] = [case for family in FAMILIES for case in family.CASES]
