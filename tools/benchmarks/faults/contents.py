"""What may be wrong in a checkpoint whose bytes are right."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ['META_FAULTS', 'STAMP_FAULTS', 'STATE_FAULTS', 'copied']

State = dict[str, Any]
Fault = Callable[[State, random.Random], str]
STAMP = 'task_stamp.stamp'


def weight(state: State, own: random.Random) -> str:
    """Name of one of the floating point tensors."""
    return own.choice(
        [n for n, t in state.items() if isinstance(t, Tensor) and t.is_floating_point()]
    )


def lacking(state: State, own: random.Random) -> str:
    """A weight is not there."""
    name = weight(state, own)
    del state[name]
    return f'{name} is lacking'


def renamed(state: State, own: random.Random) -> str:
    """A weight has a name with a slip of the pen."""
    name = weight(state, own)
    place = own.randrange(len(name))
    state[name[:place] + name[place + 1 :] + 'x'] = state.pop(name)
    return f'{name} is renamed'


def reshaped(state: State, own: random.Random) -> str:
    """A weight has another shape."""
    name = weight(state, own)
    tensor = state[name]
    one_more = torch.cat([tensor.reshape(-1), torch.zeros(1)])
    state[name] = own.choice([one_more, tensor.reshape(-1)[:1], tensor[None, None]])
    return f'{name} has the shape {tuple(state[name].shape)}'


def not_a_number(state: State, own: random.Random) -> str:
    """A value of a weight is NaN or infinite."""
    name = weight(state, own)
    value = own.choice([float('nan'), float('inf'), -float('inf')])
    state[name] = state[name].clone()
    state[name].view(-1)[own.randrange(state[name].numel())] = value
    return f'{name} has a value {value}'


def whole_numbers(state: State, own: random.Random) -> str:
    """A weight is of whole numbers, or true and false."""
    name = weight(state, own)
    kind = own.choice([torch.int64, torch.bool, torch.uint8])
    state[name] = state[name].to(kind)
    return f'{name} is {kind}'


def swapped(state: State, own: random.Random) -> str:
    """Two weights of one shape have each other's names."""
    names = [n for n, t in state.items() if isinstance(t, Tensor) and STAMP not in n]
    pairs = [
        (a, b)
        for a in names
        for b in names
        if a < b and state[a].shape == state[b].shape
        if not torch.equal(state[a], state[b])
    ]
    one, other = own.choice(pairs)
    state[one], state[other] = state[other], state[one]
    return f'{one} and {other} are swapped'


def no_tensor(state: State, own: random.Random) -> str:
    """A weight is something else than a tensor."""
    name = weight(state, own)
    state[name] = own.choice([None, 'weights', [1.0, 2.0], {'a': 1}, 3.0])
    return f'{name} is {state[name]!r}'


def moved(state: State, own: random.Random) -> str:
    """A single number is another one."""
    name = weight(state, own)
    state[name] = state[name].clone()
    state[name].view(-1)[own.randrange(state[name].numel())] += 0.5
    return f'a number of {name} is moved by 0.5'


def nothing(state: State, own: random.Random) -> str:
    """No weight is there."""
    state.clear()
    return 'no weights'


STATE_FAULTS: tuple[Fault, ...] = (
    lacking, renamed, reshaped, not_a_number, whole_numbers, swapped, no_tensor, moved,
    not_a_number, nothing,
)  # fmt: skip


def stamp_key(content: State) -> str:
    """The name of the stamp."""
    return next(n for n in content['state_dict'] if n.endswith(STAMP))


