"The app as it is served: in an environment of its own, which `make app` prepares, in a browser, and in an empty environment"
import os, random, re, shutil, signal, socket, subprocess, sys
from contextlib import contextmanager, suppress
from pathlib import Path
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from conftest import ROOT, visit
from fastbook_lesson4.drawn import draw_pet, drawn_pets

BIN = ROOT/'.venv-app'/'bin'
PHOTOS = ROOT.parent/'shared'/'data'/'pets'

SPY = '''import os,socket
connect,getaddrinfo = socket.socket.connect,socket.getaddrinfo
def note(host):
    with open(os.environ['SPIED'], 'a') as f: f.write(f'{host}\\n')
def spied_connect(self, address):
    note(address[0] if isinstance(address, tuple) else 'a socket file')
    return connect(self, address)
def spied_getaddrinfo(host, *args, **kwargs):
    note(host)
    return getaddrinfo(host, *args, **kwargs)
socket.socket.connect,socket.getaddrinfo = spied_connect,spied_getaddrinfo
'''

def free_port():
    "Below those that a system gives to others by itself, until the app takes it"
    for port in random.sample(range(20_000, 30_000), 100):
        with suppress(OSError), socket.create_server(('127.0.0.1', port)): return port

def environment(**more):
    "Without this checkout, whose library the app must not see"
    return {k:v for k,v in os.environ.items() if k not in ('PYTHONPATH','VIRTUAL_ENV') and not k.startswith('GRADIO_')} | {k: str(v) for k,v in more.items()}

def run(*cmd, cwd='/', timeout=300, **env):
    return subprocess.run([*map(str, cmd)], cwd=cwd, capture_output=True, text=True, timeout=timeout, env=environment(**env))

@contextmanager
def serving(*cmd, cwd, **env):
    "The address that a server prints, and what it has printed before; it is stopped at the end"
    log = Path(cwd)/'said.txt'
    with open(log, 'w') as out, open(Path(cwd)/'errors.txt', 'w') as err:
        p = subprocess.Popen([*map(str, cmd)], cwd=cwd, stdout=out, stderr=err, env=environment(**env))
    try:
        for _ in range(9000):
            if found := re.search(r'Which breed\? (http\S+)', log.read_text()): break
            try: p.wait(.1)
            except subprocess.TimeoutExpired: continue
            pytest.fail(f'it ended with {p.returncode}: ' + (Path(cwd)/'errors.txt').read_text()[-2000:])
        else: pytest.fail('no address after a quarter of an hour')
        yield found[1], (Path(cwd)/'errors.txt').read_text()
    finally:
        p.send_signal(signal.SIGINT)
        try: p.wait(20)
        except subprocess.TimeoutExpired: p.kill()

@pytest.fixture(scope='module')
def home(tmp_path_factory):
    "A cache with drawings, and nothing trained"
    if not (BIN/'lesson4-app').exists(): (pytest.fail if os.environ.get('CI') else pytest.skip)('no .venv-app: `make app` prepares it')
    home = tmp_path_factory.mktemp('app')
    shutil.copytree(drawn_pets(), home/'cache'/'pets_drawn')
    (home/'spy').mkdir()
    (home/'spy'/'sitecustomize.py').write_text(SPY)
    return home

@pytest.fixture(scope='module')
def app(home):
    "The address of the app, started as a reader starts it the first time"
    with serving(BIN/'lesson4-app', '--port', free_port(), cwd=home, FASTBOOK_LESSON4_CACHE=home/'cache', PYTHONPATH=home/'spy', SPIED=home/'spied') as (url,err):
        assert 'Training on drawings' in err
        yield url

@pytest.fixture(scope='module')
def model(app, home): return home/'cache'/'breeds'/'breeds.safetensors'

