"Softmax and loss in the browser: every number as PyTorch computes it, every control by mouse, touch and keys"
import math, random
import pytest, torch
import torch.nn.functional as F
from conftest import explored

NAMES,BEARS = ['teddy','grizzly','brown'],[.02,-2.49,1.25]

@pytest.fixture
def here(browser, site):
    "Opens the picture; what goes wrong on the page fails the test"
    opened = []
    def open_(**options):
        page,figure,wrong = explored(browser, site, 'softmax.html', 'softmax', **{'viewport': {'width': 1440, 'height': 900}, **options})
        opened.append((page, wrong))
        return page,figure
    yield open_
    for page,wrong in opened:
        page.context.close()
        assert wrong == []

def now(page):
    page.evaluate('() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))') # it has been drawn
    return page.evaluate('document.querySelector("#explorable-softmax").explorable.now')

def rows(figure, which): return [o.locator('td, th').all_inner_texts() for o in figure.locator('table').nth(which).locator('tbody tr').all()]
def number(text): return float(text.replace('−', '-'))

def wanted(values, T, added):
    "By PyTorch, in float32: softmax as its formula, and with its own functions"
    x = (torch.tensor(values) + torch.tensor(float(added)))/torch.tensor(T)
    power = x.exp()
    p = power/power.sum()
    return {'x': x, 'power': power, 'sum': power.sum(), 'p': p, 'cost': -p.log()}, {'p': torch.softmax(x, 0), 'cost': -torch.log_softmax(x, 0)}, x

def same(got, want):
    for k,v in want.items(): torch.testing.assert_close(torch.tensor(got[k], dtype=torch.float32), v, rtol=1e-6, atol=1e-6, equal_nan=True, msg=lambda m: f'{k}: {m}')

TRY = '''settings => { const f = document.querySelector("#explorable-softmax").explorable
  return settings.map(([values, T, added]) => { const x = f.tuned(values, T, added); return [f.written(x), f.shifted(x)] }) }'''

def test_the_numbers_are_pytorchs(here):
    page,_ = here()
    r = random.Random(0)
    settings = [(BEARS,1,0), ([6,-4,0],1,0), ([0,0,0],1,0), (BEARS,1,100), (BEARS,1,-120), (BEARS,1,-102), ([6,-4,0],.05,0)]
    settings += [([r.uniform(-6,6) for _ in range(3)], 10**r.uniform(-1.3,1.7), r.choice([0, r.uniform(-120,120)])) for _ in range(100)]
    settings += [([r.uniform(87,90), r.uniform(-5,90), r.uniform(80,90)], 1, 0) for _ in range(20)]
    edge = torch.tensor(88.7228) # here e to the power of x becomes inf: the floats next to it
    for _ in range(12): settings.append(([edge.item(),0,0], 1, 0)); edge = torch.nextafter(edge, torch.tensor(100.))
    seen = {'inf': 0, 'nan': 0, 'fine': 0}
    for (values,T,added),(written,shifted) in zip(settings, page.evaluate(TRY, [list(o) for o in settings])):
        formula,stable,x = wanted([float(o) for o in values], float(T), added)
        same(written, formula)
        same(shifted, stable)
        for k in range(3): torch.testing.assert_close(torch.tensor(shifted['cost'][k], dtype=torch.float32), F.cross_entropy(x, torch.tensor(k)), rtol=1e-6, atol=1e-6)
        seen['inf' if formula['power'].isinf().any() else 'nan' if formula['p'].isnan().any() else 'fine'] += 1
        assert torch.equal(torch.tensor(written['power'], dtype=torch.float32).isinf(), formula['power'].isinf())
    assert min(seen.values()) >= 5, seen

