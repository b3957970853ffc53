"""A step ends with the tool that runs it, however that ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[3] / 'tools'
CODE = """
import sys
from pathlib import Path
from common.steps import Step, Steps
folder = Path(sys.argv[1])
text = (
    'import os, sys, time; file = open(sys.argv[1], "w");'
    'file.write(str(os.getpid()) + chr(10)); file.close(); time.sleep(60)'
)
command = (sys.executable, '-c', text, folder / 'pid')
Steps([Step('a', 'sleeps', command)], folder, jobs=1).run()
"""


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not (value := what()) and time.monotonic() < end:
        time.sleep(0.05)
    return value


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A zombie that nobody has waited for yet has ended too.
    return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'Z'


@pytest.mark.skipif(sys.platform != 'linux', reason='prctl is of Linux')
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_tool_leaves_nothing_running(tmp_path, number):
    env = {**os.environ, 'PYTHONPATH': str(TOOLS)}
    tool = subprocess.Popen([sys.executable, '-c', CODE, tmp_path], env=env)
    file = tmp_path / 'pid'
    assert wait_for(lambda: file.is_file() and file.read_text().endswith('\n'))
    step = int(file.read_text())
    assert not is_gone(step)
    tool.send_signal(number)
    tool.wait()
    assert wait_for(lambda: is_gone(step))
