"The ball in the roller coaster's valley, against the library's `fit_quadratic`"
import re
import pytest, torch
from conftest import explored
from fastbook_lesson4.sgd import fit_quadratic, mse, quadratic

WIDE = {'viewport': {'width': 1440, 'height': 900}}
T = torch.arange(0, 20).float()
TIMES = {'in seconds': T, 'from −1 to 1': (T-9.5)/9.5}
SPEED = torch.randn(20, generator=torch.Generator().manual_seed(42))*3 + .75*(T-9.5)**2 + 1 # as on the page

def ours(figure, unit, lr, steps): return figure.evaluate('(o, a) => o.explorable.fit(...a)', [unit, lr, steps])
def now(figure): return figure.evaluate("({explorable: o}) => ({unit: o.unit, lr: o.lr, steps: o.steps, running: o.running, broke: o.broke, text: o.text, ...o.now})")
def settle(page): page.evaluate('() => new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(ok)))')
def seen(page, figure):
    settle(page)
    return now(figure)

def near(a, b, rel=2e-5):
    "How far apart at most, in parts of the largest number of each row"
    a,b = torch.tensor(a, dtype=torch.float64),b.double()
    assert a.shape == b.shape
    off = ((a-b).abs()/b.abs().reshape(len(b), -1).amax(1).reshape(-1, *[1]*(b.dim()-1))).max().item()
    assert off < rel, off
    return off

