"""From a config to a runner."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from mmengine.config import Config
from mmengine.hooks import CheckpointHook
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmadapt import launch
from mmadapt.backbones.image import AdaptFormerViT
from mmadapt.errors import ConfigError, DataError
from mmadapt.hooks import AdapterCheckpointHook, FrozenTrunkHook


def amp_config(kind: str = 'OptimWrapper') -> Config:
    wrapper = {'type': kind, 'optimizer': {'type': 'SGD', 'lr': 0.1}}
    return Config({'optim_wrapper': wrapper})


def test_amp_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, 'get_device', lambda: 'cpu')
    cfg = amp_config('AmpOptimWrapper')
    cfg.optim_wrapper.update(loss_scale='dynamic', dtype='float16')
    launch.use_amp(cfg)
    assert cfg.optim_wrapper.type == 'CpuAmpOptimWrapper'
    assert {*cfg.optim_wrapper} == {'type', 'optimizer'}


def test_amp_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, 'get_device', lambda: 'cuda')
    cfg = amp_config()
    launch.use_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'


def test_amp_refuses_another_wrapper() -> None:
    with pytest.raises(ConfigError, match='DeepSpeedOptimWrapper'):
        launch.use_amp(amp_config('DeepSpeedOptimWrapper'))


def adapted() -> nn.Module:
    arch = {
        'embed_dims': 48,
        'num_layers': 1,
        'num_heads': 4,
        'feedforward_channels': 96,
    }
    return AdaptFormerViT(
        arch=arch, img_size=32, patch_size=8, adapter={'bottleneck': 4}
    )


@pytest.mark.parametrize(
    ('model', 'hooks', 'warns'),
    [
        (adapted, [], True),
        (adapted, [FrozenTrunkHook()], False),
        (lambda: nn.Linear(2, 2), [CheckpointHook()], False),
    ],
)
def test_warns_where_nothing_watches(
    model: Callable[[], nn.Module], hooks: list[Any], warns: bool
) -> None:
    runner = SimpleNamespace(model=model(), hooks=hooks)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        launch.warn_unwatched(runner)
    assert [('FrozenTrunkHook' in str(one.message)) for one in caught] == [True] * warns


def test_warns_where_whole_models_are_written() -> None:
    hooks = [FrozenTrunkHook(), CheckpointHook()]
    with pytest.warns(UserWarning, match=r"checkpoint=dict\(type='AdapterCheckpoint"):
        launch.warn_unwatched(SimpleNamespace(model=adapted(), hooks=hooks))
    hooks[1] = AdapterCheckpointHook()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        launch.warn_unwatched(SimpleNamespace(model=adapted(), hooks=hooks))


class Data(list[int]):
    """A dataset with classes."""

    def __init__(self, size: int, classes: tuple[str, ...]) -> None:
        super().__init__(range(size))
        self.metainfo = {'classes': classes}


def runner_of(size: int, train: tuple[str, ...], val: tuple[str, ...] | None) -> Any:
    def loop(size: int, classes: tuple[str, ...]) -> Any:
        loader = DataLoader(Data(size, classes), batch_size=4, drop_last=True)
        return SimpleNamespace(dataloader=loader)

    val_loop = None if val is None else loop(4, val)
    return SimpleNamespace(train_loop=loop(size, train), val_loop=val_loop)


def test_less_than_one_batch() -> None:
    with pytest.raises(DataError, match='3 samples, less than one batch of 4'):
        launch.check_loaders(runner_of(3, ('a', 'b'), None))
    launch.check_loaders(runner_of(4, ('a', 'b'), None))


@pytest.mark.parametrize(
    ('val', 'differ'), [(('a', 'c'), r"\['b', 'c'\]"), (('b', 'a'), 'their order')]
)
def test_other_classes_in_validation(val: tuple[str, ...], differ: str) -> None:
    with pytest.raises(DataError, match=differ):
        launch.check_loaders(runner_of(4, ('a', 'b'), val))
    launch.check_loaders(runner_of(4, ('a', 'b'), ('a', 'b')))


def test_our_errors_end_a_tool_with_their_text() -> None:
    def main() -> None:
        raise DataError('no such photo')

    with pytest.raises(SystemExit) as ended:
        launch.run(main)
    assert ended.value.code == 'DataError: no such photo'  # printed, status 1

    def broken() -> None:
        raise KeyError('a bug')

    with pytest.raises(KeyError):
        launch.run(broken)


class Broken(Dataset):
    """Data whose samples can't be read."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> None:
        try:
            raise DataError('the decoder says no')
        except DataError as error:
            raise DataError(f'clip {index}: {error} Mend it.') from error


def test_an_error_in_a_worker_ends_a_tool_with_the_same_text() -> None:
    def main() -> None:
        next(iter(DataLoader(Broken(), num_workers=1)))

    with pytest.raises(SystemExit) as ended:
        launch.run(main)
    assert ended.value.code == 'DataError: clip 0: the decoder says no Mend it.'
