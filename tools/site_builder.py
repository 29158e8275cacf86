"""Build the site: nbdev prepares the notebooks, smalldocs renders them, under the URLs that nbdev's links use.

    python tools/site_builder.py [--force]

Whoever has Quarto gets the same pages from `nbdev_docs`.
"""
import argparse, json, re, shutil, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SRC = ROOT/'_proc'/'site' # what the renderer reads

def page_name(name):
    "The name of a notebook without its number, as in nbdev's links: `01_similarity` gives `similarity`"
    return re.sub(r'^\d+_', '', name)

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

def mathml(text):
    "Markdown with its LaTeX as MathML, which browsers draw without a script: `$inline$` and `$$on a line of its own$$`"
    from latex2mathml.converter import convert
    code = r'(?P<code>```.*?```|`[^`]*`)'
    def draw(m):
        if m['code']: return m[0]
        html = convert(m['block'] or m['inline'], display='block' if m['block'] else 'inline')
        return f'\n```{{=html}}\n{html}\n```\n' if m['block'] else html
    return re.sub(code + r'|\$\$(?P<block>.+?)\$\$|(?<![\\$\w])\$(?P<inline>[^\s$](?:[^$\n]*[^\s$])?)\$(?!\w)', draw, text, flags=re.S)

def prepared(nb, home):
    "A processed notebook as its page needs it: MathML, and links by the names of the pages"
    for c in nb['cells']:
        if c['cell_type'] == 'raw': c['source'] = re.sub(r'^output-file:.*\n', '', ''.join(c['source']), flags=re.M) # its new name says it
        if c['cell_type'] != 'markdown': continue
        text = mathml(''.join(c['source']))
        text = re.sub(r'\]\((\d+_\w+\.ipynb)', lambda m: f']({page_name(m[1])}', text)
        c['source'] = text.replace(f'{home}/', '')
    return nb

def render_folder(cache):
    "A folder for the renderer: the same files under the names that their pages will have"
    from nbdev.config import get_config
    cfg = get_config()
    shutil.rmtree(SRC, ignore_errors=True)
    SRC.mkdir()
    for p in cache.iterdir():
        if p == SRC: continue
        if p.is_dir(): shutil.copytree(p, SRC/p.name)
        elif p.suffix == '.ipynb':
            nb = prepared(json.loads(p.read_text(encoding='utf-8')), cfg.doc_host + cfg.doc_baseurl)
            (SRC/page_name(p.name)).write_text(json.dumps(nb), encoding='utf-8')
        elif p.name == 'sidebar.yml': (SRC/p.name).write_text(re.sub(r'\d+_(\w+\.ipynb)', r'\1', p.read_text(encoding='utf-8')), encoding='utf-8')
        else: shutil.copy2(p, SRC)
    shutil.copytree(ROOT/'nbs'/'images', SRC/'images', dirs_exist_ok=True)
    return SRC

def build(force=False):
    "Build the site; return its folder and the renderer's warnings"
    from nbdev.config import get_config
    from smalldocs.site import build as render
    site = render(render_folder(processed(force)), quiet=True)
    out = get_config().doc_path
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site.out, out)
    return out,[w for w in site.warnings if 'html-math-method' not in w] # for Quarto; here `mathml` did it

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--force', action='store_true', help='process every notebook again, changed or not')
    out,warnings = build(p.parse_args().force)
    for w in warnings: print(f'warning: {w}', file=sys.stderr)
    print(f'the site: {out/"index.html"}')

if __name__ == '__main__': main()