@pytest.fixture(scope='module')
def opened(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    yield page,figure
    assert wrong == []

@pytest.mark.parametrize('unit,lr', [*(('in seconds', o) for o in (1e-7, 1e-6, 1e-5, 1.77e-5, 3.5e-5, 3.6e-5, 4e-5)), *(('from −1 to 1', o) for o in (.01, .3, .5, .8, .86, .9, 1.))])
def test_it_fits_as_the_library_does(opened, unit, lr):
    want,got = fit_quadratic(TIMES[unit], SPEED, lr=lr, steps=50),ours(opened[1], unit, lr, 50)
    assert got['broke'] is None
    for name in ('losses', 'params'): near(got[name], getattr(want, name))
    near(got['grads'][:10], want.grads[:10], 1e-3) # on the floor they are small differences of large numbers

def test_thousands_of_steps_lead_to_the_same_place(opened):
    near(ours(opened[1], 'in seconds', 3e-5, 3000)['params'], fit_quadratic(T, SPEED, lr=3e-5, steps=3000).params, 1e-3)

@pytest.mark.parametrize('unit,lr', [('in seconds', 1e-4), ('in seconds', 4e-5), ('in seconds', 6.5e-5), ('from −1 to 1', 1.), ('from −1 to 1', 1.9)])
def test_it_stops_where_the_library_stops(opened, unit, lr):
    with pytest.raises(RuntimeError) as e: fit_quadratic(TIMES[unit], SPEED, lr=lr, steps=400)
    bad,step = re.search(r'got (\S+) after step (\d+) at', str(e.value)).groups()
    got = ours(opened[1], unit, lr, 400)
    assert (got['broke'], got['bad'], len(got['losses'])) == (int(step), {'inf': 'Infinity', 'nan': 'NaN'}[bad], int(step))
    near(got['losses'], fit_quadratic(TIMES[unit], SPEED, lr=lr, steps=int(step)-1).losses, 1e-3)

def set_rate(figure, lr):
    figure.get_by_role('slider').evaluate("(o, x) => { o.value = Math.log10(x); o.dispatchEvent(new Event('input', { bubbles: true })) }", lr)

def test_by_mouse(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    press = lambda name: figure.get_by_role('button', name=name, exact=True).click()
    at = now(figure)
    assert (at['unit'], at['lr'], at['steps'], at['running']) == ('in seconds', 1e-5, 0, False) and not figure.locator('.still').is_visible()
    press('Step')
    press('10 steps')
    want,at = fit_quadratic(T, SPEED, steps=11),seen(page, figure)
    assert at['steps'] == 11 and at['text'].startswith(f'After 11 steps the loss is {want.losses[11]:.1f}.')
    shown = figure.locator('tbody td').all_inner_texts()
    assert shown[:3] == [f'{o:.3f}'.replace('-', '−') for o in want.params[11]]
    assert figure.locator('.dots').evaluate("o => o.getAttribute('d').split('M').length - 1") == 12
    # the share of the way down is the rate times the curvature, from PyTorch
    hess = torch.autograd.functional.hessian(lambda p: mse(quadratic(T.double(), p), SPEED.double()), torch.zeros(3).double())
    assert f'{1e-5*hess[0,0]:.0%} of the way to the bottom along a, {100*1e-5*hess[2,2]:.1g}% along c' in at['text']
    # the slider is dragged to its end: the path is that of the new rate, and breaks
    box = figure.get_by_role('slider').bounding_box()
    y = box['y'] + box['height']/2
    page.mouse.move(box['x'] + 20, y)
    page.mouse.down()
    page.mouse.move(box['x'] + 40, y)
    page.mouse.up()
    slow = seen(page, figure)
    assert slow['lr'] < 1e-6 and slow['steps'] == 11
    assert abs(slow['loss']/fit_quadratic(T, SPEED, lr=slow['lr'], steps=11).losses[11].item() - 1) < 1e-5
    page.mouse.move(box['x'] + 40, y)
    page.mouse.down()
    page.mouse.move(box['x'] + box['width'] + 5, y)
    page.mouse.up()
    press('10 steps')
    press('10 steps')
    lost = seen(page, figure)
    assert lost['lr'] == 1e-4 and lost['broke'] == 25 and 'After step 25 the loss is inf, no longer finite' in lost['text']
    assert figure.locator('svg').first.get_by_text('the ball is out there').is_visible()
    press('Step') # and stays there
    assert seen(page, figure)['text'] == lost['text']
    press('Reset')
    assert seen(page, figure)['steps'] == 0
    figure.get_by_text('from −1 to 1').click(force=True)
    at = seen(page, figure)
    assert (at['unit'], at['lr'], at['steps']) == ('from −1 to 1', .5, 0) and figure.locator('output').inner_text() == '0.5'
    assert abs(at['loss'] - mse(quadratic(TIMES['from −1 to 1'], fit_quadratic(T, SPEED, steps=0).params[0]), SPEED).item()) < 1e-3
    # just beyond the edge it leaves the picture, just below it comes back
    set_rate(figure, .9)
    for _ in range(4): press('10 steps')
    assert 'more than at the step before, and the ball has left the picture' in seen(page, figure)['text']
    set_rate(figure, .85)
    assert 'more than at' not in seen(page, figure)['text'] and figure.get_by_text('the ball is out there').count() == 0
    assert wrong == []

def told(text): return [float(o)/100 for o in re.search(r'A step goes (\S+)% of the way to the bottom along a, (\S+)% along c, and (\S+)% straight across the valley', text).groups()]

@pytest.mark.parametrize('unit', TIMES)
def test_straight_across_the_valley_the_edge_is_at_200_per_cent(browser, site, unit):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    figure.get_by_role('radio', name=unit).check()
    x = TIMES[unit].double()
    X = torch.stack([x**2, x, torch.ones(20).double()], 1)
    hessian = 2*X.T@X/20
    edge = 2/torch.linalg.eigvalsh(hessian)[-1].item()
    for _ in range(4): figure.get_by_role('button', name='10 steps').click()
    for k in (.1, .97, 1.03):
        set_rate(figure, k*edge)
        at = seen(page, figure)
        want = [at['lr']*o for o in (hessian[0,0].item(), hessian[2,2].item(), 2/edge)]
        assert all(abs(x-y) <= .0051 or abs(x/y-1) < .06 for x,y in zip(told(at['text']), want)), (told(at['text']), want)
        assert ('more than at the step before' in at['text']) == (k > 1), at['text'] # from -1 to 1 this is at 174% along c
    assert 'any b' not in at['text']
    set_rate(figure, .5*edge)
    assert 'The lowest for any b: ' in seen(page, figure)['text'] # the star's is that of this b
    assert wrong == []

def test_one_step_in_seconds_climbs_at_200_per_cent(browser, site):
    "What the page asks for: the rate is raised, and the step is taken anew"
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    figure.get_by_role('button', name='Step', exact=True).click()
    climbs = {}
    for k in range(340, 366):
        set_rate(figure, k*1e-7)
        at = seen(page, figure)
        assert at['steps'] == 1
        climbs[told(at['text'])[2]] = 'more than at the start' in at['text']
    first = min(k for k,o in climbs.items() if o)
    assert 1.99 <= first <= 2.02 and all(o == (k >= first) for k,o in climbs.items())
    assert wrong == []

def test_what_is_said_of_a_lost_ball_has_its_own_ground(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    grounds = figure.locator('.ground')
    assert [o.is_visible() for o in grounds.all()] == [False]*3
    set_rate(figure, 9e-5)
    for _ in range(2): figure.get_by_role('button', name='Step', exact=True).click()
    settle(page)
    words = figure.get_by_text('the ball is out there')
    assert words.count() == 3
    for text,ground in zip(words.all(), grounds.all()):
        t,g = text.bounding_box(),ground.bounding_box()
        assert ground.is_visible() and g['x'] <= t['x'] and g['x']+g['width'] >= t['x']+t['width'] and g['y'] <= t['y']+1 and g['y']+g['height'] >= t['y']+t['height']-1
    assert wrong == []

DRAWN = """o => [...o.querySelectorAll('svg')].map(svg => {
  const node = c => svg.querySelector(c), xs = [...svg.querySelectorAll('text[text-anchor=middle]')].slice(0, -1), up = [...svg.querySelectorAll('text[text-anchor=end]')].slice(1).filter(t => /\\d$/.test(t.textContent))
  const value = t => parseFloat(t.textContent.replace('−', '-').replace(',', '')), line = (t, at) => { const [a, b] = [t[0], t.at(-1)]; return p => value(a) + (p - +a.getAttribute(at)) / (+b.getAttribute(at) - +a.getAttribute(at)) * (value(b) - value(a)) }
  const x = line(xs, 'x'), y0 = line(up, 'y'), y = p => y0(p + 4), at = (c, o = node(c)) => [x(+o.getAttribute('cx')), y(+o.getAttribute('cy'))]
  const curve = node('.curve'), points = curve && Array.from({ length: 800 }, (_, i) => curve.getPointAtLength(curve.getTotalLength() * i / 799)).map(p => [x(p.x), y(p.y)])
  const [, mx, my, end, hx] = node('.step')?.getAttribute('d').match(/M(\\S+) (\\S+)H([^m]+)m(\\S+) /)?.map(Number) ?? []
  const star = node('.star')?.getAttribute('transform').match(/-?[\\d.]+(e-?\\d+)?/g).map(Number)
  const levels = [...svg.querySelectorAll('.level')].map(o => { const [a, , c, d, e, f] = o.getAttribute('transform').match(/-?[\\d.]+(e-?\\d+)?/g).map(Number); return [0, 1, 2, 3, 4].map(k => [x(a * Math.cos(k) + c * Math.sin(k) + e), y(d * Math.sin(k) + f)]) })
  return { ball: at('.ball'), points, end: x(end), head: hx, star: star && [x(star[0]), y(star[1])], levels }
})"""

@pytest.mark.parametrize('unit,lr', [('in seconds', 3e-5), ('from −1 to 1', .7)])
def test_what_is_drawn_is_what_is_said(browser, site, unit, lr):
    "Read off the axes: the ball, the parabola that it lies on, the step, the star and the level lines"
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    figure.get_by_role('radio', name=unit).check()
    set_rate(figure, lr)
    for _ in range(3): figure.get_by_role('button', name='Step', exact=True).click()
    lr,t = seen(page, figure)['lr'],TIMES[unit].double()
    want = fit_quadratic(t, SPEED.double(), params=fit_quadratic(T, SPEED, steps=0).params[0].double(), lr=lr, steps=3)
    now_,(a,b,c) = want.params[-1],want.params[-1].tolist()
    def loss(a, c): return mse(quadratic(t, (a, b, c)), SPEED.double()).item()
    drawn = figure.evaluate(DRAWN)
    for k,name in ((0, 'a'), (2, 'c')):
        one = drawn[k and 1]
        wide,high = max(x for x,_ in one['points']) - min(x for x,_ in one['points']),2200 if unit != 'in seconds' else 68_000
        assert abs(one['ball'][0] - now_[k].item()) < .002*wide and abs(one['ball'][1] - want.losses[-1].item()) < .005*high
        for x,y in one['points'][::50]:
            assert abs(y - (loss(x, c) if name == 'a' else loss(a, x))) < .01*high + .005*y, (name, x, y)
        assert abs(one['end'] - (now_[k] - lr*want.grads[-1,k]).item()) < .002*wide
        assert one['head']*want.grads[-1,k] >= 0 # its head looks back
    above = drawn[2]
    X = torch.stack([t**2, torch.ones(20).double()], 1)
    star = torch.linalg.lstsq(X, (SPEED.double() - b*t)[:,None]).solution[:,0].tolist()
    for got,at in ((above['ball'], (a, c)), (above['star'], star)): assert all(abs(x-y) < .01*max(1, abs(y)) for x,y in zip(got, at)), (got, at)
    for points in above['levels']:
        heights = [loss(*o) - loss(*star) for o in points]
        assert max(heights) < 1.03*min(heights)
    assert wrong == []

def test_running(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', **WIDE)
    press = lambda name: figure.get_by_role('button', name=name, exact=True).click()
    press('Run')
    since = page.evaluate('performance.now()')
    page.wait_for_function('o => o.explorable.steps >= 2', arg=figure.element_handle())
    running,some,seconds = figure.evaluate('(o, t) => [o.explorable.running, o.explorable.steps, (performance.now() - t)/1000]', since)
    assert running and some < 4 + 10*seconds # ten a second
    press('Stop')
    kept = seen(page, figure)['steps']
    page.wait_for_timeout(300)
    assert now(figure)['steps'] == kept and not now(figure)['running']
    assert figure.get_by_role('button', name='Run', exact=True).is_visible()
    # from -1 to 1 it arrives by itself, where the library's loss is first within a thousandth of the lowest
    figure.get_by_role('radio', name='from −1 to 1').check()
    set_rate(figure, .8)
    press('Run')
    page.wait_for_function("o => !o.explorable.running && o.explorable.steps > 0", arg=figure.element_handle(), timeout=60_000)
    losses = fit_quadratic(TIMES['from −1 to 1'], SPEED, lr=now(figure)['lr'], steps=100).losses
    lowest = fit_quadratic(TIMES['from −1 to 1'], SPEED, lr=.5, steps=1000).losses[-1]
    assert now(figure)['steps'] == (losses <= 1.001*lowest).nonzero()[0].item() and 'arrived' in now(figure)['text']
    page.wait_for_function("o => o.querySelector('.aloud').textContent.includes('arrived')", arg=figure.element_handle()) # and is said aloud
    press('Run') # once more, from the start
    page.wait_for_timeout(250)
    assert now(figure)['running'] and now(figure)['steps'] < 20
    assert wrong == []

def test_by_keys_and_without_motion(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', reduced_motion='reduce', **WIDE)
    order = []
    figure.get_by_role('radio', name='in seconds').focus()
    for _ in range(6):
        order.append(page.evaluate("document.activeElement.textContent || document.activeElement.value || document.activeElement.type"))
        page.keyboard.press('Tab')
    assert [o if i != 1 else 'rate' for i,o in enumerate(order)] == ['in seconds', 'rate', 'Step', '10 steps', 'Run', 'Reset']
    figure.get_by_role('radio', name='in seconds').focus()
    page.keyboard.press('Tab')
    before = now(figure)['lr']
    page.keyboard.press('ArrowRight')
    assert before < seen(page, figure)['lr'] < 1.015*before # fine enough for an edge of two per cent
    page.keyboard.press('Tab')
    page.keyboard.press('Enter')
    assert seen(page, figure)['steps'] == 1
    page.keyboard.press('Tab')
    page.keyboard.press('Tab')
    page.keyboard.press('Enter') # all at once
    end = seen(page, figure)
    assert end['steps'] == 10_000 and not end['running'] and 'time is up' in end['text']
    assert abs(end['c'] - ours(figure, 'in seconds', end['lr'], 10_000)['params'][-1][2]) < 1e-6
    page.keyboard.press('Tab')
    page.keyboard.press('Space')
    assert seen(page, figure)['steps'] == 0
    figure.get_by_role('radio', name='in seconds').focus()
    page.keyboard.press('ArrowRight')
    assert seen(page, figure)['unit'] == 'from −1 to 1'
    assert wrong == []

def test_by_touch_on_a_phone_in_the_dark(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', viewport={'width': 360, 'height': 740}, has_touch=True, is_mobile=True, color_scheme='dark')
    figure.get_by_role('radio', name='from −1 to 1').tap()
    figure.get_by_role('button', name='10 steps').tap()
    assert seen(page, figure)['steps'] == 10
    box = figure.get_by_role('slider').bounding_box()
    page.touchscreen.tap(box['x'] + box['width']*.5, box['y'] + box['height']/2)
    at = seen(page, figure)
    assert .03 < at['lr'] < .3 and at['steps'] == 10
    assert abs(at['loss']/fit_quadratic(TIMES['from −1 to 1'], SPEED, lr=at['lr'], steps=10).losses[10].item() - 1) < 1e-5
    for o in figure.locator('button, .choice label, input[type=range]').all():
        assert min(o.bounding_box()['width'], o.bounding_box()['height']) >= 24
    small = figure.evaluate("f => Math.min(...[...f.querySelectorAll('svg text')].map(o => parseFloat(getComputedStyle(o).fontSize) * o.ownerSVGElement.getBoundingClientRect().width / o.ownerSVGElement.viewBox.baseVal.width))")
    assert small >= 11
    # even with the longest numbers nothing sticks out
    for _ in range(3): figure.get_by_role('button', name='10 steps').tap()
    set_rate(figure, 1.9)
    settle(page)
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert figure.evaluate("f => f.querySelector('.stage').scrollWidth <= f.querySelector('.stage').clientWidth")
    assert wrong == []

def test_a_hand_on_the_rate_takes_no_more_than_a_thousand_steps_again(browser, site):
    page,figure,wrong = explored(browser, site, 'sgd.html', 'descent', reduced_motion='reduce', **WIDE)
    figure.get_by_role('button', name='Run', exact=True).click()
    settle(page)
    set_rate(figure, 2e-5)
    assert seen(page, figure)['steps'] == 1000
    assert wrong == []
