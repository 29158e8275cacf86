"""Keep the notebooks honest.

    python tools/notebooks.py run   [NOTEBOOK ...]   execute in a fresh kernel and store the outputs
    python tools/notebooks.py check [NOTEBOOK ...]   execute in a fresh kernel and compare with the stored outputs
    python tools/notebooks.py smoke [NOTEBOOK ...]   execute only, as a reader would (needs no nbdev)
    python tools/notebooks.py sync [--check]         write (or compare) links, questions, reading times, which cells are
                                                     folded, and the scripts of explorable pictures

`check --in-step` also asks whether the library and the notebooks are what nbdev's export and clean would leave.

Every notebook runs in an empty folder, as many at a time as `--jobs` says. Four directives at the top of
a cell steer the comparison: `#| varies` frees its output altogether (timings), `#| tolerance 0.01` widens the
relative tolerance of its numbers, `#| eval: false` keeps the stored output and does not run the cell, and
`#| notest` runs it with `run` only, as nbdev_test leaves it out too: a test elsewhere looks after its output.
"""
import argparse, os, re, shutil, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor, as_completed
from configparser import ConfigParser
from copy import deepcopy
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
    "The path of a notebook inside `nbs`, as an address has it; of another one, its name"
    return path.relative_to(NBS).as_posix() if path.is_relative_to(NBS) else path.name

def notebooks(names=()):
    "The paths of `names`, or of every notebook: the chapters, then backstage"
    if not names: return [*chapters(), *sorted((NBS/'backstage').glob('*.ipynb'))]
    return [named(o) for o in names]

def named(name):
    "The path of a notebook that is called `03_linear`, `backstage/guards` or by its path"
    for p in (NBS/f'{name.removesuffix(".ipynb")}.ipynb', Path(name).resolve()):
        if p.is_file(): return p
    sys.exit(f'no notebook {name}; there are: {", ".join(inside(o).removesuffix(".ipynb") for o in notebooks())}')

# --- running

def directives(source):
    "The `#|` lines of a cell's source: `{name: value}`"
    lines = re.findall(r'^#\|\s*([\w-]+):?[ \t]*(.*)$', source, flags=re.M)
    return {k: v.strip() for k,v in lines}

def longest_first(paths):
    "The later chapters train longer, and backstage does not train"
    return sorted(reversed(paths), key=lambda o: o.parent.name == 'backstage')

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

# Inside the HTML of an explorable picture: pictures, as elsewhere, and trained parameters, whose last bits depend on the machine
LEARNED = re.compile(r'(src="data:image/|"f16": ")[^"]*')

def texts(cell):
    "What a cell printed and returned: pairs of a kind and a text"
    res = []
    for o in cell.get('outputs', []):
        if o.output_type == 'stream': res.append((o.name, o.text))
        elif o.output_type == 'error': res.append(('error', f'{o.ename}: {o.evalue}'))
        else: res += [(k, o.data[k]) for k in sorted(o.data) if k in COMPARED] + [(k,'') for k in sorted(o.data) if k not in COMPARED]
    return [(k, re.sub(r' at 0x[0-9a-f]+|\b\d\d:\d\d\b', '', LEARNED.sub(r'\1', ''.join(t)))) for k,t in res]

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

# --- in step with the library

def stale(path=None):
    "What nbdev's export and clean would change: lines to show, of one notebook or of all"
    paths,lib = [path] if path else notebooks(),settings()['lib_path']
    with tempfile.TemporaryDirectory() as d: # a copy of the project, with an empty library
        d = Path(d)
        (d/lib).mkdir()
        for p in (ROOT/'settings.ini', ROOT/lib/'__init__.py', *paths):
            to = d/p.relative_to(ROOT)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(p, to)
        for command in 'nbdev_export','nbdev_clean': subprocess.run([Path(sys.executable).parent/command], cwd=d, check=True, capture_output=True)
        def differ(p): return not (ROOT/p).is_file() or (ROOT/p).read_bytes() != (d/p).read_bytes()
        res = [f'{inside(p)} is not clean: nbdev_clean' for p in paths if differ(p.relative_to(ROOT))]
        made = {p.name for p in (d/lib).glob('*.py')} - ({'__init__.py','_modidx.py'} if path else set())
        res += [f'{o} is not what its notebook says: nbdev_export' for o in sorted(made) if differ(Path(lib)/o)]
        if not path: res += [f'{p.name} has no notebook' for p in sorted((ROOT/lib).glob('*.py')) if p.name not in made]
    return res

