"The site as its readers use it: in a real browser, under a sub-path and from a folder, wide and narrow, light and dark"
import re
from collections import Counter
import pytest
from axe_playwright_python.sync_playwright import Axe
import pages
from conftest import visit

@pytest.fixture(scope='module')
def names(site):
    "The addresses of the pages"
    return sorted({p.relative_to(site[0]).as_posix() for p in site[0].rglob('*.html')} - {'404.html', 'errata.html'})

SHOW_ALL = "async () => { for (const i of document.images) { i.loading = 'eager'; await i.decode().catch(() => {}) } }"

def test_pages_are_light_and_load_without_complaint_at_every_width(browser, site, names):
    for width in (360, 768, 1440):
        for name in names:
            page,wrong,done = visit(browser, site[1] + name, viewport={'width': width, 'height': 900})
            page.evaluate(SHOW_ALL)
            total = sum(o.sizes()['responseBodySize'] for o in done) if width == 1440 else 1
            assert 0 < total < 1_000_000, f'{name} transfers {total} bytes'
            assert page.evaluate('document.documentElement.scrollWidth') <= width, f'{name} scrolls sideways at {width}'
            assert page.evaluate('[...document.images].filter(i => !i.naturalWidth).map(i => i.src)') == [], name
            assert wrong == [], f'{name} at {width}'
            page.context.close()

def test_from_a_folder(browser, site, names):
    for name in names:
        page,wrong,_ = visit(browser, (site[0]/name).as_uri())
        page.evaluate(SHOW_ALL)
        assert wrong == [], name
        page.context.close()
    page,wrong,_ = visit(browser, (site[0]/'index.html').as_uri())
    page.keyboard.press('/')
    page.fill('#q', 'mnist_loss')
    page.wait_for_selector('#found li')
    assert wrong == []

def test_an_old_address_leads_on(browser, site):
    page,*_ = visit(browser, site[1] + 'errata.html')
    page.wait_for_url(site[1] + 'backstage/errata.html')
    assert page.locator('h1').inner_text() == 'Errata'

LINES = """() => {
  for (const d of document.querySelectorAll('details')) d.open = true
  const rows = l => Math.round(l.getBoundingClientRect().height / parseFloat(getComputedStyle(l).lineHeight))
  return [...document.querySelectorAll('.code pre')].map(p => ({
    cut: p.scrollWidth > p.clientWidth, text: p.innerText.slice(0, 80),
    lines: [...p.querySelectorAll('.l')].map(l => [l.textContent.trimEnd().length, rows(l)]) }))
}"""

def test_no_code_is_cut_off(browser, site, names):
    "Wide enough for 88 characters on a laptop; a longer line, and every line on a phone, goes on below"
    cells = 0
    for width in (1440, 1280, 360):
        page,*_ = visit(browser, site[1], viewport={'width': width, 'height': 900})
        for name in names:
            page.goto(site[1] + name)
            for cell in page.evaluate(LINES):
                cells += 1
                assert not cell['cut'], f'{name} at {width}: {cell["text"]}'
                assert cell['lines'], f'{name}: {cell["text"]}'
                if width >= 1280 and name != 'index.html': assert not [n for n,rows in cell['lines'] if n <= 88 and rows > 1], f'{name} at {width}: {cell["text"]}'
        page.context.close()
    assert cells > 1500

HIDDEN = """() => {
  for (const d of document.querySelectorAll('details')) d.open = true
  return new Promise(ok => requestAnimationFrame(() => requestAnimationFrame(() => ok([...document.querySelectorAll('main *')].filter(e => /auto|scroll/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1)
    .map(e => ({ text: e.textContent.trim().slice(0, 60), focus: e.tabIndex === 0 && !!e.getAttribute('role') && !!e.getAttribute('aria-label'), sign: e.classList.contains('more') && getComputedStyle(e).maskImage.includes('gradient') }))))))
}"""

def test_what_scrolls_says_so(browser, site, names):
    "Figures, tables, formulas and outputs that are too wide fade out on the right, can be reached by keyboard and have a name"
    seen = 0
    for name in names:
        page,*_ = visit(browser, site[1] + name, viewport={'width': 360, 'height': 900})
        page.evaluate(SHOW_ALL)
        for box in page.evaluate(HIDDEN):
            seen += 1
            assert box['focus'] and box['sign'], f'{name}: {box}'
        page.context.close()
    assert seen > 100
    page,*_ = visit(browser, site[1] + 'softmax.html', viewport={'width': 360, 'height': 900})
    box = page.locator('.more').first.element_handle()
    box.evaluate('e => e.scrollLeft = e.scrollWidth')
    page.wait_for_function('e => !e.classList.contains("more")', arg=box)

