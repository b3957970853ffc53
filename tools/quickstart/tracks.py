"""The steps of the quickstart: what runs, on what, and what it leaves."""

import json
from dataclasses import dataclass
from pathlib import Path

from common.steps import Step, python

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CONFIGS = ROOT / 'configs' / 'quickstart'

METHODS = {
    'linear': 'linear probing',
    'adaptformer': 'AdaptFormer-64',
    'full': 'full fine-tuning',
}
"""Config name and what a user reads, from few trained parameters to many."""

TOP1 = ('accuracy/top1', 'acc/top1')
"""MMPretrain's name, in percent, and MMAction2's, from 0 to 1."""


@dataclass(frozen=True)
class Track:
    """One of the two tasks.

    Args:
        name: Also the name of its data folder and of its configs.
        title: What a user reads.
        sample: One validation file, named here and not picked for its answer.
        chance: Top-1 in percent of a guess.
        size: Validation samples.
    """

    name: str
    title: str
    sample: str
    chance: float
    size: int


TRACKS = {
    'video': Track('video', 'motion in clips', 'val/0004.mp4', 12.5, 320),
    'image': Track('image', 'digits in images', 'val/4/1198_0.png', 10.0, 1194),
}


@dataclass(frozen=True)
class Run:
    """One method, trained on one track from one seed."""

    track: Track
    method: str
    seed: int
    root: Path

    @property
    def name(self) -> str:
        """Unique among the runs."""
        return f'{self.track.name}-{self.method}-{self.seed}'

    @property
    def folder(self) -> Path:
        """Work dir of the training."""
        return self.root / self.track.name / self.method / f'seed{self.seed}'

    @property
    def config(self) -> Path:
        """The ordinary config."""
        return CONFIGS / f'{self.track.name}_{self.method}.py'

    @property
    def title(self) -> str:
        """What a user reads."""
        return f'{self.track.title}, {METHODS[self.method]}'

    @property
    def sample(self) -> Path:
        """The file that the prediction is about."""
        return self.root / 'data' / self.track.name / self.track.sample

    def best(self) -> Path:
        """The task file without optimizer state: the last epoch, see the schedule."""
        return next(iter(sorted(self.folder.glob('best_*.pth'))))

    def top1(self) -> float:
        """Top-1 in percent, as tools/test.py wrote it."""
        found = sorted((self.folder / 'test').glob('*/*.json'))[-1]
        scores = json.loads(found.read_text())
        percent, fraction = (scores.get(name) for name in TOP1)
        return float(percent) if percent is not None else 100 * float(fraction)

    def steps(self) -> list[Step]:
        """Training, test and, for the first seed, one prediction."""
        track = self.track
        data = self.root / 'data' / track.name
        trunk = self.root / f'trunk_{track.name}.pth'
        options = ('--cfg-options', f'data_root={data}', f'trunk={trunk}')
        best = self.folder / 'best_*.pth'
        train = Step(
            name=f'train-{self.name}',
            title=f'{self.title}, training',
            command=python(
                ROOT / 'tools' / 'train.py',
                self.config,
                '--work-dir',
                self.folder,
                '--seed',
                str(self.seed),
                *options,
            ),
            needs=(f'prepare-{track.name}',),
            inputs=tuple(config_files()),
            folder=self.folder,
            outputs=(self.folder,),
        )
        test = Step(
            name=f'test-{self.name}',
            title=f'{self.title}, test',
            command=python(
                ROOT / 'tools' / 'test.py',
                self.config,
                best,
                '--work-dir',
                self.folder / 'test',
                *options,
            ),
            needs=(train.name,),
            folder=self.folder / 'test',
            outputs=(self.folder / 'test',),
        )
        predict = Step(
            name=f'predict-{self.name}',
            title=f'{self.title}, prediction',
            command=python(
                ROOT / 'tools' / 'predict.py',
                self.config,
                best,
                self.sample,
                *options,
            ),
            needs=(train.name,),
        )
        return [train, test, predict] if self.seed == 0 else [train, test]


def config_files() -> list[Path]:
    """What decides the trainings: these configs and the parts they share."""
    base = ROOT / 'configs' / '_base_'
    shared = [*base.glob('*.py'), *base.glob('*/digits*.py')]
    return sorted([*CONFIGS.glob('*.py'), *shared])


def prepare_step(track: Track, root: Path) -> Step:
    """Data and pre-training of one track."""
    sources = ['digits', f'digits_{track.name}', 'digits_image', 'pretrain', 'prepare']
    return Step(
        name=f'prepare-{track.name}',
        title=f'{track.title}, data and pre-training',
        command=python(HERE / 'prepare.py', track.name, root),
        inputs=tuple(HERE / f'{source}.py' for source in sources),
        outputs=(root / 'data' / track.name, root / f'trunk_{track.name}.pth'),
    )


def all_runs(root: Path, seeds: int) -> list[Run]:
    """Every track and method, each from ``seeds`` seeds; the long ones first."""
    return [
        Run(track, method, seed, root)
        for seed in range(seeds)
        for track in TRACKS.values()
        for method in reversed(METHODS)
    ]


def all_steps(runs: list[Run], root: Path) -> list[Step]:
    """All steps, in the order in which they should start when they can."""
    steps = [prepare_step(track, root) for track in TRACKS.values()]
    per_run = [run.steps() for run in runs]
    longest = max(len(some) for some in per_run)
    for position in range(longest):
        steps += [some[position] for some in per_run if position < len(some)]
    return steps
