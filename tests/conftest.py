"What several tests share"
import os, subprocess, sys
from pathlib import Path
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))

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
