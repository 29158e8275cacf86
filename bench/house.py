"""Count what stands between a reader and the subject, and print it beside what is wanted.

    python bench/house.py [FOLDER]     of the project in FOLDER (default: this one)

Lines are counted without blank ones and without `#|` directives. What the words mean:

before     lines of the cells above the first one that shows the subject: neither hidden, nor machinery
           (`export`, `exporti`, `default_exp`), nor nothing but imports and set-up
teaching   of the lines that a chapter exports, those that say what the chapter is about: cells that readers see
           (`exports`), and public functions and classes of folded cells (`export`), but for imports, guards, and
           what is plumbing. A guard is a statement that raises, asserts or calls one of `want_...`
raises     lines with a `raise`
open       lines of the cells that a page of the site shows without a click
words      of the text that a page shows without a click
wide       lines of chapters' cells with more than 88 characters

The quiz is a chapter with nothing to teach in its module, and `lesson` belongs to the reference: neither counts in
`before`, `teaching` and `open`.
"""
import ast, json, re, sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))
from notebooks import words

WIDTH = 88
MACHINERY = {'hide','export','exporti','default_exp'}
EXPORTED = {'export','exporti','exports'}
SETUP = {'use_lesson_style','set_num_threads','set_printoptions','filterwarnings','manual_seed'}
APART = {'quiz','lesson'} # chapters that teach no code of their own
LONG = {'exercises','drawn'} # modules that may be long
PLUMBING = {'mnist_sample','weighted_mean','save','load','to'} # public, and no chapter's subject: files, devices, averages

class Cell(NamedTuple):
    "A code cell"
    id: str
    options: dict # Its directives
    source: str # Without them

    @property
    def lines(self): return [o for o in self.source.splitlines() if o.strip()]

    @property
    def tree(self):
        "What Python makes of it, cell magics left out"
        return ast.parse('\n'.join('' if o.lstrip().startswith(('%','!')) else o for o in self.source.splitlines())).body

def cells(path):
    "The code cells of a notebook"
    for c in json.loads(path.read_text(encoding='utf-8'))['cells']:
        if c['cell_type'] != 'code': continue
        lines = ''.join(c['source']).split('\n')
        found = [re.match(r'#\|\s*([\w-]+):?[ \t]*(.*)', o) for o in lines]
        yield Cell(c.get('id', ''), {m[1]: m[2].strip() for m in found if m}, '\n'.join(o for o,m in zip(lines, found) if not m))

def chapters(root=ROOT):
    "The paths of the numbered notebooks, by the name of their module"
    return {re.sub(r'^\d+_', '', p.stem): p for p in sorted((root/'nbs').glob('[0-9]*.ipynb'))}

def told(root=ROOT):
    "The chapters that teach code"
    return {k: p for k,p in chapters(root).items() if k not in APART}

def modules(root=ROOT):
    "The paths of the library's modules"
    return {p.stem: p for p in sorted((root/'fastbook_lesson4').glob('[!_]*.py'))}

def is_import(node): return isinstance(node, (ast.Import, ast.ImportFrom))

def called(node):
    "The name of the function that a statement calls and does nothing else with"
    call = node.value if isinstance(node, ast.Expr) else None
    f = call.func if isinstance(call, ast.Call) else None
    return f.id if isinstance(f, ast.Name) else f.attr if isinstance(f, ast.Attribute) else ''

def shows_subject(cell):
    "Is a cell about something, and open?"
    if MACHINERY & set(cell.options) or not cell.lines: return False
    return not all(is_import(o) or called(o) in SETUP for o in cell.tree)

def before(path):
    "How many lines stand before the first cell that shows the subject"
    n = 0
    for c in cells(path):
        if shows_subject(c): return n
        n += len(c.lines)
    return n

def guards(node):
    "Does a statement only guard? `if` and `for` do, if all that they hold does"
    if isinstance(node, (ast.If, ast.For)): return all(map(guards, [*node.body, *node.orelse]))
    if isinstance(node, (ast.Raise, ast.Assert)): return True
    wants = [o for o in ast.walk(node) if isinstance(o, ast.Name) and o.id.startswith('want_')]
    return bool(wants) and not hasattr(node, 'body')

