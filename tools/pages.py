"""Collect the pages that nobody writes: the reference, the jargon and the errata, all from the notebooks and the library.

    python tools/pages.py [FOLDER]     write reference.md, jargon.md and errata.md there (default: the current folder)

Quarto calls this before it renders; `tools/site_builder.py` does the same.
"""
import ast, io, re, sys, tokenize
from functools import cache
from pathlib import Path
from typing import NamedTuple
import nbformat
from notebooks import ROOT,directives,heading,notebooks,settings

def page_name(name):
    "The name of a notebook without its number, as in nbdev's links: `01_similarity` gives `similarity`"
    return re.sub(r'^\d+_', '', name)

class Chapter(NamedTuple):
    "A notebook, and where its page is"
    name: str # Of the module and the page
    title: str
    description: str
    cells: list

    @property
    def page(self): return f'{self.name}.html'

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

def chapters():
    "The chapters in their order"
    return [Chapter(page_name(p.stem), *heading(p), nbformat.read(p, as_version=4).cells) for p in notebooks() if p.stem != 'index']

def page(title, description, *blocks):
    "A page in Markdown"
    return f'---\ntitle: "{title}"\ndescription: "{description}"\n---\n\n' + '\n\n'.join(blocks) + '\n'

def shown(cell):
    "The code of a cell as readers see it; nothing, if they don't"
    return shown_code(cell.source) if cell.cell_type == 'code' else ''

@cache
def shown_code(source):
    opts = directives(source)
    if any(o in opts for o in ('hide','hide_input','default_exp')) or opts.get('echo') == 'false' or opts.get('include') == 'false': return ''
    return re.sub(r'^(#\||#@title).*\n?', '', source, flags=re.M).strip()

def defines(cell, name):
    "Does a cell give this name to the library?"
    return is_exported(cell) and re.search(rf'^(def|class) {name}\b|^{name}\b', cell.source, flags=re.M) is not None

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
            f = function(o, said)
            yield f._replace(name=f'{node.name}.{f.name}', signature=f'{node.name}.{f.signature}')

@cache
def symbols(source):
    "The public names of a module in the order of its source"
    return list(_symbols(source))

def _symbols(source):
    said,tree,public = comments(source),ast.parse(source),[]
    for node in tree.body:
        names = [t.id for t in getattr(node, 'targets', [getattr(node, 'target', None)]) if isinstance(t, ast.Name)]
        if names == ['__all__']: public = ast.literal_eval(node.value)
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
    defined = next((i for i,c in enumerate(own.cells) if defines(c, name.split('.')[0])), 0)
    return first(own.cells[defined+1:]) or next((c for o in others if o is not own for c in [first(o.cells)] if c), None) or first(own.cells[:defined])

def outputs(cell):
    "What a cell printed and returned, as far as it is text"
    res = []
    for o in cell.outputs:
        if o.output_type == 'stream': res.append(o.text)
        elif not any(k.startswith('image') or k in ('text/html','text/markdown') for k in o.get('data', {})): res.append(o.get('data', {}).get('text/plain', ''))
    return '\n'.join(t.rstrip('\n') for t in res if t)

def anchor(chapter, sym): return f'{chapter.name}-{sym.name.replace(".", "-")}' # case matters: `Lesson` and `lesson`

def table_cell(text): return text.replace('|', '\\|')

def entry(sym, chapter, cell, cfg):
    "A name's part of the reference"
    level = '####' if '.' in sym.name else '###'
    source = f'{cfg["git_url"]}/blob/{cfg["branch"]}/{cfg["lib_path"]}/{chapter.name}.py#L{sym.line}'
    where = next((at for _,c,_,at in chapter.sections() if defines(c, sym.name.split('.')[0])), chapter.page)
    res = [f'{level} {sym.name} {{#{anchor(chapter, sym)}}}', f'```python\n{sym.signature}\n```']
    if sym.doc: res.append(sym.doc)
    if sym.params:
        rows = [f'| `{p.name}` | `{table_cell(p.type)}` | {f"`{table_cell(p.default)}`" if p.default else ""} | {table_cell(p.doc)} |' for p in sym.params]
        rows = [r.replace('| `returns` |', '| returns |').replace('| `` |', '| |') for r in rows]
        res.append('\n'.join(['| name | type | default | what it is |', '| --- | --- | --- | --- |', *rows]))
    if cell is not None:
        res.append(f'```python\n{shown(cell)}\n```')
        if outputs(cell): res.append(f'::: {{.cell-output}}\n```\n{outputs(cell)}\n```\n:::')
    res.append(f'[Where the course builds it]({where}) · [source of {sym.name}]({source})')
    return '\n\n'.join(res)

