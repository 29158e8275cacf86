"The pets on disk: cached, fetched from a server on the loopback, out of reach, altered, cut short, climbing out; drawn once, whole"
import hashlib, io, os, signal, socket, subprocess, sys, tarfile, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import pytest
from PIL import Image
from fastai.data.external import fastai_cfg
from fastbook_lesson4 import pets as module
from fastbook_lesson4.pets import breed_name, pets, pets_dataloaders

def jpeg(size=(40,30), colour=(200,120,60)):
    out = io.BytesIO()
    Image.new('RGB', size, colour).save(out, 'JPEG')
    return out.getvalue()

BREEDS = module._breeds
PHOTOS = {f'oxford-iiit-pet/images/{b}_{n}.jpg': jpeg() for b in ('Birman','pug') for n in (1,2,3)}

def archive(files=PHOTOS, special=()):
    "A .tgz in the layout of the data set; `special` are members given as `TarInfo`"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as tar:
        for name,data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for info in special: tar.addfile(info)
    return out.getvalue()

def sha(data): return hashlib.sha256(data).hexdigest()

@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    "fastai's folder and our cache, empty"
    monkeypatch.setenv('FASTAI_HOME', str(tmp_path/'fastai'))
    monkeypatch.setenv('no_proxy', '*')
    fastai_cfg.cache_clear()
    yield tmp_path
    fastai_cfg.cache_clear()

@pytest.fixture(autouse=True)
def drawn(tmp_path, monkeypatch):
    "Two breeds are drawn, not 37, except where a test wants them all"
    monkeypatch.setattr(module, '_breeds', {k: BREEDS[k] for k in ('Siamese','pug')})
    monkeypatch.setenv('FASTBOOK_LESSON4_CACHE', str(tmp_path/'cache'))