def teaching(cell):
    "How many of a cell's lines teach"
    if not {'export','exports'} & set(cell.options): return 0
    out = set()
    for top in cell.tree:
        name = getattr(top, 'name', '_')
        if 'exports' not in cell.options and (name.startswith('_') or name in PLUMBING):
            first = min([top.lineno, *(o.lineno for o in getattr(top, 'decorator_list', ()))])
            out |= set(range(first, top.end_lineno+1))
        for node in ast.walk(top):
            if isinstance(node, ast.stmt) and (is_import(node) or guards(node)): out |= set(range(node.lineno, node.end_lineno+1))
    return sum(bool(o.strip()) for i,o in enumerate(cell.source.splitlines(), 1) if i not in out)

def taught(path):
    "How many lines a chapter exports, and how many of them teach"
    exported = [c for c in cells(path) if EXPORTED & set(c.options)]
    return sum(len(c.lines) for c in exported),sum(map(teaching, exported))

def raises(path):
    "How many lines of a module raise"
    return len({o.lineno for o in ast.walk(ast.parse(path.read_text(encoding='utf-8'))) if isinstance(o, ast.Raise)})

def length(path): return sum(bool(o.strip()) for o in path.read_text(encoding='utf-8').splitlines())

def is_open(cell):
    "Does the site show the code without a click?"
    o = cell.options
    return not ((MACHINERY|{'hide_input'}) & set(o) or o.get('echo') == 'false' or o.get('include') == 'false' or o.get('code-fold') == 'true')

def open_lines(path): return sum(len(c.lines) for c in cells(path) if is_open(c))

def wide(path):
    "The lines of a notebook that are too wide: where, and how wide"
    return [f'{path.name}, cell {c.id}, {len(o)} characters: {o.strip()[:60]}' for c in cells(path) for o in c.lines if len(o) > WIDTH]

class Number(NamedTuple):
    "Something counted"
    what: str
    value: float
    wanted: str
    ok: bool
    where: str # What is over the limit, or the largest

def largest(values, limit):
    "The parts above the limit, or the largest of all"
    over = {k: v for k,v in values.items() if v > limit} or {k: v for k,v in values.items() if v == max(values.values())}
    return ', '.join(f'{k} {v}' for k,v in sorted(over.items(), key=lambda o: -o[1]))

def numbers(root=ROOT):
    "Everything that is counted"
    first = {k: before(p) for k,p in told(root).items()}
    yield Number('lines before the subject, most in a chapter', max(first.values()), 'at most 25', max(first.values()) <= 25, largest(first, 25))
    share = {k: taught(p) for k,p in told(root).items()}
    part = sum(t for _,t in share.values())/max(sum(n for n,_ in share.values()), 1)
    yield Number('share of exported lines that teach, all chapters', round(part, 3), 'at least 0.75', part >= .75,
                 ', '.join(f'{k} {t}/{n}' for k,(n,t) in share.items() if n))
    up = {k: raises(p) for k,p in modules(root).items()}
    yield Number('lines that raise, library', sum(up.values()), 'at most 110', sum(up.values()) <= 110, largest(up, 15))
    long = {k: length(p) for k,p in modules(root).items() if k not in LONG}
    yield Number(f'lines of the longest module but {" and ".join(sorted(LONG))}', max(long.values()), 'at most 320', max(long.values()) <= 320, largest(long, 320))
    shown = {k: open_lines(p) for k,p in told(root).items()}
    yield Number('open lines of code, most in a chapter', max(shown.values()), 'at most 320', max(shown.values()) <= 320, largest(shown, 0))
    told_in = {k: words(json.loads(p.read_text(encoding='utf-8'))['cells']) for k,p in told(root).items()}
    yield Number('words, most in a chapter', max(told_in.values()), 'at most 3600', max(told_in.values()) <= 3600, largest(told_in, 0))
    broad = {p.stem: len(wide(p)) for p in chapters(root).values()}
    yield Number(f'lines wider than {WIDTH}, all chapters', sum(broad.values()), '0', not any(broad.values()), largest(broad, 0))

def main():
    rows = list(numbers(Path(sys.argv[1]).resolve() if sys.argv[1:] else ROOT))
    for r in rows: print(f'{r.what:52} {r.value:>6} {r.wanted:>13}  {"ok" if r.ok else "MISSED":6}  {r.where}')
    sys.exit(not all(r.ok for r in rows))

if __name__ == '__main__': main()
