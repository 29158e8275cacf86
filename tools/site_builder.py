"""Build the site: nbdev prepares the notebooks, smalldocs renders their text, the pages are ours.

    python tools/site_builder.py [--force]

Whoever has Quarto gets pages with the same text and the same addresses from `nbdev_docs`.
"""
import argparse, base64, hashlib, html, io, itertools, json, re, shutil, sys, sysconfig
from pathlib import Path
import jinja2
from bs4 import BeautifulSoup,Comment
from PIL import Image
import explorables,pages
from notebooks import NBS,ROOT,as_html,directives,inside,notebooks,settings
from pages import page_name

WORK = ROOT/'_site_work' # what the renderer reads, and what the last build was made from
THEME = ROOT/'tools'/'theme'
SITE = ROOT/settings()['doc_path']

# --- what a site is made from

DERIVED = {'nbs/nbdev.yml', f'{settings()["lib_path"]}/_modidx.py'} # nbdev writes these from the other files

def hashed(files, root):
    "One hash of the names and the content of files"
    res = hashlib.sha256()
    for p in sorted(files): res.update(f'{p.relative_to(root)}\0'.encode() + hashlib.sha256(p.read_bytes()).digest())
    return res.hexdigest()

def sources(root=ROOT):
    "The hash of everything that the site is made from: notebooks, library, tools, settings, and what is installed"
    files = [root/'settings.ini']
    for o in ('nbs', settings()['lib_path'], 'tools'):
        files += [p for p in (root/o).rglob('*') if p.is_file() and not any(x.startswith(('.','__pycache__')) for x in p.relative_to(root).parts) and p.suffix != '.pyc']
    installed = sorted(p.name for p in Path(sysconfig.get_path('purelib')).glob('*.dist-info'))
    return hashlib.sha256(repr([sys.version, installed, hashed([p for p in files if str(p.relative_to(root)) not in DERIVED], root)]).encode()).hexdigest()

def built(site): return hashed([p for p in site.rglob('*') if p.is_file()], site) if site.is_dir() else None

def remembered():
    "What is known of the last build"
    try: return json.loads((WORK/'built.json').read_text(encoding='utf-8'))
    except (OSError, ValueError): return {}

def remember(**what):
    WORK.mkdir(exist_ok=True)
    (WORK/'built.json').write_text(json.dumps(what), encoding='utf-8')

# --- what nbdev does

def processed(force=False, names=None):
    "nbdev's processed copies of the notebooks, and the hash of the names that they link to: all are new where it is no longer `names`"
    from nbdev import quarto
    from nbdev.config import get_config
    from nbdev.doclinks import _build_modidx
    from nbdev.serve import proc_nbs
    quarto.refresh_quarto_yml()
    _build_modidx()
    index = (get_config().lib_path/'_modidx.py').read_text(encoding='utf-8')
    now = hashlib.sha256(index.encode()).hexdigest()
    return proc_nbs(get_config().nbs_path, force=force or now != names),now

# --- mathematics

def mathml(text):
    "Markdown with its LaTeX as MathML, which browsers draw without a script: `$inline$` and `$$on a line of its own$$`"
    from latex2mathml.converter import convert
    def draw(m):
        if m['code']: return m[0]
        res = convert(m['block'] or m['inline'], display='block' if m['block'] else 'inline')
        if m['inline']: return res
        indent = re.search(r'[ ]*$', text[:m.start()])[0] # inside a list, for instance
        return f'\n{indent}```{{=html}}\n{indent}{res}\n{indent}```\n'
    return pages.MATH.sub(draw, text)

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
    def __init__(self, folder): self.folder,self.up = folder,''

    def save(self, data, suffix):
        "Write a picture; return its address"
        name = f'{hashlib.sha256(data).hexdigest()[:12]}.{suffix}'
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder/name).write_bytes(data)
        return f'{self.up}{self.folder.name}/{name}'

    def svg(self, text, alt):
        "The markup of a drawing"
        text = small_svg(text)
        dark = dark_svg(text)
        if dark: text = re.sub(r'#ffffff|(?<=")white(?=")', LIGHT_GROUND, text)
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

def caption(text): return f'<figcaption>{as_html(text)}</figcaption>' if text else ''