def test_selected_code_is_the_code(browser, site):
    "As it was written, whatever the width: for whoever selects it by hand, and for the button"
    page,*_ = visit(browser, site[1] + 'learner.html', viewport={'width': 360, 'height': 900})
    wrong = page.evaluate("""() => [...document.querySelectorAll('.code code')].filter(c => {
        if (!c.checkVisibility()) return false
        getSelection().selectAllChildren(c)
        return getSelection().toString().trimEnd() !== c.textContent.trimEnd() }).length""")
    assert wrong == 0

def test_an_address_without_a_page(browser, site):
    page,*_ = visit(browser, site[1] + 'nope.html')
    assert page.locator('h1').inner_text() == 'No such page'
    page.click('main a')
    page.wait_for_url(site[1] + 'index.html')

@pytest.mark.parametrize('scheme', ['light','dark'])
def test_accessible(browser, site, names, scheme):
    axe = Axe()
    narrow = ('index.html','softmax.html','quiz.html','backstage/data.html') if scheme == 'light' else ()
    rules = {} if scheme == 'light' else {'runOnly': {'type': 'rule', 'values': ['color-contrast']}} # what the scheme can change
    for name,width in [*((n, 1440) for n in names), *((n, 360) for n in narrow)]:
        page,*_ = visit(browser, site[1] + name, color_scheme=scheme, viewport={'width': width, 'height': 900}, reduced_motion='reduce')
        found = axe.run(page, options={'resultTypes': ['violations'], **rules}).response['violations']
        assert found == [], f'{name} at {width}: ' + '; '.join(f'{v["id"]}: {v["nodes"][0]["html"][:120]}' for v in found)
        if name == 'index.html': # the search is a dialog of its own
            page.keyboard.press('/')
            page.fill('#q', 'loss')
            page.wait_for_selector('#found li')
            assert axe.run(page, options={'resultTypes': ['violations'], **rules}).response['violations'] == []
        page.context.close()

def test_search_finds_a_name_and_goes_there(browser, site):
    page,wrong,_ = visit(browser, site[1] + 'similarity.html')
    page.keyboard.press('/')
    page.keyboard.type('mnist_loss')
    page.wait_for_selector('#found li')
    assert page.locator('#found .title').first.inner_text() == 'mnist_loss'
    page.keyboard.press('Enter')
    page.wait_for_url('**/reference.html#linear-mnist_loss')
    page.wait_for_function('(y => y >= 0 && y < innerHeight)(document.getElementById("linear-mnist_loss").getBoundingClientRect().y)')
    assert wrong == []

@pytest.mark.parametrize('query,want', [('broadcasting', 'Broadcasting'), ('presizing', None), ('roller coaster', 'The speed of a roller coaster'), ('zzzqqq', None)])
def test_search_finds_headings_and_text(browser, site, query, want):
    page,*_ = visit(browser, site[1] + 'index.html')
    page.click('#open-search')
    page.fill('#q', query)
    page.wait_for_function('document.querySelector("#said").textContent')
    titles = page.locator('#found .title').all_inner_texts()
    if want: assert want in titles[:3]
    assert bool(titles) == (query != 'zzzqqq')
    page.keyboard.press('Escape')
    assert not page.locator('#search').is_visible()

def found(page, query):
    "What the search shows: title, page, excerpt and address of each result"
    page.fill('#q', '')
    page.wait_for_function('!document.querySelector("#found li")')
    page.fill('#q', query)
    page.wait_for_selector('#found li')
    return [dict(zip(('title','page','text','url'), o)) for o in page.evaluate("[...document.querySelectorAll('#found a')].map(a => [...['title','page','text'].map(c => a.querySelector('.' + c).textContent), a.href])")]

