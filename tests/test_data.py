"What is kept on disk: files and folders whole or not at all, the digits, altered files, folders that can't be written"
import os, signal, subprocess, sys
import pytest
import torch
from fastbook_lesson4.convolution import load_mnist
from fastbook_lesson4.data import MNIST_COUNTS, build_folder, cached_folder, has_digits, read_digits, whole_file
from fastbook_lesson4.pixels import load_mnist_sample, mnist_sample
from conftest import ROOT

ASSETS = ROOT/'fastbook_lesson4'/'assets'

# --- whole or not at all

def test_a_file_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path/'x.npz'
    path.write_bytes(b'old')
    with pytest.raises(OSError, match='disk full'):
        with whole_file(path) as part:
            part.write_bytes(b'ne')
            raise OSError('disk full')
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]
    with whole_file(path) as part:
        part.write_bytes(b'new')
        assert path.read_bytes() == b'old', 'nothing is seen before the end'
    assert path.read_bytes() == b'new' and list(tmp_path.iterdir()) == [path]

def test_a_folder_takes_the_place_of_one_that_is_not_whole(tmp_path):
    (tmp_path/'x').mkdir()
    (tmp_path/'x'/'half').touch()
    with whole_file(tmp_path/'x') as part:
        part.mkdir()
        (part/'all').touch()
    assert [o.name for o in (tmp_path/'x').iterdir()] == ['all'] and len(list(tmp_path.iterdir())) == 1

# A builder that tells when it has done half of its work, and waits for a line before it does the rest
BUILD = '''import sys
from pathlib import Path
from fastbook_lesson4.data import build_folder
def build(path):
    (path/'a').touch()
    print('half', flush=True)
    sys.stdin.readline()
    (path/'b').touch()
print('start', flush=True)
build_folder(sys.argv[1], lambda path: (path/'b').is_file(), build)
print('done', flush=True)
'''

