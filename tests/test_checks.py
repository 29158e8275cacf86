"The checks of exercises and questions: right answers pass, wrong ones get a hint, absurd ones too, and nothing crashes"
import re
import nbformat, pytest, torch
from conftest import ROOT
from fastbook_lesson4.quiz import check
from answers import ANSWERS, EXERCISES, RAISES, absurd

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

def test_the_random_numbers_of_the_caller_stay_as_they_are():
    before = torch.random.get_rng_state()
    for id in ('learner-1', 'learner-4', 'relu-3'): check(id, ANSWERS[id][0][0])
    assert torch.equal(before, torch.random.get_rng_state())

def test_every_exercise_asks_its_check():
    asked = {}
    for path in sorted((ROOT/'nbs').glob('0[0-7]_*.ipynb')):
        cells = nbformat.read(path, as_version=4).cells
        cells = cells[next(i for i,c in enumerate(cells) if c.source == '## Exercises'):]
        module = path.stem[3:]
        texts = [c for c in cells if c.cell_type == 'markdown' and re.match(r'\*\*\d+\. ', c.source)]
        asked |= {f'{module}-{n}': c.source for n,c in enumerate(texts, 1)}
        solutions = [c.source for c in cells if c.cell_type == 'code' and '@title Solution' in c.source]
        assert [re.search(r"^assert check\('([\w-]+)'", o, re.M)[1] for o in solutions] == [f'{module}-{n}' for n in range(1, len(texts)+1)], path.name
    assert set(asked) == set(EXERCISES)
    for id,text in asked.items(): assert f"`check('{id}'," in text, f'{id}: the text does not say how to check'
