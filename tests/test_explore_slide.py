"The window that slides: its sums against PyTorch's, and mouse, finger and keys"
import json, random, re
import pytest, torch
import torch.nn.functional as F
from conftest import explored, settled
from fastbook_lesson4.pixels import load_mnist_sample

WIDE = {'viewport': {'width': 1440, 'height': 900}}

def open_slide(browser, site, **options): return explored(browser, site, 'convolution.html', 'slide', **WIDE | options)
def get(figure, what): return figure.evaluate(f'o => o.explorable.{what}')
def press(figure, name): figure.get_by_role('button', name=name, exact=True).click()
def says(figure): return figure.locator('.says').inner_text()
def run_ends(figure): figure.page.wait_for_function('() => !document.querySelector("#explorable-slide").explorable.running', timeout=60_000)

@pytest.fixture(scope='module')
def digits(): return load_mnist_sample().valid_x[[0,787,1010,1859]]

KERNELS = {'lower edge': [[1,1,1],[0,0,0],[-1,-1,-1]], 'right edge': [[1,0,-1]]*3, 'blur': [[1/9]*3]*3,
           'sharpen': [[0,-1,0],[-1,5,-1],[0,-1,0]], 'identity': [[0,0,0],[0,1,0],[0,0,0]]}

def apart(output, digit, weights, padding, stride):
    "The largest difference between the sums of the page and PyTorch's"
    want = F.conv2d(digit[None,None], torch.tensor(weights, dtype=torch.float32).view(1,1,3,3), padding=padding, stride=stride).flatten()
    assert len(output) == len(want)
    return (torch.tensor(output, dtype=torch.float64) - want).abs().max().item()

def test_all_kernels_paddings_and_strides(browser, site, digits):
    page,figure,wrong = open_slide(browser, site)
    groups = figure.evaluate('o => [...o.querySelectorAll("fieldset")].map(f => [...f.querySelectorAll("input")].map(i => i.value))')
    assert groups == [[*KERNELS,'learned'], ['a three','a bold three','a seven','a bold seven'], ['0','1'], ['1','2']]
    found = json.loads(figure.evaluate('''o => {
      const groups = [...o.querySelectorAll('fieldset')].map(f => [...f.querySelectorAll('input')]), found = []
      for (const [k, kernel] of groups[0].entries()) for (const [d, digit] of groups[1].entries()) for (const [p, padding] of groups[2].entries()) for (const [s, stride] of groups[3].entries()) {
        for (const input of [kernel, digit, padding, stride]) input.click()
        found.push([k, d, p, s + 1, o.explorable.weights, o.explorable.output])
      }
      return JSON.stringify(found)
    }'''))
    assert len(found) == 6*4*2*2
    worst = 0
    for k,d,p,s,weights,output in found:
        name = groups[0][k]
        if name in KERNELS: assert weights == pytest.approx(sum(KERNELS[name], []), abs=1e-6)
        else: assert max(weights[:3]) < 0 < min(weights[6:]) # as the page says of the learned one
        worst = max(worst, apart(output, digits[d], weights, p, s))
    print(f'largest difference {worst:.1e}')
    assert worst < 1e-5 and wrong == []

def test_weights_of_ones_own(browser, site, digits):
    page,figure,wrong = open_slide(browser, site)
    rnd,fields = random.Random(0),figure.locator('.nine input').all()
    assert [f.get_attribute('aria-label') for f in fields][3] == 'Weight in row 2, column 1'
    for how in ('{:.2f}','{:.3f}','{:.1f}'):
        weights = [how.format(rnd.uniform(-3, 3)) for _ in fields]
        for f,w in zip(fields, weights): f.fill(w.replace('-', rnd.choice('-−')))
        assert apart(get(figure, 'output'), digits[0], [float(w) for w in weights], 1, 1) < 1e-5
        assert figure.locator('.choice').first.locator(':checked').count() == 0 # it is the reader's
    before = get(figure, 'output')
    for bad in ('x','','-','1e9','100','2 3'):
        fields[4].fill(bad)
        assert f'Expected a number from −99 to 99, such as −1 or 0.5. Weight in row 2, column 2: “{bad}”.' in figure.locator('.wrong').inner_text()
        assert fields[4].get_attribute('aria-invalid') == 'true' and get(figure, 'output') == before
    fields[0].fill('y')
    assert 'row 1, column 1: “y”, Weight in row 2, column 2: “2 3”' in figure.locator('.wrong').inner_text() # all of them
    fields[0].fill('-1.23456')
    assert all(f.evaluate('o => o.scrollWidth <= o.clientWidth') for f in fields) # and seen to the end
    fields[4].fill('1,5') # a comma will do
    assert figure.locator('.wrong').inner_text() == '' and get(figure, 'weights')[4] == 1.5 and get(figure, 'output') != before
    for f,w in zip(fields, '111000---'): f.fill(w.replace('-', '-1'))
    assert get(figure, 'kernel') == 'lower edge' and figure.locator('.choice').first.locator(':checked').get_attribute('value') == 'lower edge'
    assert wrong == []

