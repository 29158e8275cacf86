"The library as a whole: what imports what, that it follows its notebooks, and that the house stays in order"
import ast, importlib, inspect, re, sys
from functools import cache
from importlib.metadata import packages_distributions
import pytest, yaml
from fastcore.docments import docments
import notebooks
from conftest import ROOT
sys.path.insert(0, str(ROOT/'bench'))
import house

LIB = 'fastbook_lesson4'
CHAPTERS = {k: int(p.stem[:2]) for k,p in house.chapters().items()}
MODULES = house.modules()
BACKSTAGE = [o for o in MODULES if o not in CHAPTERS]
EARLY = [m for m,n in CHAPTERS.items() if n <= 7]
NBS = {notebooks.inside(p).removesuffix('.ipynb'): p for p in notebooks.notebooks()}

def none(found):
    "Fail, and show everything that was found"
    if found := [*found]: pytest.fail('\n'.join(found), pytrace=False)

def imports(nodes):
    "Modules imported by code, the names taken from each, and whether that happens inside a function"
    inner = {id(o) for f in nodes for f in ast.walk(f) if isinstance(f, (ast.FunctionDef, ast.Lambda)) for o in ast.walk(f)}
    for top in nodes:
        for o in ast.walk(top):
            if isinstance(o, ast.ImportFrom): yield '.'.join([LIB]*o.level + [o.module or '']).rstrip('.'), [a.name for a in o.names], id(o) in inner
            elif isinstance(o, ast.Import): yield from ((a.name, [], id(o) in inner) for a in o.names)

def ours(nodes):
    "The same, of our own modules only, by their names"
    for name,names,inside in imports(nodes):
        if name == LIB: yield from ((o, [], inside) for o in names if o in MODULES)
        elif name.startswith(f'{LIB}.'): yield name.split('.')[1], names, inside

def allowed(importer, imported, inside):
    "Chapters import earlier chapters and backstage; backstage imports no chapter, but a check may"
    if imported not in CHAPTERS: return True
    if importer in CHAPTERS: return CHAPTERS[imported] < CHAPTERS[importer]
    return importer == 'exercises' and inside

def parsed(module): return ast.parse(MODULES[module].read_text(encoding='utf-8')).body

