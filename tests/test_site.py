"The site: every page, every link, the same text for every reader, and what real Quarto would be given"
import html, json, os, posixpath, re, shutil, subprocess, sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote,urlsplit
import pytest, yaml
from bs4 import BeautifulSoup
import notebooks, pages, readme, site_builder
from conftest import ROOT

class Page(HTMLParser):
    "Ids, links and loaded files of a page"
    def __init__(self, text):
        super().__init__()
        self.text,self.ids,self.links,self.loads,self.images = text,[],[],[],[]
        self.feed(text)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'id' in a: self.ids.append(a['id'])
        if tag == 'a' and a.get('href'): self.links.append(a['href'])
        if tag == 'link' and a.get('rel') not in ('canonical','next','prev'): self.loads.append(a.get('href',''))
        if tag in ('img','script','iframe') and a.get('src'): self.loads.append(a['src'])
        if tag == 'source' and a.get('srcset'): self.loads.append(a['srcset'])
        if tag == 'img': self.images.append(a)

@pytest.fixture(scope='module')
def site(site_folder): return site_folder,{p.relative_to(site_folder).as_posix(): Page(p.read_text(encoding='utf-8')) for p in site_folder.rglob('*.html')}

@pytest.fixture(scope='module')
def told(): return pages.chapters()

@pytest.fixture(scope='module')
def behind(): return pages.backstage()

def soup(site, name): return BeautifulSoup(site[1][name].text, 'html.parser')

# --- pages and links

def test_a_page_for_every_notebook(site):
    assert {f'{pages.page_name(p)}.html' for p in notebooks.notebooks()} <= set(site[1])
    assert pages.page_name(ROOT/'nbs'/'01_similarity.ipynb') == 'similarity' and pages.page_name(ROOT/'nbs'/'backstage'/'data.ipynb') == 'backstage/data'

def test_links_and_files_are_there(site):
    out,pages = site
    broken = []
    for name,page in pages.items():
        for link in page.links + page.loads:
            url = urlsplit(link)
            if url.scheme or url.netloc: continue
            path = unquote(url.path)
            if name == '404.html': path = path.removeprefix('/fastbook_lesson4/') # it is shown at any address
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if not (out/target).exists() or url.fragment and target in pages and unquote(url.fragment) not in pages[target].ids: broken.append(f'{name} links to {link}')
    assert broken == []
    for css in out.rglob('*.css'):
        for url in re.findall(r'(?:@import\s+|url\()["\']?([^"\')\s]+)', css.read_text(encoding='utf-8')): assert (css.parent/url).is_file(), f'{css.name}: {url}'

def test_every_id_stands_once(site):
    for name,page in site[1].items(): assert [o for o,n in Counter(page.ids).items() if n > 1] == [], name

def test_a_heading_keeps_its_id():
    line = site_builder.bar('sigmoid', 'linear', 'x', '')
    tree = site_builder.marked_up(f'<div>{line}</div><h2 id="sigmoid">Sigmoid</h2>')
    assert [o.name for o in tree.find_all(id='sigmoid')] == ['h2'] and tree.find(class_='export')
    assert site_builder.marked_up(f'<div>{line}</div>').find(id='sigmoid')['class'] == ['export']

def test_pictures_have_alternative_texts(site):
    for name,page in site[1].items(): assert all(a.get('alt') for a in page.images), name

def test_no_link_in_a_link_and_no_directive_in_code(site):
    for name in site[1]:
        tree = soup(site, name)
        assert tree.select('a a') == [], name
        assert [o.get_text() for o in tree.select('.code') if re.search(r'^#(\||@title)', o.get_text(), flags=re.M)] == [], name

@pytest.mark.parametrize('kind,source,want', [
    ('markdown', 'the [[`Learner`](https://a.b/learner.html#learner)](04_learner.ipynb), and [`x`](y)', 'the [`Learner`](04_learner.ipynb), and [`x`](y)'),
    ('markdown', '[![Run](images/a.svg)](https://a.b)', '[![Run](images/a.svg)](https://a.b)'),
    ('code', '#| code-fold: true\n#@title Solution\n#| tolerance 0.01\nx = 1', '#| code-fold: true\nx = 1'),
    ('code', '#| echo: false\nx = 1', '#| echo: false\nx = 1')])
