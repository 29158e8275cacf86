"""Build the site: nbdev prepares the notebooks, smalldocs renders their text, the pages are ours.

    python tools/site_builder.py [--force]

Whoever has Quarto gets pages with the same text and the same addresses from `nbdev_docs`.
"""
import argparse, base64, hashlib, html, io, itertools, json, re, shutil, sys
from pathlib import Path
import jinja2
from bs4 import BeautifulSoup,Comment
from PIL import Image
import pages
from notebooks import NBS,ROOT,directives,heading,notebooks,settings
from pages import page_name

SRC = ROOT/'_proc'/'site' # what the renderer reads
THEME = ROOT/'tools'/'theme'

# --- what nbdev does

def processed(force=False):
    "nbdev's processed copies of the notebooks"
    from nbdev import quarto
    from nbdev.config import get_config
    from nbdev.doclinks import _build_modidx
    from nbdev.serve import proc_nbs
    quarto.refresh_quarto_yml()
    quarto.nbdev_sidebar.__wrapped__()
    _build_modidx()
    return proc_nbs(get_config().nbs_path, force=force)

# --- mathematics

def mathml(text):
    "Markdown with its LaTeX as MathML, which browsers draw without a script: `$inline$` and `$$on a line of its own$$`"
    from latex2mathml.converter import convert
    code = r'(?P<code>```.*?```|`[^`]*`)'
    def draw(m):
        if m['code']: return m[0]
        res = convert(m['block'] or m['inline'], display='block' if m['block'] else 'inline')
        if m['inline']: return res
        indent = re.search(r'[ ]*$', text[:m.start()])[0] # inside a list, for instance
        return f'\n{indent}```{{=html}}\n{indent}{res}\n{indent}```\n'
    return re.sub(code + r'|\$\$(?P<block>.+?)\$\$|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\w)', draw, text, flags=re.S)

# --- pictures

# The colours that the figures of the course are drawn with, and what they become on a dark ground
DARK = {'#000000':'#e6e3dc', 'black':'#e6e3dc', '#ffffff':'#15181d', 'white':'#15181d', '#0072b2':'#5cb3f0', '#d55e00':'#ff8f4a', '#009e73':'#35c9a0',
        '#cc79a7':'#e79cc6', '#e69f00':'#f2b53b', '#56b4e9':'#8fd0f5', '#a84300':'#ffab7a', '#999999':'#8b9099', '#808080':'#9aa0aa', '#5c5c5c':'#a8adb5',
        '#757575':'#a0a5ae', '#cccccc':'#4a5059', 'none':'none', 'transparent':'transparent'}

LIGHT_GROUND = '#fdfcf9' # as in styles.css

def small_svg(svg):
    "An SVG without what no browser needs"
    svg = svg[svg.index('<svg'):]
    svg = re.sub(r'<metadata>.*?</metadata>|<!--.*?-->|<title>.*?</title>', '', svg, flags=re.S)
    return re.sub(r'\s*\n\s*', ' ', svg).strip()

def dark_svg(svg):
    "The same drawing for a dark page; None where it holds a picture or colours that carry values"
    colours = {o.lower() for pair in re.findall(r'(?:fill|stroke|color): ?(#\w+|\w+)\b|(?:fill|stroke)="([^"]+)"', svg) for o in pair if o}
    if '<image' in svg or not colours <= set(DARK): return None
    res = re.sub(r'((?:fill|stroke|color): ?)(#\w+|\w+)\b', lambda m: m[1] + DARK[m[2].lower()], svg)
    res = re.sub(r'((?:fill|stroke)=")([^"]+)"', lambda m: f'{m[1]}{DARK[m[2].lower()]}"', res)
    return res.replace('<svg ', f'<svg fill="{DARK["black"]}" ', 1) # text has no colour of its own

def svg_size(svg):
    "Width and height of an SVG in pixels"
    return [round(float(n)*(4/3 if unit == 'pt' else 1)) for n,unit in (re.search(rf'<svg[^>]*\s{a}="([\d.]+)(pt|px|)"', svg).groups() for a in ('width','height'))]

