"The tools that keep notebooks honest, what derives from settings.ini, and what is folded"
import ast, copy, shutil, subprocess, sys
from pathlib import Path
import nbformat
import pytest
import notebooks, readme
from conftest import ROOT

@pytest.mark.parametrize('a,b,same', [
    ('loss 0.50000', 'loss 0.50001', True), ('loss 0.50', 'loss 0.52', False), ('3 of 7', '3 of 8', False),
    ('tensor([1.,  2.])', 'tensor([1., 2.])', True), ('True', 'False', False), ('1e-5', '1.0001e-5', True), ('x', 'x 1', False),
    ('-0.93', '0.93', False), ('12396', '12397', True), ('v1', 'v2', False)])
def test_same_text(a, b, same): assert notebooks.same_text(a, b) == same

def test_tolerance(): assert notebooks.same_text('0.970', '0.975', rtol=.01) and not notebooks.same_text('0.970', '0.990', rtol=.01)

NBS = ROOT/'nbs'

def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(src, outputs=[nbformat.v4.new_output('stream', text=out)]) for src,out in cells])

def changed(nb, out):
    res = copy.deepcopy(nb)
    for c in res.cells: c.outputs[0].text = out
    return res

def test_a_changed_function_is_noticed(tmp_path):
    "Stored outputs of the old function, source of the new one, run for real"
    nb = notebook(('def f(x): return x*2\nprint(f(21))', '42\n'))
    nbformat.write(nb, tmp_path/'a.ipynb')
    assert notebooks.run_one(tmp_path/'a.ipynb', 'check') == []
    nb.cells[0].source = nb.cells[0].source.replace('x*2', 'x*3')
    nbformat.write(nb, tmp_path/'a.ipynb')
    assert '42' in notebooks.run_one(tmp_path/'a.ipynb', 'check')[0]

def test_only_marked_cells_may_vary():
    nb = notebook(('#| varies\nprint(t)', '1.0 s'), ('#| tolerance 0.5\nprint(x)', '1.0 s'), ('print(x)', '1.0 s'))
    assert [d.split(',')[0] for d in notebooks.differences(nb, changed(nb, '1.2 s'))] == [f'cell {nb.cells[2].id}']
    assert len(notebooks.differences(nb, changed(nb, '9.0 s'))) == 2

def test_an_output_that_is_not_stored_is_noticed():
    nb = notebook(('print(x)', '1.0 s'))
    bare = copy.deepcopy(nb)
    bare.cells[0].outputs = []
    assert len(notebooks.differences(bare, nb)) == 1 and len(notebooks.differences(nb, bare)) == 1

def test_a_failing_cell_is_reported(tmp_path):
    nbformat.write(notebook(('1/0', '')), tmp_path/'a.ipynb')
    assert 'ZeroDivisionError' in notebooks.run_one(tmp_path/'a.ipynb', 'smoke')[0]

def test_cells_with_eval_false_do_not_run(tmp_path):
    nbformat.write(notebook(('#| eval: false\n1/0', 'kept')), tmp_path/'a.ipynb')
    assert notebooks.run_one(tmp_path/'a.ipynb', 'check') == []

def test_cells_with_notest_run_with_run_only(tmp_path):
    nbformat.write(notebook(('#| notest\nprint("fresh")', 'kept')), tmp_path/'a.ipynb')
    assert notebooks.run_one(tmp_path/'a.ipynb', 'check') == []
    assert notebooks.execute(tmp_path/'a.ipynb', 'run').cells[0].outputs[0].text == 'fresh\n'

def test_several_at_a_time(tmp_path, capsys):
    "All are run and one failure is enough"
    for name,src in (('a','1/0'), ('b','print(1)'), ('c','pass')): nbformat.write(notebook((src, '1\n')), tmp_path/f'{name}.ipynb')
    with pytest.raises(SystemExit) as e: notebooks.main(['smoke', '--jobs', '2', *(str(tmp_path/f'{o}.ipynb') for o in 'abc')])
    out = capsys.readouterr().out
    assert e.value.code == 1 and '2 passed, 1 failed' in out and 'ZeroDivisionError' in out and all(f'{o}.ipynb' in out for o in 'abc')

def test_a_notebook_has_a_name(monkeypatch, tmp_path):
    "Number and title, with its folder, or a path; an unknown one says which there are"
    monkeypatch.chdir(tmp_path) # from anywhere
    guards = NBS/'backstage'/'guards.ipynb'
    assert notebooks.notebooks(['03_linear','backstage/guards',str(guards)]) == [NBS/'03_linear.ipynb', guards, guards]
    assert notebooks.inside(guards) == 'backstage/guards.ipynb' and notebooks.inside(tmp_path/'a.ipynb') == 'a.ipynb'
    with pytest.raises(SystemExit, match='no notebook guards; there are: 00_pixels,.*backstage/guards'): notebooks.notebooks(['guards'])

