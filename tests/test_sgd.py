"The autograd of chapter 02 against PyTorch's, on formulas that nobody thought of"
import tempfile
import torch
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from fastbook_lesson4.sgd import Value, walk_back

set_hypothesis_home_dir(f'{tempfile.gettempdir()}/fastbook_lesson4_hypothesis') # not in the project's folder
LESSON = settings(derandomize=True, deadline=None, max_examples=200, database=None, suppress_health_check=[HealthCheck.too_slow])

ONE = {'minus': lambda a: -a, 'relu': lambda a: a.relu(), 'square': lambda a: a**2, 'cube': lambda a: a**3, 'power 0': lambda a: a**0, 'root': lambda a: (a*a + 1)**.5,
       'one over': lambda a: 1/(a*a + 1), '3 -': lambda a: 3 - a, '- 3': lambda a: a - 3, '2 *': lambda a: 2*a, '* 2': lambda a: a*2, '/ 4': lambda a: a/4, '.5 +': lambda a: .5 + a}
TWO = {'+': lambda a, b: a + b, '-': lambda a, b: a - b, '*': lambda a, b: a*b, '/': lambda a, b: a/(b*b + 1)}
NUMBERS = st.floats(-3, 3, allow_subnormal=False)

@st.composite
def formulas(draw):
    "Where to start, and steps: an operation and the places of what it takes"
    starts,steps = draw(st.lists(NUMBERS, min_size=1, max_size=4)),[]
    for n in range(len(starts), len(starts) + draw(st.integers(1, 12))):
        name = draw(st.sampled_from([*ONE, *TWO]))
        steps.append((name, [draw(st.integers(0, n-1)) for _ in range(1 if name in ONE else 2)]))
    return starts, steps

def made(starts, steps):
    "All numbers of a formula; its end is the sum of the last three, so that it has more than one path"
    numbers = list(starts)
    for name,places in steps: numbers.append({**ONE, **TWO}[name](*(numbers[k] for k in places)))
    return numbers, sum(numbers[-3:])

def in_torch(starts, steps):
    starts = [torch.tensor(o, dtype=torch.float64, requires_grad=True) for o in starts]
    return made(starts, steps)

def close(a, b): return abs(a-b) <= 1e-9*(1 + abs(a) + abs(b))

@LESSON
@given(formulas())
def test_values_and_gradients_are_those_of_torch(formula):
    starts,steps = formula
    ours = [Value(o) for o in starts]
    tensors,pt = in_torch(starts, steps)
    if not pt.isfinite() or any(abs(o.item()) > 1e12 for o in tensors): return # too large to compare
    numbers,end = made(ours, steps)
    for o in tensors: o.retain_grad()
    end.backward()
    pt.backward()
    assert all(close(a.value, b.item()) for a,b in zip(numbers, tensors)) and close(end.value, pt.item())
    for a,b in zip(numbers, tensors): assert close(a.grad, 0. if b.grad is None else b.grad.item()), (a, b, b.grad)

@LESSON
@given(formulas(), st.integers(1, 3))
def test_every_walk_adds_as_much(formula, times):
    starts,steps = formula
    once,often = [Value(o) for o in starts],[Value(o) for o in starts]
    try: (_,end),(_,again) = made(once, steps),made(often, steps)
    except OverflowError: return # Python's own, of a power that no float can hold
    end.backward()
    for _ in range(times): again.backward()
    assert all(close(b.grad, times*a.grad) or a.grad != a.grad or abs(a.grad) > 1e300 for a,b in zip(once, often))

@LESSON
@given(formulas())
def test_the_order_is_topological_and_each_number_comes_once(formula):
    starts,steps = formula
    try: _,end = made([Value(o) for o in starts], steps)
    except OverflowError: return
    order = list(walk_back(end))
    place = {o: i for i,o in enumerate(order)}
    assert order[0] is end and len(place) == len(order)
    for o in order: assert all(place[o] < place[parent] for parent in o.parents)
    seen,todo = {end},[end]
    while todo:
        new = set(todo.pop().parents) - seen
        seen |= new
        todo += new
    assert seen == set(order)
