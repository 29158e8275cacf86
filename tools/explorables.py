"The explorable pictures of `nbs/explorables`, as the site's files and in the notebooks' stored outputs"
import re
from notebooks import NBS

SOURCE = NBS/'explorables' # an ES module for each, its own styles if it has any, and the kit that they share

def names(): return sorted(p.stem for p in SOURCE.glob('*.js') if p.stem != 'kit')

def bundled(name):
    "One picture's look and script; only who asks for it waits for the library's import"
    from fastbook_lesson4.show import bundled
    return bundled(name, SOURCE)

def on_site():
    "What the site needs, where a page with several pictures loads the kit's look once: `{name: text}`"
    scripts,looks = {f'{n}.js': bundled(n)[1] for n in names()},{f'{n}.css': '' for n in names()}
    return scripts | looks | {p.name: p.read_text(encoding='utf-8') for p in SOURCE.glob('*.css')}

# In the HTML that a notebook carries: look, scripts, and the line that starts the picture with its data
STYLE = re.compile(r'<style data-explorable="(\w+)">.*?</style>\n?', re.S)
SCRIPT = re.compile(r'(<script data-explorable="(\w+)">\n)(.*?)(\nexplorables\.\2\(.*\)\n</script>)', re.S)

def refreshed(page):
    "The same HTML with today's look and script"
    known = names()
    page = STYLE.sub(lambda m: f'<style data-explorable="{m[1]}">\n{bundled(m[1])[0]}</style>\n' if m[1] in known else m[0], page)
    return SCRIPT.sub(lambda m: m[1] + bundled(m[2])[1] + m[4][1:] if m[2] in known else m[0], page)