@pytest.fixture(scope='module')
def files(tmp_path_factory):
    "What is sent: pictures, and what is none"
    path = tmp_path_factory.mktemp('files')
    draw_pet('Bengal', 700).save(path/'Bengal.jpg')
    Image.new('1', (10_000,5_000)).save(path/'large.png')
    Image.new('L', (9,9)).save(path/'moves.gif', save_all=True, append_images=[Image.new('L', (9,9), 255)])
    (path/'letter.txt').write_text('Dear app')
    (path/'letter.jpg').write_text('Dear app')
    (path/'half.jpg').write_bytes((path/'Bengal.jpg').read_bytes()[:5000])
    (path/'heavy.jpg').write_bytes(os.urandom(11_000_000))
    return path

def opened(browser, url, **options):
    page,wrong,_ = visit(browser, url, **{'viewport': {'width': 1200, 'height': 900}, **options})
    page.locator('#said').wait_for()
    return page,wrong

SAID = 'document.querySelector("#said textarea").value'
def said(page, last=''):
    "The sentence of the page, once it is another than `last`"
    page.wait_for_function(f'last => {SAID} != last', arg=last, timeout=60_000)
    return page.evaluate(SAID)

def upload(page, file): page.locator('input[type=file]').first.set_input_files(file)
def bars(page): return [o for o in page.locator('#bars').inner_text().splitlines() if o and not re.match(r'Most|\d+%', o)]
def ours(wrong):
    "What goes wrong, but for a warning of Gradio's and the stream of answers that it closes itself"
    return [o for o in wrong if o != 'console: Method not implemented.' and not re.fullmatch(r'failed: http://127\.0\.0\.1:\d+/gradio_api/queue/data\?.*', o)]

def test_a_drawn_pet_is_named(browser, app, files):
    page,wrong = opened(browser, app)
    upload(page, files/'Bengal.jpg')
    assert re.fullmatch(r'This looks like: Bengal \(\d+%\)\.', said(page))
    page.locator('#bars').get_by_text('Bengal').wait_for()
    assert len(bars(page)) == 5 and bars(page)[0] == 'Bengal'
    assert ours(wrong) == [], 'no error, and no request to another host'
    page.context.close()

def test_nothing_else_is_called(browser, app, files, home):
    "The server's side of it: every address that its process looked up or connected to"
    page,_ = opened(browser, app)
    upload(page, files/'Bengal.jpg')
    said(page)
    page.context.close()
    assert {*(home/'spied').read_text().split()} <= {'127.0.0.1','localhost'}

def test_a_photograph_is_answered(browser, app):
    photos = sorted(PHOTOS.rglob('*.jpg'))[:3]
    if not photos: pytest.skip(f'no photographs in {PHOTOS}')
    page,_ = opened(browser, app)
    last = ''
    for o in photos:
        upload(page, o)
        last = said(page, last)
        assert re.match(r"This looks like|I can't tell", last), last
        page.locator('#bars').get_by_text('%').first.wait_for()
        assert len(bars(page)) == 5
        page.get_by_role('button', name=re.compile('clear|remove', re.I)).first.click()
        last = said(page, last)
    page.context.close()

@pytest.mark.parametrize('name,sentence', [('letter.jpg','no picture that I can read'), ('large.png','more than 40 million pixels'), ('moves.gif','moves'), ('half.jpg','damaged or cut short'), (None,'No picture yet')])
def test_bad_input_gets_one_sentence(browser, app, files, name, sentence):
    page,wrong = opened(browser, app)
    if name: upload(page, files/name)
    else: page.get_by_role('button', name='Which breed?').click()
    answer = said(page)
    assert sentence in answer and answer.count('.') == 1, answer
    assert bars(page) == [] and not page.locator('.toast-body').count() and ours(wrong) == []
    page.context.close()

@pytest.mark.parametrize('name,words', [('letter.txt','Only image/* allowed'), ('heavy.jpg','exceed the maximum allowed size of 10')])
def test_what_is_refused_before_it_is_sent_to_the_net(browser, app, files, name, words):
    "These sentences are Gradio's"
    page,_ = opened(browser, app)
    upload(page, files/name)
    page.get_by_text(words).first.wait_for()
    page.context.close()

