"The quiz: its questions and where they lead, checks with right, wrong and absurd answers, the deck of cards, the ten digits"
import gzip, hashlib, http.server, json, math, shutil, sqlite3, struct, threading, time, zipfile
import nbformat, numpy as np, pytest, torch
import quiz as tool
from answers import ANSWERS, QUESTIONS, absurd
from fastbook_lesson4 import quiz
from fastbook_lesson4.quiz import check, questions, ten_digits, write_deck

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

def test_every_answer_stands_in_a_section_of_the_chapters():
    "The reader's test: fails when the anchor is gone, or its title has changed"
    known = tool.sections()
    for o in questions(): assert tool.plain(o.title) == known[o.section] and o.section.split('.')[0] in ('pixels','similarity','sgd','linear','learner','relu','softmax','pets'), o.id

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

# --- the checks

def test_every_check_is_tried(): assert set(quiz._checks) == set(ANSWERS)

@pytest.mark.parametrize('q', [o for o in questions() if o.id not in QUESTIONS], ids=lambda o: o.id)
def test_letters(q):
    for letter in 'abcdefgh':
        verdict = check(q.id, letter)
        assert bool(verdict) == (letter == q.right) and (verdict.ok is None) == (not q.choices)
        if verdict.ok is False and letter in q.choices: assert all(o not in verdict.hint for o in (f' {q.right} ', q.answer[:20]))
    for o in absurd(): assert not check(q.id, o) and len(str(check(q.id, o))) < 500

def test_hints_do_not_give_the_answer_away():
    "Only what the reader has said may come back"
    for id,secrets in {'digits-07':('1.75','2.5'), 'digits-09':('10,','18'), 'digits-29':('17','39')}.items():
        for o in [*QUESTIONS[id][1], *absurd()]:
            hint = check(id, o).hint
            assert not [s for s in secrets if s in hint and s not in repr(o)], (id, hint)

@pytest.mark.parametrize('id', ['digits-99', 'digit-04', 'similarity', '', None, 3, ('digits-04',)])
def test_an_unknown_id_names_near_ones(id):
    with pytest.raises(KeyError, match='near it are'): check(id, 1)

def test_an_answer_that_never_ends_does(monkeypatch):
    limit = quiz._limit
    monkeypatch.setattr(quiz, '_limit', lambda seconds: limit(.3))
    def forever(*args):
        while True:
            try: time.sleep(.01)
            except Exception: pass
    start = time.perf_counter()
    verdict = check('digits-21', forever)
    assert verdict.ok is False and 'did not come to an end' in verdict.hint and time.perf_counter()-start < 5

def test_the_stop_button_works_during_a_check():
    def pressed(*args): raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt): check('digits-21', pressed)

def test_a_check_works_in_a_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(check('digits-21', torch.sigmoid)))
    thread.start(); thread.join()
    assert seen[0]

def test_answers_that_spoil_what_they_get():
    def spoils(w, grad, lr):
        new = w - lr*grad
        w.zero_(); grad.fill_(math.nan)
        return new
    assert check('digits-23', spoils)

def test_the_module_loads_quickly(python):
    p = python('import sys, fastbook_lesson4.quiz; print([m for m in ("fastai","matplotlib","pandas","genanki","markdown_it") if m in sys.modules])')
    assert p.stdout.strip() == '[]', p.stdout + p.stderr

# --- the deck of cards

def opened(path, folder):
    "Notes by guid, number of cards, media"
    with zipfile.ZipFile(path) as z:
        assert z.testzip() is None
        z.extractall(folder)
    media = json.loads((folder/'media').read_text())
    assert all((folder/o).read_bytes().startswith(b'\x89PNG') for o in media)
    db = sqlite3.connect(folder/'collection.anki2')
    assert db.execute('pragma integrity_check').fetchone() == ('ok',)
    notes,(cards,) = dict(db.execute('select guid, flds from notes')),db.execute('select count(*) from cards').fetchone()
    (decks,models) = db.execute('select decks, models from col').fetchone()
    db.close()
    return notes,cards,set(media.values()),set(json.loads(decks)),set(json.loads(models))