def carried(page, pictures, cap):
    "The HTML of an explorable picture for the site: what it is given lies in a file, look and script are the page's, the still one is as others"
    page = explorables.STYLE.sub('', page)
    page = explorables.SCRIPT.sub(lambda m: f'<script src="{pictures.save(m[4].strip().removesuffix("</script>").encode(), "js")}" defer></script>', page)
    page = re.sub(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)">', lambda m: f'<div class="scroll">{pictures.svg(base64.b64decode(m[1]).decode(), html.unescape(m[2]))}</div>', page)
    return page.replace('</figure>', f'{caption(cap)}</figure>', 1)

def with_pictures(cell, pictures):
    "The outputs of a code cell, its pictures as files: the figure, its caption and its alternative text"
    opts = directives(text_of(cell['source']))
    cap,alt = (opts.get(k, '').strip('"') for k in ('fig-cap','fig-alt'))
    for o in cell.get('outputs', []):
        data = o.get('data', {})
        mime = next((m for m in ('image/svg+xml','image/png','image/jpeg') if m in data), None)
        if 'text/html' in data:
            page = text_of(data['text/html'])
            if 'data-explorable' in page: page = carried(page, pictures, cap)
            data['text/html'] = re.sub(r'<img[^>]*?src="data:(image/\w+);base64,([^"]+)"[^>]*>', lambda m: pictures.bitmap(m[1], m[2], alt), page)
        elif mime:
            pic = pictures.svg(text_of(data[mime]), alt) if 'svg' in mime else pictures.bitmap(mime, text_of(data[mime]), alt)
            o['data'] = {'text/html': f'<figure class="figure"><div class="scroll">{pic}</div>{caption(cap)}</figure>'}
    cell['source'] = re.sub(r'^#\| *fig-.*\n', '', text_of(cell['source']), flags=re.M)

# --- code that the library gets

def is_doc(cell): return cell['cell_type'] == 'code' and 'show_doc(' in text_of(cell['source'])
def is_source(cell): return cell['cell_type'] == 'code' and '#| code-summary: "Exported source"' in text_of(cell['source'])

def bar(name, module, link, up):
    "The line above an exported piece of code: its name, which leads to the reference, and its source"
    return (f'<div class="export" id="{name.lower()}"><a class="name" href="{up}reference.html#{module}-{name.replace(".", "-")}"><code>{name}</code></a>'
            f'<a class="source" href="{link}">source<span class="hidden"> of {name}</span></a></div>')

def documented(cells, module, symbols, up):
    "nbdev shows a signature beside the source. Where the source itself is shown, a line with the names and their links says enough; else ours"
    res,above = [],{} # above: for the cells around a source, the first of them, which gets all the lines
    for i,c in enumerate(cells):
        if not is_doc(c): continue
        before = next((j for j in range(i, -1, -1) if not is_doc(cells[j])), None)
        after = next((j for j in range(i, len(cells)) if not is_doc(cells[j])), None)
        name = re.search(r'show_doc\((.+?)\)', text_of(c['source']))[1]
        above[i] = next((j for j in (before, after) if j is not None and is_source(cells[j]) and name in pages.definitions(text_of(cells[j]['source']))), None)
    for i,c in enumerate(cells):
        if is_doc(c):
            for o in c['outputs']:
                name = re.search(r'show_doc\((.+?)\)', text_of(c['source']))[1]
                sym = next((s for s in symbols if s.name == name), None)
                if sym is None: raise ValueError(f"{module}: no public name {name}; there are {[s.name for s in symbols]}")
                line = bar(name, module, pages.source_of(sym, module, settings()), up)
                if above[i] is None:
                    o['data']['text/markdown'] = f'```{{=html}}\n{line}\n```\n\n```python\n{pages.definition(sym)}\n```\n\n*{sym.doc}*'
                else: o['data'] = {'text/html': line}
            if above[i] is not None and above[i] < i: # nbdev put it below: lift it above the source
                at = next(k for k,o in enumerate(res) if o is cells[above[i]])
                res.insert(at, c)
                continue
        elif is_source(c): c['source'] = re.sub(r'^#\| code-(fold|summary).*\n', '', text_of(c['source']), flags=re.M)
        res.append(c)
    return res

def up_from(name): return '../'*name.count('/')

