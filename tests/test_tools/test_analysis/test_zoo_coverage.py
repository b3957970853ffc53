"""The coverage of the zoos: counts, refusals, and the page that shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmpretrain.models.backbones.revvit import RevTransformerEncoderLayer
from mmpretrain.models.backbones.xcit import ClassAttentionBlock
from zoo import build as building
from zoo.build import Coverage, Outcome
from zoo.configs import FAMILIES, find_configs
from zoo.report import BEGIN, END, crashes, markdown, write_into

from mmadapt.errors import ConfigError
from mmadapt.hosts import HOSTS, REFUSED
from tests.test_tools.cli import run_tool

PAGE = Path(__file__).resolve().parents[3] / 'docs' / 'backbones.md'


def config(package: str, name: str) -> Path:
    return next(f for p, f in find_configs() if p == package and f.name == name)


def test_the_zoos_are_found_and_no_bases() -> None:
    found = find_configs()
    assert {package for package, _ in found} == {'mmpretrain', 'mmaction'}
    assert len(found) > 600
    assert not any('_base_' in file.parts for _, file in found)


@pytest.mark.parametrize(
    ('package', 'name', 'family', 'adapters'),
    [
        ('mmpretrain', 'tnt-s-p16_16xb64_in1k.py', 'TNT', 24),
        ('mmpretrain', 'swin-tiny_16xb64_in1k.py', 'SwinTransformer', 12),
        (
            'mmaction',
            'timesformer_divST_8xb8-8x32x1-15e_kinetics400-rgb.py',
            'TimeSformer',
            12,
        ),
    ],
)
def test_one_config_of_a_family(
    package: str, name: str, family: str, adapters: int
) -> None:
    coverage = Coverage()
    file = config(package, name)
    assert coverage.add(package, file) == Outcome(adapters=adapters)
    assert coverage.add(package, file, only='LeViT') is None
    assert coverage.families == {(package, family): [Outcome(adapters=adapters)]}


def test_what_is_refused_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(HOSTS, RevTransformerEncoderLayer)
    monkeypatch.setitem(REFUSED, RevTransformerEncoderLayer, 'it knows no adapter.')
    coverage = Coverage()
    file = config('mmpretrain', 'revvit-small_8xb256_in1k.py')
    outcome = coverage.add('mmpretrain', file)
    assert outcome is not None and not outcome.crash and not outcome.whole
    assert 'knows no adapter' in outcome.refusal
    assert crashes(coverage) == 0


def test_an_adapter_short_of_a_block_is_adapted_in_part(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(HOSTS, ClassAttentionBlock)
    coverage = Coverage()
    file = config('mmpretrain', 'xcit-nano-12-p16_8xb128_in1k.py')
    outcome = coverage.add('mmpretrain', file)
    assert outcome == Outcome(adapters=12, bare='2 ClassAttentionBlock')
    assert not outcome.whole
    assert '| 1 | 0 | 1 | 0 | 0 | 12 | 2 ClassAttentionBlock |' in markdown(coverage)


def test_an_error_that_is_not_ours_is_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise KeyError('a | b')

    monkeypatch.setattr(building, 'build', fail)
    coverage = Coverage()
    file = config('mmpretrain', 'tnt-s-p16_16xb64_in1k.py')
    outcome = coverage.add('mmpretrain', file)
    assert outcome is not None and outcome.crash.startswith('KeyError in test_zoo_')
    assert crashes(coverage) == 1
    assert '| 1 | 0 | 0 | 0 | 1 |  | **KeyError' in markdown(coverage)


def test_one_backbone_is_built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[Any] = []

    def adapt(package: str, backbone: Any) -> Outcome:
        built.append(backbone)
        return Outcome(adapters=1)

    monkeypatch.setattr(building, 'adapt', adapt)
    coverage = Coverage()
    for _ in range(2):
        coverage.add('mmpretrain', config('mmpretrain', 'swin-tiny_16xb64_in1k.py'))
    assert len(built) == 1
    assert coverage.families['mmpretrain', 'SwinTransformer'] == 2 * [Outcome(1)]


def test_other_models_are_counted_by_what_they_are_for(tmp_path: Path) -> None:
    texts = {
        'novel': "model = dict(type='Novel')",
        'frames': (
            "model = dict(type='FastRCNN', backbone=dict(type='mmaction.MViT'))"
        ),
        'points': "model = dict(type='RecognizerGCN', backbone=dict(type='STGCN'))",
        'empty': 'model = None',
        'broken': 'model = ][',
        'lacking': "model = __import__('nosuch')",
    }
    coverage = Coverage()
    for name, text in texts.items():
        file = tmp_path / f'{name}.py'
        file.write_text(text)
        assert coverage.add('mmaction', file) is None
    for name in (
        'resnet18_8xb16_cifar10.py',
        'mocov3_vit-base-p16_16xb256-amp-coslr-300e_in1k.py',
    ):
        assert coverage.add('mmpretrain', config('mmpretrain', name)) is None
    assert coverage.families == {}
    table = markdown(coverage)
    for row in (
        '| Novel | 1 |',
        '| detection (1 MViT) | 1 |',
        '| skeletons, sound or several inputs | 1 |',
        '| files without a model | 1 |',
        '| files that do not load | 1 |',
        '| files that lack an optional package | 1 |',
        '| classifiers with another backbone | 1 |',
        '| self-supervised (1 MoCoV3ViT) | 1 |',
    ):
        assert row in table
    assert sum(coverage.others.values()) == 8


def test_the_table_counts() -> None:
    coverage = Coverage()
    coverage.families['mmpretrain', 'TNT'] = [
        Outcome(adapters=24),
        Outcome(adapters=12),
        Outcome(adapters=6, bare='1 Block'),
        Outcome(refusal='a | b'),
        Outcome(crash='KeyError'),
    ]
    coverage.families['mmaction', 'MViT'] = [Outcome(adapters=10)]
    table = markdown(coverage)
    reasons = '1 Block; a \\| b; **KeyError**'
    assert f'| mmpretrain | TNT | 5 | 2 | 1 | 1 | 1 | 6 to 24 | {reasons} |' in table
    assert '| mmaction | MViT | 1 | 1 | 0 | 0 | 0 | 10 |  |' in table
    assert '| | all | 6 | 3 | 1 | 1 | 1 | | |' in table
    assert crashes(coverage) == 1


def test_the_command_on_one_family(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [
        ('mmpretrain', config('mmpretrain', name))
        for name in ('tnt-s-p16_16xb64_in1k.py', 'swin-tiny_16xb64_in1k.py')
    ]
    monkeypatch.setattr('zoo.configs.find_configs', lambda: files)
    run_tool(monkeypatch, 'analysis/zoo_coverage', '--only', 'TNT', '--verbose')
    shown = capsys.readouterr().out
    assert 'mmpretrain tnt-s-p16_16xb64_in1k.py: 24 adapters' in shown
    assert '| mmpretrain | TNT | 1 | 1 | 0 | 0 | 0 | 24 |  |' in shown
    assert '| mmpretrain | SwinTransformer |' not in shown


@pytest.mark.parametrize(
    ('argv', 'message'),
    [
        (['--only', 'SwinTransfomer'], "Did you mean 'SwinTransformer'"),
        (['--only', 'TNT', '--markdown', 'page.md'], 'leave --only out'),
    ],
)
def test_arguments_that_are_refused(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        run_tool(monkeypatch, 'analysis/zoo_coverage', *argv)


def test_the_page_keeps_what_is_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / 'page.md'
    page.write_text(f'head\n{BEGIN}\nold\n{END}\ntail\n')
    write_into(page, 'new')
    assert page.read_text() == f'head\n{BEGIN}\n\nnew\n\n{END}\ntail\n'
    page.write_text('no place')
    with pytest.raises(ConfigError, match='no place for the table'):
        write_into(page, 'new')
    write_into(tmp_path / 'new.md', 'new')
    assert (tmp_path / 'new.md').read_text() == f'{BEGIN}\n\nnew\n\n{END}\n'


def test_the_page_in_docs_is_of_these_families_and_nothing_crashed() -> None:
    table = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [line.split('|')[1:-1] for line in table.splitlines() if '| mm' in line]
    shown = {(row[0].strip(), row[1].strip()) for row in rows}
    assert shown == {(p, family) for p in FAMILIES for family in FAMILIES[p]}
    assert all(int(row[6]) == 0 for row in rows)
    assert '**' not in table