def test_deck(tmp_path):
    notes,cards,media,*_ = opened(write_deck(tmp_path/'a.apkg'), tmp_path/'a')
    assert len(notes) == cards == 60 and media == {f'lesson4-{o}.png' for o in quiz._pictures} and len(media) >= 5
    shown = set()
    for fields in notes.values():
        id,topic,front,back = fields.split('\x1f')
        assert front.startswith('<p>') and 'class="more"' in back and '**' not in quiz.re.sub(r'<(pre|code).*?</\1>', '', front+back, flags=quiz.re.S), id
        shown |= set(quiz.re.findall(r'<img src="([^"]+)" alt="[^"]{20,}"', back))
        assert back.count('\\(') == back.count('\\)')
    assert shown == media
    assert any('\\frac{dL}{dw}' in o for o in notes.values()) and any('<pre><code class="language-python">' in o for o in notes.values())

def test_a_new_deck_updates_the_old_one(tmp_path):
    one,two = (opened(write_deck(tmp_path/f'{o}.apkg'), tmp_path/o) for o in 'ab')
    assert one[0] == two[0] and one[3] == two[3] and one[4] == two[4]
    loss,*_ = opened(write_deck(tmp_path/'c.apkg', topic='loss'), tmp_path/'c')
    assert set(loss) < set(one[0]) and len(loss) == len(questions('loss'))

def test_deck_in_a_fresh_process(tmp_path, python):
    p = python('import sys; from fastbook_lesson4.quiz import write_deck; print(write_deck(sys.argv[1]), "matplotlib.pyplot" in sys.modules)', tmp_path/'a.apkg', MPLBACKEND='')
    assert p.returncode == 0 and zipfile.is_zipfile(tmp_path/'a.apkg'), p.stderr

def test_deck_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path/'a.apkg'
    path.write_bytes(b'old')
    monkeypatch.setattr(quiz.os, 'replace', lambda *a: (_ for _ in ()).throw(OSError(28, 'No space left on device')))
    with pytest.raises(OSError, match='No space left'): write_deck(path)
    assert path.read_bytes() == b'old' and list(tmp_path.iterdir()) == [path]

def test_deck_bad_places(tmp_path):
    (tmp_path/'d.apkg').mkdir()
    for bad,error in ((tmp_path/'x.txt', ValueError), (tmp_path/'no'/'x.apkg', FileNotFoundError), (tmp_path/'d.apkg', IsADirectoryError), ('', ValueError)):
        with pytest.raises(error): write_deck(bad)
    assert [o.name for o in tmp_path.iterdir()] == ['d.apkg']

def test_deck_without_genanki(tmp_path, monkeypatch):
    monkeypatch.setitem(quiz.sys.modules, 'genanki', None)
    with pytest.raises(RuntimeError, match='pip install genanki'): write_deck(tmp_path/'a.apkg')
    assert not list(tmp_path.iterdir())

# --- ten digits

@pytest.fixture
def idx(tmp_path, monkeypatch):
    "A folder with four small IDX files, which the library takes for the right ones"
    rng,sums,folder = np.random.default_rng(0),{},tmp_path/'idx'
    folder.mkdir()
    for split,n in (('train',40), ('t10k',20)):
        for name,a in ((f'{split}-images-idx3-ubyte', rng.integers(0, 256, (n,28,28))), (f'{split}-labels-idx1-ubyte', np.arange(n) % 10)):
            raw = bytes([0,0,8,a.ndim]) + struct.pack(f'>{a.ndim}i', *a.shape) + a.astype(np.uint8).tobytes()
            (folder/f'{name}.gz').write_bytes(gzip.compress(raw))
            sums[name] = hashlib.sha256(raw).hexdigest()
    monkeypatch.setattr(quiz, 'MNIST_SHA256', sums)
    return folder

