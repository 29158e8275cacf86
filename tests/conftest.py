"What several tests share"
import os, subprocess, sys
from pathlib import Path
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))

@pytest.hookimpl(tryfirst=True) # before xdist reads the groups
def pytest_collection_modifyitems(items):
    "Where tests run side by side, a file's tests stay together, those of the site as well; notebooks go one by one"
    for o in items:
        group = 'site' if 'site_folder' in o.fixturenames or o.path.stem in ('test_site','test_browser') else o.path.stem
        if 'notebook' not in o.fixturenames: o.add_marker(pytest.mark.xdist_group(group))

@pytest.fixture
def python():
    "Run Python code in a process of its own: `python(code, *args, **env)` gives the finished process"
    def run(code, *args, **env):
        return subprocess.run([sys.executable, '-c', code, *map(str, args)], capture_output=True, text=True, timeout=300, env={**os.environ, **env})
    return run

@pytest.fixture(scope='session')
def site_folder():
    "The site, built once"
    import site_builder
    assert site_builder.build()[1] == []
    return site_builder.SITE
