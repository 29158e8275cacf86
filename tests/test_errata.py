"Every slip in the notes stands in its chapter as a callout, and a cell close by proves it"
import re
import nbformat, pytest
from conftest import ROOT

CHAPTERS = sorted((ROOT/'nbs').glob('0[0-7]_*.ipynb'))
MARK = '> **Slip in the notes.** '
CAN_FAIL = re.compile(r'^\s*(assert\b|test_(eq|ne|close|fail|is)\()|\b(for|if)\b.*:\s*(assert\b|test_\w+\()|;\s*(assert\b|test_\w+\()', re.M)

# the slips that reference.json lists: a word or two of the claim, and the chapters that treat it
LISTED = {
    'init_params: variance':            (r'\*variance\*.*\*standard deviation\*', ['03']),
    'mse takes a root':                 (r'\broot\b.*RMSE|`mse` ends in `\.sqrt\(\)`', ['01','02']),
    'raw activations against 0.5':      (r'raw activations with 0\.5', ['03']),
    'unsqueeze':                        (r'`unsqueeze`', ['00']),
    'x^2':                              (r'`x\^2`', ['00']),
    'tensor([1],[1],[1])':              (r'tensor\(\[1\],\[1\],\[1\]\)', ['00']),
    'stochastic':                       (r'\*stochastic\*', ['02','03']),
    'nn.Linear(weights, biases)':       (r'nn\.Linear\(number of weights', ['04']),
    'mean of batch means':              (r'mean of the batch means', ['03']),
    'not shuffled':                     (r'not shuffled|see to it that the training set is shuffled', ['03','04']),
    'six of seven steps':               (r'six of the seven steps', ['02']),
    'activation function':              (r'what is an activation function', ['05']),
    '768 and 728':                      (r'768.*728', ['03']),
    'round brackets':                   (r'[Rr]ound brackets', ['06']),
    'nll_loss has a minus':             (r'-F\.nll_loss', ['06']),
    'the range of log':                 (r'log maps', ['06']),
    '4.59':                             (r'4\.60.*4\.59', ['06']),
    'why negative':                     (r'need to be negative', ['06']),
}

def slips(path):
    "Each callout of a chapter with the cells after it"
    cells = nbformat.read(path, as_version=4).cells
    for i,c in enumerate(cells):
        if c.cell_type == 'markdown':
            for line in c.source.split('\n'):
                if line.startswith(MARK): yield line.removeprefix(MARK), cells[i+1:i+9]

@pytest.mark.parametrize('path', CHAPTERS, ids=lambda p: p.stem)
def test_each_callout_is_proved(path):
    for claim,after in slips(path):
        assert any(o.cell_type == 'code' and CAN_FAIL.search(o.source) for o in after), f'{path.name}: no cell that can fail after: {claim[:80]}'

@pytest.mark.parametrize('name', LISTED)
def test_each_listed_slip_has_a_callout(name):
    pattern,chapters = LISTED[name]
    found = [p.stem[:2] for p in CHAPTERS if any(re.search(pattern, claim) for claim,_ in slips(p))]
    assert set(chapters) <= set(found), f'{name}: found in {found}'
