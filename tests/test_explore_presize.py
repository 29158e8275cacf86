"Presizing by hand: what the picture computes is what `presize_steps` computes, and every control can be reached by mouse, touch and keys"
import base64, math
import pytest, torch
from conftest import explored
from fastbook_lesson4.drawn import draw_pet
from fastbook_lesson4.pets import presize_steps

LARGE,SIZE,LENS = 192,96,24
WIDE = {'width': 1440, 'height': 900}
SETTINGS = [(0,1,0), (20,1.3,.2), (1,1,0), (45,1,0), (-45,1,0), (90,1,0), (-90,1.5,-.4), (0,1.05,0), (0,2,0), (0,1,.4), (0,1,-.05), (-33,1.25,-.3), (70,1.7,.15),
            (70,1.7,-.2), (70,1.2,-.2), (70,1.2,0), (70,1,0), (70,1,.1), (5,1,.1)] # the last row: what comes before a change is kept

# Many numbers travel as bytes: as a list they would take seconds
BYTES = """const text = a => { let s = ''; for (const o of new Uint8Array(a.buffer)) s += String.fromCharCode(o); return btoa(s) }"""
COPIED = """c => {
  const paper = Object.assign(document.createElement('canvas'), { width: c.width, height: c.height }).getContext('2d', { willReadFrequently: true })
  paper.drawImage(c, 0, 0)
  return text(paper.getImageData(0, 0, c.width, c.height).data)
}"""

class Picture:
    "What the tests do with the figure"
    def __init__(self, page, figure): self.page,self.figure = page,figure

    def settle(self): self.page.evaluate('new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(ok)))')

    def get(self, what):
        self.settle()
        return self.figure.evaluate(f'f => f.explorable.{what}')

    def slider(self, name): return self.figure.get_by_role('slider', name=name)

    def put(self, *values):
        for name,v in zip(('Turn','Enlarge','Tilt'), values): self.slider(name).evaluate("(o, v) => { o.value = v; o.dispatchEvent(new Event('input')) }", v)

    def images(self, *what):
        "Pictures, each of shape (3, side, side)"
        self.settle()
        return [as_image(o, torch.float32, 3) for o in self.figure.evaluate(f"f => {{ {BYTES}; return [{', '.join(f'f.explorable.{o}' for o in what)}].map(text) }}")]

    @property
    def lens(self):
        o = self.get('lens')
        return o['x'],o['y']

    @property
    def says(self):
        self.settle()
        return self.figure.locator('.says').inner_text()

    def pixels(self, i):
        "What canvas number `i` shows: three pictures, each followed by its cutout"
        self.settle()
        return as_image(self.figure.locator('canvas').nth(i).evaluate(f'c => {{ {BYTES}; return ({COPIED})(c) }}'), torch.uint8, 4)[:3]