def stamped(content: State, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the document in a stamp."""
    key = stamp_key(content)
    document = json.loads(bytes(content['state_dict'][key].tolist()))
    change(document)
    text = json.dumps(document, sort_keys=True, separators=(',', ':'))
    content['state_dict'][key] = torch.tensor(list(text.encode()), dtype=torch.uint8)


def no_stamp(content: State, own: random.Random) -> str:
    """The stamp is lacking."""
    del content['state_dict'][stamp_key(content)]
    return 'no stamp'


def stamp_bits(content: State, own: random.Random) -> str:
    """A bit of the stamp is another."""
    key = stamp_key(content)
    stamp = content['state_dict'][key].clone()
    place = own.randrange(len(stamp))
    stamp[place] ^= 1 << own.randrange(8)
    content['state_dict'][key] = stamp
    return f'a bit of byte {place} of the stamp flipped'


def stamp_kind(content: State, own: random.Random) -> str:
    """The stamp is no text."""
    other = own.choice([torch.randn(7), torch.tensor(3), 'text', None, [1, 2]])
    content['state_dict'][stamp_key(content)] = other
    return f'the stamp is {type(other).__name__}'


def stamp_part(content: State, own: random.Random) -> str:
    """A part of the stamp is lacking, or of another kind."""
    value = own.choice([None, 3, 'x', [], {}, [[]], {'a': 1}])
    part = own.choice(['fingerprint', 'tensors', 'adapter', 'trainable', 'trained'])
    stamped(content, lambda document: document.update({part: value}))
    return f'{part} of the stamp is {value!r}'


def stamp_adapter(content: State, own: random.Random) -> str:
    """The stamp tells of another adapter."""
    name, value = own.choice([('bottleneck', 8), ('scale', 0.2), ('mode', 'x')])
    stamped(content, lambda document: document['adapter'][0].update({name: value}))
    return f'the stamp has {name}={value!r}'


def stamp_version(content: State, own: random.Random) -> str:
    """The stamp is of another version."""
    value = own.choice([2, 'x', None, 0])
    stamped(content, lambda document: document.update(version=value))
    return f'the stamp has version {value!r}'


STAMP_FAULTS: tuple[Fault, ...] = (
    no_stamp, stamp_bits, stamp_kind, stamp_part, stamp_adapter, stamp_version,
    stamp_bits, stamp_part,
)  # fmt: skip


def classes(content: State, own: random.Random) -> str:
    """The classes have other names."""
    names = own.choice([('red', 'blue'), ('blue', 'green'), ('blue', 'red', 'x')])
    content['meta']['dataset_meta'] = {'classes': names}
    return f'the classes are {names}'


def meta_kind(content: State, own: random.Random) -> str:
    """A part of meta is of another kind."""
    part = own.choice(['epoch', 'iter', 'seed', 'dataset_meta', 'cfg'])
    value = own.choice([None, 'x', -3, [1], {'a': 1}, 2.5])
    content['meta'][part] = value
    return f'meta.{part} is {value!r}'


def part_kind(content: State, own: random.Random) -> str:
    """A part of the file is of another kind."""
    part = own.choice(
        ['meta', 'optimizer', 'param_schedulers', 'message_hub', 'random_state',
         'position', 'state_dict']
    )  # fmt: skip
    value = own.choice([None, 'x', 3, [], {}, [{'a': 1}], {'a': torch.zeros(2)}])
    content[part] = value
    return f'{part} is {value!r}'


def optimizer_shape(content: State, own: random.Random) -> str:
    """The optimizer's state is of another model."""
    state = content['optimizer']['state']
    key = own.choice(sorted(state))
    how = own.randrange(3)
    if how == 0:
        state[key] = {n: torch.zeros(3) for n in state[key]}
    elif how == 1:
        content['optimizer']['param_groups'][0]['params'].pop()
    else:
        state[key]['exp_avg'] = torch.full_like(state[key]['exp_avg'], float('nan'))
    return f"the optimizer's state {key} is {('zeros(3)', 'one less', 'NaN')[how]}"


META_FAULTS: tuple[Fault, ...] = (classes, meta_kind, part_kind, optimizer_shape)


def copied(content: State) -> State:
    """A checkpoint with a state dict of its own."""
    return {**content, 'state_dict': dict(content['state_dict'])}