def numbers(text):
    "Numbers as they are written on the page"
    return [float(o) for o in text.replace('−', '-').replace('(rounded)', '').split()]

def test_the_window_is_written_out(browser, site, digits):
    page,figure,wrong = open_slide(browser, site)
    padded = F.pad(digits[0], (1,1,1,1))
    figure.locator('.hand').focus()
    for key in ('ArrowLeft','ArrowUp','ArrowUp','ArrowRight'):
        page.keyboard.press(key)
        r,c = get(figure, 'place')
        settled(page)
        nine = padded[r:r+3,c:c+3].flatten()
        for shown,x in zip(figure.locator('.pixel').all_inner_texts(), nine): assert abs(float(shown) - x) < .0051
        terms = nine*torch.tensor(KERNELS['lower edge']).flatten()
        for shown,t in zip(figure.locator('.product').all_inner_texts(), terms): assert abs(numbers(shown[1:])[0] - t) < .0051
        left,right = figure.locator('.sum').inner_text().split('=')
        total = sum(numbers(left.replace('− ', '-').replace('+ ', '')))
        assert abs(numbers(right)[0] - terms.sum()) < .0051 and abs(total - terms.sum()) < .046
        assert ('rounded' in right) == (abs(total - numbers(right)[0]) > .001)
        assert f'Row {r+1}, column {c+1} of the output.' in says(figure)
    assert 'together' in says(figure)
    # an even area of ink, and one of paper
    figure.get_by_label('a bold three').check()
    even = F.conv2d(digits[1][None,None], torch.tensor(KERNELS['lower edge']).float()[None,None])[0,0].abs() < .004
    ink = (even & (1-F.max_pool2d(1-digits[1][None], 3, 1)[0] > .99)).nonzero()[0].tolist()
    go_to(page, figure, *ink)
    settled(page)
    r,c = ink
    mean = digits[1][r:r+3,c:c+3].mean()
    assert f'The nine pixels are alike, about {mean:.2f}: that times the sum of the weights, 0.00, gives 0.00.' in says(figure)
    go_to(page, figure, 0, 0)
    settled(page)
    assert 'All nine pixels are 0' in says(figure)
    assert wrong == []

def test_the_sentence_can_be_checked_by_hand(browser, site):
    "At every place and with every kernel: what it multiplies and adds comes out, or it says that it rounded"
    page,figure,wrong = open_slide(browser, site)
    kinds = {'alike': 0, 'sums': 0, 'none': 0}
    for name in [*KERNELS,'learned']:
        figure.get_by_label(name, exact=True).check()
        for digit in ('a three','a bold three'):
            figure.get_by_label(digit, exact=True).check()
            told = figure.evaluate('''o => { const e = o.explorable, say = o.querySelector('.says'), sum = o.querySelector('.sum'), found = []
              const hand = o.querySelector('.hand'), press = key => { hand.dispatchEvent(new KeyboardEvent('keydown', { key })); e.draw(); found.push([say.textContent, sum.textContent]) }
              for (let r = 28; r--;) press('ArrowUp')
              for (let r = 0; r < 28; r++) { press('Home'); for (let c = 1; c < 28; c++) press('ArrowRight'); press('ArrowDown') }
              return found }''')
            for text,line in told:
                n = [float(o.replace('−', '-')) for o in re.findall(r'[-−]?\d+\.\d\d', text)]
                if 'alike' in text:
                    kinds['alike'] += 1
                    assert f'{n[0]*n[1]+0.:.2f}'.replace('-0.00', '0.00') == f'{n[2]:.2f}', text
                elif 'those below 0' in text:
                    kinds['sums'] += 1
                    assert 'rounded' in text or n[0] + n[1] == pytest.approx(n[2], abs=.001), text
                elif 'No product' in text:
                    kinds['none'] += 1
                    assert ('−' in line) == ('above' in text), (text, line)
    assert min(kinds.values()) > 20 and wrong == [], kinds

