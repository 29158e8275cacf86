"The functions of chapter 06 against PyTorch's own, over shapes, dtypes and values that nobody thought of"
import math, tempfile
import pytest, torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.configuration import set_hypothesis_home_dir
from fastbook_lesson4.softmax import cross_entropy, log_softmax, logsumexp, nll_loss, softmax

set_hypothesis_home_dir(f'{tempfile.gettempdir()}/fastbook_lesson4_hypothesis') # not in the project's folder
settings.register_profile('lesson', derandomize=True, deadline=None, max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile('lesson')

PAIRS = [(softmax, torch.softmax), (log_softmax, torch.log_softmax), (logsumexp, torch.logsumexp)]
FLOATS = st.sampled_from([torch.float32, torch.float64])
HALVES = st.sampled_from([torch.float16, torch.bfloat16])
EXTREMES = [1e4, -1e4, math.inf, -math.inf, math.nan, 0., 88.8, -104.]
REDUCTIONS = st.sampled_from(['none', 'sum', 'mean'])

def same(a, b, tol=1e-6):
    "The same shape and dtype, and the same values to a millionth"
    torch.testing.assert_close(a, b, rtol=tol, atol=tol, equal_nan=True)

@st.composite
def activations(draw, dtype=FLOATS, extremes=EXTREMES, min_dims=1, max_dims=4):
    "A tensor of random shape, some of whose numbers may be extreme"
    shape = draw(st.lists(st.integers(1,5), min_size=min_dims, max_size=max_dims))
    if draw(st.booleans()): shape[min(1, len(shape)-1)] = draw(st.integers(1,40)) # many classes
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**32-1)))
    x = torch.randn(shape, generator=g, dtype=torch.float64)*draw(st.sampled_from([0., .1, 1., 10., 1000.]))
    for v in draw(st.lists(st.sampled_from(extremes), max_size=3)) if extremes else []:
        x.view(-1)[draw(st.integers(0, x.numel()-1))] = v
    return x.to(draw(dtype))

@st.composite
def batches(draw, **kwargs):
    "Activations and a class for each item"
    x = draw(activations(**kwargs))
    dim = 1 if x.ndim > 1 else 0
    g = torch.Generator().manual_seed(draw(st.integers(0, 2**32-1)))
    return x, torch.randint(x.shape[dim], x.shape[:dim]+x.shape[dim+1:], generator=g)

FINITE = [1e4, -1e4, 88.8, -104.]

@pytest.mark.parametrize('ours,theirs', PAIRS)
@given(x=activations(), data=st.data())
def test_agrees_with_pytorch(ours, theirs, x, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim-1))
    same(ours(x, dim), theirs(x, dim))
    same(ours(input=x, dim=dim), theirs(input=x, dim=dim))

@given(x=activations(), data=st.data())
def test_logsumexp_along_several_axes(x, data):
    dims = tuple(data.draw(st.lists(st.integers(0, x.ndim-1), min_size=1, unique=True)))
    keepdim = data.draw(st.booleans())
    same(logsumexp(x, dims, keepdim), torch.logsumexp(x, dims, keepdim))

@given(batch=batches(extremes=[1e4, -1e4, -math.inf, math.nan]), reduction=REDUCTIONS)
def test_cross_entropy_agrees_with_pytorch(batch, reduction):
    same(cross_entropy(*batch, reduction=reduction), F.cross_entropy(*batch, reduction=reduction))

@given(batch=batches(extremes=[math.inf]), reduction=REDUCTIONS)
def test_cross_entropy_of_infinity_is_nan_as_in_pytorch(batch, reduction):
    same(cross_entropy(*batch, reduction=reduction), F.cross_entropy(*batch, reduction=reduction))

@given(batch=batches(extremes=FINITE), reduction=REDUCTIONS)
def test_nll_loss_agrees_with_pytorch(batch, reduction):
    x,target = batch
    log_p = torch.log_softmax(x, 1 if x.ndim > 1 else 0)
    same(nll_loss(log_p, target, reduction=reduction), F.nll_loss(log_p, target, reduction=reduction))

@pytest.mark.parametrize('ours,theirs', PAIRS)
@given(x=activations(extremes=[*FINITE, -math.inf], max_dims=3), data=st.data())
def test_gradients_agree_with_pytorch(ours, theirs, x, data):
    dim = data.draw(st.integers(-x.ndim, x.ndim-1))
    if (x == -math.inf).all(dim).any(): return # a row without a possible class has no gradient, and PyTorch's is nan in most cases
    w = torch.rand(theirs(x, dim).shape, generator=torch.Generator().manual_seed(0), dtype=x.dtype)
    grads = []
    for f in (ours, theirs):
        leaf = x.clone().requires_grad_()
        out = f(leaf, dim)
        torch.where(out.isfinite(), out*w, 0).sum().backward() # log_softmax of an impossible class is -inf
        grads.append(leaf.grad)
    torch.testing.assert_close(*grads, rtol=1e-5, atol=1e-6)

@given(batch=batches(extremes=[*FINITE, -math.inf], min_dims=2, max_dims=2))
def test_gradient_is_softmax_minus_one_hot(batch):
    x,target = batch
    if (x == -math.inf).all(1).any(): return
    leaf = x.clone().requires_grad_()
    cross_entropy(leaf, target, reduction='sum').backward()
    same(leaf.grad, torch.softmax(x, 1) - F.one_hot(target, x.shape[1]).to(x.dtype))