class Pictures:
    "The pictures of the site, each in a file that is named after its content"
    def __init__(self, folder): self.folder = folder

    def save(self, data, suffix):
        "Write a picture; return its address"
        name = f'{hashlib.sha256(data).hexdigest()[:12]}.{suffix}'
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder/name).write_bytes(data)
        return f'{self.folder.name}/{name}'

    def svg(self, text, alt):
        "The markup of a drawing"
        text = small_svg(text)
        dark = dark_svg(text)
        if dark: text = text.replace('#ffffff', LIGHT_GROUND)
        return self.markup(self.save(text.encode(), 'svg'), svg_size(text), alt, self.save(dark.encode(), 'svg') if dark else None)

    def bitmap(self, mime, data, alt):
        "The markup of a photograph or a sheet of images"
        data = base64.b64decode(data)
        with Image.open(io.BytesIO(data)) as im:
            scale = max(im.info.get('dpi', (100,))[0]/100, 1) # drawn finer than it is shown, for screens with small pixels
            size = [round(o/scale) for o in im.size]
            if mime == 'image/jpeg': # the same picture in two thirds of the bytes
                out = io.BytesIO()
                im.convert('RGB').save(out, 'WEBP', quality=62, method=6)
                mime,data = 'image/webp',out.getvalue()
        return self.markup(self.save(data, mime.split('/')[1]), size, alt)

    def markup(self, src, size, alt, dark=None):
        wide = ' class="wider"' if size[0] > 660 else ' class="wide"' if size[0] > 440 else ''
        img = f'<img src="{src}" width="{size[0]}" height="{size[1]}" alt="{html.escape(alt)}"{wide} loading="lazy" decoding="async">'
        if dark: return f'<picture><source srcset="{dark}" media="(prefers-color-scheme: dark)" data-dark>{img}</picture>'
        return f'<picture class="paper">{img}</picture>'

def text_of(data): return data if isinstance(data, str) else ''.join(data)

def caption(text):
    "The markup of a caption, with its `code` in it"
    code = re.sub(r'`([^`]+)`', r'<code>\1</code>', html.escape(text))
    return f'<figcaption>{code}</figcaption>' if text else ''

def with_pictures(cell, pictures):
    "The outputs of a code cell, its pictures as files: the figure, its caption and its alternative text"
    opts = directives(text_of(cell['source']))
    cap,alt = (opts.get(k, '').strip('"') for k in ('fig-cap','fig-alt'))
    for o in cell.get('outputs', []):
        data = o.get('data', {})
        mime = next((m for m in ('image/svg+xml','image/png','image/jpeg') if m in data), None)
        if 'text/html' in data:
            page = text_of(data['text/html'])
            data['text/html'] = re.sub(r'<img[^>]*?src="data:(image/\w+);base64,([^"]+)"[^>]*>', lambda m: pictures.bitmap(m[1], m[2], alt), page)
        elif mime:
            pic = pictures.svg(text_of(data[mime]), alt) if 'svg' in mime else pictures.bitmap(mime, text_of(data[mime]), alt)
            o['data'] = {'text/html': f'<figure class="figure"><div class="scroll">{pic}</div>{caption(cap)}</figure>'}
    cell['source'] = re.sub(r'^#\| *fig-.*\n', '', text_of(cell['source']), flags=re.M)

# --- code that the library gets

def is_doc(cell): return cell['cell_type'] == 'code' and 'show_doc(' in text_of(cell['source'])
def is_source(cell): return cell['cell_type'] == 'code' and '#| code-summary: "Exported source"' in text_of(cell['source'])

def bar(name, link):
    "The line above an exported piece of code: its name, which leads to the reference, and its source"
    return (f'<div class="export" id="{name.lower()}"><a class="name" href="reference.html#MODULE-{name.replace(".", "-")}"><code>{name}</code></a>'
            f'<a class="source" href="{link}">source<span class="hidden"> of {name}</span></a></div>')