def prepared(nb, home, name, symbols, pictures):
    "A processed notebook as its page needs it: MathML, files for pictures, and links by the names of the pages"
    pages.quiet(nb['cells'])
    pictures.up = up = up_from(name)
    for c in nb['cells']: c['source'] = pages.tidied(c)
    nb['cells'] = documented(nb['cells'], name.split('/')[-1], symbols, up)
    for c in nb['cells']:
        if c['cell_type'] == 'raw': c['source'] = re.sub(r'^output-file:.*\n|^aliases:\n(- .*\n)+', '', c['source'], flags=re.M) # our own names and pages
        if c['cell_type'] == 'code':
            with_pictures(c, pictures)
            for o in c['outputs']:
                for k,v in o.get('data', {}).items():
                    if k.startswith('text'): o['data'][k] = text_of(v)
        if c['cell_type'] == 'markdown': c['source'] = pages.relinked(mathml(c['source']), 'ipynb').replace(f'{home}/', up)
    return nb

def render_folder(cache, pictures, told, behind, collected):
    "A folder for the renderer: the same files under the names that their pages will have, and the pages that are collected"
    cfg,src = settings(),WORK/'pages'
    shutil.rmtree(src, ignore_errors=True)
    symbols = {ch.at: ch.symbols() for ch in (*told, *behind)}
    for p in notebooks():
        name = page_name(p)
        nb = prepared(json.loads((cache/inside(p)).read_text(encoding='utf-8')), cfg['doc_host'] + cfg['doc_baseurl'], name, symbols.get(name, []), pictures)
        (src/name).parent.mkdir(parents=True, exist_ok=True)
        (src/f'{name}.ipynb').write_text(json.dumps(nb), encoding='utf-8')
    for p in cache.glob('*.yml'):
        text = re.sub(r'\b\d+_(\w+\.ipynb)', r'\1', p.read_text(encoding='utf-8'))
        (src/p.name).write_text(re.sub(r'^ *(pre-render|quarto-required):.*\n', '', text, flags=re.M), encoding='utf-8') # for Quarto alone
    pages.write_deck(src)
    for name,text in collected.items(): (src/f'{name}.md').write_text(mathml(text), encoding='utf-8')
    shutil.copytree(NBS/'images', src/'images')
    shutil.copy(NBS/'styles.css', src)
    return src

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
        if (m := re.fullmatch(r'\s*question (\S+) (\S+)\s*', o)) and (h := o.find_next(['h3','details'])): h['data-question'],h['data-topic'] = m.groups()
        o.extract()

def mark_notes(soup):
    "The box at the top, the common mistakes and other notes: quotes in a notebook"
    for q in soup.find_all('blockquote'):
        first = q.find('strong')
        kind = first.get_text().rstrip('.') if first is not None and q.get_text().strip().startswith(first.get_text()) else ''
        q.name,q['role'] = 'div','note'
        if kind == 'At the end': q['class'],q['aria-label'] = 'box','What you will have, and what you need'
        elif kind == 'Backstage': q['class'],q['aria-label'] = 'box',kind
        elif kind.startswith(('A common mistake','Slip')): q['class'],q['aria-label'] = 'callout mistake',kind
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
        if d.summary.get_text(strip=True) != 'Solution': d['class'] = 'folded' # only the code of a figure or an experiment folds
        else:
            for o in d.find_next_siblings('div'): d.append(o.extract()) # a folded solution keeps what it printed

def mark_guesses(soup):
    "A stop where the reader is asked what they expect, and the result beside which the guess is shown"
    for cell in soup.find_all(class_='cell'):
        code = cell.find('pre')
        m = code and re.search(r"^guess\('([\w-]+)', (\.\.\.|result=)", code.get_text(), re.M)
        for out in cell.find_all(class_='cell-output') if m else ():
            said = re.fullmatch(r'\s*(?:(No guess yet).*|Result: (.+)\. Your guess: none)\s*', out.get_text(), re.S)
            if not said: continue
            p = soup.new_tag('p', attrs={'class': 'guess', 'data-guess' if said[1] else 'data-result': m[1]})
            p.string = 'Make a guess before you read on.' if said[1] else f'Result: {said[2]}'
            out.replace_with(p)
            if pages.only_guesses(code.get_text()): cell.clear(); cell.append(p)

