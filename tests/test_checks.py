"The checks of exercises and questions: right answers pass, wrong ones get a hint, absurd ones too, and nothing crashes"
import inspect, math, re, threading
import nbformat, pytest, torch
from conftest import ROOT
from fastbook_lesson4 import exercises
from fastbook_lesson4.exercises import check
from fastbook_lesson4.quiz import questions
from answers import ANSWERS, EXERCISES, QUESTIONS, RAISES, absurd

def test_every_check_is_tried(): assert set(re.findall(r"^@checks\('(.+?)'\)", inspect.getsource(exercises), re.M)) == set(ANSWERS)

@pytest.mark.parametrize('id', ANSWERS)
def test_right_answers(id):
    for i,o in enumerate(ANSWERS[id][0]):
        verdict = check(id, o)
        assert verdict, f'{id}, right answer {i}: {verdict}'

@pytest.mark.parametrize('id', ANSWERS)
def test_wrong_answers(id):
    for i,o in enumerate(ANSWERS[id][1]):
        verdict = check(id, o)
        assert ('checking it ended in' in verdict.hint) == ((id,i) in RAISES), verdict
        assert verdict.ok is False and len(verdict.hint) > 10, f'{id}, wrong answer {i}: {verdict}'

@pytest.mark.parametrize('id', ANSWERS)
def test_absurd_answers(id):
    for i,o in enumerate(absurd()):
        verdict = check(id, o)
        assert verdict.ok is False and 10 < len(str(verdict)) < 500, f'{id}, absurd answer {i}: {verdict}'

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

def test_the_random_numbers_of_the_caller_stay_as_they_are():
    before = torch.random.get_rng_state()
    for id in ('learner-1', 'learner-4', 'relu-3'): check(id, ANSWERS[id][0][0])
    assert torch.equal(before, torch.random.get_rng_state())

def test_the_stop_button_works_during_a_check():
    def pressed(*args): raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt): check('digits-21', pressed)

def test_a_check_leaves_the_alarm_of_its_caller():
    import signal
    signal.setitimer(signal.ITIMER_REAL, 1000)
    try:
        check('digits-21', torch.sigmoid)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    finally: signal.setitimer(signal.ITIMER_REAL, 0)

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

def test_the_module_imports_no_chapter(python):
    p = python('import sys, fastbook_lesson4.exercises; print(sorted(m for m in sys.modules if m.startswith("fastbook_lesson4.") or m in ("fastai","matplotlib","pandas")))')
    assert p.stdout.strip() == "['fastbook_lesson4.data', 'fastbook_lesson4.exercises']", p.stdout + p.stderr

def test_every_exercise_asks_its_check():
    "The solution of each exercise, which runs with its notebook, asserts that its check takes it. One may stand where it belongs, before the others"
    asked = {}
    for path in sorted(o for o in (ROOT/'nbs').glob('[01]*.ipynb') if o.name < '12'):
        cells = nbformat.read(path, as_version=4).cells
        last = next((i for i,c in enumerate(cells) if c.source == '## Exercises'), len(cells))
        texts = [c.source for i,c in enumerate(cells) if c.cell_type == 'markdown' and re.match(r'\*\*\d+\. ', c.source) and (i > last or "`check('" in c.source)]
        ids = [f'{path.stem[3:]}-{o[2:].split(".")[0]}' for o in texts]
        solutions = [c.source for c in cells if c.cell_type == 'code' and '@title Solution' in c.source]
        assert [re.search(r"^assert check\('([\w-]+)'", o, re.M)[1] for o in solutions] == ids, path.name
        assert sorted(ids) == [f'{path.stem[3:]}-{n}' for n in range(1, len(ids)+1)], path.name
        asked |= dict(zip(ids, texts))
    assert set(asked) == set(EXERCISES)
    for id,text in asked.items(): assert f"`check('{id}'," in text, f'{id}: the text does not say how to check'
