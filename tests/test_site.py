"The site: every page, every link, no other host"
import re, subprocess, sys
from html.parser import HTMLParser
from urllib.parse import unquote,urlsplit
import pytest, yaml
import notebooks, pages, site_builder
from conftest import ROOT

class Page(HTMLParser):
    "Ids, links and loaded files of a page"
    def __init__(self, html):
        super().__init__()
        self.ids,self.links,self.loads,self.images = set(),[],[],[]
        self.feed(html)
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'id' in a: self.ids.add(a['id'])
        if tag == 'a' and a.get('href'): self.links.append(a['href'])
        if tag == 'link' and a.get('rel') not in ('canonical','next','prev'): self.loads.append(a.get('href',''))
        if tag in ('img','script','iframe') and a.get('src'): self.loads.append(a['src'])
        if tag == 'source' and a.get('srcset'): self.loads.append(a['srcset'])
        if tag == 'img': self.images.append(a)

@pytest.fixture(scope='module')
def site(site_folder): return site_folder,{p.name: Page(p.read_text(encoding='utf-8')) for p in site_folder.glob('*.html')}

def test_a_page_for_every_notebook(site):
    assert {f'{re.sub(r"^[0-9]+_", "", p.stem)}.html' for p in notebooks.notebooks()} <= set(site[1])

def test_nothing_is_loaded_from_another_host(site):
    out,pages = site
    for name,page in pages.items():
        for o in page.loads: assert o.startswith('data:') or not urlsplit(o).netloc, f'{name} loads {o[:80]}'
    for css in out.rglob('*.css'):
        for url in re.findall(r'(?:@import\s+|url\()["\']?([^"\')\s]+)', css.read_text(encoding='utf-8')): assert (out/url).is_file(), f'{css.name}: {url}'

def test_links_and_files_are_there(site):
    out,pages = site
    for name,page in pages.items():
        for link in page.links + page.loads:
            url = urlsplit(link)
            if url.scheme or url.netloc: continue
            target = unquote(url.path).removeprefix('./') or name
            if name == '404.html': target = target.removeprefix('/fastbook_lesson4/') # it is shown at any address
            assert (out/target).exists(), f'{name} links to {link}'
            if url.fragment and target in pages: assert unquote(url.fragment) in pages[target].ids, f'{name} links to {link}'

def test_pictures_have_alternative_texts(site):
    for name,page in site[1].items(): assert all(a.get('alt') for a in page.images), name

def test_mathml(site):
    text = (site[0]/'similarity.html').read_text(encoding='utf-8')
    assert '<math' in text and '\\frac' not in text and 'katex' not in text

@pytest.mark.parametrize('text,want', [('it costs $5 and $6', 0), ('`$x$`', 0), ('$x$', 1), ('a $x_1$ b $y$', 2), ('$$\nx\n$$', 1), ('```\n$x$\n```', 0)])
def test_what_is_mathematics(text, want): assert site_builder.mathml(text).count('<math') == want

# --- pages that are collected

def everyone(): return pages.chapters()

def test_reference_has_every_exported_name(site):
    ids = site[1]['reference.html'].ids
    text = (site[0]/'reference.html').read_text(encoding='utf-8')
    for ch in everyone():
        module = ROOT/'fastbook_lesson4'/f'{ch.name}.py'
        if not module.is_file(): continue
        public = re.search(r'__all__ = \[(.*?)\]', module.read_text(encoding='utf-8'), flags=re.S)[1]
        for name in re.findall(r"'(\w+)'", public):
            assert f'{ch.name}-{name}' in ids
            assert f'source of {name}<' in text

