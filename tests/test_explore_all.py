"What every explorable picture must do, whatever it shows"
import re
import nbformat, pytest
from axe_playwright_python.sync_playwright import Axe
import explorables, notebooks
from conftest import explored, settled, visit

def carried():
    "The name of each picture and the stored output that holds it, by the notebook's page"
    for p in notebooks.notebooks():
        for c in nbformat.read(p, as_version=4).cells:
            for o in c.get('outputs', []):
                page = o.get('data', {}).get('text/html', '')
                for name in re.findall(r'<script data-explorable="(\w+)">', page): yield re.sub(r'^\d+_', '', p.stem) + '.html',name,page

SHOWN = list(carried())
each = pytest.mark.parametrize('at,name,page', SHOWN, ids=[f'{n}-in-{at[:-5]}' for at,n,_ in SHOWN])

# --- scripts

def test_every_script_is_shown_somewhere_and_small():
    assert {n for _,n,_ in SHOWN} == set(explorables.names())
    for n in explorables.names():
        script = explorables.bundled(n)[1]
        assert len(script.encode()) < 30_000, n
        assert not re.search(r'https?://(?!www\.w3\.org/2000/svg)|\bfetch\(|XMLHttpRequest|localStorage|setInterval|\beval\(', script), n

@each
def test_the_notebook_has_todays_script(at, name, page):
    assert explorables.refreshed(page) == page
    assert len(page) < 200_000 + 2*len(re.search(r'(?s)<div class="still">(.*?)</div>', page)[1])

# --- in a notebook

JUPYTER = """html => { // as Jupyter shows an output: scripts come to life when they are made anew
  const out = document.body.appendChild(document.createElement('div'))
  out.innerHTML = html
  for (const old of out.querySelectorAll('script')) {
    const s = document.createElement('script')
    for (const a of old.attributes) s.setAttribute(a.nodeName, a.nodeValue)
    s.textContent = old.textContent
    old.replaceWith(s)
  }
}"""

@each
@pytest.mark.parametrize('look', ['data-jp-theme-light="true"', 'data-jp-theme-light="false"', 'class="vscode-dark"'])
def test_in_a_notebook(browser, at, name, page, look):
    "By itself: no page around it, no request, the notebook's theme, and again when the cell is run again"
    tab,wrong,_ = visit(browser, 'about:blank')
    asked = []
    tab.on('request', lambda r: asked.append(r.url) if not r.url.startswith('data:') else None)
    tab.set_content(f'<body {look}></body>')
    tab.evaluate(JUPYTER, page)
    figure = tab.locator('figure.explorable')
    assert figure.locator('.stage').is_visible() and not figure.locator('.still').is_visible()
    ground = [int(o) for o in re.findall(r'\d+', figure.locator('.stage').evaluate('e => getComputedStyle(e).backgroundColor'))]
    assert (sum(ground) < 384) == ('true' not in look)
    tab.evaluate(JUPYTER, page)
    assert figure.count() == 2 and tab.locator('.stage').count() == 2
    assert (wrong, asked) == ([], [])
    tab.context.close()

# --- on the site

@each
def test_without_scripts_a_still_picture_stands_there(browser, site, at, name, page):
    tab,wrong,_ = visit(browser, site[1] + at, java_script_enabled=False, viewport={'width': 360, 'height': 800})
    still = tab.locator(f'#explorable-{name} .still')
    assert still.is_visible() and tab.locator(f'#explorable-{name} .stage').count() == 0
    pictures = still.locator('img')
    assert still.inner_text().strip() or pictures.count() and all(len(o.get_attribute('alt')) > 40 for o in pictures.all())
    assert wrong == []
    tab.context.close()

OUT = """stage => [...stage.querySelectorAll('*')].filter(e => e.checkVisibility() && !e.closest('.aloud, [clip-path]') && e.getBoundingClientRect().right > stage.getBoundingClientRect().right + 1).map(e => e.outerHTML.slice(0, 120))"""
SMALL = """stage => [...stage.querySelectorAll('button, select, input, [tabindex]')].filter(e => e.checkVisibility())
  .map(e => [e.closest('label') && /radio|checkbox/.test(e.type) ? e.closest('label') : e, e]).map(([box, e]) => [box.getBoundingClientRect(), e]).filter(([r]) => r.width < 24 || r.height < 24).map(([r, e]) => `${r.width} x ${r.height} ${e.outerHTML.slice(0, 120)}`)"""

@each
@pytest.mark.parametrize('scheme', ['light','dark'])
@pytest.mark.parametrize('width', [360, 1440])
def test_fits_and_can_be_reached(browser, site, at, name, page, width, scheme):
    tab,figure,wrong = explored(browser, site, at, name, viewport={'width': width, 'height': 900}, color_scheme=scheme, reduced_motion='reduce')
    stage = figure.locator('.stage')
    assert stage.evaluate(OUT) == [] and stage.evaluate(SMALL) == []
    assert tab.evaluate('document.documentElement.scrollWidth') <= width
    found = Axe().run(tab, context=f'#explorable-{name}', options={'resultTypes': ['violations']}).response['violations']
    assert found == [], '; '.join(f'{v["id"]}: {v["nodes"][0]["html"][:120]}' for v in found)
    assert stage.get_by_role('status').count() >= 1 and stage.locator('.says').first.inner_text().strip()
    tab.click('#theme') # canvases are drawn anew, and nothing fails
    settled(tab)
    assert wrong == []
    tab.context.close()

FOCUS = 'name => { const e = document.activeElement; return !!e.closest(`#explorable-${name}`) && e.checkVisibility() }'

@each
def test_tab_walks_in_and_out(browser, site, at, name, page):
    "No control holds the focus, and each that gets it can be seen"
    tab,figure,_ = explored(browser, site, at, name, viewport={'width': 1440, 'height': 900})
    first = figure.locator('.stage :is(button, select, input, [tabindex="0"]):not(:disabled)').first
    first.focus()
    steps = 0
    while tab.evaluate(FOCUS, name):
        steps += 1
        assert steps < 120, 'the focus does not come out'
        tab.keyboard.press('Tab')
    assert steps >= 2
    tab.context.close()