def test_search_results_are_in_order_and_different(browser, site):
    page,*_ = visit(browser, site[1] + 'backstage/data.html')
    page.keyboard.press('/')
    for query in ('learning rate', 'epoch', 'gradient', 'tensor', 'digits', 'cache', 'folder', 'validation set', 'sigmoid', 'accuracy'):
        res = found(page, query)
        assert len({o['url'] for o in res}) == len(res), query
        assert len({(o['title'], o['text']) for o in res}) == len(res), query
        texts = Counter(o['text'].strip('… ') for o in res if o['text'])
        assert texts.most_common(1)[0][1] == 1, f'{query}: {texts.most_common(1)}'
        late = ['/backstage/' in o['url'] for o in res if o['title'].lower() != query]
        assert late == sorted(late), f'{query}: a page behind the chapters stands before one of them'
        for o in res:
            if o['text'].startswith('… '): assert re.match(r'\S', o['text'][2:])
    assert 'backstage' not in found(page, 'learning rate')[0]['url']
    assert found(page, 'build_folder')[0]['url'] == site[1] + 'reference.html#data-build_folder'
    page.keyboard.press('Enter')
    page.wait_for_url('**/reference.html#data-build_folder')

def test_excerpts_begin_and_end_at_a_word(browser, site):
    page,*_ = visit(browser, site[1] + 'index.html')
    page.keyboard.press('/')
    found(page, 'validation')
    words = page.evaluate("window.searchEntries.map(e => ` ${e.text} `)")
    for query in ('validation', 'a mean of', 'shuffled', 'every image'):
        for o in found(page, query):
            piece = o['text'].removeprefix('… ').removesuffix(' …')
            if piece: assert any(f' {piece} ' in w for w in words), o['text']

@pytest.mark.parametrize('scheme,other', [('light','dark'), ('dark','light')])
def test_theme_follows_the_system_and_the_switch(browser, site, scheme, other):
    page,*_ = visit(browser, site[1] + 'sgd.html', color_scheme=scheme)
    def shown(): return 'dark' if sum(map(int, re.findall(r'\d+', page.evaluate('getComputedStyle(document.body).backgroundColor'))[:3])) < 384 else 'light'
    def drawn(): return page.evaluate('(async () => { const i = document.querySelector("source[data-dark] + img"); i.loading = "eager"; await i.decode(); return i.currentSrc === new URL(i.previousElementSibling.srcset, location).href })()')
    assert (shown(), drawn()) == (scheme, scheme == 'dark')
    page.click('#theme')
    assert (shown(), drawn()) == (other, other == 'dark')
    page.reload()
    assert (shown(), drawn()) == (other, other == 'dark')
    page.goto(site[1] + 'relu.html')
    assert shown() == other

def test_previous_and_next_walk_all_chapters(browser, site):
    want = ['index.html'] + [ch.page for ch in pages.chapters() if ch.name != 'lesson']
    page,*_ = visit(browser, site[1] + 'index.html')
    def walk(rel):
        seen = [page.url.removeprefix(site[1])]
        while page.locator(f'a[rel={rel}]').count():
            with page.expect_navigation(): page.click(f'a[rel={rel}]')
            seen.append(page.url.removeprefix(site[1]))
        return seen
    assert walk('next') == want
    assert walk('prev') == want[::-1]

def test_copy_copies(browser, site):
    page,*_ = visit(browser, site[1] + 'similarity.html')
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    box = page.locator('div.code').first
    box.hover()
    box.locator('button.copy').click()
    box.get_by_text('Copied').wait_for()
    assert page.evaluate('navigator.clipboard.readText()') == box.locator('code').text_content().rstrip('\n')

def test_keyboard_alone(browser, site):
    page,*_ = visit(browser, site[1] + 'pixels.html', viewport={'width': 390, 'height': 800})
    page.keyboard.press('Tab')
    assert page.evaluate('document.activeElement.className') == 'skip'
    page.keyboard.press('Enter')
    assert page.evaluate('document.activeElement.id') == 'content'
    page.focus('#menu')
    page.keyboard.press('Enter')
    assert page.locator('#chapters').is_visible()
    page.keyboard.press('Escape')
    assert not page.locator('#chapters').is_visible()
    assert page.evaluate('document.activeElement.id') == 'menu'
    outline = page.evaluate('getComputedStyle(document.activeElement).outlineWidth')
    assert float(outline.removesuffix('px')) >= 2

def test_contents_follow_the_reader(browser, site):
    page,*_ = visit(browser, site[1] + 'sgd.html', viewport={'width': 1440, 'height': 900}, reduced_motion='reduce')
    last = page.locator('#toc a').last
    page.evaluate('id => document.getElementById(id).scrollIntoView()', last.get_attribute('href')[1:])
    page.wait_for_function('o => o.getAttribute("aria-current") === "location"', arg=last.element_handle())

