"""Collect the pages that nobody writes: the reference and the jargon, from the notebooks and the library.

    python tools/pages.py [FOLDER]     write reference.md, jargon.md and the quiz's deck of cards there, and tidy
                                       the notebooks that nbdev prepared there (default: the current folder)

Quarto calls this before it renders, with the Python that it finds; `tools/site_builder.py` does the same.
"""
import ast, html, io, itertools, json, os, re, subprocess, sys, tokenize
from functools import cache
from pathlib import Path
from typing import NamedTuple

def elsewhere(error):
    "Go on with the project's own Python: the one that was called lacks a package"
    root = Path(__file__).resolve().parent.parent
    own = root/'.venv'/('Scripts/python.exe' if os.name == 'nt' else 'bin/python')
    if Path(sys.prefix) == root/'.venv' or not own.is_file(): sys.exit(f'pages.py: {error}. `make setup` installs what is missing, in .venv')
    sys.exit(subprocess.run([own, __file__, *sys.argv[1:]]).returncode)

try:
    import nbformat, yaml
    from notebooks import APART,NBS,ROOT,chapters as numbered,directives,heading,inside,notebooks,settings
except ImportError as e:
    if __name__ != '__main__': raise
    elsewhere(e)

# Mathematics in Markdown: `$inline$` and `$$on a line of its own$$`, and the code in which a dollar is a dollar
MATH = re.compile(r'(?P<code>```.*?```|`[^`]*`)|\$\$(?P<block>.+?)\$\$|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\w)', re.S)

def page_name(path):
    "The address of a notebook's page without its ending, and without the number, as in nbdev's links: `nbs/01_similarity.ipynb` gives `similarity`"
    return re.sub(r'(^|/)\d+_', r'\1', inside(Path(path)).removesuffix('.ipynb'))

class Chapter(NamedTuple):
    "A notebook, and where its page is"
    name: str # Of the module
    title: str
    description: str
    cells: list
    at: str # Address of its page, without the ending

    @property
    def page(self): return f'{self.at}.html'

    @property
    def aliases(self):
        "Addresses that the page had before: a line `- aliases: [/errata.html]` in the first cell, which Quarto reads too"
        return [o.strip(' /') for line in re.findall(r'^- aliases: \[(.+)\]', self.cells[0].source, flags=re.M) for o in line.split(',')]

    def headings(self):
        "Every section: the number of its cell, its title and its anchor"
        from smalldocs.markdown import pandoc_id
        for i,c in enumerate(self.cells):
            if c.cell_type != 'markdown': continue
            for title in re.findall(r'^##+ (.+)$', c.source, flags=re.M): yield i,title,pandoc_id(re.sub(r'[`*]', '', title))

    def sections(self):
        "Each cell with the title and the address of the section that it stands in"
        title,at,heads = self.title,self.page,list(self.headings())
        for i,c in enumerate(self.cells):
            for _,title,anchor in [h for h in heads if h[0] == i]: at = f'{self.page}#{anchor}'
            yield i,c,title,at

    def symbols(self):
        "The public names of its module, if it has one"
        path = ROOT/settings()['lib_path']/f'{self.name}.py'
        return symbols(path.read_text(encoding='utf-8')) if path.is_file() else []

def read(path):
    "The chapter in a file"
    at = page_name(path)
    return Chapter(at.split('/')[-1], *heading(path), nbformat.read(path, as_version=4).cells, at)

def chapters():
    "The chapters in their order"
    return [read(p) for p in numbered() if p.stem != 'index']

def backstage():
    "The notebooks that no chapter asks to be read"
    return [read(p) for p in notebooks()[len(numbered()):]]

def page(title, description, *blocks):
    "A page in Markdown"
    return f'---\ntitle: "{title}"\ndescription: "{description}"\n---\n\n' + '\n\n'.join(blocks) + '\n'

def shown(cell):
    "The code of a cell as readers see it; nothing, if they don't"
    return shown_code(cell.source) if cell.cell_type == 'code' else ''

UNSEEN = {'hide','exporti','default_exp'} # cells that leave nothing on a page

