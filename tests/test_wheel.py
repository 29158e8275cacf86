"What a user installs: wheel and sdist, in an environment without nbdev (`make test-wheel` prepares it)"
import json, os, subprocess, tarfile, zipfile
import pytest
import explorables,notebooks
from conftest import ROOT

BIN = ROOT/'.venv-wheel'/'bin'
DATA = {f'fastbook_lesson4/assets/{o}' for o in ('mnist_sample.npz','mnist_rest.npz','titanic.csv')}

def run(*cmd, cwd):
    env = {k:v for k,v in os.environ.items() if k not in ('PYTHONPATH','VIRTUAL_ENV')}
    return subprocess.run([*map(str, cmd)], cwd=cwd, capture_output=True, text=True, timeout=900, env=env)

def test_the_data_is_in_both():
    whl,sdist = (next((ROOT/'dist').glob(o)) for o in ('*.whl', '*.tar.gz'))
    names = zipfile.ZipFile(whl).namelist()
    assert {*DATA, 'fastbook_lesson4/assets/questions.json', 'fastbook_lesson4/assets/LICENSE.md', 'fastbook_lesson4/assets/lesson.mplstyle'} <= set(names)
    assert {f'fastbook_lesson4/assets/explorables/{p.name}' for p in explorables.SOURCE.iterdir()} <= set(names)
    assert not [n for n in names if n.startswith(('nbs','tests','tools'))]
    inside = {n.split('/', 1)[-1] for n in tarfile.open(sdist).getnames()}
    assert {*DATA, 'settings.ini', 'setup.py', 'LICENSE'} <= inside

def test_no_nbdev_and_not_from_the_checkout(tmp_path):
    p = run(BIN/'python', '-c', 'import importlib.util as u, fastbook_lesson4 as f, fastcore, fastai; print(f.__file__, u.find_spec("nbdev"), fastcore.__version__)', cwd=tmp_path)
    assert p.returncode == 0, p.stderr
    assert str(ROOT/'.venv-wheel') in p.stdout and ' None ' in p.stdout
    assert int(p.stdout.split()[-1].split('.')[0]) >= 2, 'not the newest fastcore'

@pytest.mark.parametrize('folder', ['/', None])
def test_the_command_works_from_any_folder(folder, tmp_path):
    p = run(BIN/'lesson4', '--part', 'similarity', '--json', cwd=folder or tmp_path)
    assert p.returncode == 0, p.stderr
    assert {r['metric']: round(r['value'], 4) for r in json.loads(p.stdout)['rows']}['mean of both, L1'] == .9511

@pytest.mark.parametrize('notebook', [notebooks.inside(p).removesuffix('.ipynb') for p in notebooks.longest_first(notebooks.notebooks())])
def test_the_notebooks_run_there(notebook, tmp_path):
    "With the fastai and fastcore that readers get, and without nbdev"
    p = run(BIN/'python', ROOT/'tools'/'notebooks.py', 'smoke', notebook, cwd=tmp_path)
    assert p.returncode == 0, p.stdout + p.stderr
