"""Keep the notebooks honest.

    python tools/notebooks.py run   [NOTEBOOK ...]   execute in a fresh kernel and store the outputs
    python tools/notebooks.py check [NOTEBOOK ...]   execute in a fresh kernel and compare with the stored outputs
    python tools/notebooks.py smoke [NOTEBOOK ...]   execute only, as a reader would (needs no nbdev)
    python tools/notebooks.py sync [--check]         write (or compare) what derives from settings.ini

Every notebook runs in an empty folder, as many at a time as `--jobs` says. Four directives at the top of
a cell steer the comparison: `#| varies` frees its output altogether (timings), `#| tolerance 0.01` widens the
relative tolerance of its numbers, `#| eval: false` keeps the stored output and does not run the cell, and
`#| notest` runs it with `run` only, as nbdev_test leaves it out too: a test elsewhere looks after its output.
"""
import argparse, os, re, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor, as_completed
from configparser import ConfigParser
from pathlib import Path
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
NBS = ROOT/'nbs'
RTOL,ATOL = 1e-3,1e-4
COMPARED = 'text/plain','text/html','text/markdown','text/latex'

def settings():
    "The settings of the project"
    cfg = ConfigParser(delimiters=['='])
    cfg.read(ROOT/'settings.ini', encoding='utf-8')
    return cfg['DEFAULT']

def chapters():
    "The paths of the chapters and the home page"
    return sorted(NBS.glob('*.ipynb'))

def inside(path):
    "The path of a notebook inside `nbs`, as an address has it"
    return path.relative_to(NBS).as_posix()

def notebooks(names=()):
    "The paths of `names`, or of every notebook"
    if not names: return [*chapters(), *sorted((NBS/'backstage').glob('*.ipynb'))]
    paths = [Path(n) if Path(n).is_file() else NBS/f'{n.removesuffix(".ipynb")}.ipynb' for n in names]
    for p in paths:
        if not p.is_file(): sys.exit(f'no notebook {p.name}; there are: {", ".join(o.stem for o in notebooks())}')
    return paths

# --- running

def directives(source):
    "The `#|` lines of a cell's source: `{name: value}`"
    lines = re.findall(r'^#\|\s*([\w-]+):?[ \t]*(.*)$', source, flags=re.M)
    return {k: v.strip() for k,v in lines}

def skipped(cell, command='check'):
    "Is the cell left out when it is this command's turn?"
    opts = directives(cell.source)
    return opts.get('eval') == 'false' or (command != 'run' and not set(settings()['tst_flags'].split()).isdisjoint(opts))

def execute(path, command='check'):
    "A copy of the notebook, run in a clean kernel and an empty folder"
    nb = nbformat.read(path, as_version=4)
    for c in nb.cells:
        if c.cell_type != 'code': continue
        if skipped(c, command): c.metadata.tags = ['skip-execution']
        else: c.outputs = []
    with tempfile.TemporaryDirectory() as d:
        NotebookClient(nb, timeout=900, kernel_name='python3', coalesce_streams=True,
                       extra_arguments=['--IPKernelApp.log_level=ERROR'], resources={'metadata':{'path':d}}).execute()
    return nb

def foreign_paths(nb):
    "Outputs that name a folder of this machine"
    mine = {str(ROOT), str(Path.home()), tempfile.gettempdir()} - {'/'}
    return [f'cell {c.id}: {m}' for c in nb.cells if c.cell_type=='code' for _,text in texts(c) for m in mine if m in text]

# --- comparing

def texts(cell):
    "What a cell printed and returned: pairs of a kind and a text"
    res = []
    for o in cell.get('outputs', []):
        if o.output_type == 'stream': res.append((o.name, o.text))
        elif o.output_type == 'error': res.append(('error', f'{o.ename}: {o.evalue}'))
        else: res += [(k, o.data[k]) for k in sorted(o.data) if k in COMPARED] + [(k,'') for k in sorted(o.data) if k not in COMPARED]
    return [(k, re.sub(r' at 0x[0-9a-f]+', '', ''.join(t))) for k,t in res]

_number = re.compile(r'(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?![\w])', re.I)

def same_text(a, b, rtol=RTOL):
    "Are two texts the same, but for white space and for numbers that differ by less than the tolerance?"
    words = [' '.join(_number.sub('#', t).split()) for t in (a,b)]
    if words[0] != words[1]: return False
    nums = [[float(n) for n in _number.findall(t)] for t in (a,b)]
    return all(abs(x-y) <= ATOL + rtol*max(abs(x),abs(y)) for x,y in zip(*nums))

def differences(stored, fresh):
    "A line for each cell whose stored output is not what it gives now"
    res = []
    for old,new in zip(stored.cells, fresh.cells, strict=True):
        opts = directives(old.source) if old.cell_type=='code' else {'varies':''}
        if 'varies' in opts or skipped(old): continue
        a,b = texts(old),texts(new)
        if [k for k,_ in a] != [k for k,_ in b]:
            res.append(f'cell {old.id}: stored outputs {[k for k,_ in a]}, fresh ones {[k for k,_ in b]}\n{old.source}')
        for (k,x),(_,y) in zip(a,b):
            if not same_text(x, y, float(opts.get('tolerance', RTOL))): res.append(f'cell {old.id}, {k}\n--- stored\n{x}\n--- fresh\n{y}')
    return res