def test_prepared_notebooks_are_tidied(kind, source, want): assert pages.tidied({'cell_type': kind, 'source': source}) == want

def old(chapters): return {o for ch in chapters for o in ch.aliases}

def test_an_old_address_leads_on(site, behind):
    assert old(behind) == {'errata.html'}
    tree = soup(site, 'errata.html')
    assert tree.find('meta', attrs={'http-equiv': 'refresh'})['content'] == '0; url=backstage/errata.html' and tree.a['href'] == 'backstage/errata.html'

def test_the_reading_order_and_backstage(site, behind):
    "The lesson is a page of the reference; backstage is the last group, folded but on its own pages"
    for name in set(site[1]) - {'404.html', *old(behind)}:
        nav = soup(site, name).find(id='chapters')
        up = '../'*name.count('/')
        group = nav.find_all(recursive=False)[-1]
        assert group.name == 'details' and group.has_attr('open') == name.startswith('backstage/'), name
        assert [a['href'] for a in group.find_all('a')] == [f'{up}{ch.page}' for ch in behind], name
        assert f'{up}lesson.html' not in [a['href'] for a in nav.ol.find_all('a')]
        if name == 'lesson.html' or up: assert not soup(site, name).find(class_='pager'), name
    assert 'lesson.html' not in [a['href'] for a in soup(site, 'index.html').select('.map a')]

@pytest.mark.parametrize('first,kind,label', [('At the end', 'box', 'What you will have, and what you need'), ('Backstage.', 'box', 'Backstage'), ('A common mistake.', 'callout mistake', 'A common mistake'),
                                              ('Slip in the notes.', 'callout mistake', 'Slip in the notes'), ('Mind', 'callout', 'Note')])
def test_boxes(first, kind, label):
    box = site_builder.marked_up(f'<blockquote><p><strong>{first}</strong> and so on</p></blockquote>').div
    assert (' '.join([box['class']] if isinstance(box['class'], str) else box['class']), box['aria-label'], box['role']) == (kind, label, 'note')

def test_slips_are_told_on_one_page(site):
    "The chapters have common mistakes; what was wrong in the notes stands in the errata"
    for name in site[1]:
        main = soup(site, name).find('main')
        if main and name != 'backstage/errata.html': assert not re.search(r'\bslips? in the notes', main.get_text(), flags=re.I), name

def test_a_long_line_knows_its_indentation():
    code = site_builder.lines_apart('<div class="code"><pre><code>a\n\n    <span class="st">"b &lt;\n  c"</span></code></pre></div>')
    assert code == ('<div class="code"><pre><code><span class="l">a\n</span><span class="l">\n</span><span class="l" style=--i:4>    <span class="st">"b &lt;</span>\n</span>'
                    '<span class="l" style=--i:2><span class="st">  c"</span>\n</span></code></pre></div>')

def test_mathml(site):
    text = site[1]['similarity.html'].text
    assert '<math' in text and '\\frac' not in text and 'katex' not in text

@pytest.mark.parametrize('text,want', [('it costs $5 and $6', 0), ('`$x$`', 0), ('$x$', 1), ('a $x_1$ b $y$', 2), ('$$\nx\n$$', 1), ('```\n$x$\n```', 0)])
def test_what_is_mathematics(text, want): assert site_builder.mathml(text).count('<math') == want

# --- pages that are collected

def public(module):
    "The names in `__all__` of a module's file, if there is one"
    found = re.search(r'__all__ = \[(.*?)\]', module.read_text(encoding='utf-8'), flags=re.S) if module.is_file() else None
    return re.findall(r"'(\w+)'", found[1]) if found else []

def test_reference_has_every_exported_name(site, told, behind):
    page,seen = site[1]['reference.html'],[]
    for ch in (*told, *behind):
        for name in public(ROOT/'fastbook_lesson4'/f'{ch.name}.py'):
            assert f'{ch.name}-{name}' in page.ids
            assert f'source of {name}<' in page.text
            seen.append(page.ids.index(f'{ch.name}-{name}'))
    assert seen and 'data-build_folder' in page.ids
    last = {ch.name: page.ids.index(f'module-{ch.name}') for ch in (*told, *behind) if ch.symbols()}
    assert max(last[ch.name] for ch in told if ch.name in last) < min(last[ch.name] for ch in behind if ch.name in last), 'the chapters come first'