@pytest.mark.parametrize('width', [360, 1440])
def test_nothing_jumps_and_all_is_on_one_screen(browser, site, width):
    page,figure,wrong = open_slide(browser, site, viewport={'width': width, 'height': 780}, reduced_motion='reduce')
    def shape():
        page.evaluate('new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(ok)))')
        return figure.evaluate('''f => { const stage = f.querySelector('.stage').getBoundingClientRect() // all at once, the page may be scrolling
          return [stage.height, ...['.size','.nine','.near .says'].map(o => f.querySelector(o).getBoundingClientRect().top - stage.top)].map(Math.round) }''')
    seen = {}
    for name in ('lower edge','learned','sharpen'):
        figure.get_by_label(name, exact=True).check()
        figure.locator('.hand').focus()
        for k in range(28):
            page.keyboard.press('ArrowRight' if k%2 else 'ArrowDown')
            seen.setdefault(str(shape()), (name, k))
    figure.locator('.nine input').first.fill('x')
    seen.setdefault(str(shape()), 'wrong')
    assert len(seen) == 1, seen
    # what the options change stands beside them
    assert max(figure.evaluate('f => [...f.querySelectorAll("fieldset")].map(o => o.getBoundingClientRect().bottom - f.querySelector(".before").getBoundingClientRect().top)')) < 680

def spot(figure, canvas, r, c):
    "Where in the page the middle of a cell lies; both pictures have a frame of 30 cells a side"
    at,b = figure.locator(f'{canvas} canvas'),None
    while b != (b := at.bounding_box()): figure.page.wait_for_timeout(60) # until nothing scrolls
    return b['x'] + (c+.5)*b['width']/30, b['y'] + (r+.5)*b['height']/30

def go_to(page, figure, r, c):
    "Click on the image where a window is centred whose corner is row r, column c of the image"
    page.mouse.click(*spot(figure, '.before', r+2, c+2))
    assert get(figure, 'place') == [r+1,c+1] or (r,c) == (0,0)

def test_mouse_and_keys(browser, site):
    page,figure,wrong = open_slide(browser, site)
    m = 28
    assert get(figure, 'seen') == get(figure, 'place')[0]*m + get(figure, 'place')[1] + 1 # a beginning is there
    press(figure, 'Clear')
    assert get(figure, 'seen') == 1 and get(figure, 'place') == [0,0]
    for n in (1,2,3): press(figure, 'Step')
    assert get(figure, 'seen') == 4 and get(figure, 'place') == [0,3]
    figure.locator('.before canvas').scroll_into_view_if_needed()
    page.mouse.move(*spot(figure, '.before', 10, 10)); page.mouse.down()
    page.mouse.move(*spot(figure, '.before', 10, 20)); page.mouse.up()
    assert get(figure, 'place') == [9,19] and get(figure, 'seen') == 4 + 11 # all on the way, though the mouse jumped
    page.mouse.move(*spot(figure, '.before', 2, 2))
    assert get(figure, 'place') == [9,19] # no button, no drag
    page.mouse.click(*spot(figure, '.after', 5, 7))
    assert get(figure, 'place') == [4,6] and get(figure, 'seen') == 16
    figure.locator('.hand').focus()
    for key,want in (('ArrowDown',[5,6]), ('ArrowRight',[5,7]), ('ArrowUp',[4,7]), ('ArrowLeft',[4,6]), ('End',[4,27]), ('ArrowRight',[4,27]), ('Home',[4,0]), ('ArrowLeft',[4,0])):
        page.keyboard.press(key)
        assert get(figure, 'place') == want, key
    press(figure, 'All')
    assert get(figure, 'seen') == m*m and get(figure, 'place') == [27,27]
    figure.get_by_label('right edge').check()
    assert get(figure, 'seen') == m*m # another kernel: all there at once
    figure.get_by_role('group', name='Stride').get_by_label('2').check()
    assert get(figure, 'shape') == [14,14] and get(figure, 'seen') == 14*14
    assert '(28 + 2 · 1 − 3) / 2 + 1 = 14.5, rounded down: 14' in figure.locator('.size').inner_text()
    figure.get_by_role('group', name='Padding').get_by_label('0').check()
    assert get(figure, 'shape') == [13,13] and '(28 + 2 · 0 − 3) / 2 + 1 = 13.5, rounded down: 13' in figure.locator('.size').inner_text()
    figure.get_by_role('group', name='Padding').get_by_label('0').focus()
    page.keyboard.press('ArrowRight')
    assert get(figure, 'shape') == [14,14]
    # by keys alone, in the order of reading
    figure.locator('.hand').focus()
    names = []
    for _ in range(17):
        page.keyboard.press('Tab')
        names.append(page.evaluate('() => document.activeElement.getAttribute("aria-label") || document.activeElement.textContent || document.activeElement.value'))
    assert names == ['Step','Run','All','Clear','right edge','a three','1','2', *(f'Weight in row {i+1}, column {j+1}' for i in range(3) for j in range(3))]
    assert wrong == []