@pytest.fixture
def server(idx, monkeypatch):
    "The folder behind a web server, which counts what it is asked"
    asked = []
    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args): super().__init__(*args, directory=str(idx))
        def do_GET(self): asked.append(self.path); super().do_GET()
        def log_message(self, *args): pass
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler) as s:
        threading.Thread(target=s.serve_forever, daemon=True).start()
        monkeypatch.setattr(quiz, '_mirrors', ['http://127.0.0.1:9', f'http://127.0.0.1:{s.server_port}']) # nobody listens at the first
        yield asked
        s.shutdown()

def test_from_a_folder(idx):
    d = ten_digits(idx)
    assert d.train_x.shape == (40,28,28) and d.valid_x.shape == (20,28,28) and d.classes == list('0123456789') and str(idx) in repr(d)
    assert d.train_x.dtype == torch.float32 and d.train_x.max() <= 1 and d.train_y.tolist() == [i % 10 for i in range(40)]

def test_fetched_once_and_kept(server, tmp_path):
    for source in (True, None): assert ten_digits(source, tmp_path/'cache').train_y.tolist() == [i % 10 for i in range(40)]
    assert len(server) == 5 and sorted(o.name for o in (tmp_path/'cache').iterdir()) == ['mnist', 'mnist.lock'] # one to see who answers, four files

def test_a_wrong_file_from_the_network_is_refused(server, idx, tmp_path, capsys):
    (idx/'t10k-labels-idx1-ubyte.gz').write_bytes(gzip.compress(b'something else'))
    with pytest.raises(ValueError, match='wrong checksum'): ten_digits(True, tmp_path/'cache')
    assert not (tmp_path/'cache'/'mnist').exists()
    assert ten_digits(None, tmp_path/'cache').classes == ['7','3'] and 'two digits instead of ten, because' in capsys.readouterr().err

def damage(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 255
    path.write_bytes(data)

def test_a_damaged_cache_is_fetched_again(server, tmp_path):
    for _ in range(2):
        assert len(ten_digits(True, tmp_path).train_y) == 40
        damage(tmp_path/'mnist'/'train-images-idx3-ubyte.gz', 5000)
    assert len(server) == 10

def test_a_damaged_file_is_named(idx):
    name,sha256 = next(iter(quiz.MNIST_SHA256.items()))
    for at in range(12, 140):
        damage(idx/f'{name}.gz', at)
        with pytest.raises(ValueError, match=name): quiz.read_idx(idx, name, sha256)
        damage(idx/f'{name}.gz', at)
    assert len(quiz.read_idx(idx, name, sha256)) == 40

def test_what_a_killed_run_left_is_no_obstacle(server, tmp_path):
    part = tmp_path/'cache'/'mnist.part'
    part.mkdir(parents=True)
    (part/'train-images-idx3-ubyte.gz').write_bytes(b'half')
    assert len(ten_digits(True, tmp_path/'cache').classes) == 10 and not part.exists()

def test_no_network_costs_five_seconds_at_most(tmp_path, monkeypatch, capsys):
    import fastbook_lesson4.pets as pets
    monkeypatch.setattr(pets, 'urlopen', lambda *a, **k: time.sleep(30))
    start = time.perf_counter()
    assert ten_digits(None, tmp_path).classes == ['7','3']
    assert time.perf_counter()-start < 6.5 and capsys.readouterr().err.count('\n') == 1
    with pytest.raises(OSError, match='no answer'): ten_digits(True, tmp_path)

def test_a_wrong_folder_is_an_error_and_no_fallback(idx, tmp_path):
    with pytest.raises(FileNotFoundError, match='no folder'): ten_digits(tmp_path/'none')
    shutil.copytree(idx, tmp_path/'b')
    (tmp_path/'b'/'t10k-labels-idx1-ubyte.gz').unlink()
    with pytest.raises(FileNotFoundError, match='t10k-labels'): ten_digits(tmp_path/'b')

def test_the_two_digits_ask_nobody(monkeypatch):
    monkeypatch.setattr(quiz, '_fetch', lambda *a: pytest.fail('asked the network'))
    d = ten_digits(False)
    assert d.classes == ['7','3'] and d.train_y.shape == (12396,) and d.classes[d.train_y[0]] == '3'
