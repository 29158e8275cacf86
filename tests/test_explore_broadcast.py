"Two shapes meet: what the picture says is what PyTorch does, by mouse, by touch and by keys"
import itertools, math, random, re
import pytest, torch
from conftest import explored

WIDE,PHONE = {'viewport': {'width': 1440, 'height': 900}}, {'viewport': {'width': 360, 'height': 740}, 'has_touch': True, 'is_mobile': True}

def opened(browser, site, **options): return explored(browser, site, 'pixels.html', 'broadcast', **options)

def by_torch(a, b):
    "The shape of the result, or what PyTorch says when they clash"
    try: return list(torch.broadcast_shapes(a, b)), None
    except RuntimeError: pass
    with pytest.raises(RuntimeError) as e: torch.zeros(()).expand(a) - torch.zeros(()).expand(b) # one number each: any size will do
    return None, str(e.value).strip()

def pairs(n=200, seed=0):
    "Half of them made to fit, by gaps and 1s; the others as they fall"
    rng = random.Random(seed)
    for i in range(n):
        if i%2: yield [[rng.choice((1,2,3,28)) for _ in range(rng.randint(0, 5))] for _ in 'ab']
        else:
            whole = [rng.choice((1,2,3,5)) for _ in range(rng.randint(0, 5))]
            yield [[rng.choice((1,o,o)) for o in whole[rng.randint(0, len(whole)):]] for _ in 'ab']

def evaluated(code, a, b, shape):
    "What the picture's line of code gives, one number after the other"
    left,right = re.fullmatch(r'(out\S*) = (a\S* - b\S*)', code).groups()
    out,line = torch.full(shape, float('nan')), compile(f'{left if "[" in left else "out[()]"} = {right}', 'line', 'exec')
    for at in itertools.product(*map(range, shape)):
        exec(line, dict(zip('ijklm', at)) | {'out': out, 'a': a, 'b': b})
    return out

def test_what_it_says_is_what_pytorch_does(browser, site):
    page,figure,wrong = opened(browser, site, **WIDE)
    presets = figure.evaluate('f => f.explorable.presets')
    assert len(presets) == 12 and [3,256,256] in [a for _,a,_ in presets]
    asked = [o[1:] for o in presets] + list(pairs())
    answers = figure.evaluate("""(f, asked) => asked.map(([a, b]) => { const o = f.explorable.meet(a, b)
        return { shape: o.shape, rank: o.rank, count: o.count, uses: o.uses, bytes: String(o.bytes), error: o.error, code: o.code, table: o.table, stretched: o.axes.map(k => k.stretched) } })""", asked)
    fit = clash = evaluations = 0
    for (a,b),said in zip(asked, answers):
        shape,error = by_torch(a, b)
        assert said['shape'] == shape, (a, b)
        if shape is None:
            clash += 1
            assert said['error'] == error
            continue
        fit += 1
        x,y = (torch.empty(o, device='meta') for o in (a,b))
        out = x-y
        assert (said['rank'], said['count'], said['bytes']) == (out.ndim, f'{out.numel():,}', str(out.nbytes))
        assert said['uses'] == [f'{out.numel()//o.numel():,}' for o in (x,y)]
        assert (said['table'] is not None) == (x.numel() == y.numel() > 1 and out.numel() == x.numel()**2)
        for i,(own,wide) in enumerate(zip((x,y), torch.broadcast_tensors(x, y))): # stretched: lacking, or read with stride 0
            lacking = out.ndim - own.ndim
            want = [k < lacking or wide.stride(k) == 0 for k in range(out.ndim)]
            assert [o[i] for o in said['stretched']][::-1] == want, (a, b)
        if out.numel() < 100:
            evaluations += 1
            x,y = torch.rand(a),torch.rand(b)
            assert torch.equal(evaluated(said['code'], x, y, shape), x-y), said['code']
    assert fit > 100 and clash > 30 and evaluations > 90
    assert wrong == []

def drawn(figure):
    "Once it is drawn"
    figure.page.evaluate('() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))')

def told(figure):
    "What can be read: the facts, the boxes of the result from axis 0 on, the code, the words"
    drawn(figure)
    facts = dict(zip(figure.locator('dt').all_inner_texts(), figure.locator('dd').all_inner_texts()))
    boxes = [o.inner_text() for o in figure.locator('.result').all() if o.is_visible()]
    return facts, boxes, figure.locator('.expression').text_content(), figure.locator('.says').inner_text()

def shown(figure, a, b):
    "The page shows PyTorch's answer for these shapes"
    facts,boxes,_,says = told(figure)
    shape,error = by_torch(a, b)
    if shape is None: assert facts['Shape'] == 'none: they clash' and '×' in boxes and error in says
    else:
        assert facts['Shape'] == str(tuple(shape)) and boxes == ([str(o) for o in shape] or [''])
        assert facts['Rank'] == str(len(shape)) and facts['Numbers'].startswith(f'{math.prod(shape):,} (')
        assert facts['Copied'] == '0 numbers' and f'shape {tuple(shape)}' in says