def test_every_function_and_class_of_a_chapter_has_an_example(told, behind):
    for (module,name),cell in pages.examples([*told, *behind]).items():
        if module in {ch.name for ch in told}: assert cell is not None or '.' in name or name == name.upper(), f'{module}.{name}'

def test_types_in_tables():
    "Quarto shows `\\|` in code as it stands, and `|` ends a cell"
    source = "__all__ = ['f']\ndef f(a:str|None='|'): # Either `a|b` or a|b\n    'Does it'"
    ch = pages.Chapter('m', 'M', '', [], 'm')
    sym, = pages.symbols(source)
    rows = [r for r in pages.entry(sym, ch, None, notebooks.settings()).splitlines() if r.startswith('| `a`')]
    cells = BeautifulSoup(re.sub(r'(?<!\\)\|', '\n', rows[0]), 'html.parser').get_text().replace('\\|', '|').split('\n')
    assert [c.strip() for c in cells] == ['', '`a`', 'str | None', "'|'", 'Either a|b or a|b', '']
    text = pages.collected(pages.page('T', 'D', rows[0]))
    assert text == "# T\n\n| `a` | `str \\| None` | `'\\|'` | Either `a\\|b` or a\\|b |\n"

def test_docments_are_read():
    source = '''__all__ = ['f', 'C']
def f(a:int, # One
      b:str='x', # Two
      *args, # Rest
      c=None # Last
     )->float: # The answer
    "Does it"
class C:
    "A thing"
    def __init__(self, n:int=3): # How many
        pass
    def go(self)->int: # Steps
        "Go"
    def _no(self): "Hidden"
@patch
def more(self:C, x:int)->C: # Itself
    "Added"
@patch
def _less(self:C): pass
f = checked(f)
'''
    f,c,go,more = pages.symbols(source)
    assert (more.name, more.signature, [p.name for p in more.params], more.doc) == ('C.more', 'C.more(x)', ['x','returns'], 'Added')
    assert pages.definitions(source) == ['f', 'C', 'C.more', 'C._less']
    assert [(p.name, p.type, p.default, p.doc) for p in f.params] == [('a','int','','One'), ('b','str',"'x'",'Two'), ('*args','','','Rest'), ('c','','None','Last'), ('returns','float','','The answer')]
    assert (c.signature, c.doc, go.name, go.params[0].doc) == ('C(n=3)', 'A thing', 'C.go', 'Steps')

def test_every_term_of_the_jargon_has_its_sentence_and_its_section(site, told):
    source = '\n'.join(c.source for ch in told for c in ch.cells if c.cell_type == 'markdown')
    found = re.findall(r'<dfn>(.+?)</dfn>', source)
    assert len(found) > 80 and len({t.lower() for t in found}) == len(found), [t for t,n in Counter(t.lower() for t in found).items() if n > 1]
    terms = pages.terms(told) # it says itself if one has no sentence, or a sentence no term
    assert {t for t,*_ in terms} == set(found)
    for t,said,title,at in terms:
        assert said[0].isupper() and said.endswith('.') and not re.search(r'[.?!] [A-Z]', said) and 5 <= len(said.split()) <= 40, f'{t}: {said}'
    text = site[1]['jargon.html'].text
    assert text.count('<dt>') == len(terms) and '{.from}' not in text
    assert {'training set', 'seed', 'autograd', 'momentum', 'pretrained', 'data augmentation', 'activation function', 'learner', 'test set'} <= {t.lower() for t in found}

# --- plain text

def squeezed(code): return re.sub(r'\s+', '', code)
def bare(row): return re.sub(r'[\s|`*\\$]|\]\([^)]*\)|\[', '', html.unescape(row))

