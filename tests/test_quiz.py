"The quiz: its questions and where they lead, and the deck of cards"
import json, re, sqlite3, zipfile
import nbformat, pytest
import cards, quiz as tool
from fastbook_lesson4.quiz import questions

# --- the questions

def test_the_file_is_what_the_notebook_gives(): tool.main(['--check'])

def test_a_stale_file_fails_and_is_left_alone(tmp_path, monkeypatch):
    old = tmp_path/'questions.json'
    monkeypatch.setattr(tool, 'OUT', old)
    for text in (None, '[]', tool.as_text(tool.collect()).replace('Sixty', 'x').rstrip()):
        if text is not None: old.write_text(text)
        with pytest.raises(SystemExit, match='make notebooks'): tool.main(['--check'])
        assert (old.read_text() if old.exists() else None) == text
    tool.main([])
    tool.main(['--check'])

def test_numbers_topics_sections_answers():
    every = questions()
    assert [o.id for o in every] == [f'digits-{i:02}' for i in range(1, 38)] + [f'breeds-{i:02}' for i in range(1, 24)]
    for o in every:
        assert o.topic in tool.TOPICS and len(o.text) > 10 and len(o.answer) > 60 and o.title, o.id
        assert (o.right in o.choices and len(o.choices) >= 3) if o.choices else o.right is None, o.id
        assert o.answer[:1] != '*' or o.answer[:2] != '**', o.id # the letter was taken off
        assert o.link.endswith(o.section) and o.link.startswith('https://')
    assert {o.right for o in every if o.right} == set('abcd')

def test_a_section_that_is_gone_is_noticed(monkeypatch):
    known = tool.sections()
    gone = questions()[20].section
    monkeypatch.setattr(tool, 'sections', lambda: {k: v for k,v in known.items() if k != gone})
    with pytest.raises(ValueError, match=f'no section {gone}'): tool.collect()
    monkeypatch.setattr(tool, 'sections', lambda: known | {gone: 'Another title'})
    with pytest.raises(ValueError, match='Another title'): tool.collect()

def test_a_missing_question_is_noticed(tmp_path):
    nb = nbformat.read(tool.NBS/'12_quiz.ipynb', as_version=4)
    nb.cells = [c for c in nb.cells if 'question digits-20' not in c.source]
    nbformat.write(nb, tmp_path/'a.ipynb')
    with pytest.raises(ValueError, match='digits-20'): tool.collect(tmp_path/'a.ipynb')

GOOD = '''<!-- question digits-07 loss -->
### 7. What is it?
- **a.** This.
- **b.** That.
- **c.** Both.

<details><summary>Answer</summary>

**b.** That, since $x$.

Two paragraphs.

Read more: [Slices](00_pixels.ipynb#slices)

</details>'''

def test_a_question_is_read():
    q = tool.question(GOOD)
    assert q == dict(id='digits-07', topic='loss', text='What is it?', choices={'a':'This.', 'b':'That.', 'c':'Both.'}, right='b',
                     answer='That, since $x$.\n\nTwo paragraphs.', section='pixels.html#slices', title='Slices')

@pytest.mark.parametrize('old,new,says', [('### 7.', '### 8.', 'not the number'), (' loss ', ' lose ', 'no topic'), ('**b.** That, since', 'That, since', 'does not begin'), ('- **b.** That.\n', '', 'choices are'),
    ('Read more: [Slices](00_pixels.ipynb#slices)', '', 'not the form'), ('#slices', '', 'not the form'), ('</details>', '', 'not the form'), ('digits-07', 'cats-07', 'not the number'), ('Two par', 'Read more: here\n\nTwo par', 'more than one')])
def test_a_malformed_question_is_refused(old, new, says):
    with pytest.raises(ValueError, match=says): tool.question(GOOD.replace(old, new))

