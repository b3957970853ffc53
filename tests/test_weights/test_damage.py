"""A file with a flipped bit, or cut short, is refused or is what it was."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from mmadapt.errors import AdaptError, WeightsError
from mmadapt.weights import check_task_state, load_weights, read_checkpoint

from ..helpers import build_image_vit
from . import foreign
from .models import same, snapshot
from .test_stamp import build, task_of, trained

FLIPS = 300
CUTS = 40


def damaged(whole: bytes) -> Iterator[tuple[str, bytes]]:
    """Copies of a file, each with one fault."""
    places = random.Random(0)
    for _ in range(FLIPS):
        place, bit = places.randrange(len(whole)), places.randrange(8)
        spoilt = bytearray(whole)
        spoilt[place] ^= 1 << bit
        yield f'bit {bit} of byte {place}', bytes(spoilt)
    for _ in range(CUTS):
        length = places.randrange(len(whole))
        yield f'cut at {length}', whole[:length]


def test_task_files(tmp_path: Path) -> None:
    file = tmp_path / 'task.pth'
    state = task_of(trained())
    torch.save({'state_dict': state, 'meta': {'epoch': 3}}, file)
    model, refused = build(), 0
    for what, content in damaged(file.read_bytes()):
        file.write_bytes(content)
        try:
            found = read_checkpoint(file)['state_dict']
            check_task_state(model, found)
        except AdaptError:
            refused += 1
            continue
        assert found.keys() == state.keys(), what
        for name, tensor in state.items():
            assert torch.equal(found[name], tensor), f'{what}: {name}'
    assert refused > FLIPS / 2 + CUTS - 1


def test_trunks(tmp_path: Path) -> None:
    file = tmp_path / 'trunk.pth'
    torch.save({'model': foreign.timm_state()}, file)
    whole = file.read_bytes()
    model = build_image_vit()
    load_weights(model, file)
    before = snapshot(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    blank = snapshot(model)
    for what, content in damaged(whole):
        file.write_bytes(content)
        try:
            load_weights(model, file)
        except WeightsError:
            assert same(model, blank), what
            continue
        assert same(model, before), what
        model.load_state_dict(blank)


def test_a_whole_model_with_another_adapter_of_the_same_shape() -> None:
    """The scale is no tensor: without the stamp nothing would tell."""
    donor = trained(adapter={'bottleneck': 8, 'scale': 1.0})
    model = build()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(WeightsError, match=r'adapter scale: the file has 1\.0, the m'):
        load_weights(model, donor.state_dict())
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    load_weights(model, trained().state_dict())


@pytest.mark.parametrize('kind', [torch.float16, torch.bfloat16, torch.float64])
def test_the_fingerprint_is_of_values_not_of_their_type(kind: torch.dtype) -> None:
    stored = {
        name: tensor.to(kind) if tensor.is_floating_point() else tensor
        for name, tensor in foreign.timm_state().items()
    }
    again = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in stored.items()
    }
    first, second = (
        load_weights(build_image_vit(), state).record for state in (stored, again)
    )
    assert first.fingerprint == second.fingerprint
    original = load_weights(build_image_vit(), foreign.timm_state()).record
    assert (original.fingerprint == first.fingerprint) is (kind == torch.float64)
