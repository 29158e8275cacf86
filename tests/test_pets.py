"The pets on disk: photographs as fastai keeps and fetches them, from a server on the loopback; drawings; any folder of pictures"
import hashlib, io, os, socket, tarfile, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import fastai.data, fastdownload.core
import pytest
from fastai.data.external import URLs, fastai_cfg
from PIL import Image
from fastbook_lesson4 import drawn
from fastbook_lesson4.drawn import draw_pet, drawn_pets
from fastbook_lesson4.pets import breed_name, pets, pets_dataloaders

def jpeg(size=(40,30), colour=(200,120,60)):
    out = io.BytesIO()
    Image.new('RGB', size, colour).save(out, 'JPEG')
    return out.getvalue()

# --- the photographs

PHOTOS = {f'oxford-iiit-pet/images/{b}_{n}.jpg': jpeg() for b in ('Birman','pug') for n in (1,2,3)}

def archive(files=PHOTOS):
    "A .tgz in the layout of the data set"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w:gz') as tar:
        for name,data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()

@pytest.fixture
def home(tmp_path, monkeypatch):
    "fastai's folder, empty"
    monkeypatch.setenv('FASTAI_HOME', str(tmp_path/'fastai'))
    monkeypatch.setenv('no_proxy', '*')
    fastai_cfg.cache_clear()
    yield tmp_path/'fastai'
    fastai_cfg.cache_clear()

@pytest.fixture
def server(monkeypatch):
    "`server(body, length)` serves `body` as the data set's archive, whose `length` it says; `server.asked` counts"
    stops = []
    def serve(body, length=None):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                serve.asked += 1
                self.send_response(200)
                self.send_header('Content-Length', str(length or len(body)))
                self.end_headers()
                try: self.wfile.write(body)
                except ConnectionError: pass # who only wanted to know whether we are there
            def log_message(self, *args): pass
        stops.append(ThreadingHTTPServer(('127.0.0.1', 0), Handler))
        threading.Thread(target=stops[-1].serve_forever, daemon=True).start()
        monkeypatch.setattr(URLs, 'PETS', f'http://127.0.0.1:{stops[-1].server_port}/oxford-iiit-pet.tgz')
    serve.asked = 0
    yield serve
    for o in stops: o.shutdown(); o.server_close()

@pytest.fixture
def nowhere(monkeypatch):
    "An address at which nobody listens any more"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        monkeypatch.setattr(URLs, 'PETS', f'http://127.0.0.1:{s.getsockname()[1]}/oxford-iiit-pet.tgz')

def names(path): return sorted(o.name for o in (path/'images').iterdir())
def unpacked(home): return sorted(o.name for o in (home/'data').iterdir()) if (home/'data').exists() else []

def test_fetched_once(server, home, capsys):
    server(archive())
    path = pets(real=True)
    assert path == home/'data'/'oxford-iiit-pet' and names(path) == [f'{b}_{n}.jpg' for b in ('Birman','pug') for n in (1,2,3)]
    asked = server.asked
    assert pets(real=True) == pets() == path and server.asked == asked, 'later calls need no network'
    assert capsys.readouterr().err == ''

def test_what_fastai_has_is_taken_as_it_is(home, nowhere):
    images = home/'data'/'oxford-iiit-pet'/'images'
    images.mkdir(parents=True)
    (images/'pug_1.jpg').write_bytes(jpeg())
    assert pets() == pets(real=True) == images.parent and unpacked(home) == ['oxford-iiit-pet']

def test_out_of_reach(home, nowhere, drawings, capsys):
    with pytest.raises(OSError, match='127.0.0.1.* is out of reach'): pets(real=True)
    assert pets(cache=drawings) == drawings/'pets_drawn'
    out,err = capsys.readouterr()
    assert out == '' and err.count('\n') == 1 and err.startswith('pets: drawings, because') and 'out of reach' in err
    assert pets(False, drawings) == drawings/'pets_drawn' and capsys.readouterr() == ('','')

def test_a_server_that_says_nothing(home, monkeypatch):
    "It takes the connection and never answers: this ends by itself"
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        s.listen()
        monkeypatch.setattr(URLs, 'PETS', f'http://127.0.0.1:{s.getsockname()[1]}/oxford-iiit-pet.tgz')
        with pytest.raises(OSError, match='out of reach'): pets(real=True)

NOISE = archive({**PHOTOS, 'oxford-iiit-pet/annotations/noise': os.urandom(2_000_000)})