def mark_headings(soup):
    "The anchor of a section on its heading, and no links in headings"
    for h in soup.find_all(['h2','h3','h4']):
        at = h.get('id') or h.get('data-anchor-id')
        for a in ('class','data-anchor-id'): h.attrs.pop(a, None)
        if at: h['id'] = at
        for a in h.find_all('a'): a.unwrap()
    for o in soup.find_all('section'): o.unwrap()

def mark_formulas(soup):
    "Formulas that scroll in a box of their own"
    for o in soup.find_all('math', display='block'): o.wrap(soup.new_tag('div', attrs={'class': 'scroll formula'}))

def one_id_each(soup):
    "An id stands once: headings keep theirs, the lines above exported code lose what is taken"
    seen = set()
    for o in sorted(soup.find_all(id=True), key=lambda o: 'export' in o.get('class', [])):
        if o['id'] in seen: del o['id']
        else: seen.add(o['id'])

def marked_up(body):
    "The text of a page as a tree, with the parts that our stylesheet knows"
    soup = BeautifulSoup(body, 'html.parser')
    for mark in (read_comments, mark_notes, mark_guesses, mark_tables, mark_cells, mark_headings, mark_formulas): mark(soup)
    for p in soup.find_all('p')[-1:]:
        if p.get_text().startswith('Next:'): p.extract() # the page has its own
    for h in soup.find_all('h3', attrs={'data-question': True}): question(soup, h)
    for d in soup.find_all('details', attrs={'data-question': True}): own_question(d)
    one_id_each(soup)
    return soup

def lines_apart(page):
    "Each line of code in a box of its own that knows its indentation: a line that is too long goes on below, further in"
    def lines(m):
        res,unclosed = [],[]
        for line in m[2].split('\n'):
            before = ''.join(unclosed)
            for tag in re.findall(r'<span[^>]*>|</span>', line): unclosed.pop() if tag == '</span>' else unclosed.append(tag)
            text = html.unescape(re.sub(r'<[^>]*>', '', line))
            deep = len(text)-len(text.lstrip(' '))
            res.append(f'<span class="l"{f" style=--i:{deep}" if deep else ""}>{before}{line}{"</span>"*len(unclosed)}\n</span>')
        return m[1] + ''.join(res) + m[3]
    return re.sub(r'(<div class="code"><pre[^>]*><code[^>]*>)(.*?)(</code>)', lines, page, flags=re.S)

def question(soup, h):
    "Put a question, its choices, and its folded answer with the cells that prove it, into a section of their own"
    after = list(itertools.takewhile(lambda o: o.name not in ('h2','h3'), h.next_siblings))
    sec = soup.new_tag('section', attrs={'class': 'question', 'id': h.attrs.pop('data-question'), 'data-topic': h.attrs.pop('data-topic')})
    h.insert_before(sec)
    for o in (h, *after): sec.append(o.extract())
    answer = sec.find('details')
    if answer is None: raise ValueError(f'the question {sec["id"]} has no answer: it needs <details><summary>Answer</summary>')
    for o in list(answer.next_siblings): answer.append(o.extract())
    offer_choices(sec, answer)

def own_question(d):
    "A question at the end of a chapter: all of it is folded, and the answer once more"
    d['class'],d['id'] = 'question',d.attrs.pop('data-question')
    offer_choices(d, d.find('details'))

def offer_choices(q, answer):
    "Mark what can be chosen, and what is right"
    answer['class'] = 'answer'
    said = re.match(r'([a-e])\.', answer.find('p').get_text().strip())
    if said and (choices := q.find('ul', recursive=False)):
        choices['class'],q['data-right'] = 'choices',said[1]
        for a in choices.find_all('a'): a.unwrap() # a choice is a button

def contents(soup):
    "The table of contents: pairs of level, id and text"
    res = [(int(h.name[1]), h['id'], h.decode_contents()) for h in soup.find_all(['h2','h3'], id=True) if 'question' not in h.parent.get('class', [])]
    return [o for o in res if o[0] == 2] if len(res) > 40 else res

