"""The table of a campaign counts every record once, and rows that have to be empty."""

from __future__ import annotations

from faults.outcome import Outcome, Record, failures, markdown

RECORDS = [
    Record('kill', 'after 3 files', Outcome.SURVIVED),
    Record('kill', 'in the 2nd save', Outcome.LOST, 'no file left'),
    Record('video', 'cut at byte 7', Outcome.REFUSED),
    Record('video', 'cut at byte 9', Outcome.REFUSED),
]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip('|').split('|')]


def test_the_table_counts_by_kind_and_shows_zeros() -> None:
    head, _, *rows = map(cells, markdown(RECORDS).splitlines())
    assert head == ['', 'kill', 'video', 'all']
    table = {name: [int(n) for n in numbers] for name, *numbers in rows}
    assert table.pop('all') == [2, 2, 4]
    assert list(table) == [outcome.value for outcome in Outcome]
    assert table['refused clearly'] == [0, 2, 2]
    assert table['survived'] == table['lost'] == [1, 0, 1]
    assert table['hung'] == [0, 0, 0]


def test_failures_are_the_rows_that_have_to_be_empty() -> None:
    assert [record.fault for record in failures(RECORDS)] == ['in the 2nd save']
    assert [o.value for o in Outcome if o.is_failure] == [
        'silent',
        'hung',
        'exception not ours, or without a message',
        'code executed',
        'lost',
    ]
    assert all(outcome.meaning for outcome in Outcome)
