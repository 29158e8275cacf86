"""Every slip in the notes stands in `nbs/backstage/errata.ipynb` with a cell that proves it, and in no chapter.

A proof is worth something if it can fail. So each is tried broken: every assertion turned round, and, once for
every slip, the code changed so that the notes would be right.
"""
import ast, builtins, copy, re
from collections import Counter
from typing import NamedTuple
import nbformat
import pytest
from fastcore.test import test_fail as fails
from notebooks import NBS,chapters,directives,heading,texts

ERRATA = NBS/'backstage'/'errata.ipynb'
SLIP_BOX,MISTAKE_BOX = 'Slip in the notes','A common mistake'

# --- the page, taken apart

class Slip(NamedTuple):
    "A slip: the title of its chapter, its own, what is said, and the cells up to the next slip"
    chapter: str
    title: str
    said: str
    cells: list

def page():
    "The cells that all proofs share, and the slips"
    shared,slips,chapter = [],[],None
    for c in nbformat.read(ERRATA, as_version=4).cells:
        if c.cell_type == 'markdown' and (m := re.match(r'(##+) (.+)\n?', c.source)):
            if m[1] == '##': chapter = m[2]
            else: slips.append(Slip(chapter, m[2], c.source[m.end():].strip(), []))
        elif slips: slips[-1].cells.append(c)
        elif c.cell_type == 'code' and 'hide' not in directives(c.source): shared.append(c)
    return shared,slips

SHARED,SLIPS = page()
each_slip = pytest.mark.parametrize('slip', SLIPS, ids=[o.title for o in SLIPS])

# --- running a proof, whole or broken

@pytest.fixture(scope='module')
def run():
    "Run the source or the tree of a proof, behind the cells that all share"
    start = {}
    for c in SHARED: exec(c.source, start)
    return lambda code: exec(code if isinstance(code, str) else compile(code, 'proof', 'exec'), {**start, 'fails': fails})

def is_test(node):
    "Is this line a call of fastcore's tests?"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and getattr(node.value.func, 'id', '').startswith('test_')

def assertions(tree): return [o for o in ast.walk(tree) if isinstance(o, ast.Assert) or is_test(o)]

def turned(tree, i):
    "The same code with its assertion number `i` turned round: it has to raise where that one did not"
    tree = copy.deepcopy(tree)
    node = assertions(tree)[i]
    if isinstance(node, ast.Assert): node.test = ast.UnaryOp(ast.Not(), node.test)
    else: node.value = ast.Call(ast.Name('fails', ast.Load()), [ast.Lambda(ast.parse('lambda: 0').body[0].value.args, node.value)], [])
    return ast.fix_missing_locations(tree)

def names(node):
    "The names in an assertion that stand for something found out"
    return {o.id for o in ast.walk(node) if isinstance(o, ast.Name) and not o.id.startswith('test_')} - set(dir(builtins))

def found_out(tree):
    "The names that a cell gives to its results"
    return {o.id for o in ast.walk(tree) if isinstance(o, ast.Name) and isinstance(o.ctx, ast.Store)} | {o.name for o in ast.walk(tree) if isinstance(o, ast.FunctionDef)}

def test_these_tools_see_a_proof_that_proves_nothing():
    tree = ast.parse('a = 1\nassert a == 1\ntest_eq(a, 1)\ntest_fail(lambda: 1/0)\nassert 2 == 1+1')
    assert [names(o) for o in assertions(tree)] == [{'a'}, {'a'}, set(), set()] and found_out(tree) == {'a'}
    from fastcore.test import test_eq,test_fail
    for i in range(4):
        with pytest.raises(AssertionError): exec(compile(turned(tree, i), 'proof', 'exec'), dict(test_eq=test_eq, test_fail=test_fail, fails=fails))

# --- every slip has its proof

