"""Measure side by side, in one run, and print ratios: seconds differ between machines, ratios hardly do.

    python bench/bench.py [NAME ...]

Writes everything to bench/results.json. Exit code 1 if a ratio misses its floor.
"""
import argparse, json, os, platform, subprocess, sys
from pathlib import Path
from time import perf_counter
import numpy as np
import torch
from PIL import Image
from tabulate import tabulate
from fastbook_lesson4.pixels import load_mnist_sample,mnist_sample

benches = {}
def bench(f): benches[f.__name__] = f; return f

def best(f, n=3):
    "Seconds of the fastest of `n` calls"
    def once():
        t = perf_counter()
        f()
        return perf_counter()-t
    return min(once() for _ in range(n))

def row(what, value, unit, floor=None, ceiling=None):
    "A measurement; `ok` is None where nothing is asked"
    ok = None if floor is None and ceiling is None else (floor is None or value >= floor) and (ceiling is None or value <= ceiling)
    want = '' if ok is None else f'at least {floor:g}' if floor is not None else f'at most {ceiling:g}'
    return dict(what=what, value=value, unit=unit, wanted=want, ok=ok)

@bench
def load():
    "The digits: one file against 14434 PNG files opened with PIL and stacked"
    path = mnist_sample()
    def pngs():
        return [torch.stack([torch.tensor(np.array(Image.open(o))) for o in sorted((path/s/d).iterdir())]).float()/255 for s in ('train','valid') for d in '37']
    slow,fast = best(pngs, 3),best(load_mnist_sample, 20)
    yield row('PNG files one by one / load_mnist_sample()', slow/fast, 'times', floor=15)

@bench
def imports():
    "What `import fastbook_lesson4.similarity` costs beyond `import torch`, in fresh processes"
    code = 'import time,torch; t=time.perf_counter(); import fastbook_lesson4.similarity; print(time.perf_counter()-t)'
    seconds = [float(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    yield row('import of similarity after torch', min(seconds), 'seconds', ceiling=.5)

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('name', nargs='*', help=f'what to measure (default: all): {", ".join(benches)}')
    names = p.parse_args().name or list(benches)
    if set(names) - set(benches): p.error(f'the measurements are {", ".join(benches)}')
    rows = [r for n in names for r in benches[n]()]
    print(tabulate([(r['what'], f'{r["value"]:.3g}', r['unit'], r['wanted'], {None:'', True:'ok', False:'MISSED'}[r['ok']]) for r in rows],
                   ['measured', 'value', '', 'wanted', ''], disable_numparse=True))
    machine = dict(cpus=os.cpu_count(), machine=platform.machine(), system=platform.platform(), gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None)
    versions = dict(python=platform.python_version(), torch=torch.__version__, numpy=np.__version__)
    out = Path(__file__).parent/'results.json'
    out.write_text(json.dumps(dict(rows=rows, machine=machine, versions=versions), indent=1))
    print(f'\n{out}')
    sys.exit(any(r['ok'] is False for r in rows))

if __name__ == '__main__': main()
