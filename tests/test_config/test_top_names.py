"""A variable that is one slip from a name that is read is refused."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from mmadapt.config.top_names import check_top_names, is_slip
from mmadapt.errors import ConfigError


@pytest.mark.parametrize(
    ('name', 'meant'),
    [
        ('custom_hoks', 'custom_hooks'),
        ('custom_hookss', 'custom_hooks'),
        ('custmo_hooks', 'custom_hooks'),
        ('randomnes', 'randomness'),
        ('optim_wraper', 'optim_wrapper'),
        ('trun', 'trunk'),
        ('vel_cfg', 'val_cfg'),
    ],
)
def test_slips(name: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"nothing reads '{name}'. .*mean '{meant}'"):
        check_top_names(Config({name: 1}))


def test_default_hooks() -> None:
    """MMEngine would add its own, and the schedule would take two steps at once."""
    hook = {'type': 'ParamSchedulerHook'}
    with pytest.raises(ConfigError, match=r"mean 'default_hooks\.param_scheduler'"):
        check_top_names(Config({'default_hooks': {'param_schduler': hook}}))
    own = {'param_scheduler': hook, 'param_schduler': hook, 'frozen_trunk': hook}
    check_top_names(Config({'default_hooks': own}))


def test_variables_of_ones_own_are_left_alone() -> None:
    names = ('train_pipeline', 'test_pipeline', 'dataset', 'schedule', 'epochs', 'x')
    check_top_names(Config(dict.fromkeys(names, 1)))
    both = Config({'val_cfg': {}, 'vel_cfg': 1})  # what it might have been is there
    check_top_names(both)


@pytest.mark.parametrize('word', ['model', 'modle_', 'dome', 'm', '', 'models2'])
def test_no_slip(word: str) -> None:
    assert not is_slip(word, 'model')