@each_slip
def test_a_slip_is_followed_by_its_proof(slip):
    assert [o.cell_type for o in slip.cells] == ['code'], 'one code cell, right behind the text'
    cell = slip.cells[0]
    assert not re.search(r'^#\|', cell.source, flags=re.M), 'readers see all of it, and it is run'
    assert any(t.strip() for _,t in texts(cell)), 'its output is stored'
    assert not any(kind in ('error','stderr') for kind,_ in texts(cell))
    tree = ast.parse(cell.source)
    found = assertions(tree)
    assert found, 'nothing is asserted'
    assert all(names(o) for o in found), 'an assertion about nothing that was found out'
    assert any(names(o) & found_out(tree) for o in found), 'no assertion about what the cell computes'

@each_slip
def test_every_assertion_turned_round_fails(slip, run):
    tree = ast.parse(slip.cells[0].source)
    run(tree)
    for i in range(len(assertions(tree))):
        with pytest.raises(AssertionError): run(turned(tree, i))

# What to change in the proof so that the notes would be right; then it has to fail
IF_THE_NOTES_WERE_RIGHT = {
    'A column of three': ('tensor([[1],[1],[1]])', 'tensor([1,1,1])'),
    'unsqueeze changes nothing in place': ('caught = t.unsqueeze(1)', 'caught = t.unsqueeze_(1)'),
    'A hat squares nothing': ('x^2 for', 'x*2 for'),
    'With the root it is the RMSE': ('F.mse_loss(train_x[1], mean3)', 'F.mse_loss(train_x[1], mean3).sqrt()'),
    'Seven steps, not six': ("done.append('stop')", ''),
    'Flat is not the bottom': ('torch.cos', 'torch.cosh'),
    'The gradient of what, with respect to what': ('dL = loss(2 + dw) - loss(2)', 'dL, dw = dw, loss(2 + dw) - loss(2)'),
    'A function with the wrong name': ('torch.sqrt', 'lambda o: o'),
    'What is stochastic': ('torch.randperm(20, generator=g)[:5]', 'torch.arange(20)'),
    'A start that is not kept': ('clone(), kept.detach()', 'clone(), kept.detach().clone()'),
    'As many weights as pixels': ('(768, 728, 784)', '(784, 728, 768)'),
    'Variance or standard deviation': ('manual_seed(0))*3', 'manual_seed(0))*3**.5'),
    'Two borders, and two sides': ('a <= .5', 'a > .5'),
    'A weight without ink': ('slope[0].item()', 'slope[14*28 + 14].item()'),
    'A small batch of what': ('range(8))[0]', 'range(8))[0][:8]'),
    'The mean of the batch means': ('correct.split(size)', 'correct.split(len(correct))'),
    'Chance without a random start': ('torch.zeros(784, 1)', 'torch.randn(784, 1, generator=g)'),
    'Threes first, then sevens': ('torch.arange(len(train_x))', 'torch.randperm(len(train_x))'),
    'What nn.Linear is told': ('nn.Linear(28*28, outputs)', 'nn.Linear(28*28*outputs, 1)'),
    'A pair of loaders shuffles nothing': ('DataLoaders(loader(), ', 'DataLoaders(loader(shuffle=True), '),
    'Activations and the activation function': ('train_x[:2]', 'train_x[[0,0]]'),
    'Any computable problem': ('torch.sin(5*x)', '5*x'),
    'Fewer parameters, and faster': ('nn.Conv2d(1, 30, 3)', 'nn.Conv2d(1, 30, 28)'),
    'The sum of three powers': ('1.25', '1.253'),
    'A little bigger, a lot bigger': ('tensor([base + lead, base])', '10*tensor([base + lead, base])'),
    'Square brackets pick': ('tensor([0,1,0,1,0,1])', 'targ'),
    'One minus too many': ('test_eq(F.nll_loss', 'test_eq(-F.nll_loss'),
    'Log stays below zero': ('torch.linspace(0, 1,', 'torch.linspace(0, 2,'),
    'The wrong end of the log': ('math.log(a) - math.log(b)', '10*(a - b)'),
    'Does a loss need to be negative?': ('descend(-1), descend(1)', 'descend(1), descend(-1)'),
    'Softmax and log make no loss': ('-table[range(6), targ].mean()', '-table.mean()'),
    'Which one has the capitals': ("'CrossEntropyLoss', 'cross_entropy'", "'cross_entropy', 'CrossEntropyLoss'"),
    'Any letter, or any character': ('[a-zA-Z]', '[a-zA-Z_]'),
    'A crop that you must ask for': ('min_scale=o', 'min_scale=.75'),
    'Two folders, not three': ("'annotations', 'images'", "'annotations', 'images', 'models'"),
}