def test_by_keyboard(browser, app, files):
    "Tab leads to an example, Enter takes it; Tab leads to the button"
    page,_ = opened(browser, app)
    seen = []
    for _ in range(30):
        page.keyboard.press('Tab')
        seen.append(page.evaluate('document.activeElement.innerText.trim() || document.activeElement.getAttribute("aria-label") || ""'))
        if seen[-1] == 'beagle': break
    assert 'Which breed?' in seen and seen[-1] == 'beagle', seen
    page.keyboard.press('Enter')
    assert 'beagle' in said(page)
    page.context.close()

def test_accessible_and_narrow(browser, app, files):
    for width,scheme in ((1200,'light'), (360,'light'), (1200,'dark')):
        page,_ = opened(browser, app, viewport={'width': width, 'height': 800}, color_scheme=scheme)
        upload(page, files/'Bengal.jpg')
        said(page)
        page.locator('#bars').get_by_text('Bengal').wait_for()
        assert page.evaluate('document.documentElement.scrollWidth') <= width
        found = Axe().run(page, options={'resultTypes': ['violations']}).response['violations']
        assert found == [], f'{width} {scheme}: ' + '; '.join(f'{v["id"]}: {v["nodes"][0]["html"][:200]}' for v in found)
        page.context.close()

CLIENTS = '''import sys
from concurrent.futures import ThreadPoolExecutor
from gradio_client import Client, handle_file
client = Client(sys.argv[1], verbose=False)
def ask(_): return client.predict(handle_file(sys.argv[2]), api_name='/answer')[0]
with ThreadPoolExecutor(50) as pool: print(*pool.map(ask, range(50)), sep='\\n')
'''

def test_fifty_at_once_are_all_answered(app, files):
    p = run(BIN/'python', '-c', CLIENTS, app, files/'Bengal.jpg')
    assert p.returncode == 0, p.stderr[-2000:]
    answers = p.stdout.splitlines()
    assert len(answers) == 50 and len({*answers}) == 1 and answers[0].startswith('This looks like: Bengal'), answers[:3]

def test_the_page_says_what_it_learned_from(browser, app):
    page,_ = opened(browser, app)
    text = page.locator('body').inner_text()
    assert 'from drawings, and from nothing else' in text and 'be wrong' in text
    page.context.close()

def test_it_learns_from_photographs(browser, home, tmp_path):
    "And keeps that net apart from the one of drawings"
    photos = sorted(PHOTOS.rglob('*.jpg'))
    if not photos: pytest.skip(f'no photographs in {PHOTOS}')
    few = tmp_path/'few'
    few.mkdir()
    for o in photos:
        if o.name.startswith(('pug_','Bengal_','beagle_')): shutil.copy(o, few)
    cmd = BIN/'lesson4-app', '--photos', few, '--port', free_port()
    with serving(*cmd, cwd=tmp_path, FASTBOOK_LESSON4_CACHE=home/'cache') as (url,err):
        assert 'Training on photographs' in err
        page,wrong = opened(browser, url)
        assert '3 breeds of cats and dogs from photographs' in page.locator('body').inner_text()
        upload(page, sorted(few.glob('pug_*'))[0])
        assert 'pug' in said(page)
        page.locator('#bars').get_by_text('%').first.wait_for()
        assert len(bars(page)) == 3 and ours(wrong) == []
        page.context.close()
    made = sorted(o.name for o in (home/'cache').glob('breeds*') if o.is_dir())
    assert len(made) == 2 and made[0] == 'breeds' and not (home/'cache'/made[1]/'examples').exists(), made
    with serving(*cmd, cwd=tmp_path, FASTBOOK_LESSON4_CACHE=home/'cache') as (_,err): assert 'Training' not in err

def test_no_list_is_made_of_an_app_that_fails(python):
    p = python("from fastbook_lesson4.app import app_needs; app_needs('none', False)")
    assert p.returncode and 'RuntimeError: the app ended early: ' in p.stderr and 'No such file' in p.stderr

def test_the_second_start_has_the_net(app, model, home):
    before = model.stat().st_mtime_ns
    with serving(BIN/'lesson4-app', '--port', free_port(), cwd=home/'spy', FASTBOOK_LESSON4_CACHE=home/'cache') as (_,err): assert 'Training' not in err
    assert model.stat().st_mtime_ns == before