@pytest.mark.parametrize('body,length', [(NOISE[:-200], len(NOISE)), (NOISE[:-200], None), (b'<html>please log in</html>', None), (NOISE[:-5000] + bytes(5000), None)],
                         ids=['cut on the way', 'too small', 'something else', 'wrong bits behind the first megabyte'])
def test_a_damaged_archive_is_never_unpacked(server, home, drawings, monkeypatch, capsys, body, length):
    "fastai knows the size of the file and the hash of its first megabyte; the rest is gzip's checksum"
    def known(_): return {URLs.PETS: (len(NOISE), hashlib.md5(NOISE[:2**20]).hexdigest())}
    monkeypatch.setattr(fastdownload.core, 'read_checks', known)
    server(body, length)
    with pytest.raises(Exception): pets(real=True)
    assert unpacked(home) == []
    assert pets(cache=drawings) == drawings/'pets_drawn' and 'pets: drawings, because' in capsys.readouterr().err
    for o in (home/'archive').iterdir(): o.unlink()
    server(NOISE)
    assert len(names(pets(real=True))) == 6, 'the whole file is welcome'

def test_fastai_knows_the_real_archive():
    size,md5 = fastdownload.core.read_checks(fastdownload.core.checks_module(fastai.data))[URLs.PETS]
    assert size == 811706944 and len(md5) == 32

# --- the drawings

@pytest.fixture(scope='session')
def drawings(tmp_path_factory):
    "A cache with all drawings"
    cache = tmp_path_factory.mktemp('drawings')
    drawn_pets(cache)
    return cache

def test_all_breeds_are_drawn(drawings):
    "37 breeds, 12 of them cats, at least 16 pictures each, 300 to 500 pixels, landscape and portrait"
    path = drawings/'pets_drawn'
    files = sorted((path/'images').iterdir())
    count = {}
    for o in files: count[breed_name(o)] = count.get(breed_name(o), 0)+1
    assert len(count) == 37 and sum(o[0].isupper() for o in count) == 12 and min(count.values()) >= 16
    assert {'great_pyrenees_173.jpg', 'Egyptian_Mau_14.jpg'} <= {o.name for o in files}
    sizes = [Image.open(o).size for o in files]
    assert all(300 <= min(o) and max(o) <= 500 for o in sizes) and .3 < sum(w > h for w,h in sizes)/len(sizes) < .8
    rows = [o.split() for o in (path/'annotations'/'list.txt').read_text().splitlines() if o[0] != '#']
    assert sorted(f'{o[0]}.jpg' for o in rows) == [o.name for o in files] and {o[2] for o in rows if o[0][0].isupper()} == {'1'}

# The beginning of the SHA-256 of the pixels, for a drawing of each pattern, kind of ears and special case
PIXELS = {'Siamese_24':'81a8ca8b', 'Bengal_6':'d6663f75', 'Ragdoll_6':'931218e6', 'Persian_11':'c62ef9f5', 'Maine_Coon_11':'f6d7d494',
          'Sphynx_14':'6ec8c00b', 'pug_24':'1edba71c', 'basset_hound_23':'b4a60abc', 'beagle_5':'d75c8ae3', 'chihuahua_1':'43db650d',
          'english_setter_7':'cc6b5538', 'german_shorthaired_11':'c650644d', 'japanese_chin_11':'7f8f506f', 'miniature_pinscher_11':'8ce24164',
          'scottish_terrier_1':'b090f0bc', 'staffordshire_bull_terrier_4':'f2597572', 'yorkshire_terrier_14':'24e738b9', 'havanese_4':'ec1fe566'}

@pytest.mark.parametrize('name', PIXELS)
def test_the_same_pixels_every_time(name):
    breed,n = name.rsplit('_', 1)
    assert hashlib.sha256(draw_pet(breed, int(n)).tobytes()).hexdigest()[:8] == PIXELS[name]

@pytest.mark.parametrize('spoil', [lambda path: next((path/'images').iterdir()).unlink(), lambda path: (path/'annotations'/'list.txt').write_text('an older edition')], ids=['a hole', 'an older edition'])
def test_what_is_not_whole_is_drawn_again(tmp_path, monkeypatch, spoil):
    monkeypatch.setattr(drawn, 'draw_pet', lambda *args: Image.new('RGB', (4,4))) # quick
    path = drawn_pets(tmp_path)
    whole = {o.name: o.read_bytes() for o in path.rglob('*') if o.is_file()}
    spoil(path)
    assert drawn_pets(tmp_path) == path and {o.name: o.read_bytes() for o in path.rglob('*') if o.is_file()} == whole

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