def test_every_function_and_class_has_an_example():
    for (module,name),cell in pages.examples(everyone()).items(): assert cell is not None or '.' in name or name == name.upper(), f'{module}.{name}'

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
'''
    f,c,go = pages.symbols(source)
    assert [(p.name, p.type, p.default, p.doc) for p in f.params] == [('a','int','','One'), ('b','str',"'x'",'Two'), ('*args','','','Rest'), ('c','','None','Last'), ('returns','float','','The answer')]
    assert (c.signature, c.doc, go.name, go.params[0].doc) == ('C(n=3)', 'A thing', 'C.go', 'Steps')

def test_jargon_and_errata_are_the_chapters_own(site):
    chapters = everyone()
    source = '\n'.join(c.source for ch in chapters for c in ch.cells if c.cell_type == 'markdown')
    terms = {t.lower() for t in re.findall(r'<dfn>(.+?)</dfn>', source)}
    assert len(terms) > 50 and {t.lower() for t,*_ in pages.terms(chapters)} == terms
    slips = list(pages.slips(chapters))
    assert len(slips) == source.count('> **Slip in the notes.**') > 20
    assert all(proof for *_,proof in slips), 'a slip without a cell that proves it'
    text = (site[0]/'jargon.html').read_text(encoding='utf-8')
    assert text.count('<dt>') == len(terms) and '{.from}' not in text

@pytest.mark.parametrize('name', ['similarity','reference'])
def test_plain_text(site, name):
    text = (site[0]/f'{name}.llms.md').read_text(encoding='utf-8')
    assert text.startswith('# ') and '<math' not in text and 'base64' not in text
    assert f'{name}.llms.md' in (site[0]/'llms.txt').read_text(encoding='utf-8')

def test_notebooks_are_part_of_the_site(site):
    for p in notebooks.notebooks(): assert (site[0]/p.name).read_bytes() == p.read_bytes()

# --- pictures

def test_dark_drawings_keep_every_line():
    svg = '<svg width="72pt" height="36pt"><path style="fill: #ffffff"/><path style="stroke: #0072b2; fill: none"/><text>a</text></svg>'
    dark = site_builder.dark_svg(svg)
    assert '#ffffff' not in dark and '#0072b2' not in dark and dark.count('<path') == 2 and f'fill="{site_builder.DARK["black"]}"' in dark
    assert site_builder.svg_size(svg) == [96, 48]
    assert site_builder.dark_svg(svg.replace('#0072b2', '#123456')) is None, 'an unknown colour may carry a value'
    assert site_builder.dark_svg(svg.replace('<text>', '<image/><text>')) is None

def test_drawings_stand_on_the_ground_of_the_page():
    css = (ROOT/'nbs'/'styles.css').read_text(encoding='utf-8')
    grounds = re.findall(r'--ground: (#\w+)', css)
    assert grounds == [site_builder.LIGHT_GROUND, site_builder.DARK['#ffffff'], site_builder.DARK['#ffffff']]

# --- Quarto

def test_quarto_has_the_same_addresses(site, tmp_path):
    config = yaml.safe_load((ROOT/'nbs'/'_quarto.yml').read_text(encoding='utf-8'))
    fronts = [''.join(re.findall(r'"output-file: (.+?)\\n"', (ROOT/'_proc'/p.name).read_text(encoding='utf-8'))) for p in notebooks.notebooks()]
    script = config['project']['pre-render'].split()
    assert subprocess.run([sys.executable, ROOT/'_proc'/script[1]], cwd=tmp_path).returncode == 0
    collected = [f'{p.stem}.html' for p in tmp_path.glob('*.md')]
    assert {*fronts, *collected} - {''} | {'index.html', '404.html'} == set(site[1])
    assert {o.replace('.md', '.html') for o in config['website']['navbar']['left']} == set(collected)

# --- publishing

@pytest.mark.parametrize('name', ['test','deploy'])
def test_workflows_are_pinned_and_may_do_little(name):
    text = (ROOT/'.github'/'workflows'/f'{name}.yaml').read_text(encoding='utf-8')
    flow = yaml.safe_load(text)
    assert flow['permissions'] == {'contents': 'read'}
    uses = re.findall(r'uses: (\S+)', text)
    assert uses and all(re.fullmatch(r'[\w-]+/[\w-]+@[0-9a-f]{40}', u) for u in uses)
    for job in flow['jobs'].values(): assert job.get('permissions', {}) in ({}, {'pages': 'write', 'id-token': 'write'})