def documented(cells, symbols):
    "nbdev shows a signature beside the source. Where the source itself is shown, a line with the names and their links says enough; else ours"
    res,above = [],{} # above: for the cells around a source, the first of them, which gets all the lines
    for i,c in enumerate(cells):
        if not is_doc(c): continue
        before = next((j for j in range(i, -1, -1) if not is_doc(cells[j])), None)
        after = next((j for j in range(i, len(cells)) if not is_doc(cells[j])), None)
        name = re.search(r'show_doc\((.+?)\)', text_of(c['source']))[1]
        above[i] = next((j for j in (before, after) if j is not None and is_source(cells[j]) and re.search(rf'^(def|class) {name}\b', text_of(cells[j]['source']), flags=re.M)), None)
    for i,c in enumerate(cells):
        if is_doc(c):
            for o in c['outputs']:
                md = text_of(o.get('data', {}).get('text/markdown', ''))
                name,link = re.search(r'^### (.+)$', md, flags=re.M)[1],re.search(r'\]\((.+?)\)', md)[1]
                line = bar(name, link)
                if above[i] is None:
                    sym = next(s for s in symbols if s.name == name)
                    o['data']['text/markdown'] = f'```{{=html}}\n{line}\n```\n\n```python\n{pages.definition(sym)}\n```\n\n*{sym.doc}*'
                else: o['data'] = {'text/html': line}
            if above[i] is not None and above[i] < i: # nbdev put it below: lift it above the source
                at = next(k for k,o in enumerate(res) if o is cells[above[i]])
                res.insert(at, c)
                continue
        elif is_source(c): c['source'] = re.sub(r'^#\| code-(fold|summary).*\n', '', text_of(c['source']), flags=re.M)
        res.append(c)
    return res

def prepared(nb, home, name, symbols, pictures):
    "A processed notebook as its page needs it: MathML, files for pictures, and links by the names of the pages"
    nb['cells'] = documented(nb['cells'], symbols)
    for c in nb['cells']:
        if c['cell_type'] == 'raw': c['source'] = re.sub(r'^output-file:.*\n', '', text_of(c['source']), flags=re.M) # its new name says it
        if c['cell_type'] == 'code':
            with_pictures(c, pictures)
            for o in c['outputs']:
                for k,v in o.get('data', {}).items():
                    if k.startswith('text'): o['data'][k] = text_of(v).replace('reference.html#MODULE-', f'reference.html#{name}-')
        if c['cell_type'] != 'markdown': continue
        text = mathml(text_of(c['source']))
        text = re.sub(r'\]\((\d+_\w+\.ipynb)', lambda m: f']({page_name(m[1])}', text)
        c['source'] = text.replace(f'{home}/', '')
    return nb

def render_folder(cache, pictures, everyone):
    "A folder for the renderer: the same files under the names that their pages will have, and the pages that are collected"
    from nbdev.config import get_config
    cfg = get_config()
    shutil.rmtree(SRC, ignore_errors=True)
    SRC.mkdir()
    symbols = {ch.name: ch.symbols() for ch in everyone}
    for p in cache.iterdir():
        if p.is_dir() or p.suffix == '.md': continue
        if p.suffix == '.ipynb':
            name = page_name(p.stem)
            nb = prepared(json.loads(p.read_text(encoding='utf-8')), cfg.doc_host + cfg.doc_baseurl, name, symbols.get(name, []), pictures)
            (SRC/f'{name}.ipynb').write_text(json.dumps(nb), encoding='utf-8')
        elif p.suffix == '.yml':
            text = re.sub(r'\d+_(\w+\.ipynb)', r'\1', p.read_text(encoding='utf-8'))
            (SRC/p.name).write_text(re.sub(r'^ *pre-render:.*\n', '', text, flags=re.M), encoding='utf-8')
    pages.write(SRC, everyone)
    for o in SRC.glob('*.md'): o.write_text(mathml(o.read_text(encoding='utf-8')), encoding='utf-8')
    shutil.copytree(NBS/'images', SRC/'images')
    shutil.copy(NBS/'styles.css', SRC)
    return SRC

