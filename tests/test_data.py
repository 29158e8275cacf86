"The digits on disk: altered files, folders that can't be written, killed and simultaneous writers"
import os, signal, subprocess, sys, time
import pytest
import torch
from fastbook_lesson4.pixels import MNIST_COUNTS,load_mnist_sample,mnist_sample
from conftest import ROOT

DATA = ROOT/'fastbook_lesson4'/'assets'/'mnist_sample.npz'
CALL = 'import sys; from fastbook_lesson4.pixels import mnist_sample; print(mnist_sample(sys.argv[1]))'

def whole(path): return {k: len(list((path/k).glob('*.png'))) for k in MNIST_COUNTS} == MNIST_COUNTS and (path/'labels.csv').is_file()

def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match='no digits at .*nothing.npz'): load_mnist_sample(tmp_path/'nothing.npz')

@pytest.mark.parametrize('change', [lambda b: b[:-100], lambda b: b[:5000] + bytes([b[5000]^1]) + b[5001:], lambda b: b''], ids=['cut', 'altered', 'empty'])
def test_altered(tmp_path, change):
    path = tmp_path/'digits.npz'
    path.write_bytes(change(DATA.read_bytes()))
    with pytest.raises(ValueError, match='cut short or altered: expected SHA-256 24f50c.*found') as e: load_mnist_sample(path)
    assert all('numpy' not in str(f.path) for f in e.traceback)

def test_another_place(tmp_path):
    path = tmp_path/'digits.npz'
    path.write_bytes(DATA.read_bytes())
    assert torch.equal(load_mnist_sample(path).valid_x, load_mnist_sample().valid_x)

def test_cache_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv('FASTBOOK_LESSON4_CACHE', str(tmp_path/'here'))
    assert mnist_sample() == tmp_path/'here'/'mnist_sample' and whole(tmp_path/'here'/'mnist_sample')
    monkeypatch.delenv('FASTBOOK_LESSON4_CACHE')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path/'xdg'))
    assert mnist_sample().relative_to(tmp_path).as_posix() == 'xdg/fastbook_lesson4/mnist_sample'

def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path/'cache').write_text('in the way')
    with pytest.raises(OSError, match=r'cannot write the digits to .*cache.*FASTBOOK_LESSON4_CACHE'): mnist_sample(tmp_path/'cache')

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

def test_a_folder_with_a_hole_is_made_again(tmp_path):
    path = mnist_sample(tmp_path)
    next((path/'valid'/'7').iterdir()).unlink()
    assert whole(mnist_sample(tmp_path))

def test_killed_while_writing(tmp_path):
    slow = 'import time; from PIL import Image; save = Image.Image.save\ndef slow(self, *a): time.sleep(.002); save(self, *a)\nImage.Image.save = slow\n'
    p = subprocess.Popen([sys.executable, '-c', slow + CALL, tmp_path], stdout=subprocess.DEVNULL)
    part = tmp_path/'mnist_sample.part'
    for _ in range(6000):
        if part.is_dir() and len(list(part.glob('*/*/*.png'))) > 50: break
        time.sleep(.01)
    p.send_signal(signal.SIGKILL)
    p.wait()
    assert part.is_dir() and not (tmp_path/'mnist_sample').exists()
    assert whole(mnist_sample(tmp_path)) and not part.exists()

def test_two_at_once(tmp_path):
    ps = [subprocess.Popen([sys.executable, '-c', CALL, tmp_path], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outs = [p.communicate(timeout=120)[0].strip() for p in ps]
    assert [p.returncode for p in ps] == [0,0] and outs == [str(tmp_path/'mnist_sample')]*2
    assert whole(tmp_path/'mnist_sample') and not (tmp_path/'mnist_sample.part').exists()
