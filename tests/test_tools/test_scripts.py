"""The launch scripts hand on what they are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.test_tools.cli import ROOT

# Writes its arguments one a line, then the variables that the program would read.
STUB = """#!/bin/sh
printf '%s\\n' "$@"
echo "PYTHONPATH=$PYTHONPATH"
echo "MASTER_PORT=$MASTER_PORT"
"""


def call(tmp_path: Path, script: str, *argv: str, **variables: str) -> list[str]:
    """The lines that the stub of python or srun printed."""
    for name in ('python', 'srun'):
        (tmp_path / name).write_text(STUB)
        (tmp_path / name).chmod(0o755)
    path = f'{tmp_path}:{os.environ["PATH"]}'
    ended = subprocess.run(
        [str(ROOT / 'tools' / script), *argv],
        capture_output=True,
        text=True,
        env={'PATH': path, 'PYTHONPATH': '/mine', **variables},
        cwd=tmp_path,
        check=True,
    )
    return ended.stdout.splitlines()


@pytest.mark.parametrize(
    ('script', 'given', 'restarts', 'tool'),
    [
        ('dist_train.sh', ['a b.py', '4'], ['0'], ['train.py', 'a b.py']),
        ('dist_test.sh', ['a b.py', 't.pth', '4'], [], ['test.py', 'a b.py', 't.pth']),
    ],
)
def test_torchrun(
    tmp_path: Path, script: str, given: list[str], restarts: list[str], tool: list[str]
) -> None:
    nodes = {'NNODES': '2', 'NODE_RANK': '1', 'PORT': '1234', 'MASTER_ADDR': 'host'}
    lines = call(tmp_path, script, *given, '--work-dir', 'x y', **nodes)
    assert lines[:7] == [
        '-m',
        'torch.distributed.run',
        '--nnodes=2',
        '--node-rank=1',
        '--master-addr=host',
        '--master-port=1234',
        '--nproc-per-node=4',
    ]
    *options, program = lines[7 : 8 + len(restarts)]
    assert options == [f'--max-restarts={number}' for number in restarts]
    assert program == str(ROOT / 'tools' / tool[0])
    arguments = lines[8 + len(restarts) : -2]
    assert arguments == [*tool[1:], '--launcher', 'pytorch', '--work-dir', 'x y']
    assert f'PYTHONPATH={ROOT}:/mine' in lines


@pytest.mark.parametrize(
    ('given', 'resume'),
    [([], ['--resume']), (['--resume', 'a.pth'], []), (['--resume'], [])],
)
def test_a_restart_resumes(tmp_path: Path, given: list[str], resume: list[str]) -> None:
    lines = call(tmp_path, 'dist_train.sh', 'a.py', '2', *given, MAX_RESTARTS='3')
    assert '--max-restarts=3' in lines
    launched = lines[lines.index('pytorch') + 1 : -2]
    assert launched == [*resume, *given]


def test_one_node_by_default(tmp_path: Path) -> None:
    lines = call(tmp_path, 'dist_train.sh', 'a.py', '2')
    assert {'--nnodes=1', '--node-rank=0', '--master-port=29500'} < {*lines}


@pytest.mark.parametrize(
    ('script', 'given', 'tool'),
    [
        ('slurm_train.sh', ['part', 'job', 'a.py'], ['train.py', 'a.py']),
        (
            'slurm_test.sh',
            ['part', 'job', 'a.py', 't.pth'],
            ['test.py', 'a.py', 't.pth'],
        ),
    ],
)
def test_slurm(tmp_path: Path, script: str, given: list[str], tool: list[str]) -> None:
    sizes = {'GPUS': '4', 'CPUS_PER_TASK': '3', 'SRUN_ARGS': '--mem 8G --exclusive'}
    lines = call(tmp_path, script, *given, '--amp', **sizes)
    start = lines.index('python')
    assert lines[:start] == [
        '-p',
        'part',
        '--job-name=job',
        '--gres=gpu:4',
        '--ntasks=4',
        '--ntasks-per-node=4',
        '--cpus-per-task=3',
        '--kill-on-bad-exit=1',
        '--mem',
        '8G',
        '--exclusive',
    ]
    program = [str(ROOT / 'tools' / tool[0]), *tool[1:]]
    assert lines[start:-2] == [
        'python',
        '-u',
        *program,
        '--launcher',
        'slurm',
        '--amp',
    ]
    assert f'PYTHONPATH={ROOT}:/mine' in lines
    assert lines[-1] != 'MASTER_PORT='  # one of its own for each job


@pytest.mark.parametrize(
    'script', ['dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh']
)
def test_too_few_arguments(script: str) -> None:
    ended = subprocess.run(
        [str(ROOT / 'tools' / script), 'a.py'], capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert 'usage:' in ended.stderr