# --- the pages

def number_columns(table):
    "Mark the columns that hold nothing but numbers"
    rows = [r.find_all(['td','th']) for r in table.select('tbody tr')]
    number = re.compile(r'[-+−]?[\d.,:]+(e[-+]?\d+)?[%s]?|nan|inf|')
    for j in range(max(map(len, rows), default=0)):
        cells = [r[j] for r in rows if j < len(r)]
        if any(c.get_text(strip=True) for c in cells) and all(number.fullmatch(c.get_text(strip=True)) for c in cells):
            for c in cells + [r[j] for r in (o.find_all(['td','th']) for o in table.select('thead tr')) if j < len(r)]: c['class'] = [*c.get('class', []), 'n']

def read_comments(soup):
    "Do what the notebooks' comments say, and take them out"
    for o in soup.find_all(string=lambda s: isinstance(s, Comment)):
        if o.strip() == 'buttons' and (p := o.find_next('p')): p.extract() # the page has its own
        if (m := re.fullmatch(r'\s*question (\S+) (\S+)\s*', o)) and (h := o.find_next('h3')): h['data-question'],h['data-topic'] = m.groups()
        o.extract()

def mark_notes(soup):
    "The box at the top, the slips and other notes: quotes in a notebook"
    for q in soup.find_all('blockquote'):
        first = q.find('strong')
        kind = first.get_text() if first is not None and q.get_text().strip().startswith(first.get_text()) else ''
        q.name,q['role'] = 'div','note'
        if kind == 'At the end': q['class'],q['aria-label'] = 'box','What you will have, and what you need'
        elif kind.startswith('Slip'): q['class'],q['aria-label'] = 'callout slip','Slip in the notes'
        else: q['class'],q['aria-label'] = 'callout','Note'

def mark_tables(soup):
    "Tables that scroll in a box of their own, with headers that screen readers understand"
    for t in soup.find_all('table'):
        t.wrap(soup.new_tag('div', attrs={'class': 'scroll'}))
        for h in t.find_all('th'):
            if not h.get_text(strip=True): h.name = 'td'; h.attrs.pop('scope', None)
        for h in t.select('tbody th'): h['scope'] = 'row'
        for h in t.select('thead th'): h['scope'] = 'col'
        for o in (t, *t.find_all(True)):
            for a in ('border','align'): o.attrs.pop(a, None)
        number_columns(t)

def mark_cells(soup):
    "Code and what it printed, told apart; nothing of the renderer's own looks and buttons"
    for o in soup.find_all('style'):
        if 'scoped' in o.attrs or 'progress' in o.get_text(): o.extract()
    for o in soup.find_all(class_='cell-output'):
        if not o.get_text(strip=True) and not o.find(['img','svg','table','math']): o.extract()
    for o in soup.find_all(class_='code-copy-button'): o.extract()
    for o in soup.find_all('pre'):
        printed = o.find_parent(class_='cell-output') and 'python' not in o.get('class', [])
        o.wrap(soup.new_tag('div', attrs={'class': 'printed' if printed else 'code'}))
    for o in soup.find_all('div', class_=['code-copy-outer-scaffold','sourceCode','quarto-figure']): o.unwrap()
    for o in soup.find_all('img', loading=True)[:1]: del o['loading'] # the first is wanted at once
    for d in soup.find_all('details'):
        if 'cell' not in d.parent.get('class', []): continue
        for o in d.find_next_siblings('div'): d.append(o.extract()) # a folded solution keeps what it printed

def mark_headings(soup):
    "The anchor of a section on its heading, and no links in headings"
    for h in soup.find_all(['h2','h3','h4']):
        at = h.get('id') or h.get('data-anchor-id')
        for a in ('class','data-anchor-id'): h.attrs.pop(a, None)
        if at: h['id'] = at
        for a in h.find_all('a'): a.unwrap()
    for o in soup.find_all('section'): o.unwrap()

