"""The explorable pictures: in `nbs/explorables` an ES module for each, its own styles if it has any, and the kit that they share.

A notebook carries each as one classic script, since neither a notebook's output nor a page that is opened from
a disk can import a module: the kit, the module without its imports and exports, and a line that registers it.
"""
import re
from notebooks import NBS,ROOT,settings

SOURCE = NBS/'explorables'
ASSETS = ROOT/settings()['lib_path']/'assets'/'explorables' # for `explorable` in show
KIT = 'kit'

def names(): return sorted(p.stem for p in SOURCE.glob('*.js') if p.stem != KIT)

def plain(name):
    "A module as a part of a script"
    text = (SOURCE/f'{name}.js').read_text(encoding='utf-8')
    text = re.sub(r"^import \{[^}]*\} from '\./kit\.js'\n+", '', text, flags=re.M)
    if bad := re.search(r'^import .*|</script', text, flags=re.M|re.I): raise ValueError(f'{name}.js: only `import {{...}} from \'./kit.js\'`, got {bad[0]}')
    return re.sub(r'^export (default )?', '', text, flags=re.M).strip()

def script(name):
    "One picture with all that it needs: it defines `explorables[name](id, data)`"
    if not re.search(rf'^export default function {name}\(', (SOURCE/f'{name}.js').read_text(encoding='utf-8'), flags=re.M):
        raise ValueError(f'{name}.js needs a line `export default function {name}(stage, data) {{`')
    register = f'(window.explorables ??= {{}}).{name} = (id, data) => start({name}, id, data)'
    return f"(() => {{\n'use strict'\n{plain(KIT)}\n\n{{\n{plain(name)}\n\n;{register}\n}}\n}})()\n" # in a block: its names are its own

def own_style(name): return p.read_text(encoding='utf-8') if (p := SOURCE/f'{name}.css').is_file() else ''

def style(name):
    "The look of one picture: the kit's, and what it adds"
    return own_style(KIT) + own_style(name)

def assets():
    "What the library needs: `{path: text}`"
    return {ASSETS/f'{n}.js': script(n) for n in names()} | {ASSETS/f'{n}.css': style(n) for n in names()}

def on_site():
    "What the site needs, where a page with several pictures loads the kit's look once: `{name: text}`"
    return {f'{n}.js': script(n) for n in names()} | {f'{n}.css': own_style(n) for n in [KIT, *names()]}

def stale():
    "Files of the library that are not what their sources say, or have none"
    want = assets()
    return [p for p,text in want.items() if not p.is_file() or p.read_text(encoding='utf-8') != text] + sorted(p for p in ASSETS.glob('*') if p not in want)

def write():
    "Bring the library's files into step; return those that were not"
    old,want = stale(),assets()
    ASSETS.mkdir(parents=True, exist_ok=True)
    for p in old: p.write_text(want[p], encoding='utf-8') if p in want else p.unlink()
    return old

# In the HTML that a notebook carries: look, scripts, and the line that starts the picture with its data
STYLE = re.compile(r'<style data-explorable="(\w+)">.*?</style>\n?', re.S)
SCRIPT = re.compile(r'(<script data-explorable="(\w+)">\n)(.*?)(\nexplorables\.\2\(.*\)\n</script>)', re.S)

def refreshed(page):
    "The same HTML with today's look and script"
    known = names()
    page = STYLE.sub(lambda m: f'<style data-explorable="{m[1]}">\n{style(m[1])}</style>\n' if m[1] in known else m[0], page)
    return SCRIPT.sub(lambda m: m[1] + script(m[2]) + m[4][1:] if m[2] in known else m[0], page)