@cache
def shown_code(source):
    opts = directives(source)
    if UNSEEN & set(opts) or 'hide_input' in opts or opts.get('echo') == 'false' or opts.get('include') == 'false': return ''
    return re.sub(r'^(#\||#@title|%).*\n?', '', source, flags=re.M).strip() # nor magics, as nbdev has it

def patched(node):
    "The class that a function is added to with `@patch`, if it is"
    marks = [getattr(o, 'func', o) for o in getattr(node, 'decorator_list', ())] # `@patch`, or `@patch(as_prop=True)`
    marks = [o.id for o in marks if isinstance(o, ast.Name)]
    return ast.unparse(node.args.args[0].annotation) if 'patch' in marks and isinstance(node, ast.FunctionDef) else ''

def assigned(node): return [t.id for t in getattr(node, 'targets', [getattr(node, 'target', None)]) if isinstance(t, ast.Name)]

@cache
def definitions(source):
    "The functions and classes that a piece of code defines, and the methods that it adds to a class"
    return [f'{cls}.{o.name}' if (cls := patched(o)) else o.name for o in ast.parse(source).body if isinstance(o, (ast.FunctionDef, ast.ClassDef))]

def defines(cell, name):
    "Does a cell give this name to the library?"
    return is_exported(cell) and (name in definitions(cell.source) or any(name in assigned(o) for o in ast.parse(cell.source).body))

def place(cells, name):
    "The number of the cell that gives a name to the library: for a method that of its class, unless it was added later"
    return next((i for o in (name, name.split('.')[0]) for i,c in enumerate(cells) if defines(c, o)), None)

def is_exported(cell): return cell.cell_type == 'code' and re.search(r'^#\|\s*export', cell.source, flags=re.M) is not None

# --- the reference

class Param(NamedTuple):
    "A parameter, or what is returned"
    name: str
    type: str
    default: str
    doc: str

class Symbol(NamedTuple):
    "A public name of a module"
    kind: str # `def`, `class`, or nothing for a constant
    name: str
    signature: str
    doc: str
    params: list
    line: int

def comments(source):
    "The comment on each line: `{line: text}`"
    return {t.start[0]: t.string.lstrip('# ') for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT}

def function(node, said, cls=None):
    "A function or method, with what its docments say"
    a = node.args
    args = [(p.arg, p) for p in a.posonlyargs + a.args]
    defaults = [None]*(len(args)-len(a.defaults)) + a.defaults
    args = [(n, p, d) for (n,p),d in zip(args, defaults)]
    if a.vararg: args.append((f'*{a.vararg.arg}', a.vararg, None))
    args += [(p.arg, p, d) for p,d in zip(a.kwonlyargs, a.kw_defaults)]
    if a.kwarg: args.append((f'**{a.kwarg.arg}', a.kwarg, None))
    if cls or args and args[0][0] in ('self','cls'): args = args[1:]
    used = [(d or p).end_lineno for _,p,d in args]
    params = [Param(n, ast.unparse(p.annotation) if p.annotation else '', ast.unparse(d) if d else '', said.get(line, '') if used.count(line) == 1 else '')
              for (n,p,d),line in zip(args, used)]
    if node.returns and not (isinstance(node.returns, ast.Constant) and node.returns.value is None) and node.name != '__init__':
        line = node.returns.end_lineno
        params.append(Param('returns', ast.unparse(node.returns), '', said.get(line, '') if line not in used else ''))
    name = cls or node.name
    inner = ', '.join(n + (f'={ast.unparse(d)}' if d else '') for n,_,d in args)
    return Symbol('class' if cls else 'def', name, f'{name}({inner})', ast.get_docstring(node) or '', params, node.lineno)

def klass(node, said):
    "A class and its public methods"
    init = next((o for o in node.body if isinstance(o, ast.FunctionDef) and o.name == '__init__'), None)
    fields = [o for o in node.body if isinstance(o, ast.AnnAssign)]
    doc = ast.get_docstring(node) or ''
    if init: yield function(init, said, node.name)._replace(doc=doc)
    else:
        params = [Param(o.target.id, ast.unparse(o.annotation), ast.unparse(o.value) if o.value else '', said.get(o.end_lineno, '')) for o in fields]
        yield Symbol('class', node.name, f'{node.name}({", ".join(p.name + (f"={p.default}" if p.default else "") for p in params)})', doc, params, node.lineno)
    for o in node.body:
        if isinstance(o, ast.FunctionDef) and not o.name.startswith('_') and ast.get_docstring(o):
            yield method(function(o, said), node.name)