def marked_up(body):
    "The text of a page as a tree, with the parts that our stylesheet knows"
    soup = BeautifulSoup(body, 'html.parser')
    for mark in (read_comments, mark_notes, mark_tables, mark_cells, mark_headings): mark(soup)
    for p in soup.find_all('p')[-1:]:
        if p.get_text().startswith('Next:'): p.extract() # the page has its own
    for h in soup.find_all('h3', attrs={'data-question': True}): question(soup, h)
    return soup

def question(soup, h):
    "Put a question, its choices, and its folded answer with the cells that prove it, into a section of their own"
    after = list(itertools.takewhile(lambda o: o.name not in ('h2','h3'), h.next_siblings))
    sec = soup.new_tag('section', attrs={'class': 'question', 'id': h.attrs.pop('data-question'), 'data-topic': h.attrs.pop('data-topic')})
    h.insert_before(sec)
    for o in (h, *after): sec.append(o.extract())
    answer = sec.find('details')
    if answer is None: raise ValueError(f'the question {sec["id"]} has no answer: it needs <details><summary>Answer</summary>')
    for o in list(answer.next_siblings): answer.append(o.extract())
    answer['class'] = 'answer'
    said = re.match(r'([a-e])\.', answer.find('p').get_text().strip())
    if said and (choices := sec.find('ul', recursive=False)):
        choices['class'],sec['data-right'] = 'choices',said[1]
        for a in choices.find_all('a'): a.unwrap() # a choice is a button

def contents(soup):
    "The table of contents: pairs of level, id and text"
    res = [(int(h.name[1]), h['id'], h.decode_contents()) for h in soup.find_all(['h2','h3'], id=True) if 'question' not in h.parent.get('class', [])]
    return [o for o in res if o[0] == 2] if len(res) > 40 else res

def search_entries(site):
    "What the search looks in: one entry for each section"
    for page in site.pages.values():
        for sec in page.env.get('search', []):
            yield {'url': str(page.out) + (f'#{sec["id"]}' if sec['id'] else ''), 'page': page.title, 'title': sec['title'] if sec['id'] else page.title,
                   'text': ' '.join(html.unescape(re.sub(r'<[^>]+>', ' ', sec['text'])).split())}

def name_entries(everyone):
    "The exported names, which the search shows first"
    for ch in everyone:
        for s in ch.symbols(): yield {'url': f'reference.html#{pages.anchor(ch, s)}', 'page': f'{ch.name}, reference', 'title': s.name, 'text': s.doc, 'name': 1}

def icons(): return {p.stem: p.read_text(encoding='utf-8').strip() for p in sorted((THEME/'icons').glob('*.svg'))}

