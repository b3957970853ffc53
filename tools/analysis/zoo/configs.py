"""The configs of the installed zoos, and what their backbones are."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

__all__ = ['FAMILIES', 'OTHERS', 'PURPOSES', 'find_configs']

PACKAGES = ('mmpretrain', 'mmaction')

PURPOSES = ('ImageClassifier', 'Recognizer2D', 'Recognizer3D')
"""Models that classify images or clips of one backbone."""

OTHERS = {
    'self-supervised': (
        'BEiT BYOL BarlowTwins CAE DenseCL EVA MAE MFF MILAN MaskFeat MixMIM MoCo '
        'MoCoV3 SimCLR SimMIM SimSiam SparK SwAV iTPN'
    ),
    'multimodal': (
        'Blip2Caption Blip2VQA BlipCaption BlipGrounding BlipNLVR BlipVQA CLIPZeroShot '
        'ChineseCLIP Flamingo Llava MiniGPT4 OFA Otter VindLUVQA'
    ),
    'retrieval': (
        'Blip2Retrieval BlipRetrieval CLIPSimilarity ImageToImageRetriever '
        'VindLURetrieval VindLURetrievalMC'
    ),
    'detection': 'FastRCNN',
    'temporal localisation': 'BMN DRN PEM TCANet TEM',
    'skeletons, sound or several inputs': (
        'MMRecognizer3D RecognizerAudio RecognizerGCN RecognizerOmni'
    ),
}
"""Models for other ends; one that isn't here either is counted by its own name."""

FAMILIES = {
    'mmpretrain': (
        'VisionTransformer',
        'XCiT',
        'RIFormer',
        'BEiTViT',
        'SwinTransformer',
        'SwinTransformerV2',
        'LeViT',
        'DeiT3',
        'ViTEVA02',
        'TinyViT',
        'EdgeNeXt',
        'PoolFormer',
        'DistilledVisionTransformer',
        'MViT',
        'Conformer',
        'DaViT',
        'HiViT',
        'MobileViT',
        'EfficientFormer',
        'ViTSAM',
        'T2T_ViT',
        'PCPVT',
        'SVT',
        'MixMIMTransformer',
        'RevVisionTransformer',
        'MoCoV3ViT',
        'TNT',
        'MlpMixer',
        'ConvNeXt',
    ),
    'mmaction': (
        'UniFormerV2',
        'MViT',
        'SwinTransformer3D',
        'VisionTransformer',
        'TimeSformer',
        'UniFormer',
        'timm',
    ),
}
"""Backbones that are transformers, or built of blocks like theirs, by framework."""


def find_configs() -> list[tuple[str, Path]]:
    """Package and file of every config of the installed zoos, bases left out."""
    found = []
    for package in PACKAGES:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or []) if spec else []:
            configs = Path(root) / '.mim' / 'configs'
            files = sorted(configs.rglob('*.py'))
            found += [(package, f) for f in files if '_base_' not in f.parts]
    return found