@pytest.fixture
def builder():
    "`builder(path)` starts a process that builds `path`, and waits until it is about to"
    procs = []
    def start(path):
        p = subprocess.Popen([sys.executable, '-c', BUILD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        procs.append(p)
        assert p.stdout.readline() == 'start\n'
        return p
    yield start
    for p in procs:
        p.kill()
        p.communicate()

def left(folder): return sorted(o.relative_to(folder).as_posix() for o in folder.rglob('*') if o.suffix != '.lock')

def test_killed_while_building(builder, tmp_path):
    p = builder(tmp_path/'made')
    assert p.stdout.readline() == 'half\n'
    assert not (tmp_path/'made').exists()
    p.send_signal(signal.SIGKILL)
    p.wait()
    assert [o.split('.')[-1] for o in left(tmp_path)] == ['part', 'part/a'], 'a half, under another name'
    build_folder(tmp_path/'made', lambda path: (path/'b').is_file(), lambda path: (path/'b').touch())
    assert left(tmp_path) == ['made', 'made/b'], 'built again, and the half is gone'

def test_two_at_once(builder, tmp_path):
    first = builder(tmp_path/'made')
    assert first.stdout.readline() == 'half\n'
    second = builder(tmp_path/'made')
    for p in (first, second):
        out,_ = p.communicate('go on\n')
        assert p.returncode == 0 and out == 'done\n', 'only the first has built'
    assert left(tmp_path) == ['made', 'made/a', 'made/b']

# --- the cache

def here(path): return (path/'x').is_file()
def touch(path): (path/'x').touch()

def test_cache_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv('FASTBOOK_LESSON4_CACHE', str(tmp_path/'here'))
    assert cached_folder('a', 'an x', here, touch) == tmp_path/'here'/'a'
    assert cached_folder('a', 'an x', here, touch, tmp_path/'argument') == tmp_path/'argument'/'a'
    monkeypatch.delenv('FASTBOOK_LESSON4_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path/'xdg'))
    assert cached_folder('a', 'an x', here, touch) == tmp_path/'xdg'/'fastbook_lesson4'/'a'
    monkeypatch.delenv('XDG_CACHE_HOME')
    monkeypatch.setenv('HOME', str(tmp_path/'home'))
    assert cached_folder('a', 'an x', here, touch) == tmp_path/'home'/'.cache'/'fastbook_lesson4'/'a'

def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path/'cache').write_text('in the way')
    with pytest.raises(OSError, match=r'cannot write an x to .*cache.*FASTBOOK_LESSON4_CACHE'): cached_folder('a', 'an x', here, touch, tmp_path/'cache')

@pytest.mark.parametrize('mode', [0o500, 0o000], ids=['read only', 'closed'])
def test_no_permission(tmp_path, python, mode):
    "As a user without rights, also where the tests run as root"
    for o in (tmp_path, *tmp_path.parents):
        if o.stat().st_uid == os.getuid(): o.chmod(o.stat().st_mode | 0o111)
    cache = tmp_path/'locked'
    cache.mkdir()
    cache.chmod(mode)
    p = python('import os,sys\nfrom fastbook_lesson4.pixels import load_mnist_sample,mnist_sample\nload_mnist_sample() # import all that it needs\nif os.getuid()==0: os.setuid(65534)\nmnist_sample(sys.argv[1])', cache)
    assert p.returncode == 1 and p.stderr.strip().splitlines()[-1].startswith('PermissionError: cannot write the digits to'), p.stderr

# --- the digits

def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='no digits at .*nothing.npz'): load_mnist_sample(tmp_path/'nothing.npz')

@pytest.mark.parametrize('name', ['mnist_sample.npz', 'mnist_rest.npz'])
@pytest.mark.parametrize('change', [lambda b: b[:-100], lambda b: b[:5000] + bytes([b[5000]^1]) + b[5001:], lambda b: b''], ids=['cut', 'altered', 'empty'])
def test_altered(tmp_path, change, name):
    path = tmp_path/'digits.npz'
    path.write_bytes(change((ASSETS/name).read_bytes()))
    with pytest.raises(ValueError, match='cut short or altered: expected SHA-256 .*found') as e: read_digits(path, name)
    assert all('numpy' not in str(f.path) for f in e.traceback)

def test_another_place(tmp_path):
    path = tmp_path/'digits.npz'
    path.write_bytes((ASSETS/'mnist_sample.npz').read_bytes())
    assert torch.equal(load_mnist_sample(path).valid_x, load_mnist_sample().valid_x)

def test_the_folder_of_digits(tmp_path):
    path = mnist_sample(tmp_path)
    assert path == tmp_path/'mnist_sample' and has_digits(path)
    assert {k: len(list((path/k).glob('*.png'))) for k in MNIST_COUNTS} == MNIST_COUNTS
    next((path/'valid'/'7').iterdir()).unlink()
    assert not has_digits(path), 'so the next call writes it again'

def test_all_ten_digits():
    "In the order of the original files, whose first labels many have seen; and the same threes and sevens as everywhere"
    d,sample = load_mnist(),load_mnist_sample()
    assert d.train_y[:10].tolist() == [5,0,4,1,9,2,1,3,1,4] and d.test_y[:10].tolist() == [7,2,1,0,4,1,4,9,5,9]
    assert d.train_y.bincount().tolist() == [5923,6742,5958,6131,5842,5421,5918,6265,5851,5949]
    assert d.test_y.bincount().tolist() == [980,1135,1032,1010,982,892,958,1028,974,1009]
    for (x,y),want in (((d.train_x,d.train_y),sample.train_x), ((d.test_x,d.test_y),sample.valid_x)):
        assert x.shape[1:] == (28,28) and x.dtype == torch.float32 and y.dtype == torch.int64 and (x.min(),x.max()) == (0,1)
        names = [sorted((y==c).nonzero().flatten().tolist(), key=lambda i: f'{i}.png') for c in (3,7)]
        assert torch.equal(x[sum(names, [])], want)
