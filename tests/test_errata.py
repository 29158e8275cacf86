"Every slip in the notes stands in its chapter as a callout, and a cell close by proves it"
import re
import pytest
import pages

CHAPTERS = pages.chapters()
CAN_FAIL = re.compile(r'^\s*(assert\b|test_(eq|ne|close|fail|is)\()|\b(for|if)\b.*:\s*(assert\b|test_\w+\()|;\s*(assert\b|test_\w+\()', re.M)

# the slips that reference.json lists: a word or two of the claim, and the chapters that treat it
LISTED = {
    'init_params: variance':            (r'\*variance\*.*\*standard deviation\*', ['linear']),
    'mse takes a root':                 (r'\broot\b.*RMSE|`mse` ends in `\.sqrt\(\)`', ['similarity','sgd']),
    'raw activations against 0.5':      (r'raw activations with 0\.5', ['linear']),
    'unsqueeze':                        (r'`unsqueeze`', ['pixels']),
    'x^2':                              (r'`x\^2`', ['pixels']),
    'tensor([1],[1],[1])':              (r'tensor\(\[1\],\[1\],\[1\]\)', ['pixels']),
    'stochastic':                       (r'\*stochastic\*', ['sgd','linear']),
    'nn.Linear(weights, biases)':       (r'nn\.Linear\(number of weights', ['learner']),
    'mean of batch means':              (r'mean of the batch means', ['linear']),
    'not shuffled':                     (r'not shuffled|see to it that the training set is shuffled', ['linear','learner']),
    'six of seven steps':               (r'six of the seven steps', ['sgd']),
    'activation function':              (r'what is an activation function', ['relu']),
    '768 and 728':                      (r'768.*728', ['linear']),
    'round brackets':                   (r'[Rr]ound brackets', ['softmax']),
    'nll_loss has a minus':             (r'-F\.nll_loss', ['softmax']),
    'the range of log':                 (r'log maps', ['softmax']),
    '4.59':                             (r'4\.60.*4\.59', ['softmax']),
    'why negative':                     (r'need to be negative', ['softmax']),
}

SLIPS = [(ch, i, claim) for ch in CHAPTERS for i,claim in pages.callouts(ch)]

@pytest.mark.parametrize('ch,i,claim', SLIPS, ids=[f'{ch.name}-{i}' for ch,i,_ in SLIPS])
def test_each_callout_is_proved(ch, i, claim):
    assert any(o.cell_type == 'code' and CAN_FAIL.search(o.source) for o in ch.cells[i+1:i+9]), f'{ch.name}: no cell that can fail after: {claim[:80]}'

@pytest.mark.parametrize('name', LISTED)
def test_each_listed_slip_has_a_callout(name):
    pattern,chapters = LISTED[name]
    found = {ch.name for ch,_,claim in SLIPS if re.search(pattern, claim, flags=re.S)}
    assert set(chapters) <= found, f'{name}: found in {found}'
