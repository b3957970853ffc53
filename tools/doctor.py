"""What is installed, what is wrong with it, and what to do: one page.

    python tools/doctor.py

Needs nothing but Python itself to start, and changes nothing. Ends with 1 where
something has to be done before mmadapt works. Paste the page into a bug report.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if (ROOT / 'mmadapt').is_dir():  # a checkout that isn't installed
    sys.path.insert(0, str(ROOT))

PYTHONS = ((3, 10), (3, 12))
PACKAGES = (
    *('torch', 'torchvision', 'numpy', 'mmengine', 'mmcv-lite', 'mmcv', 'mmpretrain'),
    *('mmaction2', 'decord', 'av', 'timm', 'transformers'),
)
RANGES = {
    'torch': ((2, 5), (3,)),
    'numpy': ((1, 26), (3,)),
    'mmengine': ((0, 10, 7), (0, 11)),
    'mmcv-lite': ((2, 1), (2, 2)),
    'mmcv': ((2, 0), (2, 2)),
    'mmpretrain': ((1, 2), (1, 3)),
    'mmaction2': ((1, 2), (1, 3)),
}
"""From this release on, and up to that one; those of pyproject.toml."""

LITTLE_SHARED_MEMORY = 2**30


@dataclass(frozen=True)
class Finding:
    """One line of the page: ``status`` is 'ok', 'note' or 'problem'."""

    status: str
    what: str
    advice: str = ''


ok = partial(Finding, 'ok')
note = partial(Finding, 'note')  # works, with something to know
problem = partial(Finding, 'problem')


def check_machine() -> Iterator[Finding]:
    """The interpreter, the cores, and the memory that data workers share."""
    version = platform.python_version()
    least, most = ('.'.join(map(str, v)) for v in PYTHONS)
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        yield ok(f'Python {version}, {platform.system()} on {platform.machine()}')
    else:
        yield problem(f'Python {version}', f'use Python {least} to {most}')
    yield ok(f'{os.cpu_count()} cores')
    shared = Path('/dev/shm')
    if shared.is_dir():
        size = shutil.disk_usage(shared).total
        if size < LITTLE_SHARED_MEMORY:
            yield note(
                f'{shared} has {size / 2**20:.0f} MiB',
                'workers may die of it: docker run --shm-size=8g, or '
                'train_dataloader.num_workers=0',
            )


def check_packages() -> Iterator[Finding]:
    """What is installed, beside what is asked for."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    listing = ', '.join(f'{name} {version}' for name, version in found.items())
    yield ok(listing or 'no package that mmadapt uses')
    for name, (least, above) in RANGES.items():
        release = release_of(found[name]) if name in found else least
        if not least <= release < above:
            ends = ('.'.join(map(str, end)) for end in (least, above))
            wanted = '>={},<{}'.format(*ends)
            yield problem(
                f'{name} {found[name]} is out of range', f"pip install '{name}{wanted}'"
            )
    for name in ('torch', 'torchvision', 'mmengine'):
        if name not in found:
            yield problem(f'{name} is not installed', f'pip install {name}')
    if 'mmcv' not in found and 'mmcv-lite' not in found:
        yield problem('neither mmcv-lite nor mmcv', "pip install 'mmcv-lite>=2.1,<2.2'")
    if {'mmcv', 'mmcv-lite'} <= found.keys():
        yield problem(
            'mmcv and mmcv-lite, which overwrite each other',
            'pip uninstall both, then install one again',
        )
    if 'mmpretrain' not in found and 'mmaction2' not in found:
        yield problem(
            'neither mmpretrain nor mmaction2', "pip install 'mmpretrain>=1.2,<1.3'"
        )
    for name, purpose in (('mmpretrain', 'images'), ('mmaction2', 'clips')):
        if name not in found:
            yield note(f'{name} is not installed: no {purpose}')


def release_of(version: str) -> tuple[int, ...]:
    """The numbers that a version starts with."""
    numbers = []
    for part in version.split('+')[0].split('.'):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def check_torch() -> Iterator[Finding]:
    """Whether torch and torchvision are of one build."""
    torch = import_module('torch')
    vision = import_module('torchvision')
    boxes = torch.zeros(1, 4)
    vision.ops.nms(boxes, boxes[:, 0], 0.5)
    yield ok(f'torch and torchvision fit, {torch.get_num_threads()} threads')