def test_readable_without_scripts(browser, site):
    page,wrong,_ = visit(browser, site[1] + 'linear.html', java_script_enabled=False, viewport={'width': 360, 'height': 800})
    assert page.locator('#chapters').is_visible() and page.locator('h1').is_visible()
    assert not page.locator('#theme').is_visible()
    assert wrong == []

def test_print_shows_what_is_folded(browser, site):
    page,*_ = visit(browser, site[1] + 'similarity.html')
    fold = page.locator('main details').first
    assert fold.get_attribute('open') is None
    page.evaluate('dispatchEvent(new Event("beforeprint"))')
    assert fold.get_attribute('open') is not None
    page.evaluate('dispatchEvent(new Event("afterprint"))')
    assert fold.get_attribute('open') is None

def test_paper_is_white_in_the_dark_too(browser, site):
    page,*_ = visit(browser, site[1] + 'similarity.html', color_scheme='dark')
    ink = 'getComputedStyle(document.body).getPropertyValue("--ink")'
    dark = page.evaluate(ink)
    page.evaluate('dispatchEvent(new Event("beforeprint"))')
    assert page.evaluate(ink) != dark
    page.evaluate('dispatchEvent(new Event("afterprint"))')
    assert page.evaluate(ink) == dark and page.evaluate('document.documentElement.dataset.theme') is None

def test_quiz_answers_at_once_and_remembers(browser, site):
    page,wrong,_ = visit(browser, site[1] + 'quiz.html')
    q = page.locator('section.question[data-right]').first
    right = 'abcde'.index(q.get_attribute('data-right'))
    choices,fold = q.locator('.choices button'),q.locator('details')
    choices.nth((right+1) % choices.count()).click()
    assert 'Not this one' in q.locator('.verdict').inner_text() and fold.get_attribute('open') is None
    choices.nth(right).click()
    assert q.locator('.verdict').inner_text() == 'Right.' and fold.get_attribute('open') is not None
    assert page.locator('.score').inner_text().startswith('1 of ')
    page.reload()
    assert choices.nth(right).get_attribute('data-is') == 'right' and page.locator('.score').inner_text().startswith('1 of ')
    page.click('.again')
    assert page.locator('.score').inner_text().startswith('0 of ') and choices.nth(right).get_attribute('data-is') is None
    assert wrong == []

def test_every_question_folds_its_answer_and_print_shows_it(browser, site):
    page,*_ = visit(browser, site[1] + 'quiz.html')
    questions = page.locator('section.question')
    assert questions.count() == 60
    assert page.locator('section.question > details.answer:not([open])').count() == 60
    page.evaluate('dispatchEvent(new Event("beforeprint"))')
    assert page.locator('section.question > details.answer[open]').count() == 60

def test_a_guess_is_kept_in_the_browser_and_shown_beside_the_result(browser, site):
    page,wrong,_ = visit(browser, site[1] + 'pixels.html')
    field,result = page.get_by_label('Your guess').first,page.locator('p[data-result]').first
    before = result.inner_text()
    assert before.startswith('Result: ') and 'guess' not in before
    page.keyboard.press('Tab')
    field.focus()
    page.keyboard.type('a <b>row</b>')
    assert result.inner_text() == before + '. Your guess: a <b>row</b>' and result.locator('b').count() == 0
    page.reload()
    assert field.input_value() == 'a <b>row</b>' and result.inner_text().endswith('row</b>')
    field.fill('')
    assert result.inner_text() == before and wrong == []

def test_a_chapters_own_questions_answer_too_and_count_for_the_quiz(browser, site):
    page,wrong,_ = visit(browser, site[1] + 'pixels.html')
    q = page.locator('details.question[data-right]').first
    right,id = 'abcde'.index(q.get_attribute('data-right')),q.get_attribute('id')
    assert q.get_attribute('open') is None
    q.locator('summary').first.click()
    q.locator('.choices button').nth(right).click()
    assert q.locator('.verdict').inner_text() == 'Right.' and q.locator('details.answer[open]').count() == 1
    page.goto(site[1] + 'quiz.html')
    assert page.locator('.score').inner_text().startswith('1 of ')
    assert page.locator(f'#{id} .choices button').nth(right).get_attribute('data-is') == 'right' and wrong == []
