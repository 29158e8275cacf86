"What several tests share"
import os, subprocess, sys
from pathlib import Path
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))

ALONE = 'tests/test_outputs.py::test_outputs[', 'tests/test_wheel.py::test_the_notebooks_run_there['
SITE = 'tests/test_browser.py', 'tests/test_site.py'

@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    "Side by side, a file's tests stay together, and so do those of the site, which is built once; notebooks go one by one"
    from xdist.scheduler import LoadScopeScheduling
    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split('::')[0]
            return nodeid if nodeid.startswith(ALONE) else 'the site' if file in SITE else file
    return Scheduling(config, log)

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
