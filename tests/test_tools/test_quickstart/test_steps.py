"""Steps run in order, once, and again when what they came from changes."""

import sys

import pytest
from common.steps import Step, StepError, Steps, newest, progress
from tracks import all_runs, all_steps


def write(path, text, code=''):
    """A step's command: append ``text`` to ``path``, then run ``code``."""
    script = f'open({str(path)!r}, "a").write({text!r}); {code}'
    return (sys.executable, '-c', script)


def test_steps_run_in_order_and_only_once(tmp_path):
    out = tmp_path / 'out'
    source = tmp_path / 'source'
    source.write_text('1')
    steps = [
        Step('b', 'second', write(out, 'b'), needs=('a',)),
        Step('a', 'first', write(out, 'a'), inputs=(source,), outputs=(out,)),
    ]
    for _ in range(2):
        Steps(steps, tmp_path / 'steps', jobs=2).run()
        assert out.read_text() == 'ab'
    source.write_text('2')  # what a step reads has changed: it and its followers run
    Steps(steps, tmp_path / 'steps', jobs=2).run()
    assert out.read_text() == 'abab'
    out.unlink()  # what a step left is gone
    done = Steps(steps, tmp_path / 'steps', jobs=2)
    done.run()
    assert out.read_text() == 'ab'
    assert 0 < done.cpu_seconds('a') < 10


def test_an_input_that_changes_during_a_step_makes_it_run_again(tmp_path):
    source = tmp_path / 'source'
    source.write_text('1')
    change = write(tmp_path / 'out', 'a', f'open({str(source)!r}, "a").write("2")')
    step = Step('a', 'first', change, inputs=(source,))
    for count in (1, 2):
        Steps([step], tmp_path / 'steps', jobs=1).run()
        assert (tmp_path / 'out').read_text() == 'a' * count


def test_a_failing_step_shows_its_log_and_ends_the_others(tmp_path):
    slow = Step(
        'slow', 'slow', write(tmp_path / 'slow', 's', 'import time; time.sleep(60)')
    )
    bad = Step('bad', 'The bad one', write(tmp_path / 'bad', 'b', '1 / 0'))
    steps = Steps([slow, bad], tmp_path / 'steps', jobs=2)
    with pytest.raises(StepError, match='(?s)The bad one failed.*ZeroDivisionError'):
        steps.run()
    assert [one.process.poll() is not None for one in steps.running] == [True]
    again = Step('bad', 'The bad one', write(tmp_path / 'bad', 'b'))
    ok = Steps([again], tmp_path / 'steps', jobs=1)
    ok.run()
    assert ok.done == {'bad'}


def test_a_step_that_leaves_nothing_fails(tmp_path):
    step = Step('a', 'first', (sys.executable, '-c', ''), outputs=(tmp_path / 'none',))
    with pytest.raises(StepError, match='it left no .*none'):
        Steps([step], tmp_path / 'steps', jobs=1).run()


def test_progress_is_the_last_thing_a_log_names(tmp_path):
    log = tmp_path / 'log'
    log.write_text('')
    assert progress(log) == 'starting'
    log.write_text('step 150/900, right\nstep 300/900, right\n')
    assert progress(log) == 'step 300/900'
    log.write_text('INFO - Epoch(train)  [7][9/9]  lr: 1\nEpoch(val) [7][1/2]')
    assert progress(log) == 'epoch 7'


def test_a_pattern_is_the_newest_file(tmp_path):
    (tmp_path / 'best_1.pth').write_text('')
    assert newest(tmp_path / 'best_*.pth') == str(tmp_path / 'best_1.pth')
    assert newest('a*b') == 'a*b'
    with pytest.raises(StepError, match='no file'):
        newest(tmp_path / 'last_*.pth')


def test_every_method_is_trained_tested_and_asked(tmp_path):
    runs = all_runs(tmp_path, seeds=2)
    steps = {step.name: step for step in all_steps(runs, tmp_path)}
    assert len(runs) == 12
    assert len(steps) == 2 + 12 + 12 + 6
    assert all(need in steps for step in steps.values() for need in step.needs)
    assert all(path.is_file() for step in steps.values() for path in step.inputs)
    assert all(run.config.is_file() for run in runs)
    train = steps['train-video-full-1'].command
    assert train[train.index('--seed') + 1] == '1'


@pytest.mark.parametrize('same', [True, False])
def test_a_step_that_resumes_keeps_its_folder_while_nothing_changed(tmp_path, same):
    folder = tmp_path / 'own'
    source = tmp_path / 'source'
    source.write_text('1')
    code = (
        f'import pathlib; p = pathlib.Path({str(folder)!r}); p.mkdir(exist_ok=True); '
        'n = len(list(p.iterdir())); (p / str(n)).touch(); 1 / n'
    )
    command = (sys.executable, '-c', code)
    step = Step('a', 'a', command, inputs=(source,), folder=folder, resumes=True)
    with pytest.raises(StepError, match='ZeroDivisionError'):
        Steps([step], tmp_path / 'steps', jobs=1).run()
    if same:
        steps = Steps([step], tmp_path / 'steps', jobs=1)
        steps.run()
        assert sorted(p.name for p in folder.iterdir()) == ['0', '1']
        assert steps.measured('a')['peak_bytes'] > 1e6
    else:
        source.write_text('2')
        with pytest.raises(StepError, match='ZeroDivisionError'):
            Steps([step], tmp_path / 'steps', jobs=1).run()