@pytest.fixture
def server():
    "`server(body, length)` serves `body` as oxford-iiit-pet.tgz and returns the URL; `server.asked` lists the requests"
    stops = []
    def serve(body, length=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                serve.asked.append(self.path)
                self.send_response(200)
                self.send_header('Content-Length', str(length or len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *args): pass
        http = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=http.serve_forever, daemon=True).start()
        stops.append(http)
        return f'http://127.0.0.1:{http.server_port}/oxford-iiit-pet.tgz'
    serve.asked = []
    yield serve
    for o in stops: o.shutdown(); o.server_close()

def photos(path): return sorted(o.name for o in (path/'images').iterdir())
def is_drawn(path, home): return path == home/'cache'/'pets_drawn' and len(photos(path)) == 2*module.PICTURES
def left(home): return sorted(o.name for o in (home/'fastai'/'data').iterdir() if o.suffix != '.lock')

def test_reachable_then_cached(server, home, capsys):
    data = archive()
    url = server(data)
    path = pets(url=url, sha256=sha(data))
    assert path == home/'fastai'/'data'/'oxford-iiit-pet' and photos(path) == [f'{b}_{n}.jpg' for b in ('Birman','pug') for n in (1,2,3)]
    assert left(home) == ['oxford-iiit-pet']
    assert pets(url=url, sha256=sha(data)) == path and len(server.asked) == 1, 'the second call needs no network'
    assert pets(real=True) == path, "it lies where fastai's own untar_data looks for URLs.PETS"
    assert capsys.readouterr() == ('','')

def test_cached_by_fastai(home, monkeypatch):
    "What untar_data has unpacked is taken as it is, and nobody asks for an address"
    images = home/'fastai'/'data'/'oxford-iiit-pet'/'images'
    images.mkdir(parents=True)
    (images/'pug_1.jpg').write_bytes(jpeg())
    monkeypatch.setattr(module, 'urlopen', lambda *a, **k: pytest.fail('asked the network'))
    assert pets() == pets(real=True) == images.parent and os.listdir(images.parent.parent) == ['oxford-iiit-pet'], 'not even a lock is written'

def test_an_archive_that_fastai_left(home, monkeypatch):
    data = archive()
    (home/'fastai'/'archive').mkdir(parents=True)
    (home/'fastai'/'archive'/'oxford-iiit-pet.tgz').write_bytes(data)
    monkeypatch.setattr(module, 'urlopen', lambda *a, **k: pytest.fail('asked the network'))
    assert len(photos(pets(real=True, url='http://nowhere.invalid/oxford-iiit-pet.tgz', sha256=sha(data)))) == 6
    assert (home/'fastai'/'archive'/'oxford-iiit-pet.tgz').exists(), 'what was not ours stays'

def test_a_cached_folder_without_pictures_is_fetched_again(server, home):
    (home/'fastai'/'data'/'oxford-iiit-pet'/'images').mkdir(parents=True)
    data = archive()
    assert len(photos(pets(url=server(data), sha256=sha(data)))) == 6

def test_a_fallback_is_said_in_one_line(home, capsys):
    with socket.socket() as s: s.bind(('127.0.0.1', 0)); port = s.getsockname()[1] # nobody listens there any more
    url = f'http://127.0.0.1:{port}/oxford-iiit-pet.tgz'
    assert is_drawn(pets(url=url, sha256='0'*64), home)
    out,err = capsys.readouterr()
    assert out == '' and err.count('\n') == 1 and err.startswith('pets: drawings instead of photographs, because 127.0.0.1 is out of reach'), err
    with pytest.raises(OSError, match='127.0.0.1 is out of reach'): pets(real=True, url=url, sha256='0'*64)

def test_no_such_host(home):
    with pytest.raises(OSError, match='.invalid is out of reach'): pets(real=True, url='http://pets.invalid/oxford-iiit-pet.tgz', sha256='0'*64)
    assert left(home) == []

@pytest.mark.parametrize('stage', ['name', 'connect', 'answer', 'body'])
def test_nothing_waits_longer_than_five_seconds(home, monkeypatch, stage):
    "A resolver, a connection, an answer or a download that never comes"
    data = archive()
    assert module._patience == 5
    if stage != 'name': monkeypatch.setattr(module, '_patience', 1) # the full five seconds once, one second for the others
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        url = f'http://127.0.0.1:{s.getsockname()[1]}/oxford-iiit-pet.tgz'
        if stage == 'name': monkeypatch.setattr(module, 'urlopen', lambda *a, **k: time.sleep(30))
        if stage == 'connect': monkeypatch.setattr(socket, 'create_connection', lambda *a, **k: time.sleep(30))
        if stage == 'body':
            def half():
                c = s.accept()[0]
                c.recv(1000)
                c.sendall(f'HTTP/1.0 200 OK\r\nContent-Length: {len(data)}\r\n\r\n'.encode() + data[:100])
                time.sleep(30)
            threading.Thread(target=half, daemon=True).start()
        start = time.monotonic()
        with pytest.raises(OSError, match='no answer|out of reach|broke off'): pets(real=True, url=url, sha256=sha(data))
        assert time.monotonic()-start < module._patience + .8
    assert left(home) == []

def test_wrong_hash(server, home, capsys):
    data = archive()
    url = server(data)
    with pytest.raises(ValueError, match=f'expected SHA-256 {"0"*64}, found {sha(data)}. Nothing was unpacked'): pets(real=True, url=url, sha256='0'*64)
    assert left(home) == []
    assert is_drawn(pets(url=url, sha256='0'*64), home) and 'expected SHA-256' in capsys.readouterr().err

def test_fastais_record_is_used(server, home, monkeypatch):
    "For a known address no checksum is needed, and a file that is not the recorded one is refused"
    data = archive()
    url = server(data)
    with pytest.raises(ValueError, match='no checksum on record for .*: give its sha256'): pets(url=url)
    record = (len(data), hashlib.md5(data[:2**20]).hexdigest())
    monkeypatch.setattr(module, 'read_checks', lambda _: {url: record})
    assert len(photos(pets(url=url))) == 6
    other = server(archive({**PHOTOS, 'oxford-iiit-pet/images/pug_4.jpg': jpeg((9,9))}))
    monkeypatch.setattr(module, 'read_checks', lambda _: {other: record})
    fastai_cfg.cache_clear()
    monkeypatch.setenv('FASTAI_HOME', str(home/'another'))
    with pytest.raises(ValueError, match='expected .*MD5'): pets(real=True, url=other)

def test_the_record_of_the_real_archive():
    size,md5 = module._record(module.URLs.PETS)
    assert size == 811706944 and len(md5) == 32

def test_cut_short_on_the_way(server, home):
    data = archive()
    with pytest.raises(OSError, match='broke off'): pets(real=True, url=server(data[:-200], len(data)), sha256=sha(data))
    assert left(home) == []

@pytest.mark.parametrize('damage', [lambda b: b[:len(b)//2], lambda b: b[:-30], lambda b: b[:-2], lambda b: b[:-8] + bytes([b[-8]^1]) + b[-7:]],
                         ids=['in the middle', 'near the end', 'the last two bytes', 'a wrong bit in its own checksum'])
def test_an_archive_cut_short(server, home, damage):
    "Its checksum is that of the damaged file, so only unpacking can tell"
    data = damage(archive({**PHOTOS, 'oxford-iiit-pet/annotations/noise': os.urandom(100_000)}))
    with pytest.raises(ValueError, match='cut short or damaged'): pets(real=True, url=server(data), sha256=sha(data))
    assert left(home) == []

def link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type,info.linkname = kind,target
    return info

@pytest.mark.parametrize('bad', [
    lambda: archive({**PHOTOS, '../escaped.txt': b'x'}), lambda: archive({**PHOTOS, 'oxford-iiit-pet/../../escaped.txt': b'x'}),
    lambda: archive({**PHOTOS, '/tmp/escaped-from-pets.txt': b'x'}), lambda: archive({**PHOTOS, 'oxford-iiit-pet\\..\\..\\escaped.txt': b'x'}),
    lambda: archive(PHOTOS, [link('oxford-iiit-pet/out', '../../..')]), lambda: archive(PHOTOS, [link('oxford-iiit-pet/out', '/etc/passwd', tarfile.LNKTYPE)]),
    lambda: archive(PHOTOS, [link('oxford-iiit-pet/pipe', '', tarfile.FIFOTYPE)])], ids=['up', 'down and up', 'absolute', 'backslash', 'link', 'hard link', 'pipe'])
def test_an_archive_that_climbs_out(server, home, bad):
    data = bad()
    with pytest.raises(ValueError, match='not a plain file inside its own folder: nothing was kept'): pets(real=True, url=server(data), sha256=sha(data))
    assert left(home) == [] and not list(home.rglob('*escaped*')) and not os.path.exists('/tmp/escaped-from-pets.txt')

def test_an_archive_of_something_else(server, home):
    data = archive({'digits/3.png': b'x'})
    with pytest.raises(ValueError, match=r"no folder images, only \['digits'\]"): pets(real=True, url=server(data), sha256=sha(data))

def test_two_fetch_at_once(server, home, python):
    data = archive()
    url = server(data)
    code = 'import sys,warnings\nwarnings.simplefilter("ignore")\nfrom fastbook_lesson4.pets import pets\nprint(pets(True, url=sys.argv[1], sha256=sys.argv[2]))'
    outs,threads = [],[]
    for _ in range(2):
        threads.append(threading.Thread(target=lambda: outs.append(python(code, url, sha(data)).stdout.strip())))
        threads[-1].start()
    for o in threads: o.join()
    assert outs == [str(home/'fastai'/'data'/'oxford-iiit-pet')]*2 and len(server.asked) == 1

# --- the drawings

def test_all_breeds_are_drawn_in_time(tmp_path, monkeypatch):
    "37 breeds, 12 of them cats, at least 16 pictures each, 300 to 500 pixels, landscape and portrait"
    monkeypatch.setattr(module, '_breeds', BREEDS)
    start = time.process_time()
    path = pets(False, tmp_path)
    assert time.process_time()-start < 10
    files = sorted((path/'images').iterdir())
    count = {}
    for o in files: count[breed_name(o)] = count.get(breed_name(o), 0)+1
    assert len(count) == 37 and sum(o[0].isupper() for o in count) == 12 and min(count.values()) >= 16
    assert {'great_pyrenees_173.jpg', 'Egyptian_Mau_14.jpg'} <= {o.name for o in files}
    sizes = [Image.open(o).size for o in files]
    assert all(300 <= min(o) and max(o) <= 500 for o in sizes) and .3 < sum(w > h for w,h in sizes)/len(sizes) < .8
    rows = [o.split() for o in (path/'annotations'/'list.txt').read_text().splitlines() if o[0] != '#']
    assert sorted(f'{o[0]}.jpg' for o in rows) == [o.name for o in files] and {o[2] for o in rows if o[0][0].isupper()} == {'1'}

def test_the_same_bytes_every_time(tmp_path, python):
    code = ('import sys,warnings\nwarnings.simplefilter("ignore")\nfrom fastbook_lesson4 import pets as m\nm._breeds = {k: m._breeds[k] for k in ("Siamese","pug")}\n'
            'print(m.pets(False, sys.argv[1]))')
    folders = [python(code, tmp_path/str(i), PYTHONHASHSEED=str(i)).stdout.strip() for i in (1,2)]
    bytes_ = [{o.name: o.read_bytes() for o in sorted(module.Path(f).rglob('*')) if o.is_file()} for f in folders]
    assert bytes_[0] == bytes_[1] and len(bytes_[0]) == 2*module.PICTURES + 2

def test_a_folder_with_a_hole_is_drawn_again(home):
    path = pets(False)
    next((path/'images').iterdir()).unlink()
    assert is_drawn(pets(False), home)
    (path/'annotations'/'list.txt').write_text('an older edition')
    assert is_drawn(pets(False), home) and 'edition 1' in (path/'annotations'/'list.txt').read_text()

def test_killed_while_drawing(home, tmp_path):
    cache = tmp_path/'killed'
    slow = ('import sys,time,warnings\nwarnings.simplefilter("ignore")\nfrom fastbook_lesson4 import pets as m\nm._breeds = {k: m._breeds[k] for k in ("Siamese","pug")}\n'
            'draw = m._draw_pet\ndef slow(*a): time.sleep(.1); return draw(*a)\nm._draw_pet = slow\nm.pets(False, sys.argv[1])')
    p = subprocess.Popen([sys.executable, '-c', slow, cache], stderr=subprocess.DEVNULL)
    for _ in range(6000):
        if len(list((cache/'pets_drawn.part').glob('images/*.jpg'))) > 3: break
        time.sleep(.01)
    p.send_signal(signal.SIGKILL)
    p.wait()
    assert (cache/'pets_drawn.part').is_dir() and not (cache/'pets_drawn').exists()
    assert len(photos(pets(False, cache))) == 2*module.PICTURES and not (cache/'pets_drawn.part').exists()

def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path/'inmyway').write_text('x')
    with pytest.raises(OSError, match='cannot write the drawings to .*inmyway.*FASTBOOK_LESSON4_CACHE'): pets(False, tmp_path/'inmyway')

# --- any folder of pictures

def folder(path, **files):
    path.mkdir(parents=True, exist_ok=True)
    for name,data in files.items(): (path/name.replace('__', '.')).write_bytes(data)
    return path

@pytest.mark.parametrize('below', ['', 'images'])
def test_a_few_photographs_of_ones_own(tmp_path, below):
    "Other sizes, kinds and cases of letters; one picture smaller than the crop; a breed with a single picture"
    path = folder(tmp_path/'mine'/below, pug_1__jpg=jpeg((640,480)), pug_2__JPG=jpeg((480,640)), Birman_1__jpeg=jpeg((20,300)), Birman_2__jpg=jpeg((7,5)), beagle_1__jpg=jpeg())
    Image.new('RGBA', (300,200)).save(path/'Birman_3.png')
    Image.new('L', (300,200)).save(path/'pug_3.jpg')
    dls = pets_dataloaders(tmp_path/'mine', item_size=64, size=48, num_workers=0)
    for seed in range(8): assert list(pets_dataloaders(tmp_path/'mine', 64, 48, seed=seed, num_workers=0).vocab) == ['Birman','beagle','pug'], 'also where the only beagle is for validation'
    assert list(dls.vocab) == ['Birman','beagle','pug'] and len(dls.train_ds)+len(dls.valid_ds) == 7
    assert all(len(xb) and tuple(xb.shape[1:]) == (3,48,48) for dl in dls for xb,_ in dl) and len(list(dls.train)) == 1

def test_two_photographs(tmp_path):
    dls = pets_dataloaders(folder(tmp_path/'two', pug_1__jpg=jpeg(), Birman_1__jpg=jpeg()), num_workers=0)
    assert (len(dls.train_ds), len(dls.valid_ds)) == (1,1) and dls.one_batch()[0].shape == (1,3,224,224)
