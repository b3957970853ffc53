"""Reading runs nothing that is in a file, and says what is wrong with it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from mmadapt.config import load_config, resolve_config
from mmadapt.errors import UntrustedFileError, WeightsError
from mmadapt.weights import load_weights, read_checkpoint, trust_checkpoint
from mmadapt.weights.reading import load_from_local, state_dict_of
from tests.helpers import build_image_vit
from tests.tasks import write_config

WEIGHTS = {'a': torch.arange(6.0).reshape(2, 3), 'b': torch.tensor(True)}


class Payload:
    """Makes a folder when it is unpickled: what an attacker would do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def save_torch(content: Any, file: Path) -> None:
    torch.save(content, file)


def save_old_torch(content: Any, file: Path) -> None:
    torch.save(content, file, _use_new_zipfile_serialization=False)


def save_pickle(content: Any, file: Path) -> None:
    file.write_bytes(pickle.dumps(content))


@pytest.mark.parametrize('save', [save_torch, save_old_torch])
def test_tensors_and_plain_python_come_back(save: Any, tmp_path: Path) -> None:
    file = tmp_path / 'file.pth'
    save({'state_dict': WEIGHTS, 'meta': {'epoch': 3, 'classes': ['x']}}, file)
    content = read_checkpoint(file)
    assert content['meta'] == {'epoch': 3, 'classes': ['x']}
    assert torch.equal(content['state_dict']['a'], WEIGHTS['a'])


def test_safetensors_come_back(tmp_path: Path) -> None:
    file = tmp_path / 'file.safetensors'
    save_file(WEIGHTS, file)
    content = read_checkpoint(str(file))
    assert torch.equal(content['a'], WEIGHTS['a'])
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(WeightsError, match='truncated'):
        read_checkpoint(file)


@pytest.mark.parametrize('save', [save_torch, save_old_torch, save_pickle])
def test_a_pickle_runs_only_when_its_own_file_is_trusted(
    save: Any, tmp_path: Path
) -> None:
    file, other, folder = (tmp_path / name for name in ('file', 'other', 'ran'))
    for path in (file, other):
        save({'state_dict': WEIGHTS, 'message_hub': Payload(folder)}, path)
    for reader in (read_checkpoint, load_from_local):
        with pytest.raises(UntrustedFileError, match=f'--trust-checkpoint {file}'):
            reader(str(file))
    assert not folder.exists()
    if save is save_pickle:
        return  # torch itself can't read those, trusted or not
    trust_checkpoint(tmp_path / 'x' / '..' / 'file')
    assert torch.equal(read_checkpoint(file)['state_dict']['a'], WEIGHTS['a'])
    assert folder.is_dir()
    with pytest.raises(UntrustedFileError):
        read_checkpoint(other)


def test_the_refusal_says_what_the_file_asks_for(tmp_path: Path) -> None:
    torch.save({'a': Payload(tmp_path / 'ran')}, tmp_path / 'file.pth')
    with pytest.raises(UntrustedFileError, match=r'posix\.mkdir|nt\.mkdir'):
        read_checkpoint(tmp_path / 'file.pth')


@pytest.mark.parametrize('save', [save_torch, save_old_torch])
@pytest.mark.parametrize('kept', [0, 3, 100, 0.5, 0.95])
def test_a_truncated_file_is_not_called_untrusted(
    save: Any, kept: float, tmp_path: Path
) -> None:
    file = tmp_path / 'file.pth'
    save({'model': {'weight': torch.randn(64, 64)}}, file)
    content = file.read_bytes()
    end = kept if isinstance(kept, int) else int(kept * len(content))
    file.write_bytes(content[:end])
    with pytest.raises(WeightsError, match='truncated or no checkpoint'):
        read_checkpoint(file)


