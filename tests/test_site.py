"The site: every page, every link, no other host"
import re
from html.parser import HTMLParser
from urllib.parse import unquote,urlsplit
import pytest
import notebooks, site_builder

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
        if tag == 'img': self.images.append(a)

@pytest.fixture(scope='module')
def site():
    out,warnings = site_builder.build()
    assert warnings == []
    return out,{p.name: Page(p.read_text(encoding='utf-8')) for p in out.glob('*.html')}

def test_a_page_for_every_notebook(site):
    assert {f'{re.sub(r"^[0-9]+_", "", p.stem)}.html' for p in notebooks.notebooks()} <= set(site[1])

def test_nothing_is_loaded_from_another_host(site):
    out,pages = site
    for name,page in pages.items():
        for o in page.loads: assert o.startswith('data:') or not urlsplit(o).netloc, f'{name} loads {o[:80]}'
    for css in out.rglob('*.css'):
        for url in re.findall(r'@import\s+(?:url\()?["\']?([^"\')]+)', css.read_text(encoding='utf-8')): assert not urlsplit(url).netloc, f'{css.name}: {url}'

def test_links_and_files_are_there(site):
    out,pages = site
    for name,page in pages.items():
        for link in page.links + page.loads:
            url = urlsplit(link)
            if url.scheme or url.netloc: continue
            target = unquote(url.path).removeprefix('./') or name
            assert (out/target).exists(), f'{name} links to {link}'
            if url.fragment and target in pages: assert unquote(url.fragment) in pages[target].ids, f'{name} links to {link}'

def test_pictures_have_alternative_texts(site):
    for name,page in site[1].items(): assert all(a.get('alt') for a in page.images), name

def test_mathml(site):
    text = (site[0]/'similarity.html').read_text(encoding='utf-8')
    assert '<math' in text and '\\frac' not in text and 'katex' not in text

@pytest.mark.parametrize('text,want', [('it costs $5 and $6', 0), ('`$x$`', 0), ('$x$', 1), ('a $x_1$ b $y$', 2), ('$$\nx\n$$', 1), ('```\n$x$\n```', 0)])
def test_what_is_mathematics(text, want): assert site_builder.mathml(text).count('<math') == want