def test_chapters_come_first():
    names = [notebooks.inside(o) for o in notebooks.notebooks()]
    assert names[0] == '00_pixels.ipynb' and [o.startswith('backstage/') for o in names] == sorted(o.startswith('backstage/') for o in names)
    order = [notebooks.inside(o) for o in notebooks.longest_first(notebooks.notebooks())]
    assert sorted(order) == sorted(names) and order.index('08_pets.ipynb') < order.index('00_pixels.ipynb') < order.index('backstage/data.ipynb')

def project(folder):
    "A project of one notebook with our settings, exported"
    lib = folder/'fastbook_lesson4'
    for o in folder/'nbs',lib: o.mkdir()
    shutil.copy(ROOT/'settings.ini', folder)
    (lib/'__init__.py').write_text(f'__version__ = "{notebooks.settings()["version"]}"\n')
    cells = [nbformat.v4.new_code_cell(o) for o in ('#| default_exp one', '#| export\ndef one(): return 1')]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), folder/'nbs'/'00_one.ipynb')
    for o in 'nbdev_export','nbdev_clean': nbdev(o, folder)
    return folder/'nbs'/'00_one.ipynb'

def nbdev(command, folder): subprocess.run([Path(sys.executable).parent/command], cwd=folder, check=True, capture_output=True)

def test_what_is_not_in_step_is_named(tmp_path, monkeypatch):
    "An edit without export, a notebook that is not clean, a module without notebook"
    path = project(tmp_path)
    monkeypatch.setattr(notebooks, 'ROOT', tmp_path)
    monkeypatch.setattr(notebooks, 'NBS', tmp_path/'nbs')
    assert notebooks.stale() == notebooks.stale(path) == []
    nb = nbformat.read(path, as_version=4)
    nb.cells[1].source = nb.cells[1].source.replace('1', '2')
    nb.cells[1].execution_count = 7
    nbformat.write(nb, path)
    want = ['00_one.ipynb is not clean: nbdev_clean', 'one.py is not what its notebook says: nbdev_export']
    assert notebooks.stale(path) == want
    (tmp_path/'fastbook_lesson4'/'two.py').write_text('')
    assert notebooks.stale() == [*want, 'two.py has no notebook']

def test_no_paths_of_this_machine():
    for p in notebooks.notebooks(): assert notebooks.foreign_paths(nbformat.read(p, as_version=4)) == []
    assert notebooks.foreign_paths(notebook(('', f'saved in {ROOT}/x')))

def test_in_step_with_settings_and_folds():
    "`make notebooks` writes links, install cells and folds"
    assert notebooks.sync(notebooks.notebooks(), check=True) == []

@pytest.mark.parametrize('source,folds', [
    ('#| hide\nassert x', True), ('#| export\ndef f(): pass', True), ('#| exporti\ndef f(): pass', True), ('#| default_exp a', True),
    ('#| code-fold: true\n#| code-summary: A solution\nx', True), ('#| echo: false\nplot()', True),
    ('#| exports\ndef f(): pass', False), ('x = 1', False), ('#| code-fold: show\nx', False), ('print("#| hide")', False)])
def test_what_the_site_hides_is_folded(source, folds):
    "In Jupyter and in Colab; a second time changes nothing, and other metadata stays"
    for before in ({}, {'cellView': 'form', 'jupyter': {'source_hidden': True}}, {'jupyter': {'outputs_hidden': True}}):
        cell = nbformat.v4.new_code_cell(source, metadata=copy.deepcopy(before))
        for _ in range(2):
            notebooks.fold(cell)
            jupyter = cell.metadata.get('jupyter', {})
            assert (cell.metadata.get('cellView'), jupyter.get('source_hidden')) == (('form', True) if folds else (None, None))
            assert jupyter.get('outputs_hidden') == before.get('jupyter', {}).get('outputs_hidden') and jupyter != {} or 'jupyter' not in cell.metadata

def test_every_hidden_cell_is_folded():
    for p in notebooks.notebooks():
        for c in nbformat.read(p, as_version=4).cells:
            if c.cell_type != 'code': continue
            hidden = {'hide','export','exporti'} & set(notebooks.directives(c.source)) or notebooks.directives(c.source).get('code-fold') == 'true'
            if hidden: assert c.metadata.get('cellView') == 'form' and c.metadata['jupyter']['source_hidden'], f'{notebooks.inside(p)}, cell {c.id}'

def test_folds_survive_nbdev_clean(tmp_path):
    path = project(tmp_path)
    nb = nbformat.read(path, as_version=4)
    for c in nb.cells: notebooks.fold(c)
    nbformat.write(nb, path)
    nbdev('nbdev_clean', tmp_path)
    assert [c.metadata for c in nbformat.read(path, as_version=4).cells] == [{'cellView': 'form', 'jupyter': {'source_hidden': True}}]*2