def shows(page, figure, values, T, added, right):
    "The tables show what PyTorch computes"
    formula,stable,x = wanted([float(o) for o in values], float(T), added)
    got = now(page)
    same(got['written'], formula)
    same(got['shifted'], stable)
    assert got['right'] == right
    for which,(p,cost) in enumerate(((formula['p'],formula['cost']), (stable['p'],stable['cost']))):
        for k,(name,_,_,prob,bits) in enumerate(rows(figure, which)):
            assert name.strip() == NAMES[k] + (' ✓' if k == right else '')
            assert number(prob) == pytest.approx(p[k].item(), abs=.00051, nan_ok=True) # three decimals: a doubling can be seen
            assert number(bits) == pytest.approx(cost[k].item()/math.log(2), abs=.0051, rel=.001, nan_ok=True)
        loss = figure.locator('table').nth(which).locator('tfoot tr').last.inner_text()
        assert NAMES[right] in loss and number(loss.split(':')[1]) == pytest.approx(cost[right].item(), abs=.0051, nan_ok=True)
    assert say(cost[right].item()) in figure.locator('.says').inner_text()

def say(x): return f'{x+0.:.2f}'.replace('-', '−')

def test_by_mouse(here):
    page,figure = here()
    shows(page, figure, BEARS, 1, 0, 2)
    press = lambda name: figure.get_by_role('button', name=name).click()
    for name,values in {'One far ahead': [6,-4,0], 'All equal': [0,0,0], 'The bears': BEARS}.items():
        press(name)
        shows(page, figure, values, 1, 0, 2)
        assert [o.inner_text() for o in figure.locator('[aria-pressed=true]').all()] == [name]
    before = [o[3] for o in rows(figure, 1)]
    press('Add 100')
    shows(page, figure, BEARS, 1, 100, 2)
    left,right = rows(figure, 0),rows(figure, 1)
    assert [o[2:] for o in left] == [['inf','nan','nan']]*3 and [o[3] for o in right] == before
    assert 'too large' in figure.locator('.says').inner_text()
    press('Add 100')
    shows(page, figure, BEARS, 1, 0, 2)
    figure.get_by_role('radio', name='grizzly').click()
    shows(page, figure, BEARS, 1, 0, 1)
    box = figure.get_by_role('slider', name='add to all').bounding_box()
    page.mouse.move(box['x'] + box['width']/2, box['y'] + box['height']/2)
    page.mouse.down()
    page.mouse.move(box['x'] + 2, box['y'] + box['height']/2, steps=4)
    page.mouse.up()
    assert now(page)['added'] < -115
    assert [o[2:] for o in rows(figure, 0)] == [['0','nan','nan']]*3 and '0 over 0' in figure.locator('.says').inner_text()
    press('The bears')
    shows(page, figure, BEARS, 1, 0, 2)

def test_by_keys(here):
    page,figure = here(reduced_motion='reduce', color_scheme='dark')
    order = []
    figure.get_by_role('button').first.focus()
    for _ in range(10):
        order.append(page.evaluate('(o => o.type === "range" ? o.parentNode.firstChild.textContent : o.value || o.textContent)(document.activeElement)'))
        page.keyboard.press('Tab')
    assert order == ['The bears','One far ahead','All equal','Add 100',*NAMES,'brown','temperature','add to all']
    values = BEARS.copy()
    for k,(name,key,move) in enumerate(zip(NAMES, ('ArrowRight','ArrowLeft','End'), (.01,-.01,None))):
        s = figure.get_by_role('slider', name=name)
        s.press(key)
        values[k] = 6 if move is None else values[k] + move
        assert s.get_attribute('aria-valuetext') == say(values[k])
        shows(page, figure, values, 1, 0, 2)
    heat,added = (figure.get_by_role('slider', name=o) for o in ('temperature','add to all'))
    heat.press('Home')
    shows(page, figure, values, 10**-1.3, 0, 2)
    heat.press('End')
    shows(page, figure, values, 10**1.7, 0, 2)
    added.press('Home')
    added.press('ArrowRight')
    shows(page, figure, values, 10**1.7, -119, 2)
    figure.get_by_role('radio', name='brown').press('ArrowLeft')
    shows(page, figure, values, 10**1.7, -119, 1)
    figure.get_by_role('button', name='All equal').press('Enter')
    shows(page, figure, [0,0,0], 1, 0, 2)
    figure.get_by_role('button', name='Add 100').press('Space')
    shows(page, figure, [0,0,0], 1, 100, 2)