@given(x=activations(extremes=FINITE))
def test_probabilities(x):
    p = softmax(x)
    assert (p >= 0).all() and (p <= 1).all()
    same(p.sum(-1), torch.ones(x.shape[:-1], dtype=x.dtype))
    assert (log_softmax(x) <= 0).all()
    assert (p.take_along_dim(x.argmax(-1, keepdim=True), -1) == p.amax(-1, keepdim=True)).all() # the largest stays the largest

@given(x=activations(dtype=st.just(torch.float64), extremes=[]), c=st.floats(-1e4, 1e4))
def test_only_leads_count(x, c):
    torch.testing.assert_close(softmax(x+c), softmax(x), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(log_softmax(x+c), log_softmax(x), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(logsumexp(x+c), logsumexp(x)+c, rtol=1e-8, atol=1e-8)

@given(batch=batches(extremes=FINITE))
def test_loss_is_never_negative(batch):
    each = cross_entropy(*batch, reduction='none')
    assert (each >= 0).all() and each.isfinite().all()

@pytest.mark.parametrize('ours,theirs', PAIRS)
@given(x=activations(dtype=HALVES, extremes=[1e4, -1e4, 12., -math.inf]))
def test_sixteen_bits_are_rounded_once(ours, theirs, x):
    "Computed in float32: as near to the true value as 16 bits allow, but for a tie"
    res,true = ours(x, -1),theirs(x.double(), -1)
    assert res.dtype == x.dtype
    torch.testing.assert_close(res.double(), true.to(x.dtype).double(), rtol=torch.finfo(x.dtype).eps, atol=1e-6, equal_nan=True)

@given(batch=batches(dtype=HALVES, extremes=[1e4, -1e4, 12.], min_dims=2), reduction=st.sampled_from(['none','mean']))
def test_cross_entropy_of_sixteen_bits(batch, reduction):
    x,target = batch
    res,true = cross_entropy(x, target, reduction),F.cross_entropy(x.double(), target, reduction=reduction)
    assert res.dtype == x.dtype
    torch.testing.assert_close(res.double(), true.to(x.dtype).double(), rtol=torch.finfo(x.dtype).eps, atol=1e-6)

@given(batch=batches(extremes=[]), wrong=st.one_of(st.integers(-200,-1), st.integers(0,200)), data=st.data())
def test_classes_that_do_not_exist(batch, wrong, data):
    x,target = batch
    c = x.shape[1 if x.ndim > 1 else 0]
    wrong = wrong if wrong < 0 else wrong+c
    target.view(-1)[data.draw(st.integers(0, target.numel()-1))] = wrong
    for f in (nll_loss, cross_entropy):
        with pytest.raises(ValueError, match=f'from 0 to {c-1}, one of {c} classes, got {wrong}$'): f(x, target)

@given(x=activations(extremes=[], min_dims=2, max_dims=2), n=st.integers(0,7), column=st.booleans())
def test_lengths_that_do_not_match(x, n, column):
    target = torch.zeros((n,1) if column else (n,), dtype=torch.long)
    if target.shape == (len(x),): return
    for f in (nll_loss, cross_entropy):
        with pytest.raises(ValueError, match='expected targets of shape'): f(x, target)

@given(c=st.integers(0,5), dtype=FLOATS, reduction=REDUCTIONS)
def test_empty_batch(c, dtype, reduction):
    for f in (nll_loss, cross_entropy):
        with pytest.raises(ValueError, match=rf'at least one element, got shape \(0, {c}\)'): f(torch.zeros(0,c,dtype=dtype), torch.zeros(0).long(), reduction)

@given(batch=batches(extremes=[]), dtype=st.sampled_from([torch.float16, torch.float32, torch.float64, torch.complex64]))
def test_targets_that_are_no_whole_numbers(batch, dtype):
    x,target = batch
    for f in (nll_loss, cross_entropy):
        with pytest.raises(TypeError, match=str(dtype)): f(x, target.to(dtype))

@given(batch=batches(extremes=[]), dtype=st.sampled_from([torch.uint8, torch.int16, torch.int32]))
def test_any_whole_numbers_do(batch, dtype):
    x,target = batch
    same(cross_entropy(x, target.to(dtype)), F.cross_entropy(x, target))

def test_nothing_waits_for_a_number():
    "A tensor on `meta` has none, and for a GPU we would have to wait"
    assert cross_entropy(torch.zeros(6, 2, device='meta'), torch.zeros(6, dtype=torch.long, device='meta')).device.type == 'meta'

def test_every_row_can_be_a_call_of_its_own():
    "As `torch.func` makes them: functions that look at values would refuse"
    acts,targ = torch.randn((6,2), generator=torch.Generator().manual_seed(0)),torch.arange(6) % 2
    same(torch.func.vmap(cross_entropy)(acts, targ), F.cross_entropy(acts, targ, reduction='none'))
    grads = torch.func.vmap(torch.func.grad(cross_entropy))(acts, targ)
    same(grads, torch.softmax(acts, 1) - F.one_hot(targ, 2))