class Shell:
    "A notebook's shell, on Colab or not"
    def __init__(self, name): self.name,self.ran = name,[]
    def __str__(self): return self.name
    def run_line_magic(self, *args): self.ran.append(args)

def test_the_first_cell_installs_on_colab_only():
    cfg = notebooks.settings()
    for p in notebooks.notebooks():
        first = next(c for c in nbformat.read(p, as_version=4).cells if c.cell_type == 'code')
        for name,want in {'<google.colab._shell.Shell object>': [('pip', f'install -qq {cfg["lib_name"]}[scale]@git+{cfg["git_url"]}')], '<ipykernel.zmqshell.ZMQInteractiveShell>': []}.items():
            shell = Shell(name)
            exec(first.source, {'get_ipython': lambda: shell})
            assert shell.ran == want, notebooks.inside(p)

def test_one_line_moves_every_link(monkeypatch):
    "A new `user` reaches the install cell, the buttons, the table of chapters and the README"
    cfg = notebooks.settings()
    cfg['user'] = 'somebody'
    for p in notebooks.notebooks():
        nb,_ = notebooks.synced(p, cfg)
        text = '\n'.join(c.source for c in nb.cells)
        assert 'somebody' in text and notebooks.settings()['user'] not in text, notebooks.inside(p)

def test_links_of_backstage_have_its_folder():
    for p in (NBS/'backstage').glob('*.ipynb'):
        links = notebooks.buttons(notebooks.settings(), p)
        assert links.count(f'/nbs/backstage/{p.name}') == 2 and links in '\n'.join(c.source for c in nbformat.read(p, as_version=4).cells), p.name

def test_readme_in_step(): assert readme.stale(readme.build()) == []

def test_readme_first_screen():
    text = (ROOT/'README.md').read_text()
    order = [text.index(o) for o in ('make lesson', 'make test', '![', '## The chapters', '| [Pixels](', 'colab-badge', "## The lesson's table", '0.9511')]
    assert order == sorted(order) and len(text[:order[2]].splitlines()) < 20

def test_every_figure_has_words():
    for p in notebooks.notebooks():
        for c in nbformat.read(p, as_version=4).cells:
            pictures = c.cell_type == 'code' and any(k.startswith('image') for o in c.outputs for k in o.get('data', {}))
            opts = notebooks.directives(c.source) if pictures else {}
            if pictures and 'hide' not in opts: assert opts.get('fig-cap') and opts.get('fig-alt'), f'{notebooks.inside(p)}, cell {c.id}'

def test_no_execution_counts():
    for p in notebooks.notebooks():
        assert all(c.execution_count is None for c in nbformat.read(p, as_version=4).cells if c.cell_type == 'code'), notebooks.inside(p)

# --- stops before a surprise, and a chapter's own questions

def stops(path):
    "The stops of a notebook and their results, as the arguments of `guess`, in order"
    for c in nbformat.read(path, as_version=4).cells:
        if c.cell_type != 'code' or 'guess(' not in c.source: continue
        for o in ast.walk(ast.parse(c.source)):
            if isinstance(o, ast.Call) and getattr(o.func, 'id', '') == 'guess': yield o.args[0].value,o

TOLD_AGAIN = [p for p in notebooks.chapters() if p.stem[:2] <= '06']

@pytest.mark.parametrize('path', TOLD_AGAIN, ids=lambda p: p.stem)
def test_each_stop_asks_first_and_shows_what_was_computed(path):
    found,name = list(stops(path)),path.stem[3:]
    asked = [id for id,o in found if not o.keywords]
    assert 2 <= len(asked) <= 4 and asked == [f'{name}-{o}' for o in 'abcd'[:len(asked)]]
    for id in asked:
        ask,*told = [o for i,o in found if i == id]
        assert not ask.keywords and ask.args[1].value is ... and len(told) == 1, id
        assert any(isinstance(o, ast.Name) for o in ast.walk(told[0].keywords[0].value)), f'{id}: the result is typed by hand'

def test_every_question_stands_at_the_end_of_its_chapter():
    "Each of the sixty in one chapter, and the answer with it"
    from quiz import collect
    text = {p.stem[3:]: ''.join(c.source for c in nbformat.read(p, as_version=4).cells if '<!-- questions -->' in c.source) for p in notebooks.chapters()}
    for q in collect():
        at = [name for name,o in text.items() if f'<!-- question {q["id"]} ' in o]
        assert at == [q['section'].split('.')[0]], q['id']
        assert q['answer'] in text[at[0]], q['id']

def test_reading_time_counts_what_is_open():
    def md(text): return {'cell_type': 'markdown', 'source': text}
    cells = [md('one [two three](far/away) four'), md('<details><summary>no</summary> no no</details> five'), md('<!-- questions -->\n<details><details>no</details> no</details>\n<!-- end -->'), {'cell_type': 'code', 'source': 'no = 1'}]
    assert notebooks.words(cells) == 5 and notebooks.minutes([md('word '*1100)]) == 6
