"""Make README.md from nbs/index.ipynb, without Quarto.

    python tools/readme.py [--check]
"""
import argparse, base64, html, re, sys
from pathlib import Path
import nbformat
from nbconvert import MarkdownExporter
from notebooks import ROOT,directives,settings

IMAGES = 'nbs/images' # where the pictures of the README lie

def still(page):
    "The still picture of an explorable one as an output, and what it shows"
    data,alt = re.search(r'src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]*)"', page).groups()
    return {'image/svg+xml': base64.b64decode(data).decode()}, {'fig-alt': html.unescape(alt)}

def shown(nb):
    "The notebook as a reader sees it: no hidden cells, no directives, no hidden code"
    cells = []
    for c in nb.cells:
        if c.cell_type == 'code':
            opts = directives(c.source)
            if 'hide' in opts: continue
            c.source = '' if opts.get('echo') == 'false' else re.sub(r'^#\|.*\n?', '', c.source, flags=re.M)
            for o in c.outputs:
                if 'data-explorable' in (page := o.get('data', {}).get('text/html', '')): o.data,opts = still(page) # no script runs on GitHub
                if any(k.startswith('image') for k in o.get('data', {})): o.metadata.alt = opts.get('fig-alt', '')
        cells.append(c)
    nb.cells = cells
    return nb

def online(text, cfg):
    "Links to notebooks as links to the pages of the site"
    return re.sub(r'\]\(((?:\w+/)*)(?:\d+_)?(\w+)\.ipynb(#[^)\s]*)?\)', lambda m: f']({cfg["doc_host"]}{cfg["doc_baseurl"]}/{m[1]}{m[2]}.html{m[3] or ""})', text)

def build():
    "The README and its pictures: `{path from the root: content}`"
    cfg = settings()
    nb = shown(nbformat.read(ROOT/'nbs'/'index.ipynb', as_version=4))
    alts = [o.metadata.alt for c in nb.cells if c.cell_type=='code' for o in c.outputs if 'alt' in o.metadata]
    text,res = MarkdownExporter().from_notebook_node(nb)
    files = {}
    for i,(name,data) in enumerate(sorted(res['outputs'].items())):
        path = f'{IMAGES}/index-{i+1}{Path(name).suffix}'
        files[path] = data
        text = re.sub(rf'!\[\w+\]\({re.escape(name)}\)', lambda m: f'![{alts[i]}]({path})', text)
    text = re.sub(r'```\w*\s*```\n', '', text)                           # code that is not shown
    text = re.sub(r'^<!-- \w+ -->\n|\n<!-- end -->$', '', text, flags=re.M)
    text = text.replace('](images/', f']({IMAGES}/')
    text = online(text, cfg)
    text = re.sub(r'\n{3,}', '\n\n', text).strip() + '\n'
    files['README.md'] = (f'<!-- Made from nbs/index.ipynb by tools/readme.py: edit the notebook, then `make notebooks`. -->\n\n{text}').encode()
    return files

def stale(files):
    "The files that are not what the notebook gives"
    return [p for p,data in files.items() if not (ROOT/p).is_file() or (ROOT/p).read_bytes() != data]

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--check', action='store_true', help='write nothing; fail if anything would change')
    check,files = p.parse_args().check,build()
    old = stale(files)
    if check: sys.exit(f'not in step with nbs/index.ipynb: {", ".join(old)}. Run `make notebooks`.' if old else 0)
    for o in old: (ROOT/o).write_bytes(files[o])
    print('updated: ' + ', '.join(old) if old else 'README.md is up to date')

if __name__ == '__main__': main()