def section_entries(site, taken):
    "What the search looks in: an entry for each section. `late` are those that come after all chapters"
    for page in site.pages.values():
        name = str(page.out.with_suffix(''))
        if name == 'jargon': continue # its terms have entries of their own
        for sec in page.env.get('search', []):
            url = str(page.out) + (f'#{sec["id"]}' if sec['id'] else '')
            if url in taken: continue
            res = {'url': url, 'page': page.title, 'title': sec['title'] if sec['id'] else page.title,
                   'text': ' '.join(html.unescape(re.sub(r'<[^>]+>', ' ', sec['text'])).split())}
            yield {**res, 'late': 1} if '/' in name else res

def name_entries(told, behind):
    "The exported names, which the search shows first, and the terms"
    for ch in (*told, *behind):
        for s in ch.symbols():
            res = {'url': f'reference.html#{pages.anchor(ch, s)}', 'page': f'{ch.name}, reference', 'title': s.name, 'text': s.doc, 'name': 1}
            yield {**res, 'late': 1} if '/' in ch.at else res
    for t,said,_,_ in pages.terms(told):
        yield {'url': f'jargon.html#{pages.spot(t)}', 'page': 'Jargon', 'title': t[0].upper() + t[1:], 'text': said.replace('`', ''), 'name': 1}

def search_entries(site, told, behind):
    "Everything that can be found, nothing twice"
    res,seen = list(name_entries(told, behind)),set()
    res += section_entries(site, {o['url'] for o in res})
    return [o for o in sorted(res, key=lambda o: o.get('late', 0)) if not ((key := (o['title'], o['text'])) in seen or seen.add(key))]

def icons(): return {p.stem: p.read_text(encoding='utf-8').strip() for p in sorted((THEME/'icons').glob('*.svg'))}

def navigation(told, behind):
    "The groups of the navigation: the reading order, the pages to look things up in, backstage"
    def entry(ch): return dict(name=ch.at, url=ch.page, title=ch.title, description=ch.description)
    path = {page_name(p): p for p in notebooks()}
    chapters = [{**entry(ch), 'number': int(path[ch.at].stem[:2]), 'notebook': inside(path[ch.at])} for ch in told if ch.name not in pages.APART]
    extra = [dict(name=n, url=f'{n}.html', title=n.split('/')[-1].title()) for n in ('reference', *(ch.at for ch in told if ch.name in pages.APART), 'jargon', *(ch.at for ch in behind if ch.name == 'errata'))]
    return chapters,extra,[entry(ch) for ch in behind]