def test_by_touch_on_a_phone(here):
    page,figure = here(viewport={'width': 360, 'height': 740}, has_touch=True, is_mobile=True)
    high = figure.locator('.stage').bounding_box()['height']
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    for name in ('One far ahead','Add 100'): figure.get_by_role('button', name=name).tap()
    figure.get_by_role('radio', name='grizzly').tap()
    shows(page, figure, [6,-4,0], 1, 100, 1)
    figure.get_by_role('button', name='Add 100').tap()
    for name in (*NAMES,'temperature','add to all'):
        s = figure.get_by_role('slider', name=name)
        box = s.bounding_box()
        assert box['height'] >= 24 and box['width'] >= 90
        s.tap(position={'x': box['width']*.8, 'y': box['height']/2})
    got = now(page)
    assert all(2 < o < 5 for o in got['values']) and got['T'] > 5 and got['added'] > 50
    # every number stands in its cell, in every state
    for name in ('The bears','One far ahead'):
        figure.get_by_role('button', name=name).tap()
        for c in (-120,-102,-88,0,87,120):
            figure.get_by_role('slider', name='add to all').fill(str(c))
            for T in ('-1.3','0'):
                figure.get_by_role('slider', name='temperature').fill(T)
                now(page)
                apart = figure.evaluate("""f => [...f.querySelectorAll('tr')].flatMap(row => {
                  const at = [...row.children].map(o => { const r = document.createRange(); r.selectNodeContents(o.querySelector('span:not(.mark)') || o); return r.getBoundingClientRect() })
                  return at.slice(1).map((b, i) => at[i].width && b.width ? b.left - at[i].right : 9) })""")
                assert min(apart) >= 1, (name, c, T, min(apart))
                assert figure.locator('.stage').bounding_box()['height'] == high, (name, c, T) # nothing jumps

def test_it_complains_only_of_what_is_seen(here):
    "A few digits lost are told where the printed numbers differ, and only there"
    page,figure = here()
    seen = set()
    for c in range(-105, -85):
        figure.get_by_role('slider', name='add to all').fill(str(c))
        now(page)
        told = figure.locator('.says').inner_text()
        if 'nan' in (tables := [[o[3] for o in rows(figure, k)] for k in (0,1)])[0]: continue
        said = 'few digits' in told
        if said: assert tables[0] != tables[1], (c, told)
        seen.add((said, tables[0] != tables[1]))
    assert {(True,True),(False,False)} <= seen, seen

def test_the_question_of_the_page(here):
    "What doubles the grizzly's probability takes one bit from its surprise; a constant does neither"
    page,figure = here()
    def grizzly():
        o = now(page)['shifted']
        return o['p'][1], o['cost'][1]/math.log(2)
    p,bits = grizzly()
    figure.get_by_role('slider', name='teddy').fill('-6')
    assert round(grizzly()[0], 3) == .023 # not enough
    figure.get_by_role('button', name='The bears').click()
    shown = lambda: rows(figure, 0)[1][3:]
    for name,value in {'grizzly': -1.78, 'brown': .18, 'temperature': .1}.items():
        now(page)
        assert shown() == ['0.018','5.79']
        figure.get_by_role('slider', name=name).fill(str(value))
        twice,less = grizzly()
        assert twice/p == pytest.approx(2, abs=.02) and bits-less == pytest.approx(1, abs=.02)
        assert shown() in (['0.036','4.79'], ['0.036','4.80'])
        assert page.get_by_text('Three can take it').is_visible() is False # the answer waits to be opened
        figure.get_by_role('button', name='The bears').click()
    for c in (-120,-50,50,120):
        figure.get_by_role('slider', name='add to all').fill(str(c))
        assert grizzly() == pytest.approx((p,bits), abs=1e-4)
