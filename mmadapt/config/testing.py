"""What the arguments of ``tools/test.py`` change in a config."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from mmengine.config import Config, ConfigDict

from ..errors import ConfigError
from .places import walk

__all__ = ['add_dump', 'add_tta', 'show_results']

# Library -> its visualizer, and our hook in place of its own.
PICTURES = {
    'mmpretrain': ('UniversalVisualizer', 'ShowImageHook'),
    'mmaction': ('mmengine.Visualizer', 'ShowClipHook'),
}


def add_dump(cfg: Config, file: str) -> None:
    """Write the predictions to ``file`` after testing.

    Raises:
        ConfigError: The file isn't a pickle by name, or the config has no evaluator.
    """
    if not file.endswith(('.pkl', '.pickle')):
        raise ConfigError(
            f'{file}: predictions are written as a pickle; name it .pkl. For the '
            'metrics as text, use --out FILE.json --out-item metrics.'
        )
    if not cfg.get('test_evaluator'):
        raise ConfigError(f'{cfg.filename} has no test_evaluator to dump from.')
    present = cfg.test_evaluator
    metrics = list(present) if isinstance(present, (list, tuple)) else [present]
    cfg.test_evaluator = [*metrics, {'type': 'DumpResults', 'out_file_path': file}]


def add_tta(cfg: Config) -> None:
    """Average over augmented copies of each sample.

    Raises:
        ConfigError: The config has no such augmentation, and isn't for images.
    """
    image = cfg.get('default_scope') == 'mmpretrain'
    if not image and ('tta_model' not in cfg or 'tta_pipeline' not in cfg):
        raise ConfigError(
            f'--tta: {cfg.filename} has no tta_model and tta_pipeline. Clips are '
            'averaged over views by the test pipeline itself (num_clips, ThreeCrop).'
        )
    for _, dataset in walk(cfg.test_dataloader.dataset):
        if not dataset.get('pipeline'):
            continue
        if 'tta_pipeline' in cfg:
            dataset['pipeline'] = deepcopy(cfg.tta_pipeline)
        else:
            *before, last = dataset['pipeline']
            dataset['pipeline'] = [*before, flip_both_ways(last)]
    wrapper = cfg.get('tta_model') or {'type': 'mmpretrain.AverageClsScoreTTA'}
    cfg.model = ConfigDict(**wrapper, module=cfg.model)


def flip_both_ways(last: Any) -> dict[str, Any]:
    """The transform that packs a sample, and its mirror image beside it."""
    flips = [{'type': 'RandomFlip', 'prob': prob} for prob in (1.0, 0.0)]
    return {'type': 'TestTimeAug', 'transforms': [flips, [last]]}


def show_results(
    cfg: Config, show: bool, folder: str | None, interval: int, wait_time: float
) -> None:
    """Draw predictions, in a window or into a folder.

    Raises:
        ConfigError: A config of another library, without a hook of its own.
    """
    scope = cfg.get('default_scope')
    hooks = cfg.setdefault('default_hooks', ConfigDict())
    if scope not in PICTURES and 'visualization' not in hooks:
        raise ConfigError(
            f'--show: {cfg.filename} has no default_hooks.visualization, and none is '
            f'known for default_scope={scope!r}; known: {", ".join(PICTURES)}.'
        )
    visualizer, hook = PICTURES.get(scope, ('mmengine.Visualizer', 'VisualizationHook'))
    if not cfg.get('visualizer'):
        backends = [{'type': 'LocalVisBackend'}]
        cfg.visualizer = {'type': visualizer, 'vis_backends': backends}
    drawing = dict(hooks.get('visualization') or {'type': hook})
    if drawing['type'] == 'VisualizationHook':
        drawing['type'] = hook
    drawing.update(
        enable=True, show=show, out_dir=folder, interval=interval, wait_time=wait_time
    )
    hooks.visualization = drawing