def reference(everyone):
    "Every public name, module by module"
    cfg = settings()
    res,found = [],examples(everyone)
    index = ['| module | names |', '| --- | --- |']
    for ch in everyone:
        if not (syms := ch.symbols()): continue
        links = [f'[`{s.name}`](#{anchor(ch, s)})' for s in syms if '.' not in s.name]
        index.append(f'| [{ch.name}](#module-{ch.name}) | {", ".join(links)} |')
        res.append(f'## {cfg["lib_name"]}.{ch.name} {{#module-{ch.name}}}\n\n[{ch.title}]({ch.page}): {ch.description}')
        res += [entry(s, ch, found[ch.name,s.name], cfg) for s in syms]
    return page('Reference', 'Every public name of the library, with its parameters, its source and an example.',
                'Each module has the name of its chapter. The examples are cells of the chapters, with what they printed when they ran.',
                '\n'.join(index), *res)

# --- the jargon

def plain(text): return re.sub(r'</?dfn>', '', text)

LEANING = re.compile(r'(It|Its|That|This|These|Those|They|Such|Each|The way|So|Then|Now|Together|But|And|Of) ') # a sentence that leans on the one before

def explanation(blocks, i, at, term):
    "The sentences around a term: from the one that it stands in, or the one that this leans on, to the second or third after it; and what a colon announces"
    text = blocks[i]
    ends = [m.end() for m in re.finditer(r'[.?!]["”)]?(?=\s+[A-Z*`<\["(])', text)] + [len(text)]
    starts = [0] + ends[:-1]
    k = first = next(k for k,e in enumerate(ends) if e > at)
    while first > max(0, k-2) and (LEANING.match(text[starts[first]:].lstrip()) or ends[first]-starts[first] < 50): first -= 1
    last = min(k+2, len(ends)-1)
    if last+1 < len(ends) and ends[last+1]-starts[first] < 300: last += 1
    res = text[starts[first]:ends[last]].strip()
    if res.endswith((':', ',')) and i+1 < len(blocks): res += '\n\n' + blocks[i+1]
    return plain(res.replace(f'<dfn>{term}</dfn>', f'*{term}*'))

def blocks_of(source):
    "The paragraphs and list items of a Markdown cell, each on one line"
    return [re.sub(r'^(?:[->] ?|\d+\. )', '', b.replace('\n> ', ' ')).replace('\n', ' ') for b in re.split(r'\n\s*\n|\n(?=- )', source)]

def terms(everyone):
    "Every term that a chapter introduces with `<dfn>`: its name, what is said, the section's title and link"
    seen = {}
    for ch in everyone:
        for _,c,title,at in ch.sections():
            blocks = blocks_of(c.source) if c.cell_type == 'markdown' else []
            for i,b in enumerate(blocks):
                for m in re.finditer(r'<dfn>(.+?)</dfn>', b): seen.setdefault(m[1].lower(), (m[1], explanation(blocks, i, m.start(), m[1]), title, at))
    return sorted(seen.values(), key=lambda t: t[0].lower())

def relinked(text, ending='html'): return re.sub(r'\]\((?:\d+_)?(\w+)\.ipynb', rf'](\1.{ending}', text)

def jargon(everyone):
    "The words of the field, in the sentences that explain them"
    rows = []
    for t,said,title,at in terms(everyone):
        said = relinked(said).replace('\n\n', '\n\n    ')
        rows.append(f'{t[0].upper() + t[1:]}\n:   {said}\n\n    [{title}]({at}){{.from}}')
    return page('Jargon', 'The words of the field, each in the sentences that introduce it.',
                'Each word stands here in the sentences that introduce it. The link leads to its section, where it is explained at length.', *rows)

# --- the errata

SLIP = '> **Slip in the notes.**'

def says(cell): return bool(cell.outputs) or re.search(r'\b(assert|test_\w+\()', cell.source) is not None

def proof(cells):
    "The first cells that readers see, up to one that says something"
    res = []
    for c in cells:
        if not shown(c): continue
        res.append(c)
        if says(c): return res
    return res