def check_gpu() -> Iterator[Finding]:
    """Whether a GPU is there and computes."""
    torch = import_module('torch')
    if not torch.cuda.is_available():
        built = torch.version.cuda
        reason = f'torch is built for CUDA {built}' if built else 'a CPU build of torch'
        yield note(f'no GPU in use ({reason})', 'training runs on the CPU')
        return
    for index in range(torch.cuda.device_count()):
        device = torch.device('cuda', index)
        square = torch.ones(8, 8, device=device)
        if float((square @ square).sum()) != 512:
            yield problem(f'GPU {index} computes wrongly', 'reinstall its driver')
            return
        properties = torch.cuda.get_device_properties(device)
        memory = properties.total_memory / 2**30
        # From Ampere on in hardware; torch counts older ones that imitate it too.
        half = 'bf16 or fp16' if properties.major >= 8 else 'fp16'
        name = torch.cuda.get_device_name(device)
        yield ok(f'GPU {index}: {name}, {memory:.0f} GiB, --amp with {half} possible')


def check_mmadapt() -> Iterator[Finding]:
    """Whether it can be imported, and which faults of others it mends here."""
    mmadapt = import_module('mmadapt')
    hosts = import_module('mmadapt.hosts').HOSTS
    yield ok(f'mmadapt {mmadapt.__version__}, {len(hosts)} kinds of blocks')
    mended = [name for name, needed in mmadapt.compat.MENDED.items() if needed]
    yield ok(f'mended: {", ".join(mended) or "nothing needed it"}')


def check_decoding() -> Iterator[Finding]:
    """Whether each decoder reads back a clip that is written here."""
    readers = import_module('mmadapt.datasets.readers').READERS
    with tempfile.TemporaryDirectory() as folder:
        clip = write_clip(Path(folder) / 'clip.mp4')
        if clip is None:
            yield note(
                'decoders not tried: PyAV, which would write a clip, is not installed',
                "pip install 'av>=17,<20'",
            )
            return
        working = []
        for reader in readers:
            name = reader.__name__
            try:
                frames = reader(str(clip)).read([0, 3])
                if len(frames) == 2 and frames[0].shape == (32, 32, 3):
                    working.append(name)
            except Exception as error:
                yield note(f'{name} does not decode: {type(error).__name__}: {error}')
    if working:
        yield ok(f'h264 is decoded by {", ".join(working)}')
    else:
        yield problem('no decoder reads h264', "pip install 'decord>=0.6' 'av>=17'")


def write_clip(file: Path) -> Path | None:
    """Eight grey frames as h264; None where PyAV isn't installed."""
    try:
        av = import_module('av')
    except ImportError:
        return None
    numpy = import_module('numpy')
    with av.open(str(file), 'w') as container:
        stream = container.add_stream('libx264', rate=8)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        stream.options = {'x264-params': 'bframes=0'}  # so that any reader takes it
        for index in range(8):
            grey = numpy.full((32, 32, 3), 30 * index, dtype='uint8')
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, 'rgb24')))
        container.mux(stream.encode())
    return file


CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    check_machine,
    check_packages,
    check_torch,
    check_gpu,
    check_mmadapt,
    check_decoding,
)


def examine(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a check finds; an error of its own is a problem too."""
    try:
        yield from check()
    except Exception as error:
        text = ' '.join(f'{type(error).__name__}: {error}'.split())
        yield problem(
            f'{check.__name__} failed: {text[:300]}',
            'pip install -r requirements.txt in a new environment',
        )


def main() -> None:
    """Print the page."""
    findings = [finding for check in CHECKS for finding in examine(check)]
    for finding in findings:
        advice = f' -> {finding.advice}' if finding.advice else ''
        print(f'[{finding.status:7}] {finding.what}{advice}')
    problems = sum(finding.status == 'problem' for finding in findings)
    print(f'\n{problems or "no"} problem(s)')
    sys.exit(1 if problems else 0)


if __name__ == '__main__':
    main()
