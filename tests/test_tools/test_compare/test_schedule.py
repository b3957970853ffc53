"""The warm-up keeps its share of a training of another length."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare.methods import find_method
from compare.runs import Run, Settings
from compare.schedule import fitted_warmup

from mmadapt.config import load_config, merge_options
from tests.tasks import write_config
from tests.test_configs.test_build import CONFIGS


@pytest.mark.parametrize(
    ('config', 'epochs', 'warmup'),
    [
        ('adaptformer_cifar100.py', 20, 4.0),
        ('adaptformer_cifar100.py', 100, 20.0),
        ('adaptformer_ssv2.py', 9, 1.0),
        ('adaptformer_hmdb51.py', 1, 1 / 9),
        ('adaptformer_image_folder.py', 5, None),  # a tenth, whatever the length
        ('quickstart/image_adaptformer.py', 20, 2.0),
    ],
)
def test_shipped_configs(config: str, epochs: int, warmup: float | None) -> None:
    fitted = fitted_warmup(CONFIGS / config, epochs)
    assert fitted == (None if warmup is None else pytest.approx(warmup))


def test_a_training_gets_it_and_the_user_has_the_last_word(tmp_path: Path) -> None:
    def warmup(*options: str) -> float:
        settings = Settings(20, amp=False, options=options, warmup=4.0)
        run = Run(find_method('linear'), 0, None, tmp_path, tmp_path / 'c', settings)
        command = list(run.step().command)
        given = command[command.index('--cfg-options') + 1 :]
        cfg = load_config(CONFIGS / 'adaptformer_svhn.py')
        merge_options(cfg, dict(str(option).split('=') for option in given))
        return float(cfg.param_scheduler.warmup)

    assert warmup() == 4
    assert warmup('param_scheduler.warmup=3') == 3


def test_another_schedule_keeps_its_lengths_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = (
        "param_scheduler = [dict(type='LinearLR', end=5), dict(type='ConstantLR')]\n"
    )
    config = write_config(tmp_path / 'a.py', other)
    epochs = load_config(config).train_cfg.max_epochs
    assert fitted_warmup(config, epochs) is None
    assert not capsys.readouterr().out
    assert fitted_warmup(config, epochs + 1) is None
    assert 'keeps the lengths that it has' in capsys.readouterr().out