def method(sym, cls): return sym._replace(name=f'{cls}.{sym.name}', signature=f'{cls}.{sym.signature}')

@cache
def symbols(source):
    "The public names of a module in the order of its source"
    return list(_symbols(source))

def _symbols(source):
    said,tree,public = comments(source),ast.parse(source),[]
    for node in tree.body:
        names = [n for n in assigned(node) if n not in definitions(source)] # not `f = checked(f)`
        if cls := patched(node):
            if cls in public and not re.match('_(?!_)', node.name): yield method(function(node, said), cls)
        elif names == ['__all__']: public = ast.literal_eval(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name in public: yield function(node, said)
        elif isinstance(node, ast.ClassDef) and node.name in public: yield from klass(node, said)
        elif names and names[0] in public: yield Symbol('', names[0], ast.unparse(node), said.get(node.end_lineno, ''), [], node.lineno)

def examples(everyone):
    "An example for each public name of the library: `{(module, name): cell}`"
    res = {(ch.name, s.name): example(s.name, ch, everyone) for ch in everyone for s in ch.symbols()}
    for ch in everyone:
        for s in ch.symbols():
            if res[ch.name,s.name] is not None: continue
            # what it is returned by, else what uses it
            named = re.compile(rf'\b{s.name}\b')
            makers = [o.name for o in ch.symbols() if any(p.name == 'returns' and named.search(p.type) for p in o.params)]
            users = [o.name for o in ch.symbols() if o.name != s.name and any(defines(c, o.name) and named.search(c.source) for c in ch.cells)]
            res[ch.name,s.name] = next((res[ch.name,o] for o in makers + users if res[ch.name,o] is not None), None)
    return res

def definition(sym):
    "A function or class without its body: a line for each parameter and one for what is returned, with what they are"
    params,back = [p for p in sym.params if p.name != 'returns'],[p for p in sym.params if p.name == 'returns']
    lines = [f'    {p.name}{f":{p.type}" if p.type else ""}{f"={p.default}" if p.default else ""},{f" # {p.doc}" if p.doc else ""}' for p in params]
    end = f')->{back[0].type}:' + (f' # {back[0].doc}' if back[0].doc else '') if back else '):'
    return '\n'.join([f'{sym.kind} {sym.name}(', *lines, end]) if lines else f'{sym.kind} {sym.name}({end}'

def example(name, own, others):
    "The first cell that readers see, and that uses a name after it is defined, in its own chapter if possible"
    last = name.split('.')[-1]
    use = re.compile(rf'\.{last}\b' if '.' in name else rf'(?<![\w.]){name}\b(?!`)' + rf'|\.{name.lower()}\b'*(name != name.lower()))
    def first(cells):
        for c in cells:
            code = shown(c)
            if not code or is_exported(c) or not use.search(code): continue
            if re.search(rf'^\s*(def|class) {last}\b', code, flags=re.M) or all(re.match(r'(from|import)\b', l) for l in code.splitlines()): continue
            return c
    defined = place(own.cells, name) or 0
    return first(own.cells[defined+1:]) or next((c for o in others if o is not own for c in [first(o.cells)] if c), None) or first(own.cells[:defined])

def outputs(cell):
    "What a cell printed and returned, as far as it is text"
    res = []
    for o in cell.outputs:
        if o.output_type == 'stream': res.append(o.text)
        elif not any(k.startswith('image') or k in ('text/html','text/markdown') for k in o.get('data', {})): res.append(o.get('data', {}).get('text/plain', ''))
    return '\n'.join(t.rstrip('\n') for t in res if t)

def anchor(chapter, sym): return f'{chapter.name}-{sym.name.replace(".", "-")}' # case matters: `Lesson` and `lesson`

def code(text):
    "Code in a cell of a table. `|` would end the cell, and Quarto shows `\\|` as it stands: then as HTML, every mark as its number"
    return '<code>' + re.sub(r'[^\w\s,.:()=]', lambda m: f'&#{ord(m[0])};', text) + '</code>' if '|' in text else f'`{text}`'

def table_cell(text):
    "Text in a cell of a table"
    return ''.join(code(o[1:-1]) if i % 2 else o.replace('|', '\\|') for i,o in enumerate(re.split(r'(`[^`]+`)', text)))

def source_of(sym, module, cfg): return f'{cfg["git_url"]}/blob/{cfg["branch"]}/{cfg["lib_path"]}/{module}.py#L{sym.line}'

def entry(sym, chapter, cell, cfg):
    "A name's part of the reference"
    level = '####' if '.' in sym.name else '###'
    i = place(chapter.cells, sym.name)
    where = chapter.page if i is None else list(chapter.sections())[i][-1]
    res = [f'{level} {sym.name} {{#{anchor(chapter, sym)}}}', f'```python\n{sym.signature}\n```']
    if sym.doc: res.append(sym.doc)
    if sym.params:
        rows = [f'| {"returns" if p.name == "returns" else code(p.name)} | {code(p.type) if p.type else ""} | {code(p.default) if p.default else ""} | {table_cell(p.doc)} |' for p in sym.params]
        res.append('\n'.join(['| name | type | default | what it is |', '| --- | --- | --- | --- |', *rows]))
    if cell is not None:
        res.append(f'```python\n{shown(cell)}\n```')
        if outputs(cell): res.append(f'::: {{.cell-output}}\n```\n{outputs(cell)}\n```\n:::')
    res.append(f'[Where the course builds it]({where}) · [source of {sym.name}]({source_of(sym, chapter.name, cfg)})')
    return '\n\n'.join(res)

def modules(group, found, cfg):
    "The table of some modules, and the entries of their names"
    index,res = ['| module | names |', '| --- | --- |'],[]
    for ch in group:
        if not (syms := ch.symbols()): continue
        links = [f'[`{s.name}`](#{anchor(ch, s)})' for s in syms if '.' not in s.name]
        index.append(f'| [{ch.name}](#module-{ch.name}) | {", ".join(links)} |')
        res.append(f'## {cfg["lib_name"]}.{ch.name} {{#module-{ch.name}}}\n\n[{ch.title}]({ch.page}): {ch.description}')
        res += [entry(s, ch, found[ch.name,s.name], cfg) for s in syms]
    return '\n'.join(index),res

def reference(told, behind):
    "Every public name, module by module: those of the chapters, then those of backstage"
    cfg,found = settings(),examples([*told, *behind])
    (index,entries),(more,others) = modules(told, found, cfg),modules(behind, found, cfg)
    return page('Reference', 'Every public name of the library, with its parameters, its source and an example.',
                'Each module has the name of its notebook. The examples are cells of the notebooks, with what they printed when they ran.',
                index, 'Backstage are the modules that the chapters share. No chapter asks you to read them.', more, *entries, *others)

# --- the jargon

def glossary():
    "The written sentence for each term, by its name in small letters"
    return yaml.safe_load((NBS/'jargon.yml').read_text(encoding='utf-8'))

def terms(everyone):
    "Every term that a chapter introduces with `<dfn>`: its name, the sentence for it, the section's title and link. `ValueError` if a term has no sentence, or a sentence no term"
    at,says = {},glossary()
    for ch in everyone:
        for _,c,title,link in ch.sections():
            if c.cell_type != 'markdown': continue
            for term in re.findall(r'<dfn>(.+?)</dfn>', c.source): at.setdefault(term.lower(), (term, title, link))
    if at.keys() != says.keys(): raise ValueError(f'jargon.yml: no sentence for {sorted(at.keys() - says.keys())}, and no chapter has {sorted(says.keys() - at.keys())}')
    return [(term, says[k], title, link) for k,(term,title,link) in sorted(at.items())]

def relinked(text, ending='html'):
    "Links to notebooks as links to their pages"
    return re.sub(r'\]\(((?:\w+/|\.\./)*)(?:\d+_)?(\w+)\.ipynb', rf'](\1\2.{ending}', text)

def spot(term): return 'term-' + re.sub(r'\W+', '-', term.lower()).strip('-')

def jargon(everyone):
    "The words of the field, a written sentence each, and where they are explained"
    rows = [f'[{t[0].upper() + t[1:]}]{{#{spot(t)}}}\n:   {said}\n\n    [{title}]({at}){{.from}}' for t,said,title,at in terms(everyone)]
    return page('Jargon', 'The words of the field, a sentence each.',
                'Each word in a sentence. The link leads to the section where it is explained at length.', *rows)

# --- the same as plain text, for programs that read

def markdown_table(table):
    "A table of HTML, a tag of BeautifulSoup, in Markdown; cells that span several columns leave the next ones empty"
    rows,heads = [],0
    for tr in table.find_all('tr'):
        row = []
        for c in tr.find_all(['td','th']):
            row += [' '.join(c.get_text(' ', strip=True).split()).replace('|', '\\|')] + ['']*(int(c.get('colspan', 1))-1)
        if any(row) or not rows: rows.append(row)
        if tr.find_parent('thead') or not tr.find('td'): heads = len(rows)
    if not rows: return ''
    wide = max(map(len, rows))
    rows = [r + ['']*(wide-len(r)) for r in rows]
    # two rows of heads, such as pandas' names of columns and of the index, become one
    head = [' '.join(filter(None, col)) for col in zip(*rows[:heads])] if heads else ['']*wide
    return '\n'.join(f'| {" | ".join(r)} |' for r in (head, ['---']*wide, *rows[heads:]))

def said(cell):
    "What a cell left behind, in Markdown: text, tables, and what its pictures show"
    from bs4 import BeautifulSoup
    alt,res = directives(cell.source).get('fig-alt', '').strip('"'),[] # pairs of a kind and a text
    picture = 'picture',f'[Figure: {alt}]' if alt else ''
    for o in cell.outputs:
        data = o.get('data', {})
        if o.output_type == 'stream': res.append(('printed', o.text))
        elif any(k.startswith('image') for k in data): res.append(picture)
        elif 'text/html' in data:
            soup = BeautifulSoup(data['text/html'], 'html.parser')
            for t in soup.find_all(['style','script']): t.extract()
            res += [('table', markdown_table(t.extract())) for t in soup.find_all('table')]
            if soup.find(['img','svg']): res.append(picture)
            res.append(('printed', ' '.join(soup.get_text(' ').split())))
        else: res.append(('table', data['text/markdown']) if 'text/markdown' in data else ('printed', data.get('text/plain', '')))
    groups = itertools.groupby((o for o in res if o[1].strip()), key=lambda o: o[0])
    return [f'```\n{body}\n```' if kind == 'printed' else body for kind,group in groups for body in ['\n'.join(t.rstrip('\n') for _,t in group)]]

def signatures(cell, syms):
    "What a page shows of a cell whose code goes to the library unseen: the signature of each public function and class"
    return [f'```python\n{definition(s)}\n```\n\n*{s.doc}*' for n in definitions(cell.source) for s in syms if s.name == n]

def only_guesses(code):
    "Is a cell nothing but a stop, or the result beside a guess? A page shows what it says and not the call"
    return re.fullmatch(r"guess\('[^\n]*\)", code.strip())

def plain_text(chapter):
    "A chapter as Markdown: text, code, what it printed, and what its pictures show"
    res,syms = [f'# {chapter.title}\n\n> {chapter.description}'],chapter.symbols()
    for c in chapter.cells[1:]:
        if c.cell_type == 'markdown':
            text = re.sub(r'<!-- (?!questions)\w+ -->.*?<!-- end -->|<!--.*?-->\s*|</details>|</?dfn>', '', c.source, flags=re.S)
            res.append(re.sub(r'<details><summary>(.*?)([?!]?)</summary>', lambda m: f'**{m[1]}{m[2] or "."}**', text).strip())
        elif c.cell_type == 'code':
            opts = directives(c.source)
            if UNSEEN & set(opts) or opts.get('include') == 'false': continue
            if 'export' in opts: res += signatures(c, syms)
            else:
                if shown(c) and not only_guesses(shown(c)): res.append(f'```python\n{shown(c)}\n```')
                if opts.get('output') != 'false': res += [o.replace('. Your guess: none', '') for o in said(c) if 'No guess yet' not in o]
    return relinked('\n\n'.join(o for o in res if o), 'llms.md') + '\n'

def collected(text):
    "A collected page without the marks that only a renderer understands"
    front,text = re.match(r'---\n(.*?)\n---\n(.*)', text, flags=re.S).groups()
    text = re.sub(r'\[([^][]+)\]\{#[^}\n]*\}', r'\1', text)
    text = re.sub(r'\{[#.][^}\n]*\}|^:::.*\n?', '', text, flags=re.M)
    text = re.sub(r'<code>(.*?)</code>', lambda m: '`' + html.unescape(m[1]).replace('|', '\\|') + '`', text)
    text = re.sub(r'\]\(([\w/]+)\.html', r'](\1.llms.md', text)
    return f'# {re.search(r"title: .(.*).$", front, flags=re.M)[1]}\n{text}'

def write_plain(folder, base, told, behind, texts):
    "Write the notebooks and the collected `texts` as plain text, and `llms.txt`, which lists them"
    cfg,folder = settings(),Path(folder)
    def listed(group): return '\n'.join(f'- [{ch.title}]({base}/{ch.at}.llms.md): {ch.description}' for ch in group)
    for ch in (read(NBS/'index.ipynb'), *told, *behind): (folder/f'{ch.at}.llms.md').write_text(plain_text(ch), encoding='utf-8')
    for name,text in texts.items(): (folder/f'{name}.llms.md').write_text(collected(text), encoding='utf-8')
    lines = [f'# {cfg["title"]}', f'> {cfg["description"]}', '## Chapters', listed(told),
             '## Collected', '\n'.join(f'- [{n.title()}]({base}/{n}.llms.md)' for n in texts), '## Backstage', listed(behind)]
    (folder/'llms.txt').write_text('\n\n'.join(lines) + '\n', encoding='utf-8')

# --- for a renderer

def collect(told, behind):
    "The collected pages in Markdown: `{name: text}`"
    return dict(reference=reference(told, behind), jargon=jargon(told))

LINK = r'\[[^][\n]*\]\([^()\n]*\)'
NESTED = re.compile(rf'\[((?:[^][\n]|{LINK})*)\](?=\()') # the text of a link, which may hold links

def tidied(cell):
    "The source of a processed cell without what only Colab and our tools read, and without a link in a link: the author's stays, nbdev's goes"
    source = ''.join(cell['source'])
    if cell['cell_type'] == 'code': return re.sub(r'^#@title.*\n(#\|.*\n)*', '', source, flags=re.M)
    if cell['cell_type'] != 'markdown': return source
    def without(m): return re.sub(rf'(?<!!){LINK}', lambda o: o[0][1:o[0].index(']')], m[0])
    return NESTED.sub(without, source)

def write_deck(folder):
    "The questions of the quiz as cards for Anki; the quiz links to them"
    import cards
    cards.write_deck(Path(folder)/'lesson4.apkg')

def quiet(cells):
    "Take out what nbdev's own run of the imports wrote to stderr: warnings, with paths of this machine. Was there anything?"
    loud = [(c, [o for o in c['outputs'] if o.get('name') != 'stderr']) for c in cells if any(o.get('name') == 'stderr' for o in c.get('outputs', ()))]
    for c,rest in loud: c['outputs'] = rest
    return bool(loud)

def tidy(folder):
    "Tidy the notebooks that nbdev prepared; those whose source is gone go too"
    for p in Path(folder).rglob('*.ipynb'):
        if any(o.startswith(('_','.')) for o in p.relative_to(folder).parts): continue
        if not (NBS/p.relative_to(folder)).is_file(): p.unlink(); continue
        nb = json.loads(p.read_text(encoding='utf-8'))
        new = [tidied(c) for c in nb['cells']]
        if not quiet(nb['cells']) and new == [''.join(c['source']) for c in nb['cells']]: continue
        for c,o in zip(nb['cells'], new): c['source'] = o
        p.write_text(json.dumps(nb, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')

def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    tidy(folder)
    write_deck(folder)
    for name,text in collect(chapters(), backstage()).items(): (folder/f'{name}.md').write_text(text, encoding='utf-8')

if __name__ == '__main__': main()
