"What several tests share"
import os, subprocess, sys
from pathlib import Path
from urllib.parse import urlsplit
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))

ALONE = 'tests/test_outputs.py::test_outputs[', 'tests/test_wheel.py::test_the_notebooks_run_there['
SITE = 'tests/test_browser.py', 'tests/test_site.py', 'tests/test_explore_' # or how their names begin

@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    "Side by side, a file's tests stay together, and so do those of the site, which is built once; notebooks go one by one"
    from xdist.scheduler import LoadScopeScheduling
    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.split('::')[0]
            return nodeid if nodeid.startswith(ALONE) else 'the site' if file.startswith(SITE) else file
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

# --- the site in a browser

@pytest.fixture(scope='module')
def browser():
    import site_server
    from playwright.sync_api import sync_playwright
    path = site_server.browser()
    if path is None: (pytest.fail if os.environ.get('CI') else pytest.skip)('no browser: on Debian or Ubuntu, `apt-get install chromium`')
    with sync_playwright() as p:
        b = p.chromium.launch(executable_path=path, args=['--no-sandbox', '--disable-gpu', '--disable-background-networking'])
        yield b
        b.close()

@pytest.fixture(scope='module')
def site(site_folder):
    "The folder of the site and the address where it is served"
    from site_server import served
    with served(site_folder) as url: yield site_folder,url

def visit(browser, url, **options):
    "A page in a context of its own, a list that collects what goes wrong in it, and one of its requests that were answered"
    page = browser.new_context(**options).new_page()
    wrong,done,host = [],[],urlsplit(url).netloc
    page.on('console', lambda m: wrong.append(f'console: {m.text}') if m.type in ('error','warning') else None)
    page.on('pageerror', lambda e: wrong.append(f'error: {e}'))
    page.on('requestfailed', lambda r: wrong.append(f'failed: {r.url}'))
    page.on('request', lambda r: wrong.append(f'foreign: {r.url}') if urlsplit(r.url).netloc != host and not r.url.startswith('data:') else None)
    page.on('response', lambda r: wrong.append(f'{r.status}: {r.url}') if r.status >= 400 else None)
    page.on('requestfinished', lambda r: done.append(r))
    page.goto(url)
    return page,wrong,done

def settled(page):
    "Wait until what was asked for is drawn: our turn comes behind that of the page"
    page.evaluate('new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))')

def explored(browser, site, at, name, **options):
    "An explorable picture on its page, in sight and started: the page, the figure, and the list of what goes wrong"
    page,wrong,_ = visit(browser, site[1] + at, **options)
    figure = page.locator(f'#explorable-{name}')
    figure.scroll_into_view_if_needed()
    figure.locator('.stage').wait_for()
    return page,figure,wrong