def as_image(text, dtype, channels):
    values = torch.frombuffer(bytearray(base64.b64decode(text)), dtype=dtype)
    side = math.isqrt(len(values)//channels)
    return values.view(side, side, channels).permute(2,0,1)

def detail(img): return (img.diff(dim=1).abs().mean() + img.diff(dim=2).abs().mean()).item()

@pytest.fixture
def opened(browser, site):
    "Open the figure; at the end, nothing has gone wrong"
    seen = []
    def go(**options):
        page,figure,wrong = explored(browser, site, 'pets.html', 'presize', **{'viewport': WIDE, **options})
        seen.append((page, wrong))
        return Picture(page, figure)
    yield go
    for page,wrong in seen:
        page.context.close()
        assert wrong == []

def outside(angle, zoom, warp):
    "Which places of the result lie outside of the picture"
    a = (2*torch.arange(SIZE, dtype=torch.float64) + 1)/SIZE - 1
    y,x = torch.meshgrid(a, a, indexing='ij')
    near = (1-abs(warp))/(1+warp*y)/zoom
    turn = torch.tensor(angle*torch.pi/180, dtype=torch.float64)
    px,py = near*(x*turn.cos() + y*turn.sin()),near*(y*turn.cos() - x*turn.sin())
    return (px.abs() > 1+1e-9) | (py.abs() > 1+1e-9)

def test_its_numbers_are_those_of_the_library(opened):
    p = opened()
    img = (255*p.images('picture')[0]).round().byte()
    assert img.shape == (3,LARGE,LARGE)
    real = presize_steps(draw_pet('Maine_Coon', 19), LARGE, SIZE).once['square']
    assert (img/255 - real).abs().mean() < 3/255 # it has 256 colours
    worst = 0
    for o in SETTINGS:
        p.put(*o)
        once,each = presize_steps(img, LARGE, SIZE, *o)
        got = p.images('once', *(f'each[{k}]' for k in range(4)))
        for a,b in zip(got, (once['all at once'], *each.values()), strict=True): worst = max(worst, (a-b).abs().max().item())
        assert worst < .05/255, o
        apart = (once['all at once'] - each['tilted']).abs()
        assert p.get('difference') == pytest.approx(apart.mean().item(), abs=1e-5), o
        x,y = p.lens
        assert p.get('inLens') == pytest.approx(apart[:, y:y+LENS, x:x+LENS].mean().item(), abs=1e-5), o
        angle,zoom,warp = o
        same = [(0,1,0), (angle,1,0), (angle,zoom,0), o] # what presizing makes of the changes up to each step
        kept = [detail(a)/detail(presize_steps(img, LARGE, SIZE, *k).once['all at once']) for a,k in zip(each.values(), same)]
        assert p.get('kept') == pytest.approx(kept, abs=1e-4), o
        assert p.get('reflected') == pytest.approx(outside(*o).double().mean().item(), abs=1e-9), o
        assert f'keeps {100*kept[-1]:.0f}% of the detail' in p.says
    print(f'largest difference of a pixel {255*worst:.4f}/255')

def test_what_the_page_says_of_it(opened):
    p,kept = opened(),{}
    for o in [(0,1,0), (1,1,0), (45,1,0), (90,1,0), (0,2,0), (0,1,.4), (0,1,-.4)]:
        p.put(*o)
        kept[o] = p.get('kept')[-1]
    assert kept[0,1,0] == pytest.approx(kept[90,1,0], abs=1e-6)
    assert kept[1,1,0] == pytest.approx(kept[45,1,0], abs=.02) and kept[1,1,0] < kept[0,1,0] - .1
    assert min(kept, key=kept.get) == (0,2,0) and f'{kept[0,2,0]:.0%}' == '52%'
    p.put(20,1.3,.2)
    bars = p.get('kept')
    assert bars[0]-bars[1] > bars[1]-bars[2] > bars[2]-bars[3] > 0
    p.put(20,1.25,0)
    assert 'of each picture is reflection' in p.says
    p.put(20,1.3,0)
    assert 'No empty corners' in p.says

WHISKERS = (20,34), (47,58) # where they are in the cat that nobody turned: from column to column, from row to row

def test_the_question_can_be_answered_by_playing(opened):
    "Nothing has changed at first, the lens lies on the whiskers, and what the page asks for is on the screen while one turns"
    for size in ({'width': 360, 'height': 680}, WIDE):
        p = opened(viewport=size)
        assert [p.slider(o).input_value() for o in ('Turn','Enlarge','Tilt')] == ['0','1','0']
        assert 'nothing has changed yet: the small square was averaged' in p.says
        (left,right),(top,bottom) = WHISKERS
        x,y = p.lens
        assert x <= left and right <= x+LENS and y <= top and bottom <= y+LENS
        small = p.images('each[0]')[0]
        ink = (small - small.roll(1, 1)).abs().mean(0) # fine lines on an even ground
        assert ink[top:bottom, left:right].mean() > 2*ink[top:bottom, :left-4].mean()
        assert 'Drag the lens' in p.figure.inner_text()
        high = p.figure.evaluate('f => [...f.querySelectorAll("li, .shot")].slice(0, 6).map(o => o.getBoundingClientRect().bottom - f.querySelector(".turns").getBoundingClientRect().top)')
        assert len(high) == 6 and max(high) < size['height'] - 100 # with the header: sliders, bars, and two pictures or more
        p.put(20,1,0)
        assert 'nothing has changed' not in p.says

def test_nothing_jumps(opened):
    "Whatever is said, the figure stays as high as it is"
    for size in ({'width': 360, 'height': 740}, WIDE):
        p = opened(viewport=size)
        heights = set()
        for o in SETTINGS:
            p.put(*o)
            p.settle()
            heights.add(round(p.figure.locator('.stage').bounding_box()['height']))
        assert len(heights) == 1, heights

def test_what_is_seen(opened):
    "Canvases show the numbers, the cutouts what lies under the lens, and the stripes what is reflected"
    p = opened()
    p.put(-30,1.1,0)
    once,each = p.images('once', 'each[3]')
    shown = [p.pixels(i) for i in range(6)]
    for img,want in zip(shown[::2], (once, each, (1 - 4*(once-each).abs().mean(0)).clamp(0).expand(3,-1,-1))): assert (img - 255*want).abs().max() < .51
    x,y = p.lens
    for whole,cut in zip(shown[::2], shown[1::2]): assert (whole[:, y:y+LENS, x:x+LENS] == cut).all()
    p.figure.get_by_label('Mark the reflection').check()
    marked = p.pixels(0)
    changed,out = (marked != shown[0]).any(0),outside(-30,1.1,0)
    assert (changed <= out).all() and .3 < changed.sum()/out.sum() < .5
    assert (p.images('once')[0] == once).all() # the numbers know nothing of the stripes
    p.put(0,1,0)
    assert p.get('reflected') == 0 and (p.pixels(0) - 255*p.images('once')[0]).abs().max() < .51

def test_keys_reach_everything(opened):
    p = opened(reduced_motion='reduce')
    for name,key,says in (('Turn','ArrowRight','1°'), ('Enlarge','ArrowRight','× 1.05'), ('Tilt','ArrowLeft','−0.05'), ('Turn','Home','−90°'), ('Tilt','End','0.40')):
        before = p.get('difference')
        p.slider(name).press(key)
        assert p.slider(name).get_attribute('aria-valuetext') == says
        assert p.get('difference') != before, name
    lens = p.slider('Lens')
    x,y = p.lens
    for key,dx,dy in (('ArrowRight',2,0), ('ArrowLeft',-2,0), ('ArrowDown',0,2), ('ArrowUp',0,-2), ('Shift+ArrowRight',8,0), ('Shift+ArrowUp',0,-8)):
        lens.press(key)
        x,y = x+dx,y+dy
        assert p.lens == (x,y), key
        assert lens.get_attribute('aria-valuetext') == f'{x} pixels from the left, {y} from the top'
    for _ in range(12): lens.press('Shift+ArrowLeft'), lens.press('Shift+ArrowDown')
    assert p.lens == (0,SIZE-LENS)
    p.put(30,1,0)
    shown = p.pixels(0)
    p.figure.get_by_label('Mark the reflection').press('Space')
    assert (p.pixels(0) != shown).any()
    p.slider('Turn').focus()
    order = []
    for _ in range(5):
        order.append(p.page.evaluate('(document.activeElement.getAttribute("aria-label") || document.activeElement.closest("label").textContent).slice(0, 4)'))
        p.page.keyboard.press('Tab')
    assert order == ['Turn','Enla','Tilt','Lens','Mark']

def test_the_mouse_reaches_everything(opened):
    p = opened()
    said = p.says
    for name in ('Turn','Enlarge','Tilt'):
        box = p.slider(name).bounding_box()
        p.page.mouse.click(box['x'] + .2*box['width'], box['y'] + box['height']/2)
        assert p.says != said, name
        said = p.says
    for i in range(3): # each picture has the lens
        shot = p.figure.locator('.shot').nth(i)
        shot.scroll_into_view_if_needed()
        box = shot.bounding_box()
        def at(x, y): return box['x'] + x/SIZE*box['width'],box['y'] + y/SIZE*box['height']
        p.page.mouse.click(*at(60,30))
        assert p.lens == pytest.approx((48,18), abs=1)
        p.page.mouse.move(*at(60,30))
        p.page.mouse.down()
        p.page.mouse.move(*at(40,70), steps=4)
        assert p.lens == pytest.approx((28,58), abs=1)
        p.page.mouse.move(*at(140,-50), steps=4) # beyond the edge it stops there
        assert p.lens == (SIZE-LENS,0)
        p.page.mouse.up()
        p.page.mouse.move(*at(20,20))
        assert p.lens == (SIZE-LENS,0)
    p.figure.get_by_label('Mark the reflection').click()
    assert p.figure.get_by_label('Mark the reflection').is_checked()

def test_fingers_reach_everything(opened):
    p = opened(viewport={'width': 360, 'height': 740}, has_touch=True, is_mobile=True)
    said = p.says
    p.slider('Turn').tap(position={'x': 30, 'y': 15})
    assert p.says != said
    shot,lens = p.figure.locator('.shot').first,p.slider('Lens')
    shot.scroll_into_view_if_needed()
    box = shot.bounding_box()
    assert lens.bounding_box()['width'] >= 24
    shot.tap(position={'x': .75*box['width'], 'y': .5*box['height']})
    assert p.lens == pytest.approx((60,36), abs=1)
    touch = p.page.context.new_cdp_session(p.page)
    def finger(*points):
        for kind,at in zip(('touchStart', *['touchMove']*(len(points)-1)), points):
            touch.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': [{'x': box['x'] + at[0]*box['width'], 'y': box['y'] + at[1]*box['height']}]})
        touch.send('Input.dispatchTouchEvent', {'type': 'touchEnd', 'touchPoints': []})
    top = p.page.evaluate('scrollY')
    finger((.75,.5), (.6,.6), (.4,.75)) # from the lens
    assert p.lens == pytest.approx((.4*SIZE-12, .75*SIZE-12), abs=2) and p.page.evaluate('scrollY') == top
    here = p.lens
    finger((.9,.1), (.9,.3), (.9,.6)) # beside it the finger scrolls
    assert p.lens == here
    p.figure.get_by_label('Mark the reflection').tap()
    assert p.figure.get_by_label('Mark the reflection').is_checked()

def test_it_is_told_and_follows_the_theme(opened):
    fills = set()
    for scheme in ('light','dark'):
        p = opened(color_scheme=scheme, viewport={'width': 360, 'height': 740})
        fills.add(p.figure.locator('.gauge i').first.evaluate('o => getComputedStyle(o).backgroundColor'))
        p.put(0,1,0)
        p.page.wait_for_function('() => document.querySelector("#explorable-presize [role=status]").textContent.includes("keeps 87%")')
        steps = p.figure.locator('li').all_inner_texts()
        assert [o.split('\n')[0] for o in steps] == ['small square','not turned','not enlarged','not tilted'], steps
        assert p.page.evaluate('document.documentElement.scrollWidth') <= 360
    assert len(fills) == 2