def callouts(chapter):
    "Every slip of a chapter: the number of its cell, and what the callout says"
    for i,c in enumerate(chapter.cells):
        for quote in re.findall(r'(?:^>.*\n?)+', c.source, flags=re.M) if c.cell_type == 'markdown' else ():
            if quote.startswith(SLIP): yield i,re.sub(r'^> ?', '', quote.removeprefix(SLIP), flags=re.M).strip()

def slips(everyone):
    "Every slip: chapter, section, link, what the callout says, and the cells that prove it"
    for ch in everyone:
        sections = list(ch.sections())
        for i,text in callouts(ch):
            _,c,title,at = sections[i]
            near = reversed(sections[max(i-4, 0):i]) if '<!-- proof above -->' in c.source else sections[i+1:i+8]
            yield ch,title,at,text,proof([o for _,o,_,a in near if a == at])

def errata(everyone):
    "The slips in the notes, collected from the chapters"
    blocks,last = [],None
    for ch,title,at,text,cells in slips(everyone):
        if ch.name != last: blocks.append(f'## {ch.title}')
        last = ch.name
        blocks.append(f'{relinked(plain(text))} [{title}]({at}){{.from}}')
        for c in cells:
            blocks.append(f'```python\n{shown(c)}\n```')
            if outputs(c): blocks.append(f'::: {{.cell-output}}\n```\n{outputs(c)}\n```\n:::')
    return page('Errata', 'Slips in the notes that the course grew from, each with the cell that shows it.',
                'The course grew from students\' notes and a talk. Notes taken at speed contain slips, and each one teaches something. '
                'Here they are, with the code that proves the point and what it printed; the link leads to the section.', *blocks)

# --- the same as plain text, for programs that read

def plain_text(chapter):
    "A chapter as Markdown: text, code, what it printed, and what its pictures show"
    res = [f'# {chapter.title}\n\n> {chapter.description}']
    for c in chapter.cells[1:]:
        if c.cell_type == 'markdown': res.append(re.sub(r'<!-- (\w+) -->.*?<!-- end -->', '', plain(c.source), flags=re.S).strip())
        elif 'hide' not in directives(c.source):
            if shown(c): res.append(f'```python\n{shown(c)}\n```')
            if c.outputs and directives(c.source).get('output') != 'false':
                alt = directives(c.source).get('fig-alt', '').strip('"')
                if alt: res.append(f'[Figure: {alt}]')
                tables = [o.data['text/markdown'] for o in c.outputs if 'text/markdown' in o.get('data', {})]
                if outputs(c): res.append(f'```\n{outputs(c)}\n```')
                res += tables
    return relinked('\n\n'.join(o for o in res if o), 'llms.md') + '\n'

def write_plain(folder, base, everyone):
    "Write the chapters as plain text, and `llms.txt`, which lists them"
    cfg,folder = settings(),Path(folder)
    lines = [f'# {cfg["title"]}', f'> {cfg["description"]}', '## Chapters']
    for ch in everyone: (folder/f'{ch.name}.llms.md').write_text(plain_text(ch), encoding='utf-8')
    lines.append('\n'.join(f'- [{ch.title}]({base}/{ch.name}.llms.md): {ch.description}' for ch in everyone))
    lines += ['## Collected', '\n'.join(f'- [{f.__name__.title()}]({base}/{f.__name__}.llms.md)' for f in (reference, jargon, errata))]
    for f in (reference, jargon, errata):
        front,text = re.match(r'---\n(.*?)\n---\n(.*)', f(everyone), flags=re.S).groups()
        title = re.search(r'title: "(.*)"', front)[1]
        text = re.sub(r'\{[#.][^}\n]*\}|^:::.*\n?', '', text, flags=re.M)
        (folder/f'{f.__name__}.llms.md').write_text(f'# {title}\n{text}', encoding='utf-8')
    (folder/'llms.txt').write_text('\n\n'.join(lines) + '\n', encoding='utf-8')

def write(folder, everyone=None):
    "Write the three pages"
    everyone = everyone or chapters()
    for f in (reference, jargon, errata): (Path(folder)/f'{f.__name__}.md').write_text(f(everyone), encoding='utf-8')

if __name__ == '__main__': write(sys.argv[1] if len(sys.argv) > 1 else '.')