def write_pages(site, out, cfg):
    "Lay out every page"
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(THEME), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = env.get_template('page.html')
    walk = [(page_name(p.stem), p, *heading(p)) for p in notebooks() if p.stem != 'index']
    chapters = [dict(name=n, url=f'{n}.html', title=t, description=d, notebook=p.name, number=i) for i,(n,p,t,d) in enumerate(walk)]
    home = dict(name='index', url='index.html', title='Home', notebook='index.ipynb')
    order = [home, *chapters]
    extra = [dict(name=n, url=f'{n}.html', title=n.title()) for n in ('reference','jargon','errata')]
    drawn,base = icons(),cfg['doc_host'] + cfg['doc_baseurl']
    for page in site.pages.values():
        name = page.out.stem
        soup = marked_up(page.html)
        i = next((i for i,o in enumerate(order) if o['name'] == name), None)
        if name == 'index' and (table := soup.find('h2', string='The chapters').find_next('table')):
            table.find_parent('div').replace_with(BeautifulSoup(env.get_template('map.html').render(chapters=chapters, icons=drawn), 'html.parser'))
        box = soup.find('div', class_='box')
        hero = soup.find('figure') if name == 'index' else None
        intro = list(itertools.takewhile(lambda o: o.name != 'h2', [o for o in soup.find_all(['p','div','h2'], recursive=False) if 'cell' not in o.get('class', [])])) if name == 'index' else []
        cell = hero.find_parent(class_='cell') if hero else None
        text = template.render(
            name=name, title=cfg['title'] if name == 'index' else page.title, description=str(page.meta.get('description') or cfg['description']), site=cfg['title'],
            box=str(box.extract()) if box else '', intro=''.join(str(o.extract()) for o in intro), hero=str(cell.extract()) if cell else '', body=str(soup), toc=contents(soup) if name != 'index' else [], chapters=chapters, extra=extra, icons=drawn,
            previous=order[i-1] if i else None, next=order[i+1] if i is not None and i+1 < len(order) else None, chapter=order[i] if i is not None else None,
            git=cfg['git_url'], branch=cfg['branch'], colab=cfg['colab_url'], canonical=f'{base}/' if name == 'index' else f'{base}/{name}.html', base=base)
        (out/f'{name}.html').write_text(text, encoding='utf-8')
    (out/'404.html').write_text(env.get_template('404.html').render(base=cfg['doc_baseurl'], site=cfg['title']), encoding='utf-8')

def build(force=False):
    "Build the site; return its folder and the renderer's warnings"
    from nbdev.config import get_config
    from smalldocs.site import ASSETS
    from smalldocs.site import build as render
    cfg,cache,everyone = settings(),processed(force),pages.chapters()
    pictures = Pictures(SRC.parent/'figures')
    shutil.rmtree(pictures.folder, ignore_errors=True)
    site = render(render_folder(cache, pictures, everyone), quiet=True)
    whole = Path(get_config().doc_path)
    out = whole.with_name(f'{whole.name}.part') # the old site stays until the new one is whole
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site.out, out)
    for o in ('site_libs','styles.css','search.json'): shutil.rmtree(out/o, ignore_errors=True) if (out/o).is_dir() else (out/o).unlink(missing_ok=True)
    if pictures.folder.is_dir(): shutil.copytree(pictures.folder, out/pictures.folder.name)
    shutil.copytree(NBS/'fonts', out/'fonts')
    for o in (NBS/'styles.css', THEME/'site.js', THEME/'favicon.svg', ASSETS/'vendor'/'fuse'/'fuse.min.js'): shutil.copy(o, out)
    shutil.copy(ASSETS/'vendor'/'fuse'/'LICENSE', out/'fuse.LICENSE.txt')
    for p in notebooks(): shutil.copy(p, out)
    write_pages(site, out, cfg)
    (out/'sitemap.xml').write_text(re.sub(r'\s*<lastmod>.*?</lastmod>', '', (out/'sitemap.xml').read_text(encoding='utf-8')), encoding='utf-8') # not the time of the build
    for o in out.glob('*.llms.md'): o.unlink()
    pages.write_plain(out, cfg['doc_host'] + cfg['doc_baseurl'], everyone)
    entries = [*name_entries(everyone), *search_entries(site)]
    (out/'search.js').write_text(f'window.searchEntries = {json.dumps(entries, ensure_ascii=False, separators=(",", ":"))};\n', encoding='utf-8')
    (out/'robots.txt').write_text(f'User-agent: *\nAllow: /\nSitemap: {cfg["doc_host"]}{cfg["doc_baseurl"]}/sitemap.xml\n', encoding='utf-8')
    (out/'.nojekyll').touch()
    shutil.rmtree(whole, ignore_errors=True)
    out.rename(whole)
    return whole,[w for w in site.warnings if 'html-math-method' not in w] # for Quarto; here `mathml` did it

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--force', action='store_true', help='process every notebook again, changed or not')
    out,warnings = build(p.parse_args().force)
    for w in warnings: print(f'warning: {w}', file=sys.stderr)
    print(f'the site: {out/"index.html"}')

if __name__ == '__main__': main()