def shapes(figure): return [figure.get_by_label(f'Shape of {o}', exact=True).input_value() for o in 'ab']

def test_typed(browser, site):
    page,figure,wrong = opened(browser, site, **WIDE)
    a,b = (figure.get_by_label(f'Shape of {o}', exact=True) for o in 'ab')
    for text_a,text_b,pair in (('2038, 28, 28', '28', ((2038,28,28), (28,))), ('()', '()', ((), ())), ('(4,)', '()', ((4,), ())), ('torch.Size([5, 1])', ' 4 ', ((5,1), (4,))),
                               ('(5,28,28)', '5,', ((5,28,28), (5,))), ('12396, 1, 99999, 1, 28', '2038, 1, 99999, 28', ((12396,1,99999,1,28), (2038,1,99999,28)))):
        a.fill(text_a)
        b.fill(text_b)
        shown(figure, *pair)
    assert figure.locator('select').input_value() == '' # no pair of the list
    a.fill('4, 1'), b.fill('4')
    assert 'a silent bug for predictions and labels' in told(figure)[3]
    assert figure.locator('select option:checked').inner_text() == 'predictions and labels'
    for text,hint in (('3, x', '“x” is no length'), ('-3', '−3 is no length'), ('0', 'length 0'), ('2.5', '“2.5”'), ('3,,4', 'missing between two commas'), ('28 28', '“28 28”'),
                      ('1,1,1,1,1,1', '6 axes are too many'), ('100000', 'at most 99,999'), ('', 'shape ()'), (',', 'shape ()')):
        b.fill(text)
        said = page.locator(f'#{b.get_attribute("aria-describedby")}')
        assert hint in said.inner_text() and b.get_attribute('aria-invalid') == 'true', text
        shown(figure, (4,1), (4,)) # the last good picture
        assert a.get_attribute('aria-invalid') == 'false'
    b.fill('4, 1')
    assert b.get_attribute('aria-invalid') == 'false' and not said.inner_text()
    shown(figure, (4,1), (4,1))
    assert 'silent' not in told(figure)[3]
    assert wrong == []

def test_a_pair_of_the_list_asks_first(browser, site):
    page,figure,wrong = opened(browser, site, **WIDE)
    step = figure.get_by_role('button', name='Next axis')
    for i,(_,a,b) in enumerate(figure.evaluate('f => f.explorable.presets')):
        figure.get_by_label('A pair').select_option(str(i))
        facts,boxes,code,says = told(figure)
        assert set(boxes) == {'?'} and facts['Numbers'] == facts['Rank'] == '?' and 'Say it first' in says
        assert figure.locator('.stretched, .clash').count() == 0 # nothing given away
        n = max(len(a), len(b))
        seen = 0
        while step.is_visible():
            step.click()
            seen += 1
            assert seen <= n
            assert told(figure)[1][n-seen] != '?'
        shown(figure, a, b)
        assert (seen == n) or by_torch(a, b)[0] is None
        figure.get_by_role('button', name='Start again').click()
        assert set(told(figure)[1]) == {'?'}
    assert wrong == []