@cache
def defined(module):
    "The names that stand at the top of a module"
    res = set()
    for o in parsed(module):
        if isinstance(o, (ast.Import, ast.ImportFrom)): res |= {(a.asname or a.name).split('.')[0] for a in o.names}
        elif hasattr(o, 'name'): res.add(o.name)
        else: res |= {n.id for n in ast.walk(o) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return res

def wrong(importer, nodes):
    "What an importer may not import, or cannot"
    for module,names,inside in ours(nodes):
        if not allowed(importer, module, inside): yield f'{importer} imports {module}'
        for o in names:
            if o == '*' or o.startswith('_'): yield f'{importer} imports {o} from {module}'
            elif o not in defined(module): yield f'{importer} imports {o}, which is not in {module}'

@pytest.mark.parametrize('module', MODULES)
def test_modules_import_what_stands_before_them(module): none(wrong(module, parsed(module)))

# Free are the home page, the errata, whose proofs come from all chapters, and the tests of the checks
@pytest.mark.parametrize('name', [o for o in NBS if o not in ('index','backstage/errata')])
def test_notebooks_import_what_stands_before_them(name):
    own = re.sub(r'^(\d+_|backstage/)', '', name)
    cells = [c for c in house.cells(NBS[name]) if own != 'exercises' or house.EXPORTED & set(c.options)]
    none(o for o in wrong(own, [o for c in cells for o in c.tree]) if o != f'{own} imports {own}')

def test_the_rule_of_imports_is_sharp():
    def bad(importer, code): return [*wrong(importer, ast.parse(code).body)]
    assert bad('linear', f'from {LIB}.relu import relu') == ['linear imports relu']
    assert bad('linear', f'from {LIB}.sgd import nothing') == ['linear imports nothing, which is not in sgd']
    assert bad('linear', f'from {LIB} import relu') == ['linear imports relu'] == bad('linear', f'import {LIB}.relu')
    assert bad('linear', f'from {LIB}.sgd import mse,_loop') == ['linear imports _loop from sgd'] and not bad('linear', f'from {LIB}.sgd import mse')
    assert bad('show', f'def f():\n from {LIB}.pixels import show_pixels') == ['show imports pixels'] and not bad('pixels', f'import {LIB}.show')
    assert not bad('exercises', f'def f():\n from {LIB}.relu import relu') and bad('exercises', f'from {LIB}.relu import relu')

def unused(cells):
    "Names that cells import and never use, but for imports that have their reason in a comment"
    got,used = [],set()
    for c in cells:
        for o in (o for top in c.tree for o in ast.walk(top)):
            if isinstance(o, (ast.Import, ast.ImportFrom)) and '#' not in c.source.splitlines()[o.lineno-1]:
                got += [(c.id, (a.asname or a.name).split('.')[0]) for a in o.names]
            if isinstance(o, ast.Name): used.add(o.id)
            if isinstance(o, ast.Constant) and isinstance(o.value, str): used.add(o.value) # types in quotes
    return [f'cell {id}: {name} is imported and not used' for id,name in got if name not in used | {'*'}]

@pytest.mark.parametrize('name', NBS)
def test_no_import_for_nothing(name): none(unused(house.cells(NBS[name])))

def test_early_chapters_load_quickly(python):
    "Neither fastai nor anything else that is slow to import and only needed for a picture"
    slow = 'fastai','matplotlib','pandas','nbdev'
    p = python(f'import importlib,sys\nfor m in {[*BACKSTAGE, *EARLY]}:\n  importlib.import_module("{LIB}."+m)\n  print(*[(m,o) for o in {slow} if o in sys.modules])')
    assert p.stdout.split() == [] and not p.returncode, p.stdout + p.stderr

def test_export_and_clean_change_nothing(): none(notebooks.stale())

@pytest.mark.parametrize('module', MODULES)
def test_every_public_name_is_documented(module):
    mod = importlib.import_module(f'{LIB}.{module}')
    for name in mod.__all__:
        o = getattr(mod, name)
        if not callable(o): continue
        assert inspect.getdoc(o), f'{module}.{name} has no docstring'
        f = o.__init__ if inspect.isclass(o) and '__init__' in vars(o) else o
        if not inspect.isfunction(f): continue
        docs = docments(f, full=True)
        for arg,p in inspect.signature(f).parameters.items():
            if arg != 'self' and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL): assert docs[arg]['docment'], f'{module}.{name}: {arg} is not documented'

# --- requirements

def wanted(*keys):
    "The packages that settings.ini asks for, as a registry spells them"
    return {re.match(r'[\w.-]+', o)[0].lower().replace('_', '-') for k in keys for o in notebooks.settings()[k].split()}

distributions = cache(packages_distributions) # a look through the whole environment

def packages(nodes):
    "The packages that code imports from, other than Python's and ours"
    here = {p.stem for d in ('tools','tests','bench') for p in (ROOT/d).glob('*.py')}
    tops = {name.split('.')[0] for name,_,_ in imports(nodes) if name} - set(sys.stdlib_module_names) - {LIB} - here
    return {o: {d.lower().replace('_', '-') for d in distributions().get(o, [o])} for o in tops}

def test_every_package_is_declared():
    "What a reader needs among the requirements or in an extra, what a contributor needs among those or the others"
    programs = [p for d in ('tools','tests','bench') for p in (ROOT/d).glob('*.py')]
    for key,sources in {'requirements': {**{m: parsed(m) for m in MODULES}, **{k: [o for c in house.cells(p) for o in c.tree] for k,p in NBS.items()}},
                        'dev_requirements': {p.name: ast.parse(p.read_text(encoding='utf-8')).body for p in programs}}.items():
        have = wanted('requirements', 'scale_requirements', 'app_requirements', key)
        none(f'{where} imports {name}, which is not among the {key} of settings.ini' for where,nodes in sources.items()
             for name,dists in packages(nodes).items() if not dists & have)