# --- what derives from settings.ini

def install_cell(cfg):
    "The first code cell of a chapter"
    return ("#| hide\n# On Colab this installs the course. Everywhere else it does nothing.\n"
            f"if 'google.colab' in str(get_ipython()): get_ipython().run_line_magic('pip', 'install -qq git+{cfg['git_url']}')")

def heading(path):
    "Title and description of a notebook: its first cell"
    title,desc = re.match(r'# (.+)\n+> (.+)', nbformat.read(path, as_version=4).cells[0].source).groups()
    return title,desc

def buttons(cfg, path):
    "The links of a chapter"
    return f"[Open in Colab]({cfg['colab_url']}/{inside(path)}) · [Source on GitHub]({cfg['git_url']}/blob/{cfg['branch']}/nbs/{inside(path)})"

def chapter_table(cfg):
    "The table of chapters, for the home page"
    badge = '![Open in Colab](images/colab-badge.svg)'
    rows = [f"| [{t}]({p.name}) | {d} | [{badge}]({cfg['colab_url']}/{p.name}) |" for p in chapters() if p.stem != 'index' for t,d in [heading(p)]]
    return '\n'.join(['| chapter | what it tells | run it |', '| --- | --- | --- |', *rows])

def synced(path, cfg):
    "The notebook with everything that derives from settings.ini up to date, and whether that changed it"
    nb = nbformat.read(path, as_version=4)
    before = [c.source for c in nb.cells]
    for c in nb.cells:
        if c.cell_type == 'code' and re.match(r'#\| hide\n# (On Colab|install$)', c.source): c.source = install_cell(cfg)
        if c.cell_type == 'markdown':
            new = {'chapters': lambda: chapter_table(cfg), 'buttons': lambda: buttons(cfg, path)}
            c.source = re.sub(r'<!-- (\w+) -->.*?<!-- end -->', lambda m: f'<!-- {m[1]} -->\n{new[m[1]]()}\n<!-- end -->', c.source, flags=re.S)
    return nb, before != [c.source for c in nb.cells]

def sync(paths, check=False):
    "Write what derives from settings.ini into the notebooks; return those that were not up to date"
    cfg,stale = settings(),[]
    for p in paths:
        nb,changed = synced(p, cfg)
        if not changed: continue
        stale.append(p.name)
        if not check: nbformat.write(nb, p); clean(p)
    return stale

def clean(path):
    "Rewrite a notebook as the git hooks would"
    from nbdev.clean import nbdev_clean
    nbdev_clean(fname=str(path))

# --- the commands

def run_one(path, command):
    "Execute one notebook; return what is wrong"
    try: fresh = execute(path, command)
    except CellExecutionError as e:
        lines = re.sub(r'\x1b\[[0-9;]*m', '', str(e)).splitlines()
        return ['\n'.join(o[:160] for o in (lines if len(lines) < 60 else [*lines[:40], '...', *lines[-10:]]))]
    if command == 'smoke': return []
    if command == 'check': return differences(nbformat.read(path, as_version=4), fresh)
    bad = foreign_paths(fresh)
    if not bad:
        nbformat.write(fresh, path)
        clean(path)
    return [f'names a folder of this machine: {o}' for o in bad]

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('command', choices=['run','check','smoke','sync'])
    p.add_argument('notebook', nargs='*', help='a notebook, such as 00_pixels (default: all of them)')
    p.add_argument('--jobs', type=int, default=min(2, os.cpu_count() or 1), help='notebooks at a time (default: %(default)s)')
    p.add_argument('--check', action='store_true', help='with sync: change nothing, fail if anything is stale')
    a = p.parse_intermixed_args(argv)
    paths,failed = notebooks(a.notebook),0
    if a.command in ('run','sync'):
        stale = sync(paths, check=a.check)
        if stale: print(('not up to date with settings.ini: ' if a.check else 'updated: ') + ', '.join(stale))
        if a.command == 'sync': sys.exit(1 if stale and a.check else 0)
    def timed(path):
        t = time.perf_counter()
        return path, run_one(path, a.command), time.perf_counter()-t
    with ThreadPoolExecutor(a.jobs) as ex: # the last chapters take longest, so they start first
        for job in as_completed([ex.submit(timed, o) for o in reversed(paths)]):
            path,problems,seconds = job.result()
            print(f'{path.name:20} {"FAILED" if problems else "ok":6} {seconds:5.1f} s', flush=True)
            for o in problems: print('   ' + o.replace('\n', '\n   '))
            failed += bool(problems)
    print(f'{a.command}: {len(paths)-failed} passed, {failed} failed')
    sys.exit(1 if failed else 0)

if __name__ == '__main__': main()