def test_plain_text_shows_what_the_page_shows(site, told, behind):
    "The same code, and as many rows in tables: nothing that the page hides, nothing less"
    for ch in (*told, *behind):
        text = (site[0]/f'{ch.at}.llms.md').read_text(encoding='utf-8')
        main = soup(site, ch.page).main
        code = Counter(squeezed(o.get_text()) for o in main.select('.code'))
        fences = re.findall(r'^( *)```(?:\w+)?\n(.*?)^\1```$', text, flags=re.M | re.S)
        assert code <= Counter(squeezed(o) for _,o in fences), f'{ch.at}: {next(iter(code - Counter(squeezed(o) for _,o in fences)))[:200]}'
        python = Counter(squeezed(o) for o in re.findall(r'^```python\n(.*?)^```$', text, flags=re.M | re.S))
        assert python <= code, f'{ch.at}: {next(iter(python - code))[:200]}'
        prose = re.sub(r'^( *)```.*?^\1```$', '', text, flags=re.M | re.S)
        rows = Counter(bare(r) for r in re.findall(r'^\|.*\|$', prose, flags=re.M))
        for r in main.find_all('tr'):
            if not r.find('math') and r.get_text(strip=True) and not r.find_parent('thead'): assert rows[bare(r.get_text())], f'{ch.at}: {r.get_text()}'
        assert '<math' not in text and 'base64' not in text and '<style' not in text
        assert f'/{ch.at}.llms.md)' in (site[0]/'llms.txt').read_text(encoding='utf-8')

@pytest.mark.parametrize('table,want', [
    ('<table><thead><tr><th></th><th>a|b</th></tr></thead><tbody><tr><th>x</th><td>1</td></tr></tbody></table>', '|  | a\\|b |\n| --- | --- |\n| x | 1 |'),
    ('<table><thead><tr><th>n</th><th>c</th></tr><tr><th>i</th><th></th></tr></thead><tbody><tr><th>x</th><td>1</td></tr></tbody></table>', '| n i | c |\n| --- | --- |\n| x | 1 |'),
    ('<table><tr><td colspan="2">x</td></tr><tr><td>1</td><td>2</td></tr></table>', '|  |  |\n| --- | --- |\n| x |  |\n| 1 | 2 |')])
def test_tables_as_markdown(table, want): assert pages.markdown_table(BeautifulSoup(table, 'html.parser').table) == want

def test_the_collected_pages_as_plain_text(site):
    for name in ('reference','jargon'):
        text = (site[0]/f'{name}.llms.md').read_text(encoding='utf-8')
        assert text.startswith('# ') and '<code>' not in text and '{#' not in text and '.html' not in re.sub(r'```.*?```', '', text, flags=re.S)

def test_links_of_the_plain_text(site):
    for p in site[0].rglob('*.llms.md'):
        text = re.sub(r'```.*?```', '', p.read_text(encoding='utf-8'), flags=re.S)
        for link in re.findall(r'\]\(([^)#\s]+)', text):
            if '://' not in link: assert (p.parent/link).is_file(), f'{p.name}: {link}'

def test_notebooks_are_part_of_the_site(site):
    for p in notebooks.notebooks(): assert (site[0]/notebooks.inside(p)).read_bytes() == p.read_bytes()

def test_links_of_the_readme_lead_to_the_site():
    cfg = {'doc_host': 'https://a.b', 'doc_baseurl': '/c'}
    text = '[x](01_similarity.ipynb#top) [y](backstage/errata.ipynb) [z](https://d.e/f.ipynb)'
    assert readme.online(text, cfg) == '[x](https://a.b/c/similarity.html#top) [y](https://a.b/c/backstage/errata.html) [z](https://d.e/f.ipynb)'

def test_the_quiz_offers_its_deck(site):
    assert (site[0]/'lesson4.apkg').stat().st_size > 50_000 and 'lesson4.apkg' in site[1]['quiz.html'].links

# --- what can be searched

def test_nothing_is_found_twice(site, told, behind):
    entries = json.loads((site[0]/'search.js').read_text(encoding='utf-8').removeprefix('window.searchEntries = ').removesuffix(';\n'))
    assert [o for o,n in Counter(e['url'] for e in entries).items() if n > 1] == []
    assert [o for o,n in Counter((e['title'], e['text']) for e in entries).items() if n > 1] == []
    for e in entries:
        name,_,at = e['url'].partition('#')
        assert name in site[1] and (not at or at in site[1][name].ids), e['url']
        assert bool(e.get('late')) == (name.startswith('backstage/') or any(at.startswith(f'{ch.name}-') for ch in behind)), e['url']
    assert {e['url'].partition('#')[0] for e in entries} >= {ch.page for ch in (*told, *behind)} | {'index.html', 'reference.html', 'jargon.html'}