def test_one_message_for_what_does_not_work(app, model, files, tmp_path):
    taken = app.rstrip('/').split(':')[-1]
    for args,words in ((['--port', taken], f'port {taken} is taken'), (['--model', files/'letter.jpg'], 'cut short, or no file that export_breeds wrote'),
                       (['--model', tmp_path/'none'], 'No such file'), (['--folder', files], 'name a new or an empty folder')):
        p = run(BIN/'lesson4-app', *(['--model', model] if '--model' not in args else []), *args)
        assert p.returncode == 1 and p.stdout == '' and p.stderr.startswith('lesson4-app: ') and p.stderr.count('\n') == 1 and words in p.stderr, p.stderr
    p = run(BIN/'lesson4-app', '--port', '99999')
    assert p.returncode == 2 and 'expected 1 to 65535, got 99999' in p.stderr

def test_why_there_is_an_environment_of_its_own():
    "What chapter 10 says: Gradio wants a Pillow older than the one that the course was tried with"
    tried = [re.search(r'(?mi)^pillow==(\d+)', (ROOT/o).read_text())[1] for o in ('constraints.txt','constraints-app.txt')]
    assert int(tried[0]) > int(tried[1]), 'they fit together now: one environment may do'

def test_without_gradio(python):
    p = python("import sys; sys.modules['gradio'] = None; from fastbook_lesson4.app import main; main([])")
    assert p.returncode == 1 and p.stderr == "lesson4-app: the page needs Gradio: pip install 'fastbook_lesson4[app]'\n"

def test_the_module_needs_neither_fastai_nor_gradio(python):
    p = python('import sys, fastbook_lesson4.app; print([o for o in ("fastai","pandas","matplotlib","gradio") if o in sys.modules])')
    assert p.stdout == '[]\n', p.stdout + p.stderr

def test_the_folder_works_in_an_empty_environment(model, files, tmp_path):
    "As a hosting service does it: what `requirements.txt` names, and no more"
    space,env = tmp_path/'space',tmp_path/'env'
    p = run(BIN/'lesson4-app', '--model', model, '--folder', space, timeout=600)
    assert p.returncode == 0, p.stderr
    needs = (space/'requirements.txt').read_text().split()
    names = {o.split('==')[0] for o in needs}
    assert all(re.fullmatch(r'[\w.-]+==[\w.+-]+', o) for o in needs) and {'torch','timm','pillow','gradio'} <= names
    assert not names & {'fastai','fastbook_lesson4','fastbook-lesson4','matplotlib','scikit-learn','scipy'}, names
    front = dict(o.split(': ') for o in (space/'README.md').read_text().split('---')[1].strip().splitlines())
    assert front['sdk'] == 'gradio' and front['app_file'] == 'app.py' and f'gradio=={front["sdk_version"]}' in needs
    assert sorted(o.name for o in (space/'fastbook_lesson4').iterdir()) == ['__init__.py','app.py','data.py']
    uv = shutil.which('uv', path=Path(sys.executable).parent)
    made = [[uv,'venv','-q','-p',sys.executable,env], [uv,'pip','install','-q','-p',env/'bin'/'python','-r',space/'requirements.txt']] if uv else \
           [[sys.executable,'-m','venv',env], [env/'bin'/'python','-m','pip','install','-q','-r',space/'requirements.txt']]
    for cmd in made:
        p = run(*cmd, timeout=900)
        assert p.returncode == 0, p.stderr[-2000:]
    with serving(env/'bin'/'python', 'app.py', cwd=space, GRADIO_SERVER_PORT=free_port()) as (url,_):
        p = run(env/'bin'/'python', '-c', CLIENTS.replace('50', '2'), url, files/'Bengal.jpg')
        assert p.stdout.startswith('This looks like: Bengal'), p.stderr[-2000:]
    p = run(env/'bin'/'python', '-c', 'import fastai')
    assert 'No module named' in p.stderr