# --- what is folded

def folded(source):
    "Does the site show nothing of this code until a reader asks for it?"
    opts = directives(source)
    return bool({'hide','export','exporti','default_exp'} & set(opts)) or opts.get('echo') == 'false' or opts.get('code-fold') == 'true'

def fold(cell):
    "Fold the cell in Jupyter and in Colab if the site hides its code, and unfold it if not"
    meta,jupyter = cell.metadata,{k: v for k,v in cell.metadata.get('jupyter', {}).items() if k != 'source_hidden'}
    if folded(cell.source): meta['cellView'],jupyter['source_hidden'] = 'form',True
    else: meta.pop('cellView', None)
    if jupyter: meta['jupyter'] = jupyter
    else: meta.pop('jupyter', None)

# --- what derives from settings.ini

def install_cell(cfg):
    "The first code cell of a chapter"
    return ("#| hide\n# On Colab this installs the course. Everywhere else it does nothing.\n"
            "if 'google.colab' in str(get_ipython()):\n"
            f"    course = 'git+{cfg['git_url']}'\n"
            f"    get_ipython().run_line_magic('pip', f'install -qq {cfg['lib_name']}[scale]@{{course}}')")

def heading(path):
    "Title and description of a notebook: its first cell"
    title,desc = re.match(r'# (.+)\n+> (.+)', nbformat.read(path, as_version=4).cells[0].source).groups()
    return title,desc

def buttons(cfg, path):
    "The links of a chapter"
    return f"[Open in Colab]({cfg['colab_url']}/{inside(path)}) · [Source on GitHub]({cfg['git_url']}/blob/{cfg['branch']}/nbs/{inside(path)})"

def words(cells):
    "How many words of a notebook a page shows without a click: neither links' addresses nor what is folded"
    text = '\n'.join(c['source'] if isinstance(c['source'], str) else ''.join(c['source']) for c in cells if c['cell_type'] == 'markdown')
    for gone in (r'<!-- (buttons|questions) -->.*?<!-- end -->', r'<details>.*?</details>', r'<!--.*?-->', r'(?<=\])\([^)]*\)'): text = re.sub(gone, '', text, flags=re.S)
    return len(text.split())

PACE = 200 # words that a reader reads in a minute

def minutes(cells): return max(1, round(words(cells)/PACE))

def own_questions(path):
    "The questions of the quiz whose answers stand in a chapter, folded"
    from quiz import collect
    page = re.sub(r'^\d+_', '', path.stem) + '.html#'
    def one(q):
        choices = ''.join(f'- **{k}.** {v}\n' for k,v in q['choices'].items())
        right = f'**{q["right"]}.** ' if q['right'] else ''
        more = f'Read more: [{q["title"]}]({path.name}#{q["section"].split("#")[1]}). The cells that prove it stand in [the quiz](12_quiz.ipynb#{q["id"]}).'
        return (f'<!-- question {q["id"]} {q["topic"]} -->\n<details><summary>{as_html(q["text"])}</summary>\n\n{choices}\n'
                f'<details><summary>Answer</summary>\n\n{right}{q["answer"]}\n\n{more}\n\n</details>\n</details>')
    return '\n\n'.join(one(q) for q in collect() if q['section'].startswith(page))