# --- pictures

def test_dark_drawings_keep_every_line():
    svg = '<svg width="72pt" height="36pt"><path style="fill: #ffffff"/><path style="stroke: #0072b2; fill: none"/><text>a</text></svg>'
    dark = site_builder.dark_svg(svg)
    assert '#ffffff' not in dark and '#0072b2' not in dark and dark.count('<path') == 2 and f'fill="{site_builder.DARK["black"]}"' in dark
    assert site_builder.svg_size(svg) == [96, 48]
    assert site_builder.dark_svg(svg.replace('#0072b2', '#123456')) is None, 'an unknown colour may carry a value'
    assert site_builder.dark_svg(svg.replace('<text>', '<image/><text>')) is None

def test_drawings_stand_on_the_ground_of_the_page(tmp_path):
    for white in ('style="fill: #ffffff"', 'fill="white"'): # matplotlib's and Graphviz's
        site_builder.Pictures(tmp_path/white[:3]).svg(f'<svg width="72pt" height="36pt"><path {white}/></svg>', 'x')
        light,dark = sorted((tmp_path/white[:3]).iterdir(), key=lambda p: site_builder.DARK['white'] in p.read_text())
        assert site_builder.LIGHT_GROUND in light.read_text() and 'white' not in light.read_text() + dark.read_text()
    css = (ROOT/'nbs'/'styles.css').read_text(encoding='utf-8')
    grounds = re.findall(r'--ground: (#\w+)', css)
    assert grounds == [site_builder.LIGHT_GROUND, site_builder.DARK['#ffffff'], site_builder.DARK['#ffffff']]

# --- a build with nothing changed does nothing

class Called(Exception): pass

def test_a_second_build_renders_nothing(site, monkeypatch):
    def refuse(*args): raise Called
    monkeypatch.setattr(site_builder, 'processed', refuse)
    monkeypatch.setattr(site_builder, 'write_site', refuse)
    assert site_builder.build() == (False, [])

@pytest.mark.parametrize('how', ['asked for', 'a source changed', 'a page was lost', 'a page was edited'])
def test_what_changed_is_rendered(site, monkeypatch, tmp_path, how):
    def refuse(*args): raise Called
    monkeypatch.setattr(site_builder, 'processed', refuse)
    monkeypatch.setattr(site_builder, 'remember', lambda **what: None)
    if how == 'a source changed': monkeypatch.setattr(site_builder, 'sources', lambda: 'another')
    if how.startswith('a page'):
        shutil.copytree(site[0], tmp_path/'site')
        monkeypatch.setattr(site_builder, 'SITE', tmp_path/'site')
        assert site_builder.build() == (False, [])
        if 'lost' in how: (tmp_path/'site'/'sgd.html').unlink()
        else: (tmp_path/'site'/'sgd.html').write_text('?')
    with pytest.raises(Called): site_builder.build(how == 'asked for')

def test_what_a_site_is_made_from(tmp_path):
    "Notebooks, styles, fonts, library, tools, templates and settings count; what is made from them and what others leave there doesn't"
    for o in ('nbs/backstage', 'nbs/.ipynb_checkpoints', 'fastbook_lesson4/__pycache__', 'tools/theme/icons'): (tmp_path/o).mkdir(parents=True)
    counted = 'settings.ini', 'nbs/00_a.ipynb', 'nbs/backstage/b.ipynb', 'nbs/styles.css', 'nbs/_quarto.yml', 'nbs/sidebar.yml', 'fastbook_lesson4/a.py', 'tools/x.py', 'tools/theme/page.html', 'tools/theme/icons/a.svg'
    ignored = 'nbs/nbdev.yml', 'nbs/.ipynb_checkpoints/a.ipynb', 'fastbook_lesson4/_modidx.py', 'fastbook_lesson4/__pycache__/a.pyc', 'README.md'
    for o in (*counted, *ignored): (tmp_path/o).write_text('1')
    last = site_builder.sources(tmp_path)
    assert site_builder.sources(tmp_path) == last
    for o in ignored:
        (tmp_path/o).write_text('2')
        assert site_builder.sources(tmp_path) == last, o
    for o in counted:
        (tmp_path/o).write_text('2')
        now = site_builder.sources(tmp_path)
        assert now != last, o
        last = now
    (tmp_path/'nbs'/'00_a.ipynb').rename(tmp_path/'nbs'/'01_a.ipynb')
    assert site_builder.sources(tmp_path) != last