def test_every_requirement_is_used():
    "By an import; pandas' tables and drawings without a program `dot` need theirs unseen"
    sources = [*map(parsed, MODULES), *([o for c in house.cells(p) for o in c.tree] for p in NBS.values())]
    used = {d for nodes in sources for dists in packages(nodes).values() for d in dists} | {'jinja2','pygraphviz'}
    none(f'{o} is required and not used' for o in sorted(wanted('requirements', 'scale_requirements') - used))

def test_every_requirement_has_its_reason():
    told = (ROOT/'CONTRIBUTING.md').read_text(encoding='utf-8')
    none(f'{o} has no reason in CONTRIBUTING.md' for o in sorted(wanted('requirements', 'dev_requirements', 'scale_requirements')) if f'`{o}`' not in told)

# --- the numbers of the house

@pytest.mark.parametrize('number', [o for o in house.numbers() if 'wider' not in o.what], ids=lambda o: o.what)
def test_the_house_is_in_order(number): assert number.ok, f'{number.what}: {number.value}, wanted {number.wanted}. {number.where}'

def test_lines_fit_the_page():
    found = [o for p in house.chapters().values() for o in house.wide(p)]
    if found: pytest.fail(f'{len(found)} lines are wider than {house.WIDTH} characters:\n' + '\n'.join(found), pytrace=False)

def test_what_is_counted():
    "The counters, on cells made for them"
    def cell(source, **options): return house.Cell('', options, source)
    guarded = 'import a\ndef f(x,\n      y): # rows\n    "Doc"\n    want_tensor(x)\n    if y: raise ValueError(x)\n\n    y = want_pair(y)\n    return x'
    assert house.teaching(cell(guarded, exports='')) == house.teaching(cell(guarded, export='')) == 4 and house.teaching(cell(guarded, exporti='')) == 0
    assert house.teaching(cell(guarded.replace('f(', '_f('), export='')) == 0 != house.teaching(cell(guarded.replace('f(', '_f('), exports=''))
    assert house.shows_subject(cell('x = 1')) and not house.shows_subject(cell('import torch\nuse_lesson_style()'))
    assert not house.shows_subject(cell('x = 1', hide='')) and not house.shows_subject(cell('# nothing'.strip('# nothing')))
    assert house.is_open(cell('x = 1', exports='')) and not house.is_open(cell('x = 1', **{'code-fold': 'true'})) and not house.is_open(cell('x', exporti=''))

# --- continuous integration

def test_workflows():
    "Every action is pinned to a commit, Python 3.11 to 3.13 are tried, and the site waits for all tests"
    workflows = {p.stem: yaml.safe_load(p.read_text(encoding='utf-8')) for p in (ROOT/'.github'/'workflows').glob('*.yaml')}
    steps = [s for w in workflows.values() for j in w['jobs'].values() for s in j['steps']]
    assert all(re.fullmatch(r'actions/[\w-]+@[0-9a-f]{40}', s['uses']) for s in steps if 'uses' in s)
    jobs = workflows['test']['jobs']
    assert jobs['test']['strategy']['matrix']['python'] == ['3.11','3.12','3.13'] and set(jobs['deploy']['needs']) == {*jobs} - {'deploy'}
    targets = set(re.findall(r'make ([\w-]+)', ' '.join(s.get('run', '') for s in steps)))
    assert targets <= set(re.findall(r'^([\w-]+):', (ROOT/'Makefile').read_text(encoding='utf-8'), flags=re.M)) and {'test','test-nbdev'} <= targets
