"""Photos and clips that are broken, asked for alone or in the midst of a data set."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from mmadapt.datasets.data_files import look_at
from mmadapt.datasets.video_jobs import attempt

from .case import Case
from .commands import Inputs
from .damage import damage
from .media import decodes
from .scene import Scene

__all__ = ['break_sample']

TOOLS = ('predict', 'train', 'predict', 'test')


def break_sample(name: str) -> Callable[..., Case]:
    """What breaks a photo or a clip.

    Args:
        name: ``'image'`` or ``'video'``.
    """

    def broken(
        scenes: dict[str, Scene], folder: Path, own: random.Random, turn: int
    ) -> Case:
        scene, tool = scenes[name], TOOLS[turn % len(TOOLS)]
        sample = own.choice(scene.samples)
        if tool == 'predict':
            file = folder / sample.name
            inputs, whole = Inputs(sample=file), Inputs(sample=sample)
        else:
            data = folder / 'data'
            shutil.copytree(scene.data, data)
            file = data / sample.relative_to(scene.data)
            inputs, whole = Inputs(data=data), Inputs()
        round_, rest = divmod(turn, 4)
        if round_ % 4 == 3:
            others = OTHERS[name]
            fault = others[(round_ // 4 + rest) % len(others)](sample, file)
        else:
            content, fault = damage(sample.read_bytes(), own, turn - round_ // 4)
            file.write_bytes(content)
        return Case(
            kind=name,
            fault=f'{sample.name}: {fault}',
            tool=tool,
            scene=scene,
            inputs=inputs,
            whole=whole,
            names=(file.name,),
            sound=decodes(file),
            foretold=tool != 'predict' and is_named(file, sample, name),
        )

    return broken


def is_named(file: Path, sample: Path, kind: str) -> bool:
    """Whether the check of a dataset finds something wrong, or odd, with a file.

    Args:
        file: It.
        sample: The file as it was, whose own oddities don't count.
        kind: ``'image'`` or ``'video'``.
    """
    told = {'image': 'photo', 'video': 'clip'}[kind]
    found, problem = attempt(look_at, (str(file), told))
    if problem is not None or found is None:
        return True
    return bool(set(found.notes) - set(look_at((str(sample), told)).notes))


def missing(sample: Path, file: Path) -> str:
    """No file."""
    file.unlink(missing_ok=True)
    return 'missing'


def a_folder(sample: Path, file: Path) -> str:
    """A folder of its name."""
    file.unlink(missing_ok=True)
    file.mkdir()
    return 'a folder'


def dangling(sample: Path, file: Path) -> str:
    """A link to nothing."""
    file.unlink(missing_ok=True)
    file.symlink_to(file.with_name('nowhere'))
    return 'a link to nothing'


def a_photo(sample: Path, file: Path) -> str:
    """A photo under the name of a clip."""
    picture = np.full((40, 40, 3), 99, np.uint8)
    file.write_bytes(cv2.imencode('.png', picture)[1].tobytes())
    return 'a photo'


def a_clip(sample: Path, file: Path) -> str:
    """A clip under the name of a photo."""
    file.write_bytes(b'\x00\x00\x00\x20ftypisom' + bytes(2000))
    return 'a clip'


def sound_alone(sample: Path, file: Path) -> str:
    """Sound without a picture."""
    with av.open(str(file), 'w', format='matroska') as container:
        stream = container.add_stream('pcm_s16le', rate=8000, layout='mono')
        samples = np.zeros((1, 8000), dtype=np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format='s16', layout='mono')
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return 'sound without a picture'


def other_codec(sample: Path, file: Path) -> str:
    """A codec that there is not."""
    content = sample.read_bytes()
    for code in (b'avc1', b'mp4v', b'V_MPEG4/ISO/AVC', b'FMP4', b'fmp4'):
        content = content.replace(code, b'zz' + code[2:])
    file.write_bytes(content)
    return 'an unknown codec'


OTHERS: dict[str, tuple[Callable[[Path, Path], str], ...]] = {
    'image': (missing, a_folder, dangling, a_clip),
    'video': (missing, a_photo, sound_alone, other_codec, a_folder, dangling),
}
