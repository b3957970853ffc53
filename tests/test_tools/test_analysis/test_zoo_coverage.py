"""The coverage of the zoos: counts, refusals, and the page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from zoo.build import Coverage, Outcome
from zoo.configs import FAMILIES, find_configs
from zoo.report import BEGIN, END, crashes, markdown, write_into

from mmadapt.errors import ConfigError

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


def test_what_is_refused_says_why() -> None:
    coverage = Coverage()
    file = config('mmpretrain', 'revvit-small_8xb256_in1k.py')
    outcome = coverage.add('mmpretrain', file)
    assert outcome is not None and not outcome.crash and not outcome.adapters
    assert 'knows no adapter' in outcome.refusal
    assert crashes(coverage) == 0


def test_other_models_are_counted(tmp_path: Path) -> None:
    coverage = Coverage()
    coverage.add('mmpretrain', config('mmpretrain', 'resnet18_8xb16_cifar10.py'))
    mae = next(f for p, f in find_configs() if f.name.startswith('mae_vit-base'))
    coverage.add('mmpretrain', mae)
    broken = tmp_path / 'broken.py'
    broken.write_text('model = ][')
    coverage.add('mmpretrain', broken)
    assert coverage.families == {}
    assert coverage.others['another backbone'] == 1
    assert coverage.others['MAE'] == 1
    assert sum(coverage.others.values()) == 3


def test_the_table_counts_and_shows_errors_that_are_not_ours() -> None:
    coverage = Coverage()
    key = ('mmpretrain', 'TNT')
    coverage.families[key] = [
        Outcome(adapters=24),
        Outcome(adapters=12),
        Outcome(refusal='a | b'),
        Outcome(crash='KeyError'),
    ]
    table = markdown(coverage)
    row = '| mmpretrain | TNT | 4 | 2 | 12 to 24 | 1: a \\| b 1: **KeyError** |'
    assert row in table
    assert '| | all | 4 | 2 (50.0 %) | | |' in table
    assert crashes(coverage) == 1


def test_the_page_keeps_what_is_around_the_table(tmp_path: Path) -> None:
    page = tmp_path / 'page.md'
    page.write_text(f'head\n{BEGIN}\nold\n{END}\ntail\n')
    write_into(page, 'new')
    assert page.read_text() == f'head\n{BEGIN}\n\nnew\n\n{END}\ntail\n'
    page.write_text('no place')
    with pytest.raises(ConfigError, match='no place for the table'):
        write_into(page, 'new')


def test_the_page_in_docs_is_of_these_families_and_nothing_crashed() -> None:
    table = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
    rows = [line.split('|')[1:4] for line in table.splitlines() if '| mm' in line]
    shown = {(package.strip(), family.strip()) for package, family, _ in rows}
    assert shown == {(p, family) for p in FAMILIES for family in FAMILIES[p]}
    assert '**' not in table