@pytest.mark.parametrize(
    ('content', 'named'),
    [
        (b'<html>404</html>', 'no checkpoint'),
        (b'version https://git-lfs.github.com/spec/v1\n', 'no checkpoint'),
    ],
)
def test_a_file_that_is_no_checkpoint(
    content: bytes, named: str, tmp_path: Path
) -> None:
    file = tmp_path / 'file.pth'
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=named):
        read_checkpoint(file)


def test_missing_and_unfit_files(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='does not exist'):
        read_checkpoint(tmp_path / 'none.pth')
    with pytest.raises(WeightsError, match='does not exist'):
        read_checkpoint(tmp_path)
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(WeightsError, match='holds a list'):
        read_checkpoint(tmp_path / 'list.pth')


@pytest.mark.parametrize(
    'checkpoint',
    [
        WEIGHTS,
        {'state_dict': WEIGHTS, 'meta': {}},
        {'model': WEIGHTS, 'epoch': 3, 'args': None},
        {'module': WEIGHTS},
        {'model': {'module': WEIGHTS}},
        {**WEIGHTS, 'epoch': 3},
    ],
)
def test_the_state_dict_is_found(checkpoint: dict[str, Any]) -> None:
    assert state_dict_of(checkpoint).keys() == WEIGHTS.keys()


def test_no_tensors_is_an_error() -> None:
    with pytest.raises(WeightsError, match='epoch, optimizer'):
        state_dict_of({'epoch': 3, 'optimizer': {}})


def test_a_trunk_without_tensors_is_named(tmp_path: Path) -> None:
    """By what loads it, and by what reads the size of the model from it."""
    file = tmp_path / 'empty.pth'
    torch.save({'state_dict': {}}, file)
    message = r"'.*empty\.pth' holds no named tensors"
    with pytest.raises(WeightsError, match=message):
        load_weights(build_image_vit(), file)
    cfg = load_config(write_config(tmp_path / 'config.py'))
    cfg.trunk, cfg.num_classes = str(file), 2
    with pytest.raises(WeightsError, match=message):
        resolve_config(cfg, 'predict')


def test_no_flipped_bit_goes_unseen(tmp_path: Path) -> None:
    """Each of them is refused, or is one that doesn't matter (padding, dates)."""
    file = tmp_path / 'task.pth'
    torch.save({'state_dict': WEIGHTS}, file)
    whole = file.read_bytes()
    refused = 0
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            content = read_checkpoint(file)['state_dict']
        except (WeightsError, UntrustedFileError):
            refused += 1
        else:
            assert all(torch.equal(content[name], WEIGHTS[name]) for name in WEIGHTS)
    assert refused > 0


def test_a_flipped_bit_in_a_tensor_is_named(tmp_path: Path) -> None:
    file = tmp_path / 'task.pth'
    torch.save({'a': torch.zeros(4096)}, file)
    damaged = bytearray(file.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    file.write_bytes(damaged)
    assert torch.load(file, weights_only=True)['a'].abs().sum() > 0  # torch sees none
    with pytest.raises(WeightsError, match=r'damaged: the checksum of .*data/0'):
        read_checkpoint(file)


@pytest.mark.parametrize('name', ['model.safetensors', 'model.SAFETENSORS'])
def test_safetensors_behind_a_link(name: str, tmp_path: Path) -> None:
    """As in the cache of a hub: the link has the name, the file only a hash."""
    save_file({'weight': torch.arange(3.0)}, str(tmp_path / '0123abcd'))
    (tmp_path / name).symlink_to('0123abcd')
    assert torch.equal(read_checkpoint(tmp_path / name)['weight'], torch.arange(3.0))


@pytest.mark.parametrize('kind', [MemoryError, torch.OutOfMemoryError])
def test_no_memory_is_no_broken_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise kind('no room')

    torch.save(WEIGHTS, tmp_path / 'whole.pth')
    monkeypatch.setattr(torch, 'load', full)
    with pytest.raises(kind, match='no room'):
        read_checkpoint(tmp_path / 'whole.pth')