@each_slip
def test_a_proof_fails_if_the_notes_are_right(slip, run):
    old,new = IF_THE_NOTES_WERE_RIGHT[slip.title]
    source = slip.cells[0].source
    assert source.count(old) == 1
    with pytest.raises(AssertionError): run(source.replace(old, new))

# --- no slip is lost

LISTED = { # the list of slips that the page must cover: in a few words, and what its text says about it
    'init_params multiplies by a variance': r'\*variance\*.*\*standard deviation\*',
    'mse takes a root': r'`mse` that ends in `\.sqrt\(\)`',
    'raw activations are compared with 0.5': r'raw activations with 0\.5',
    'above 0.5 is a seven': r'above is a seven',
    'unsqueeze does not work': r'`unsqueeze`.*returns',
    'x^2 in a list': r'`x\^2`.*exclusive or',
    'tensor([1],[1],[1])': r'tensor\(\[1\],\[1\],\[1\]\)',
    'stochastic is the start': r'random weights at the start',
    'nn.Linear(weights, biases)': r'number of weights.*number of biases.*\*inputs\*',
    'the mean of batch means': r'last batch is smaller',
    'the training set is not shuffled': r'do not shuffle their training set',
    'DataLoaders shuffles': r'`DataLoaders`.*shuffled',
    'six of seven steps': r'seven steps.*six.*\*stop\*',
    'an activation function is the outputs': r'what an activation function is.*outputs of a layer',
    '768 and 728 weights': r'768.*728.*784',
    'round brackets': r'Round brackets',
    'nll_loss carries the minus': r'`nll_loss` carries a minus already',
    'the range of log': r'\(0, 1\] to \(-∞, 0\]',
    '4.60 and 4.59': r'4\.60.*4\.59',
    'why negative': r'why the loss needs to be negative',
}

@pytest.mark.parametrize('words', LISTED)
def test_every_listed_slip_is_on_the_page(words):
    found = [o.title for o in SLIPS if re.search(LISTED[words], o.said, flags=re.S)]
    assert len(found) == 1, found

def test_every_slip_that_the_chapters_once_had_is_on_the_page():
    counts = Counter(o.chapter for o in SLIPS)
    assert len(counts) == 8 and all(a >= b for a,b in zip(counts.values(), [3, 1, 6, 8, 2, 3, 9, 3]))
    assert len({o.title for o in SLIPS}) == len(SLIPS) and set(IF_THE_NOTES_WERE_RIGHT) == {o.title for o in SLIPS}

@each_slip
def test_a_slip_leads_to_the_section_that_explains_it(slip):
    from smalldocs.markdown import pandoc_id
    title,file,anchor = re.search(r'See \[(.+)\]\(\.\./(\S+\.ipynb)#(\S+)\)\.$', slip.said).groups()
    assert heading(NBS/file)[0] == slip.chapter
    source = '\n'.join(c.source for c in nbformat.read(NBS/file, as_version=4).cells if c.cell_type == 'markdown')
    sections = [re.sub('[`*]', '', o) for o in re.findall(r'^##+ (.+)$', source, flags=re.M)]
    assert title in sections and anchor == pandoc_id(title)

# --- the chapters

@pytest.mark.parametrize('path', chapters(), ids=[p.stem for p in chapters()])
def test_a_chapter_has_no_slips_of_others_and_at_most_two_mistakes(path):
    source = '\n'.join(c.source for c in nbformat.read(path, as_version=4).cells)
    assert source.count(SLIP_BOX) == 0
    assert source.count(MISTAKE_BOX) <= 2