def write_pages(site, out, cfg, told, behind):
    "Lay out every page"
    env = jinja2.Environment(loader=jinja2.FileSystemLoader(THEME), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template,everyone = env.get_template('page.html'),(*told, *behind)
    chapters,extra,behind = navigation(told, behind)
    order = [dict(name='index', url='index.html', title='Home'), *chapters]
    notebook = {page_name(p): inside(p) for p in notebooks()}
    drawn,base = icons(),cfg['doc_host'] + cfg['doc_baseurl']
    for page in site.pages.values():
        name = str(page.out.with_suffix(''))
        soup = marked_up(page.html)
        i = next((i for i,o in enumerate(order) if o['name'] == name), None)
        if name == 'index' and (table := soup.find('h2', string='The chapters').find_next('table')):
            table.find_parent('div').replace_with(BeautifulSoup(env.get_template('map.html').render(chapters=chapters, icons=drawn), 'html.parser'))
        box = soup.find('div', class_='box')
        hero = soup.find('figure') if name == 'index' else None
        intro = list(itertools.takewhile(lambda o: o.name != 'h2', [o for o in soup.find_all(['p','div','h2'], recursive=False) if 'cell' not in o.get('class', [])])) if name == 'index' else []
        cell = hero.find_parent(class_='cell') if hero else None
        group = f'Chapter {order[i]["number"]}' if i else 'Backstage' if '/' in name else 'Reference' if name in pages.APART else ''
        text = template.render(
            name=name, up=up_from(name), explorables=[o['id'].removeprefix('explorable-') for o in soup.find_all('figure', class_='explorable')], title=cfg['title'] if name == 'index' else page.title, description=str(page.meta.get('description') or cfg['description']), site=cfg['title'],
            box=str(box.extract()) if box else '', intro=''.join(str(o.extract()) for o in intro), hero=str(cell.extract()) if cell else '', body=str(soup), toc=contents(soup) if name != 'index' else [],
            group=group, chapters=chapters, extra=extra, behind=behind, icons=drawn, previous=order[i-1] if i else None, next=order[i+1] if i is not None and i+1 < len(order) else None,
            notebook=notebook.get(name), git=cfg['git_url'], branch=cfg['branch'], colab=cfg['colab_url'], canonical=f'{base}/' if name == 'index' else f'{base}/{name}.html', base=base)
        (out/f'{name}.html').write_text(lines_apart(text), encoding='utf-8')
    (out/'404.html').write_text(env.get_template('404.html').render(base=cfg['doc_baseurl'], site=cfg['title']), encoding='utf-8')
    for ch in everyone:
        for old in ch.aliases: (out/old).write_text(env.get_template('moved.html').render(to=ch.page, canonical=f'{base}/{ch.page}', site=cfg['title']), encoding='utf-8')

def write_site(cache):
    "Make the whole site from the processed notebooks; return the renderer's warnings"
    from smalldocs.site import ASSETS
    from smalldocs.site import build as render
    cfg,told,behind = settings(),pages.chapters(),pages.backstage()
    pictures,collected = Pictures(WORK/'figures'),pages.collect(told, behind)
    shutil.rmtree(pictures.folder, ignore_errors=True)
    site = render(render_folder(cache, pictures, told, behind, collected), quiet=True)
    out = SITE.with_name(f'{SITE.name}.part') # the old site stays until the new one is whole
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site.out, out)
    for o in ('site_libs','styles.css','search.json'): shutil.rmtree(out/o, ignore_errors=True) if (out/o).is_dir() else (out/o).unlink(missing_ok=True)
    if pictures.folder.is_dir(): shutil.copytree(pictures.folder, out/pictures.folder.name)
    shutil.copytree(NBS/'fonts', out/'fonts')
    (out/'explorables').mkdir()
    for n,text in explorables.on_site().items(): (out/'explorables'/n).write_text(text, encoding='utf-8')
    for o in (NBS/'styles.css', THEME/'site.js', THEME/'favicon.svg', ASSETS/'vendor'/'fuse'/'fuse.min.js'): shutil.copy(o, out)
    shutil.copy(ASSETS/'vendor'/'fuse'/'LICENSE', out/'fuse.LICENSE.txt')
    for p in notebooks(): shutil.copy(p, out/inside(p))
    write_pages(site, out, cfg, told, behind)
    (out/'sitemap.xml').write_text(re.sub(r'\s*<lastmod>.*?</lastmod>', '', (out/'sitemap.xml').read_text(encoding='utf-8')), encoding='utf-8') # not the time of the build
    for o in out.rglob('*.llms.md'): o.unlink()
    pages.write_plain(out, cfg['doc_host'] + cfg['doc_baseurl'], told, behind, collected)
    (out/'search.js').write_text(f'window.searchEntries = {json.dumps(search_entries(site, told, behind), ensure_ascii=False, separators=(",", ":"))};\n', encoding='utf-8')
    (out/'robots.txt').write_text(f'User-agent: *\nAllow: /\nSitemap: {cfg["doc_host"]}{cfg["doc_baseurl"]}/sitemap.xml\n', encoding='utf-8')
    (out/'.nojekyll').touch()
    shutil.rmtree(SITE, ignore_errors=True)
    out.rename(SITE)
    return [w for w in site.warnings if 'html-math-method' not in w] # for Quarto; here `mathml` did it

def build(force=False):
    "Build the site, unless nothing has changed; return whether it was built, and the renderer's warnings"
    now,last = sources(),remembered()
    if not force and last.get('sources') == now and last['site'] == built(SITE): return False,last['warnings']
    remember(names=last.get('names')) # should this build fail
    cache,names = processed(force, last.get('names'))
    warnings = write_site(cache)
    remember(sources=now, names=names, site=built(SITE), warnings=warnings)
    return True,warnings

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--force', action='store_true', help='make everything again, changed or not')
    new,warnings = build(p.parse_args().force)
    for w in warnings: print(f'warning: {w}', file=sys.stderr)
    print(f'the site{"" if new else ", where nothing has changed"}: {SITE/"index.html"}')

if __name__ == '__main__': main()
