"Draw a digit: the picture's answers are PyTorch's, a drawing becomes what MNIST's digits are, and every hand can draw"
import base64, json, re
import nbformat, numpy as np, pytest, torch
import torch.nn.functional as F
from conftest import ROOT,explored,settled
from playwright.sync_api import TimeoutError
from fastbook_lesson4.convolution import load_mnist
from fastbook_lesson4.pixels import load_mnist_sample
from fastbook_lesson4.similarity import l1_distance

def given(notebook):
    "What the stored output of a notebook gives to its picture, with tensors in single precision"
    def tensors(o):
        if 'f16' in o: return torch.from_numpy(np.frombuffer(base64.b64decode(o['f16']), np.float16).copy()).float().view(o['shape'])
        return torch.frombuffer(bytearray(base64.b64decode(o['u8'])), dtype=torch.uint8).view(o['shape']) if 'u8' in o else o
    for c in nbformat.read(ROOT/'nbs'/f'{notebook}.ipynb', as_version=4).cells:
        for o in c.get('outputs', ()):
            if m := re.search(r'^explorables\.draw\("explorable-draw", (.*)\)$', ''.join(o.get('data', {}).get('text/html', '')), re.M): return json.loads(m[1], object_hook=tensors)

def pytorchs(layers, x):
    "The layers of the picture as PyTorch has them"
    for kind,*parts in layers:
        if kind == 'linear': x = F.linear(x, *parts)
        if kind == 'conv': x = F.conv2d(x.view(len(x), parts[0].shape[1], *(x.shape[2:] or (28,28))), *parts, padding=parts[0].shape[-1]//2)
        if kind == 'relu': x = F.relu(x)
        if kind == 'maxpool': x = F.max_pool2d(x, 2)
        if kind == 'residual': x = x + pytorchs(parts[0], x)
        if kind == 'top': x = x.amax((2,3))
    return x

def asked(figure, model, x):
    "The picture's answers to images, of shape (n, 784)"
    return figure.evaluate('(o, [model, xs]) => xs.map(x => { const { p, distances, answer } = o.explorable.ask(x, model); return { p: p && [...p], distances, answer } })', [model, x.tolist()])

def compare(figure, data, x):
    "The largest difference from PyTorch's answers"
    worst = 0
    for i,m in enumerate(data['models']):
        said = asked(figure, i, x)
        if 'means' in m:
            want = torch.stack([l1_distance(x.view(-1,28,28), o) for o in m['means']], 1)
            got,classes = torch.tensor([o['distances'] for o in said]),want.argmin(1)
        else:
            acts = pytorchs(m['layers'], x)
            if acts.shape[1] == 1: acts = torch.cat([torch.zeros_like(acts), acts], 1) # the sigmoid is a softmax beside 0
            want,got = acts.softmax(1),torch.tensor([o['p'] for o in said])
            classes = want.argmax(1)
        assert [o['answer'] for o in said] == classes.tolist(), m['name']
        worst = max(worst, (got-want).abs().max().item())
    return worst

def said(p): return '>0.999' if p >= .9995 else '<0.001' if p < .0005 else f'{p:.3f}' # nothing is certain

@pytest.fixture(scope='module')
def some(): return load_mnist_sample().valid_x[::10][:200].flatten(1)

@pytest.mark.parametrize('page,notebook', [('relu.html','05_relu'), ('index.html','index')])
def test_the_answers_are_pytorchs(browser, site, some, page, notebook):
    _,figure,wrong = explored(browser, site, page, 'draw')
    data = given(notebook)
    assert len(data['models']) == 3 and compare(figure, data, some) < 1e-4
    params = json.dumps(data, default=lambda o: 'x'*(o.numel()*(1 if o.dtype == torch.uint8 else 2)*4//3))
    assert len(params) < 100_000 and wrong == []
    assert figure.locator('.views').count() == (0 if page == 'index.html' else 3) # nothing there would explain them
    assert 'less wins' in figure.locator('.model').first.inner_text()

def test_the_residual_net(browser, site, some):
    "Convolution, pooling and skips, for all ten digits"
    page,figure,wrong = explored(browser, site, 'convolution.html', 'draw')
    data = given('07_convolution')
    assert [o[0] for o in data['models'][0]['layers']] == ['conv','relu','maxpool','residual','relu']*3 + ['top','linear']
    x = torch.cat([some, load_mnist().test_x[:40].flatten(1)])
    assert compare(figure, data, x) < 1e-3
    assert figure.locator('.model li').count() == 10 and figure.locator('.views canvas').count() == 8
    assert figure.locator('.above').inner_text() == 'first convolution, 8 channels' and 'what it gets' in figure.inner_text()
    figure.get_by_role('button', name='8', exact=True).click()
    assert answered(figure, [8])
    sure = {}
    for name in ('K','heart'): # are digits too, one with doubt
        figure.get_by_role('button', name=name, exact=True).click()
        settled(page)
        p = figure.evaluate('o => [...o.explorable.answers[0].p]')
        assert sum(p) == pytest.approx(1)
        sure[name] = max(p)
        assert figure.locator('.model li b').all_inner_texts() == [said(o) for o in p]
    assert sure['K'] < .7 and sure['heart'] > .95
    assert wrong == []

def test_a_drawing_becomes_what_mnist_has(browser, site, some):
    "Digits drawn large, small and anywhere come back as they were: same size, same place, same centre of mass"
    _,figure,_ = explored(browser, site, 'relu.html', 'draw')
    def long(x): return max(ink.nonzero().max() - ink.nonzero().min() + 1 for ink in (x.view(28,28).any(0), x.view(28,28).any(1)))
    whole = some[[long(x) == 20 for x in some]] # as all but three of the 2038 are
    assert len(whole) > 150
    for scale,left,top in ((6,0,0), (3,80,10), (3,0,84), (5,20,5)):
        got = torch.tensor(figure.evaluate('''(o, [xs, scale, left, top]) => xs.map(x => {
          const n = 168, ink = new Float32Array(n * n)
          for (let i = 0; i < 28 * scale; i++) for (let j = 0; j < 28 * scale; j++) ink[(top + i) * n + left + j] = x[Math.floor(i / scale) * 28 + Math.floor(j / scale)]
          return [...o.explorable.centred(ink, n)]
        })''', [whole[:60].tolist(), scale, left, top]))
        assert (got - whole[:60]).abs().max() < 1e-5
    middle = torch.arange(28.) + .5
    for odd in (2.7, 4.3): # not whole cells to a pixel: the size is right, and the mass in the middle pixel
        got = torch.tensor(figure.evaluate('''(o, [xs, step]) => xs.map(x => {
          const n = 168, ink = new Float32Array(n * n)
          for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) { const y = Math.floor(i / step), z = Math.floor(j / step); if (y < 28 && z < 28) ink[i * n + j] = x[y * 28 + z] }
          return [...o.explorable.centred(ink, n)]
        })''', [some[:40].tolist(), odd])).view(-1, 28, 28)
        for axis in (1, 2):
            mean = (got.sum(axis)*middle).sum(1)/got.sum((1,2))
            assert (mean >= 14 - 1e-4).all() and (mean <= 15 + 1e-4).all()
        assert all(long(x) == 20 for x in got)
    assert figure.evaluate('o => o.explorable.centred(new Float32Array(16), 4)') is None

SEVEN = [(6,6), (10,6), (14,6), (18,6), (21,6), (19,11), (17,15), (15,19), (13,24)]

def answered(figure, want):
    "Are these the classes that the models answer, after a moment?"
    try: figure.page.wait_for_function('want => JSON.stringify(document.querySelector("#explorable-draw").explorable.answers.map(a => a.answer)) === want', arg=json.dumps(want, separators=(',',':')), timeout=30_000)
    except TimeoutError: return False
    settled(figure.page) # and its words
    return True

def spots(figure):
    box = figure.locator('.pad').bounding_box()
    return [(box['x'] + x/28*box['width'], box['y'] + y/28*box['height']) for x,y in SEVEN]

def inked(figure, x, y):
    "How dark the pad is there, in [0, 1]"
    return 1 - figure.locator('.pad').evaluate('''(o, [x, y]) => {
      const copy = Object.assign(document.createElement('canvas'), { width: o.width, height: o.height }).getContext('2d', { willReadFrequently: true })
      copy.drawImage(o, 0, 0)
      return copy.getImageData(Math.floor(x / 28 * o.width), Math.floor(y / 28 * o.height), 1, 1).data[0]
    }''', [x, y])/255

@pytest.mark.parametrize('by', ['mouse','touch','keys'])
def test_a_dot_is_seen(browser, site, by):
    "What the models see stands on the pad, be it a stroke of no length"
    page,figure,wrong = explored(browser, site, 'relu.html', 'draw', viewport={'width': 760, 'height': 900}, has_touch=by == 'touch', is_mobile=by == 'touch')
    figure.get_by_role('button', name='Clear').click()
    pad,dot = figure.locator('.pad'),(14,14)
    assert answered(figure, []) and inked(figure, *dot) == 0
    if by == 'keys':
        pad.focus()
        for _ in range(2): page.keyboard.press('Space')
        page.keyboard.press('Tab') # the pen's ring goes
    else: (pad.tap if by == 'touch' else pad.click)()
    page.wait_for_function('document.querySelector("#explorable-draw").explorable.answers.length === 3')
    settled(page)
    assert inked(figure, *dot) == 1 and inked(figure, 14.9, 14) == 1 and inked(figure, 15.6, 14) == 0
    assert wrong == []

@pytest.mark.parametrize('width', [360, 560, 1440])
def test_what_they_see_adds_up_and_keeps_its_size(browser, site, some, width):
    page,figure,_ = explored(browser, site, 'relu.html', 'draw', viewport={'width': width, 'height': 900})
    _,linear,net = given('05_relu')['models']
    sizes = []
    for name in ('a three','a seven','circle','K','scribble'):
        figure.get_by_role('button', name=name, exact=True).click()
        settled(page)
        x = torch.tensor(figure.evaluate('o => [...o.explorable.image]'))[None]
        one,sums = (pytorchs(m['layers'], x).item() for m in (linear, net))
        def sign(o): return f'{o:+.1f}'.replace('-', '−')
        assert figure.locator('.above').all_inner_texts() == ['drawing minus','pixel × weight',f'sum {sign(sums)}, of it:']
        w,b = net['layers'][0][1:]
        v = net['layers'][2][1][0]
        parts = F.relu(x@w.T + b)[0]*v
        shown = [sign(o) for o in parts[parts.abs().argsort(descending=True)[:3]].tolist()]
        assert figure.locator('.views .view span').all_inner_texts() == ['mean 3','mean 7',f'sum {sign(one)}',*shown]
        assert figure.evaluate('o => [...o.querySelectorAll(".model b")].every(b => b.scrollWidth <= b.clientWidth)')
        sizes.append(figure.evaluate('o => [...o.querySelectorAll(".views canvas")].map(c => c.getBoundingClientRect().width)'))
    assert all(o == sizes[0] for o in sizes) and min(sizes[0]) > 40

def test_by_mouse(browser, site):
    page,figure,wrong = explored(browser, site, 'relu.html', 'draw', viewport={'width': 1440, 'height': 900})
    assert answered(figure, [1,1,1]) # an example stands there
    first,*others = spots(figure)
    page.mouse.move(*first)
    page.mouse.down()
    for o in others: page.mouse.move(*o)
    page.mouse.up()
    page.mouse.move(*first) # nothing is drawn in the air
    assert answered(figure, [0,0,0]) and len(figure.evaluate('o => o.explorable.items.at(-1)')) == len(SEVEN)
    assert figure.locator('.says').inner_text() == 'All agree: 7.' and [o.inner_text() for o in figure.locator('.is > span:first-child').all()] == ['7']*3
    figure.get_by_role('button', name='Undo').click()
    assert answered(figure, []) and 'Nothing is drawn' in figure.locator('.says').inner_text()
    figure.get_by_role('button', name='circle').click()
    assert answered(figure, [1,1,1])
    p = figure.evaluate('o => o.explorable.answers.slice(1).map(a => a.p[1])')
    assert min(p) > .99 and figure.locator('.is b').all_inner_texts()[1:] == [said(o) for o in p] # no class says neither
    figure.get_by_role('button', name='Clear').click()
    assert answered(figure, []) and figure.get_by_role('button', name='Clear').is_disabled()
    figure.get_by_role('button', name='a hard one').click()
    assert answered(figure, [0,0,1]) and figure.locator('.says').inner_text() == 'They disagree: Pixel similarity 7, Linear model 7, ReLU net 3.'
    for name in ('a three','a seven','8','K','scribble'): # what the models get is MNIST's size
        figure.get_by_role('button', name=name, exact=True).click()
        settled(figure.page)
        image = torch.tensor(figure.evaluate('o => [...o.explorable.image]')).view(28, 28)
        assert max((image.amax(a) > 0).sum() for a in (0,1)) == 20
    assert wrong == []

def test_by_touch(browser, site):
    page,figure,wrong = explored(browser, site, 'relu.html', 'draw', viewport={'width': 360, 'height': 740}, has_touch=True, is_mobile=True)
    for name,want in (('Clear',[]), ('circle',[1,1,1]), ('a seven',[0,0,0]), ('a three',[1,1,1])):
        figure.get_by_role('button', name=name, exact=True).tap()
        assert answered(figure, want)
    figure.locator('.pad').evaluate('o => o.scrollIntoView({ block: "center", behavior: "instant" })')
    touch = page.context.new_cdp_session(page)
    def send(kind, *at): touch.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': [{'x': x, 'y': y} for x,y in at]})
    before = page.evaluate('scrollY')
    first,*others = spots(figure)
    send('touchStart', first)
    for o in others: send('touchMove', o)
    send('touchEnd')
    assert answered(figure, [0,0,0]) and page.evaluate('scrollY') == before # drawn, not scrolled
    assert wrong == []

def test_by_keys(browser, site):
    page,figure,wrong = explored(browser, site, 'relu.html', 'draw', viewport={'width': 1440, 'height': 900})
    figure.locator('.pad').focus()
    def press(*keys):
        for o in keys: page.keyboard.press(o)
    press(*['ArrowUp']*8, *['ArrowLeft']*7)
    assert answered(figure, [1,1,1]) and figure.evaluate('o => o.explorable.pen') == [7,6] # moved, not drawn
    press('Space', *['ArrowRight']*14)
    for i in range(9):
        page.keyboard.down('ArrowDown')
        if i % 2: page.keyboard.down('ArrowLeft'); page.keyboard.up('ArrowLeft') # aslant
        page.keyboard.up('ArrowDown')
        press('ArrowDown')
    assert answered(figure, [0,0,0]) and 'The pen is down' in figure.locator('.says').inner_text()
    press('Space', 'ArrowUp')
    assert answered(figure, [0,0,0]) and 'The pen is up' in figure.locator('.says').inner_text()
    press('Backspace')
    assert answered(figure, [])
    press('Space', 'ArrowDown', 'Space', 'Delete')
    assert answered(figure, [])
    press('Tab') # undo is the next that can be reached; clear has nothing to clear
    assert page.evaluate('document.activeElement.textContent') == 'Undo'
    press('Tab', 'Enter')
    assert page.evaluate('document.activeElement.textContent') == 'a three' and answered(figure, [1,1,1])
    assert wrong == []

@pytest.mark.parametrize('width', [360, 1440])
def test_nothing_jumps(browser, site, width):
    "The page below the picture stays where it is, when the script has started and while somebody draws"
    page,figure,_ = explored(browser, site, 'index.html', 'draw', viewport={'width': width, 'height': 900})
    def below(): return round(page.evaluate('document.getElementById("the-chapters").getBoundingClientRect().top + scrollY'))
    at = below()
    for name in ('scribble','a seven','8','Clear'):
        figure.get_by_role('button', name=name, exact=True).click()
        settled(page)
        assert below() == at
    figure.evaluate('o => { o.querySelector(".stage").hidden = true; o.querySelector(".still").hidden = false }')
    assert abs(below() - at) <= 1
