"Every notebook, run in a fresh kernel: no cell fails, and what it gives is what is stored"
import subprocess, sys
from pathlib import Path
import pytest
import notebooks
from conftest import ROOT

NAMES = [notebooks.inside(p).removesuffix('.ipynb') for p in notebooks.longest_first(notebooks.notebooks())]

@pytest.mark.parametrize('notebook', NAMES)
def test_outputs(notebook):
    "`make check` does the same for one notebook"
    problems = notebooks.run_one(*notebooks.notebooks([notebook]), 'check')
    if problems: pytest.fail('\n'.join(problems), pytrace=False)

def test_nbdev_runs_them_too():
    "One here, since every cell has just run; `make test-nbdev` takes them all"
    p = subprocess.run([Path(sys.executable).parent/'nbdev_test', '--path', 'nbs/00_pixels.ipynb'], cwd=ROOT, capture_output=True, text=True)
    assert p.returncode == 0 and 'Success' in p.stdout, p.stdout + p.stderr