def test_the_module_loads_quickly(python):
    p = python('import sys, fastbook_lesson4.quiz; print([m for m in ("torch","fastai","matplotlib","pandas","genanki") if m in sys.modules])')
    assert p.stdout.strip() == '[]', p.stdout + p.stderr

# --- the deck of cards

def opened(path, folder):
    "Notes by guid, number of cards, media"
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        z.extractall(folder)
    media = json.loads((folder/'media').read_text())
    assert all('<svg' in (folder/o).read_text(encoding='utf-8')[:1000] for o in media)
    db = sqlite3.connect(folder/'collection.anki2')
    assert db.execute('pragma integrity_check').fetchone() == ('ok',)
    notes,(n,) = dict(db.execute('select guid, flds from notes')),db.execute('select count(*) from cards').fetchone()
    db.close()
    return notes,n,set(media.values())

def test_deck(tmp_path):
    path = cards.write_deck(tmp_path/'a.apkg')
    assert path == tmp_path/'a.apkg'
    notes,n,media = opened(path, tmp_path/'a')
    assert len(notes) == n == 60 and len(media) == sum(map(len, cards.pictures().values())) >= 12
    shown = set()
    for fields in notes.values():
        id,topic,front,back = fields.split('\x1f')
        text = re.sub(r'<(pre|code).*?</\1>', '', front+back, flags=re.S)
        assert front.startswith('<p>') and 'class="more"' in back and '**' not in text and '$' not in text, id
        assert back.count('\\(') == back.count('\\)')
        images = re.findall(r'<img src="([^"]+)" alt="[^"]{20,}"', back)
        assert len(images) == back.count('<img') and all(f'-{id}-' in o for o in images), id
        shown |= set(images)
    assert shown == media
    assert any('\\frac{dL}{dw}' in o for o in notes.values()) and any('<pre><code class="language-python">' in o for o in notes.values())

def test_the_same_notebook_gives_the_same_deck(tmp_path):
    one,two = (cards.write_deck(tmp_path/f'{o}.apkg').read_bytes() for o in 'ab')
    assert one == two

def test_a_card_keeps_its_number(tmp_path):
    "Anki knows a card by it: a change would lose what it knows about the reader"
    notes,*_ = opened(cards.write_deck(tmp_path/'a.apkg'), tmp_path/'a')
    for guid,id in {'bGU:h/EcX4': 'digits-01', 'dvz)J^7@1K': 'breeds-23'}.items(): assert notes[guid].startswith(f'{id}\x1f')

@pytest.mark.parametrize('text,want', [
    ('$a_b*c*d_e$ costs `$x$`', r'<p>\(a_b*c*d_e\) costs <code>$x$</code></p>'), ('a $$\n\\frac{1}{2}\n$$ b', '<p>a \\[\n\\frac{1}{2}\n\\] b</p>'),
    ('$a<b$ and 5$ and 6$', r'<p>\(a&lt;b\) and 5$ and 6$</p>'), ('```python\nif a < 1: b_c = $d$\n```', '<pre><code class="language-python">if a &lt; 1: b_c = $d$\n</code></pre>')])
def test_markdown_and_mathematics_as_html(text, want): assert cards.to_html(text) == want

def test_deck_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path/'a.apkg'
    path.write_bytes(b'old')
    def fails(*args): raise OSError(28, 'No space left on device')
    monkeypatch.setattr(cards, 'sides', fails)
    with pytest.raises(SystemExit, match='No space left'): cards.main([str(path)])
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]

def test_deck_bad_places(tmp_path):
    (tmp_path/'d.apkg').mkdir()
    for bad,says in (('x.txt','ends in .apkg'), ('no/x.apkg','No such file'), ('d.apkg','directory')):
        with pytest.raises(SystemExit, match=f'cards: .*{says}'): cards.main([str(tmp_path/bad)])
    assert [o.name for o in tmp_path.iterdir()] == ['d.apkg'] and not list((tmp_path/'d.apkg').iterdir())