def test_run(browser, site):
    page,figure,wrong = open_slide(browser, site)
    press(figure, 'Clear')
    press(figure, 'Run')
    since = page.evaluate('performance.now()')
    page.wait_for_function('o => o.explorable.seen > 2', arg=figure.element_handle())
    running,early,seconds = figure.evaluate('(o, t) => [o.explorable.running, o.explorable.seen, (performance.now() - t)/1000]', since)
    assert running and early < 8 + 20*seconds # the first row can be followed
    press(figure, 'Stop')
    stopped = get(figure, 'seen')
    page.wait_for_timeout(200)
    assert not get(figure, 'running') and get(figure, 'seen') == stopped
    press(figure, 'Run')
    run_ends(figure)
    assert get(figure, 'seen') == 784 and figure.get_by_role('button', name='Run').count() == 1
    press(figure, 'Run') # from the beginning
    page.wait_for_function('o => o.explorable.seen > 0 && o.explorable.seen < 784', arg=figure.element_handle())
    figure.locator('.before canvas').click()
    assert not get(figure, 'running') # the hand goes first
    assert wrong == []

@pytest.mark.parametrize('scheme', ['light','dark'])
def test_touch_and_no_motion(browser, site, scheme):
    page,figure,wrong = open_slide(browser, site, viewport={'width': 360, 'height': 780}, has_touch=True, is_mobile=True, reduced_motion='reduce', color_scheme=scheme)
    image = figure.locator('.before canvas')
    image.scroll_into_view_if_needed()
    page.touchscreen.tap(*spot(figure, '.before', 20, 10))
    assert get(figure, 'place') == [19,9]
    touch = page.context.new_cdp_session(page)
    scrolled = page.evaluate('scrollY')
    def finger(kind, *at): touch.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': [dict(zip('xy', at))] if at else []})
    finger('touchStart', *spot(figure, '.before', 20, 10))
    finger('touchMove', *spot(figure, '.before', 12, 10))
    finger('touchMove', *spot(figure, '.before', 5, 10))
    finger('touchEnd')
    assert get(figure, 'place') == [4,9] and page.evaluate('scrollY') == scrolled # the window moved, the page didn't
    page.wait_for_timeout(400) # or the browser takes the next touch for a part of this one
    page.touchscreen.tap(*spot(figure, '.after', 9, 9))
    page.wait_for_function('() => String(document.querySelector("#explorable-slide").explorable.place) === "8,8"', timeout=3000)
    for name in ('Clear','Step'): figure.get_by_role('button', name=name).tap()
    assert get(figure, 'seen') == 2
    figure.get_by_role('button', name='Run').tap()
    assert get(figure, 'seen') == 784 and not get(figure, 'running') # at once
    figure.get_by_label('sharpen').tap()
    assert get(figure, 'kernel') == 'sharpen'
    figure.get_by_label('a bold seven').tap()
    assert figure.locator('.choice').nth(1).locator(':checked').get_attribute('value') == 'a bold seven'
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    assert wrong == []
