"""The command's own options."""

import pytest
from run import clear, parse_args


def test_fresh_removes_its_own_files_alone(tmp_path):
    mine = [tmp_path / 'data' / 'image', tmp_path / 'video', tmp_path / 'steps']
    for folder in mine:
        folder.mkdir(parents=True)
    for name in ('trunk_image.pth', 'results.csv', 'letter.txt'):
        (tmp_path / name).write_text('')
    clear(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ['letter.txt']


@pytest.mark.parametrize('option', ['--seeds', '--jobs'])
def test_a_count_of_nothing_is_refused(option, capsys):
    with pytest.raises(SystemExit):
        parse_args([option, '0'])
    assert f'{option} 0: a whole number from 1 on' in capsys.readouterr().err


# --- report --------------------------------------------------------------------------