@pytest.mark.parametrize('how', ['click','tap','keys'])
def test_made_by_hand(browser, site, how):
    page,figure,wrong = opened(browser, site, reduced_motion='reduce', color_scheme='dark', **(PHONE if how == 'tap' else WIDE))
    def press(o):
        drawn(figure)
        if how != 'keys': return getattr(o, how)(force=o.get_attribute('aria-disabled') == 'true') # those do nothing
        o.focus()
        page.keyboard.press('Space')
    def use(name): press(figure.get_by_role('button', name=name, exact=True))
    def choose(which, axis): press(figure.get_by_role('radio', name=re.compile(f'^{which}, axis {axis}:')))
    def in_hand():
        drawn(figure)
        return figure.locator('.boxes input:checked').get_attribute('aria-label')
    def now(a, b):
        assert figure.evaluate('f => f.explorable.shapes') == [list(a), list(b)]
        assert shapes(figure) == [', '.join(map(str, o)) or '()' for o in (a,b)]
        shown(figure, a, b)
    if how == 'keys':
        select = figure.get_by_label('A pair')
        select.focus()
        page.keyboard.type('a clash')
        page.keyboard.press('Enter')
    else: figure.get_by_label('A pair').select_option(label='a clash')
    use('Next axis')
    now((5,28,28), (5,))
    assert 'None' not in told(figure)[3] # it says what is wrong; the cure is for the reader to find
    choose('b', 2)
    use('Add a 1 in front'); now((5,28,28), (1,5))
    assert in_hand() == 'b, axis 2: 5, clashes' # still the 5
    use('Add a 1 behind'); now((5,28,28), (1,5,1))
    assert in_hand() == 'b, axis 1: 5, clashes'
    choose('b', 2); use('Remove the axis')
    choose('b', 1); use('Remove the axis'); now((5,28,28), (5,))
    for shape in ((1,5), (1,1,5), (1,1,1,5)): use('Add a 1 in front'); now((5,28,28), shape)
    assert 'None' not in told(figure)[3] # nor a false lead
    for axis in (0,0,1): choose('b', axis); use('Remove the axis')
    choose('b', 2)
    use('Add a 1 behind'); now((5,28,28), (5,1))
    use('Add a 1 behind'); now((5,28,28), (5,1,1)) # they fit
    assert in_hand() == 'b, axis 0: 5'
    use('Lower the length'); now((5,28,28), (4,1,1))
    for _ in range(3): use('Lower the length')
    use('Lower the length'); now((5,28,28), (1,1,1)) # no lower
    use('Raise the length'); now((5,28,28), (2,1,1))
    for _ in range(3): use('Remove the axis')
    now((5,28,28), ())
    choose('b', 0)
    use('Remove the axis'); now((5,28,28), ()) # nothing there
    use('Add a 1 in front'); now((5,28,28), (1,))
    choose('a', 0)
    use('Raise the length'); now((10,28,28), (1,))
    for _ in range(9): use('Raise the length')
    now((2038,28,28), (1,))
    for _ in range(4): use('Add a 1 in front')
    now((1,1,2038,28,28), (1,)) # five axes at most
    assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')
    assert wrong == []

def test_the_slider_and_the_order_of_keys(browser, site):
    page,figure,wrong = opened(browser, site, reduced_motion='reduce', **WIDE)
    slider = figure.get_by_role('slider', name='Axes compared')
    figure.get_by_label('A pair').select_option(label='a clash')
    slider.focus()
    page.keyboard.press('End') # a clash stops it, as it stops PyTorch
    shown(figure, (5,28,28), (5,))
    assert (slider.input_value(), slider.get_attribute('aria-valuetext')) == ('1', '1 of 3')
    now = '''select => { select.value = [...select.options].find(o => o.label === 'each with each').value
      select.dispatchEvent(new Event('change')); return select.closest('.stage').querySelector('input[type=range]').value }'''
    assert figure.get_by_label('A pair').evaluate(now) == '0' # before the next frame: a key may be quick
    slider.focus()
    for n in range(1, 5):
        page.keyboard.press('ArrowRight')
        assert told(figure)[1].count('?') == 4-n
    shown(figure, (4,1,28,28), (2,28,28))
    page.keyboard.press('Home')
    assert told(figure)[1] == ['?']*4
    slider.click() # in its middle
    assert told(figure)[1] == ['?', '?', '28', '28']
    figure.get_by_role('radio', name=re.compile('^a, axis 3')).focus()
    page.keyboard.press('ArrowLeft') # among the boxes by arrows
    told(figure)
    assert figure.locator('.hand').inner_text() == 'Axis 2 of a:'
    figure.get_by_label('A pair').focus()
    order = []
    for _ in range(11):
        order.append(page.evaluate("(o => o.ariaLabel ?? o.labels?.[0]?.innerText ?? o.innerText)(document.activeElement)").split('\n')[0])
        page.keyboard.press('Tab')
    assert order == ['A pair', 'Shape of a', 'Shape of b', 'a, axis 2: 28', 'Lower the length', 'Raise the length', 'Add a 1 in front', 'Add a 1 behind', 'Remove the axis', 'Axes compared', 'Next axis']
    assert wrong == []

@pytest.mark.parametrize('options', [WIDE,PHONE], ids=['wide','phone'])
def test_steps_move_nothing(browser, site, options):
    "Neither the button, at its last word too, nor what stands below the figure"
    page,figure,wrong = opened(browser, site, **options)
    for i,(_,a,b) in enumerate(figure.evaluate('f => f.explorable.presets')):
        figure.get_by_label('A pair').select_option(str(i))
        boxes,n = [],max(len(a), len(b)) if by_torch(a, b)[0] else None
        while True:
            drawn(figure)
            boxes.append(figure.evaluate("f => { const s = f.querySelector('.stage').getBoundingClientRect(), b = f.querySelector('.steps button').getBoundingClientRect(); return [s.height, b.x - s.x, b.y - s.y, b.width] }"))
            step = figure.get_by_role('button', name='Next axis')
            if not step.is_visible(): break
            step.click()
        assert n is None or len(boxes) == n+1
        assert [max(abs(x-y) for x,y in zip(o, boxes[0])) < 1 for o in boxes] == [True]*len(boxes), (a, b, boxes)
    assert wrong == []