def as_html(text):
    "A line of Markdown for a place where Markdown is not read"
    text = re.sub(r'`([^`]+)`', r'<code>\1</code>', text.replace('&', '&amp;').replace('<', '&lt;'))
    return re.sub(r'\*([^*]+)\*', r'<em>\1</em>', text)

APART = {'lesson'} # chapters that belong to the reference, not to the reading order

def chapter_table(cfg):
    "The table of chapters, for the home page"
    badge = '![Open in Colab](images/colab-badge.svg)'
    told = [p for p in chapters() if re.sub(r'^\d+_', '', p.stem) not in {'index', *APART}]
    rows = [f"| [{t}]({p.name}) | {d} | [{badge}]({cfg['colab_url']}/{p.name}) |" for p in told for t,d in [heading(p)]]
    return '\n'.join(['| chapter | what it tells | run it |', '| --- | --- | --- |', *rows])

def synced(path, cfg):
    "The notebook with its links and scripts up to date and its cells folded, and whether that changed it"
    import explorables
    nb = nbformat.read(path, as_version=4)
    before,n = deepcopy(nb.cells),minutes(nb.cells)
    for c in nb.cells:
        if c.cell_type == 'code' and re.match(r'#\| hide\n# (On Colab|install$)', c.source): c.source = install_cell(cfg)
        if c.cell_type == 'code':
            fold(c)
            for o in c.outputs:
                if 'data-explorable' in (page := o.get('data', {}).get('text/html', '')): o.data['text/html'] = explorables.refreshed(page)
        if c.cell_type == 'markdown':
            new = {'chapters': lambda: chapter_table(cfg), 'buttons': lambda: buttons(cfg, path), 'questions': lambda: own_questions(path)}
            c.source = re.sub(r'<!-- (\w+) -->.*?<!-- end -->', lambda m: f'<!-- {m[1]} -->\n{new[m[1]]()}\n<!-- end -->', c.source, flags=re.S)
            c.source = re.sub(r'(?<=\*\*Time:\*\* )\d+ minutes?(?= to read)', lambda m: f'{n} minute{"s"*(n > 1)}', c.source)
    return nb, before != nb.cells

def sync(paths, check=False):
    "Write what derives from elsewhere into the notebooks; return those that were not up to date"
    cfg,behind = settings(),[]
    for p in paths:
        nb,changed = synced(p, cfg)
        if not changed: continue
        behind.append(inside(p))
        if not check: nbformat.write(nb, p); clean(p)
    return behind

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
    p.add_argument('--check', action='store_true', help='with sync: change nothing, fail if anything is behind')
    p.add_argument('--in-step', action='store_true', help='with check: fail too if an export or a clean is missing')
    a = p.parse_intermixed_args(argv)
    paths,failed = notebooks(a.notebook),False
    if a.command in ('run','sync') or a.in_step:
        behind = sync(paths, check=a.check or a.in_step)
        if behind: print(('links, questions, reading times, folds or scripts not up to date, `tools/notebooks.py sync` writes them: ' if a.check or a.in_step else 'updated: ') + ', '.join(behind))
        if a.command == 'sync': sys.exit(1 if behind and a.check else 0)
    if a.in_step:
        steps = [o for p in (paths if a.notebook else [None]) for o in stale(p)]
        print(*steps, sep='\n', end='\n' if steps else '')
        failed = bool(behind or steps)
    def timed(path):
        t = time.perf_counter()
        return path, run_one(path, a.command), time.perf_counter()-t
    bad = 0
    with ThreadPoolExecutor(a.jobs) as ex:
        for job in as_completed([ex.submit(timed, o) for o in longest_first(paths)]):
            path,problems,seconds = job.result()
            print(f'{inside(path):26} {"FAILED" if problems else "ok":6} {seconds:5.1f} s', flush=True)
            for o in problems: print('   ' + o.replace('\n', '\n   '))
            bad += bool(problems)
    print(f'{a.command}: {len(paths)-bad} passed, {bad} failed')
    sys.exit(1 if failed or bad else 0)

if __name__ == '__main__': main()
