"""The report counts right and shows every kind of tensor."""

from __future__ import annotations

from mmadapt.weights import LoadReport
from mmadapt.weights.coverage import format_rows


def test_coverage_counts_what_the_trunk_needs() -> None:
    assert LoadReport('f', 'timm', needed=150).coverage == '150/150'
    assert LoadReport('f', 'timm', missing=['a', 'b'], needed=150).coverage == '148/150'


def test_the_table_names_every_tensor_under_its_kind() -> None:
    report = LoadReport(
        'deit.pth', 'timm', unexpected=['head'], resized=['pos'], fresh=['n'], needed=2
    )
    assert report.table().splitlines() == [
        'deit.pth: layout timm, trunk 2/2',
        '  left over in the file (1)',
        '    head',
        '  resized (1)',
        '    pos',
        '  kept as it was (1)',
        '    n',
    ]


def test_a_long_list_is_cut_and_counted() -> None:
    rows = format_rows('missing', [f'name{index}' for index in range(152)])
    assert rows[0] == '  missing (152)'
    assert rows[-1] == '    ... and 132 more'
    assert len(rows) == 22