def test_another_version_of_a_package_counts(monkeypatch, tmp_path):
    (tmp_path/'settings.ini').write_text('')
    monkeypatch.setattr(site_builder.sysconfig, 'get_path', lambda name: tmp_path)
    last = site_builder.sources(tmp_path)
    (tmp_path/'nbdev-9.dist-info').mkdir()
    assert site_builder.sources(tmp_path) != last

# --- Quarto

QUARTO = '''#!/bin/sh
# In place of Quarto: run the script before rendering as it would, with a Python that has no packages, and write a page
echo "$@" >> "$CALLS"
"$BARE" -I -S $SCRIPT || exit 1
mkdir -p _docs && echo page > _docs/index.html && echo other > _docs/README.md && mkdir _docs/index_files
'''

@pytest.fixture(scope='module')
def quarto(site, tmp_path_factory):
    "A copy of the project in which `nbdev_docs` ran; all but Quarto is real"
    root = tmp_path_factory.mktemp('quarto')
    for o in ('settings.ini', 'README.md', 'nbs', 'fastbook_lesson4', 'tools', '_proc'):
        (shutil.copytree if (ROOT/o).is_dir() else shutil.copy2)(ROOT/o, root/o)
    for o in ('images','fonts'): shutil.rmtree(root/'_proc'/o, ignore_errors=True)
    (root/'_proc'/'99_gone.ipynb').write_text('{}') # its source was renamed
    os.utime(root/'README.md', (0, 0)) # old enough to be made anew, if nbdev would make it
    (root/'.venv').symlink_to(sys.prefix)
    (root/'bin').mkdir()
    (root/'bin'/'quarto').write_text(QUARTO)
    (root/'bin'/'quarto').chmod(0o755)
    config = yaml.safe_load((root/'nbs'/'_quarto.yml').read_text(encoding='utf-8'))
    env = {**os.environ, 'PATH': f'{root/"bin"}:{os.environ["PATH"]}', 'CALLS': str(root/'calls'), 'BARE': str(Path(sys.base_prefix)/'bin'/'python3'),
           'SCRIPT': config['project']['pre-render'], 'PYTHONPATH': str(root)}
    p = subprocess.run([Path(sys.executable).parent/'nbdev_docs'], cwd=root, env=env, capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, p.stdout + p.stderr
    return root,config

def prepared(root): return {p.relative_to(root/'_proc').as_posix() for p in (root/'_proc').rglob('*') if p.is_file()}

def test_quarto_gets_every_file_and_no_other_page(quarto):
    root,_ = quarto
    files = {p.relative_to(ROOT/'nbs').as_posix() for p in (ROOT/'nbs').rglob('*') if p.is_file() and not any(o.startswith('.') for o in p.relative_to(ROOT).parts)}
    assert prepared(root) == files | {'reference.md', 'jargon.md', 'lesson4.apkg'}
    assert not (ROOT/'_proc'/'site').exists(), 'a folder of ours there would be rendered'

def test_quarto_renders_once_and_leaves_the_readme_alone(quarto):
    root,_ = quarto
    assert (root/'calls').read_text() == 'render --no-cache\n'
    assert (root/'README.md').read_bytes() == (ROOT/'README.md').read_bytes() and not (root/'index_files').exists()
    assert (root/'_docs'/'index.html').read_text() == 'page\n'

def test_quarto_gets_tidy_pages(quarto):
    root,_ = quarto
    assert not re.search(r'`[^`\n]*\\\|[^`\n]*`', re.sub(r'```.*?```', '', (root/'_proc'/'reference.md').read_text(encoding='utf-8'), flags=re.S))
    for p in (root/'_proc').rglob('*.ipynb'):
        cells = json.loads(p.read_text(encoding='utf-8'))['cells']
        for c in cells: assert pages.tidied(c) == ''.join(c['source']), p.name
        assert not any(re.search(r'^#(@title|\| *(tolerance|varies|notest))', ''.join(c['source']), flags=re.M) for c in cells if c['cell_type'] == 'code'), p.name

def test_quarto_has_the_same_addresses(site, quarto, behind):
    root,config = quarto
    def address(p):
        name = re.search(r'^output-file: (.+)$', ''.join(json.loads(p.read_text(encoding='utf-8'))['cells'][0]['source']), flags=re.M)[1]
        return (p.parent/name).relative_to(root/'_proc').as_posix()
    made = {address(p) for p in (root/'_proc').rglob('*.ipynb')} | {f'{p.stem}.html' for p in (root/'_proc').glob('*.md')}
    assert made | {'404.html', *old(behind)} == set(site[1])
    front = ''.join(json.loads((root/'_proc'/'backstage'/'errata.ipynb').read_text(encoding='utf-8'))['cells'][0]['source'])
    assert yaml.safe_load(front.strip('-\n'))['aliases'] == ['/errata.html']

def test_quarto_has_the_same_navigation(site, quarto, behind):
    root,config = quarto
    bar = yaml.safe_load((root/'nbs'/'sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents']
    assert bar == yaml.safe_load((ROOT/'nbs'/'sidebar.yml').read_text(encoding='utf-8'))['website']['sidebar']['contents'], 'nbdev rewrote it'
    known = {f'{pages.page_name(p)}.html': notebooks.inside(p) for p in notebooks.notebooks()}
    nav = soup(site, 'index.html').find(id='chapters')
    assert bar[:-1] == [known[a['href']] for a in nav.ol.find_all('a')]
    assert bar[-1] == {'section': 'Backstage', 'contents': [known[ch.page] for ch in behind]} and config['website']['sidebar']['collapse-level'] == 1
    others = [a['href'] for a in soup(site, 'index.html').find(class_='pages').find_all('a') if '://' not in a['href']]
    assert config['website']['navbar']['left'] == [known.get(o, o.replace('.html', '.md')) for o in others]

def test_the_version_of_quarto_is_said(quarto): assert quarto[1]['quarto-required'] == '>= 1.9'

def test_without_an_environment_the_script_says_what_to_do(quarto):
    "No package, and no environment of the project beside it"
    root,_ = quarto
    (root/'elsewhere').mkdir()
    shutil.copytree(root/'tools', root/'elsewhere'/'tools')
    p = subprocess.run([Path(sys.base_prefix)/'bin'/'python3', '-I', '-S', root/'elsewhere'/'tools'/'pages.py'], cwd=root, capture_output=True, text=True)
    assert p.returncode == 1 and '`make setup`' in p.stderr and len(p.stderr.splitlines()) == 1

# --- publishing

WORKFLOWS = sorted((ROOT/'.github'/'workflows').glob('*.yaml'))

@pytest.mark.parametrize('path', WORKFLOWS, ids=[p.stem for p in WORKFLOWS])
def test_workflows_are_pinned_and_may_do_little(path):
    text = path.read_text(encoding='utf-8')
    flow = yaml.safe_load(text)
    assert flow['permissions'] == {'contents': 'read'}
    uses = re.findall(r'uses: (\S+)', text)
    assert uses and all(re.fullmatch(r'[\w-]+/[\w-]+@[0-9a-f]{40}', u) for u in uses)
    for job in flow['jobs'].values(): assert job.get('permissions', {}) in ({}, {'pages': 'write', 'id-token': 'write'})

def test_no_page_names_a_folder_of_this_machine(site):
    "Neither a warning of a library nor a path that a cell printed"
    for p in [*site[0].rglob('*.html'), *site[0].rglob('*.llms.md')]: assert str(ROOT) not in (text := p.read_text(encoding='utf-8')) and 'site-packages' not in text, p.name

def test_what_nbdev_writes_to_stderr_goes():
    out,err = {'output_type': 'stream', 'name': 'stdout', 'text': 'a'},{'output_type': 'stream', 'name': 'stderr', 'text': '/home/me/x.py: Warning'}
    cells = [{'cell_type': 'markdown', 'source': ''}, {'cell_type': 'code', 'outputs': [out, err]}]
    assert pages.quiet(cells) and cells[1]['outputs'] == [out] and not pages.quiet(cells)
