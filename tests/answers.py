"""Answers to the exercises of the chapters and to questions of the quiz: some that are right, more that are wrong.
What is absurd is wrong everywhere. The solution that a page shows stands there only, and its cell asserts that it is right;
here are other ways to write it, and what they become with a mistake in them."""
import copy, functools, itertools, json, math, re
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import nn, tensor
from fastbook_lesson4.learner import BasicOptim, CancelBatchException, CancelFitException
from fastbook_lesson4.linear import linear1, mnist_loss
from fastbook_lesson4.pixels import load_mnist_sample
from fastbook_lesson4.relu import dead_units, relu
from fastbook_lesson4.sgd import Value
from fastbook_lesson4.similarity import l1_distance, rmse_distance

def absurd():
    "New ones at each call: a check may use them up"
    class Nothing: pass
    def raises(*args, **kwargs): raise ZeroDivisionError('on purpose')
    return [None, '', 'seven', b'', [], (), {}, set(), [[]], [None]*3, [object()]*2, object(), Nothing, math.nan, math.inf, -1, 10**400, True, 1j, [math.nan]*3, [1j]*3,
            tensor(math.nan), tensor([]), tensor([1j]), torch.zeros(1000, 28, 28), torch.full((2038,14,14), math.nan), torch.zeros(5, device='meta'), torch.zeros(1).expand(10**12), torch.zeros(1).expand(2, 10**12), np.array(['a']), np.array(None),
            raises, lambda: 1, lambda *a, **k: None, lambda *a, **k: '', lambda *a, **k: a, lambda *a, **k: math.nan, lambda *a, **k: torch.zeros(3, 3), lambda *a, **k: object(),
            len, int, dict, type, Exception, torch, range(3), iter([1]), (o for o in ()), itertools.count()]

d = load_mnist_sample()
threes, sevens = d.train_x[:6131], d.train_x[6131:]
valid_x, valid_y = d.valid_x, d.valid_y
is_three = valid_y[:,0] == 1

# pixels
ink3, ink7 = threes.mean(), sevens.mean()
equal = valid_x*.2/valid_x.mean((1,2), keepdim=True)
ink = (valid_x > 0).float()
pairs = [(256,256,3), None, (3,2,28), (5,28,28), (2038,2038), (10,2,28,28)] # by hand
# similarity
def read_by_rmse(a, b): return int(((rmse_distance(valid_x, a) < rmse_distance(valid_x, b)) == is_three).sum())
def shares(a, b): return (a/a.sum((-2,-1), keepdim=True) - b/b.sum()).abs().sum((-2,-1))
# sgd
def by_autograd(t, y, w, b):
    w.requires_grad_(), b.requires_grad_()
    return torch.autograd.grad((w*t + b - y)**2, (w,b))
def descend(u, speed, lr, tol, start=0., fixed=None):
    "By the formula of the gradient, without autograd"
    X, w, last, n = torch.stack([u*u, u, torch.ones_like(u)], 1), torch.full((3,), start), math.inf, 0
    while True:
        off = X@w - speed
        loss = off.square().mean().item()
        if (last-loss < tol if fixed is None else n == fixed): return w, n
        last, w, n = loss, w - lr*2*X.T@off/len(u), n+1
t = torch.arange(20.)
speed = torch.randn(20, generator=torch.Generator().manual_seed(42))*3 + .75*(t-9.5)**2 + 1
a, b, c = descend((t-9.5)/9.5, speed, .5, 1e-9)[0]
def exp_of(x, factor=lambda x: math.exp(x), parents=lambda x: (x,)): return Value(math.exp(x.value), parents(x), (factor(x.value),))
def by_series(x):
    "From what a Value can do already: so many terms that the rest does not count"
    total = term = Value(1.)
    for k in range(1, 40): total = total + (term := term*x/k)
    return total
def eager(x):
    x.grad += math.exp(x.value)
    return exp_of(x)
# linear
def recall(preds, yb, order=(1,0)):
    right = (preds > 0) == (yb == 1)
    return torch.stack([right[yb==c].float().mean() for c in order])
def slopes(xb, yb, weights, bias): return torch.autograd.grad(mnist_loss(linear1(xb, weights.requires_grad_(), bias), yb), weights)[0]
def square(p, y): return F.mse_loss(p.sigmoid(), y.float())
# learner
class Scaled(nn.Module):
    scale = 1.
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight, self.bias = (nn.Parameter(torch.empty(o).uniform_(-self.scale/n_in**.5, self.scale/n_in**.5)) for o in ((n_out,n_in), n_out))
    def forward(self, xb): return F.linear(xb, self.weight, self.bias)
class Wide(Scaled): scale = 3.
class Narrow(Scaled): scale = .5
class Zeros(Scaled):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        nn.init.zeros_(self.bias)
class NoBias(Scaled):
    def forward(self, xb): return xb@self.weight.T
class Plain(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight, self.bias = torch.zeros(n_out, n_in), torch.zeros(n_out)
    def forward(self, xb): return xb@self.weight.T + self.bias
class Adaptive(BasicOptim):
    "Adam, kept as numbers by parameter"
    corrected = lasting = counting = root = True
    def __init__(self, params, lr, betas=(.9,.999)):
        super().__init__(params, lr)
        self.betas, self.t, self.means = betas, 0, {}
    @torch.no_grad()
    def step(self):
        b1, b2 = self.betas
        self.t = self.t+1 if self.counting else 1
        for p in self.params:
            m, s = self.means.get(p, (0.,0.)) if self.lasting else (0.,0.)
            self.means[p] = m, s = b1*m + (1-b1)*p.grad, b2*s + (1-b2)*p.grad**2
            if self.corrected: m, s = m/(1-b1**self.t), s/(1-b2**self.t)
            p -= self.lr*m/((s**.5 if self.root else s) + 1e-8)
class NotCorrected(Adaptive): corrected = False
class Forgets(Adaptive): lasting = False
class NotCounted(Adaptive): counting = False
class NoRoot(Adaptive): root = False
class OtherDefault(Adaptive):
    def __init__(self, params, lr, betas=(.9,.99)): super().__init__(params, lr, betas)
class NoBetas(BasicOptim):
    def __init__(self, params, lr, betas=(.9,.999)): super().__init__(params, lr)
class KeepAll:
    "Keeps the parameters of every epoch, and takes the best at the end"
    copied = True
    def before_fit(self, learn): self.kept = []
    def after_epoch(self, learn):
        state = learn.model.state_dict()
        self.kept.append((learn.scores[1], copy.deepcopy(state) if self.copied else state))
    def choose(self): return max(self.kept, key=lambda o: o[0])
    def after_fit(self, learn): learn.model.load_state_dict(self.choose()[1])
class NotCopied(KeepAll): copied = False
class KeepFirst(KeepAll):
    def choose(self): return self.kept[0]
class EndsEarly(KeepAll):
    def after_epoch(self, learn):
        super().after_epoch(learn)
        if learn.epoch == 2: raise CancelFitException
def hardest(learn, n, sign=1):
    preds, targets = (o.numpy()[:,0] for o in learn.get_preds())
    return np.argsort(sign*np.where(targets == 1, preds, -preds), kind='stable')[:n]
# relu
def probe(layers, bias=True):
    "One layer from what all of them make of zeros and of a one in each place"
    net, one = nn.Sequential(*layers), nn.Linear(layers[0].in_features, layers[-1].out_features)
    with torch.no_grad():
        at_zero = net(torch.zeros(one.in_features))
        one.weight.copy_((net(torch.eye(one.in_features)) - at_zero).T)
        one.bias.copy_(at_zero if bias else layers[-1].bias)
    return one
def tent(x): return relu(1 - relu(x) - relu(-x))
@torch.no_grad()
def draw_again(model, x, scale=1., all_units=False):
    while (dead := dead_units(model, x)['1']).any():
        if all_units: dead = torch.ones_like(dead)
        for p in model[0].parameters(): p[dead] = (torch.rand_like(p[dead])*2 - 1)*scale/28
        if all_units or scale != 1: return
def also_second(model, x):
    draw_again(model, x)
    with torch.no_grad(): model[2].bias += 1
def still_dead(model, x):
    dead = dead_units(model, x)['1']
    with torch.no_grad():
        for p in model[0].parameters(): p[dead] = -1/28
def backward(xb, yb, params, mean=True, mask=True, sign=1, row=False, behind=False):
    "Gradients by hand, with one thing wrong"
    inputs, acts = [xb], []
    for w,b in params:
        acts.append(inputs[-1]@w + b)
        inputs.append(relu(acts[-1]))
    s = acts[-1].sigmoid()
    g, grads = sign*s*(1-s)*(1-2*yb)/(len(yb) if mean else 1), []
    for i in reversed(range(len(params))):
        grads.append((inputs[i].T@g, g.sum(0, keepdim=row)))
        if i: g = (g@params[i][0].T)*((inputs[i] if behind else acts[i-1] > 0) if mask else 1)
    return grads[::-1]
def walk(xb, yb, params):
    params = [(w.requires_grad_(), b.requires_grad_()) for w,b in params]
    for i,(w,b) in enumerate(params): xb = (F.relu(xb) if i else xb)@w + b
    mnist_loss(xb, yb).backward()
    return tuple((w.grad, b.grad) for w,b in params)
# softmax
bce = F.binary_cross_entropy_with_logits
def smooth(x, t, eps): return F.cross_entropy(x, t, label_smoothing=eps)
def bits(p, q): return -sum(a*math.log2(b) for a,b in zip(p, q) if a)
def extra(p, q, entropy=lambda p: bits(p, p)): return bits(p, q) - entropy(p)
# pets
FRIEND = r'\d{4}-\d\d-\d\d (\w+) \(\d+\)\.\w+'
def late(img, method='bicubic'):
    from fastbook_lesson4.pets import presize_steps
    return F.interpolate(presize_steps(img, 460, 460).each['tilted'][None], (224,224), mode=method, antialias=True)[0]
def steps(img, way, name):
    from fastbook_lesson4.pets import presize_steps
    return getattr(presize_steps(img), way)[name]
def share_before(preds, targs, k): return sum(int((p > p[t]).sum() < k) for p,t in zip(preds, targs))/len(preds)

# convolution
def rates(m): return (m - m.diag().diag()).sum(1)/m.sum(1)
def shares_kept(y, share, seed, chance=True, swap=False, lose=False):
    rng,parts = np.random.default_rng(seed),([],[])
    for c in set(y.tolist()):
        k = np.flatnonzero(y.numpy() == c)
        if chance: rng.shuffle(k)
        n = round(len(k)*share)
        parts[0].extend(k[n+lose:]), parts[1].extend(k[:n])
    train,valid = (tensor(np.array(o)) for o in parts)
    return (valid,train) if swap else (train,valid)
def any_images(y, share, seed):
    k = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    return k[round(share*len(y)):], k[:round(share*len(y))]
def one_column(values, known, missing=0.):
    return tensor(np.array([[k == v if v in known else missing for k in known] for v in values], dtype=np.float32))
def group_mean(groups, target, new, other=None):
    sums = {}
    for g,v in zip(groups, target): sums.setdefault(g, []).append(v)
    return tensor([float(np.mean(sums.get(g, target if other is None else [other]))) for g in new])
def dealt_out(groups, k, seed, rows=False, chance=True, start=0):
    names = np.arange(len(groups)) if rows else np.array(groups)
    every = np.unique(names)
    order = np.random.RandomState(seed).permutation(len(every)) if chance else np.arange(len(every))
    return tensor([start + int(order[np.searchsorted(every, o)])*k//len(every) for o in names])
# scale
def pooled(means, sizes): return float(np.dot(means, sizes)/np.sum(sizes))
class StepsRarely:
    "Divides the loss, where the solution divides the gradients"
    share,always = True,False
    def __init__(self, k): self.k,self.n = k,0
    def after_loss(self, learn):
        if learn.training and self.share: learn.loss = learn.loss/self.k
    def after_backward(self, learn):
        self.n += 1
        if self.n % self.k and not self.always: raise CancelBatchException
class Sums(StepsRarely): share = False
class StepsAlways(StepsRarely): share,always = False,True
class OneOff(StepsRarely):
    def __init__(self, k): self.k,self.n = k,1
class Clears(StepsRarely):
    def after_backward(self, learn):
        self.n += 1
        if self.n % self.k:
            learn.opt.zero_grad()
            raise CancelBatchException

EXERCISES = { # right answers, wrong answers
    'pixels-1': ([[ink3.item(), ink7.item()], torch.stack([ink3, ink7])],
                 [(ink7, ink3), (ink3*255, ink7*255), (valid_x[is_three].mean(), valid_x[~is_three].mean()), ink3]),
    'pixels-2': ([valid_x[:, 7:-7, 7:-7].numpy()], [valid_x[:, 6:20, 7:21], valid_x[:, 7:21, 7:21]*255, valid_x[:, 7:20, 7:20], valid_x[:1000, 7:21, 7:21], valid_x]),
    'pixels-3': ([equal.double()], [valid_x, valid_x + .2 - valid_x.mean((1,2), keepdim=True), equal.flip(0), equal.mean((1,2)), torch.full((2038,28,28), .2), ink*.2/ink.mean((1,2), keepdim=True)]),
    'pixels-4': ([pairs, tuple(pairs), [o and list(o) for o in pairs], [o and torch.Size(o) for o in pairs], [o or 'Error' for o in pairs]],
                 [[...], ..., [...]*6, pairs[:5], [o or (3,256,256) for o in pairs], [None]*6, pairs[::-1], [o and o[::-1] for o in pairs], [*pairs[:4], (2038,1), pairs[5]], [*pairs[:4], None, pairs[5]], [o and len(o) for o in pairs], [o or 0 for o in pairs], str(pairs)]),
    'similarity-1': ([1028/2038], [.5, 1010/2038, 1028, 50.44]),
    'similarity-2': ([], [read_by_rmse(threes.median(0).values, sevens.median(0).values), 1939, .955, 2038]),
    'similarity-3': ([shares], [l1_distance, rmse_distance, lambda a,b: torch.zeros(len(a)), lambda a,b: -shares(a, b), lambda a,b: shares(a, b).mean()]),
    'sgd-1': ([by_autograd], [lambda *o: by_autograd(*o)[::-1], lambda t,y,w,b: (2*(w*t+b-y), 2*(w*t+b-y)), lambda *o: by_autograd(*o)[0]]),
    'sgd-2': ([descend], [functools.partial(descend, start=1.), functools.partial(descend, fixed=10), lambda *o: (descend(*o)[0], 100), lambda *o: (torch.zeros(3), descend(*o)[1])]),
    'sgd-3': ([np.polyfit(t, speed, 2), np.polyfit(t, speed, 2).tolist()], [torch.stack([a, b, c]), np.polyfit(t, speed, 2)[::-1].copy(), tensor([a/9.5**2, b/9.5, c]), [.75, -14.25]]),
    'sgd-4': ([exp_of, by_series], [lambda x: math.exp(x.value), lambda x: Value(math.exp(x.value)), functools.partial(exp_of, factor=lambda x: 1.), functools.partial(exp_of, factor=lambda x: x*math.exp(x-1)),
                                    eager, lambda x: exp_of(x)*2, lambda x: 1/exp_of(x), lambda x: x, functools.partial(exp_of, parents=lambda x: (Value(x.value),)), Value]),
    'linear-1': ([recall], [functools.partial(recall, order=(0,1)), lambda p,y: [((p>0) & (y==1)).float().mean(), ((p<=0) & (y==0)).float().mean()], lambda p,y: [recall(p, y).mean()]*2]),
    'linear-2': ([slopes, lambda *o: slopes(*o).numpy()], [lambda *o: -slopes(*o), lambda *o: slopes(*o)*len(o[0]), lambda *o: slopes(*o).flatten(), lambda x,y,w,b: x.T@(linear1(x, w, b).sigmoid()-y)/len(x)]),
    'linear-3': ([[square, 8]], [(square, 1e-3), (lambda p,y: (p-y).pow(2).mean(), 1.), (square, 0.), (square, math.inf), square, (lambda p,y: square(p, y).sqrt(), 1.)]),
    'learner-1': ([Scaled], [nn.Linear, Wide, Narrow, Zeros, NoBias, Plain, Scaled(784, 1), lambda i,o: Scaled(i, o)]),
    'learner-2': ([Adaptive], [BasicOptim, NoBetas, NotCorrected, Forgets, NotCounted, NoRoot, OtherDefault, torch.optim.Adam, torch.optim.SGD]),
    'learner-3': ([KeepAll], [NotCopied, KeepFirst, EndsEarly, KeepAll(), object]),
    'learner-4': ([hardest, lambda l,n: hardest(l, n).tolist()], [functools.partial(hardest, sign=-1), lambda l,n: hardest(l, n)[::-1].copy(), lambda l,n: hardest(l, 8), lambda l,n: [0]*n, lambda l,n: hardest(l, n)/2038]),
    'relu-1': ([probe], [functools.partial(probe, bias=False), lambda o: o[-1], lambda o: nn.Sequential(*o), lambda o: nn.Linear(o[0].in_features, o[-1].out_features)]),
    'relu-2': ([tent], [relu, lambda x: relu(x+1) - relu(x), lambda x: tent(x)*2, lambda x: tent(x).sum()]),
    'relu-3': ([draw_again], [lambda m,x: None, also_second, still_dead, functools.partial(draw_again, scale=5.), functools.partial(draw_again, all_units=True), lambda m,x: m.requires_grad_(False)[0].bias.fill_(0.)]),
    'relu-4': ([backward, walk], [functools.partial(backward, mean=False), functools.partial(backward, mask=False), functools.partial(backward, sign=-1), functools.partial(backward, row=True), functools.partial(backward, behind=True), lambda x,y,p: backward(x, y, p)[::-1], lambda x,y,p: backward(x, y, p)[0], lambda x,y,p: [w for w,b in backward(x, y, p)], lambda x,y,p: p]),
    'softmax-1': ([bce], [lambda a,y: F.binary_cross_entropy(a.sigmoid(), y).nan_to_num(0), lambda a,y: bce(-a, y), lambda a,y: bce(a, y)*len(a), lambda a,y: bce(a, y*0)]),
    'softmax-2': ([smooth], [lambda x,t,eps: smooth(x, t, 0.), lambda x,t,eps: (1-eps)*smooth(x, t, 0.), lambda x,t,eps: (1-eps)*smooth(x, t, 0.) - eps*x.log_softmax(1).sum(), lambda x,t,eps: smooth(x, t, 1-eps)]),
    'softmax-3': ([lambda c: tensor(1 + (c-1)/math.e).log()], [lambda c: 0., lambda c: math.log(c), lambda c: math.log(math.e + c) - 1, lambda c: -1]),
    'softmax-4': ([extra, lambda p,q: tensor(extra(p, q))], [lambda p,q: extra(p, q)*math.log(2), lambda p,q: extra(q, p), lambda p,q: -extra(p, q), functools.partial(extra, entropy=lambda p: 0.), lambda p,q: math.inf, lambda p,q: 0.]),
    'convolution-1': ([rates, lambda m: rates(m).numpy()], [lambda m: rates(m.T), lambda m: 1-rates(m), lambda m: 1-m.diagonal()/m.sum(), lambda m: m.sum(1)-m.diagonal(), lambda m: rates(m).mean()]),
    'convolution-2': ([shares_kept], [functools.partial(shares_kept, chance=False), functools.partial(shares_kept, swap=True), functools.partial(shares_kept, lose=True), any_images, lambda y,share,seed: shares_kept(y, share, int(torch.randint(1000, (1,)))), lambda y,share,seed: (y[:5],y[5:]), lambda y,*o: y]),
    'pets-1': ([lambda o: (re.findall(f'^{FRIEND}$', o) or [None])[0]],
               [lambda o: o.split()[1] if ' ' in o else None, lambda o: 'pug', lambda o: re.fullmatch(r'\S+ (\w+) \(\d+\)\.\w+', o)[1], lambda o: re.match(FRIEND, o), lambda o: (re.findall(FRIEND, o) or [None])[0]]),
    'pets-2': ([late], [functools.partial(steps, way='once', name='all at once'), functools.partial(steps, way='each', name='tilted'), functools.partial(steps, way='once', name='square'), lambda o: torch.zeros(3,224,224)]),
    'tables-1': ([one_column, lambda v,k: one_column(v, k).numpy()], [lambda v,k: one_column(v, k).long(), functools.partial(one_column, missing=1.), lambda v,k: one_column(v, k).T, lambda v,k: one_column(v, sorted(k)), lambda v,k: one_column(v, k).argmax(1)]),
    'tables-2': ([group_mean, lambda *o: group_mean(*o).numpy(), lambda *o: pd.Series(group_mean(*o).numpy())], [functools.partial(group_mean, other=.5), functools.partial(group_mean, other=0.), lambda g,t,n: group_mean(g, 1-t, n), lambda g,t,n: group_mean(g, t, g), lambda g,t,n: torch.full((len(n),), t.mean()), lambda g,t,n: [0.]]),
    'tables-3': ([dealt_out, lambda *o: dealt_out(*o).numpy(), lambda *o: pd.Series(dealt_out(*o).numpy())], [functools.partial(dealt_out, rows=True), functools.partial(dealt_out, chance=False), functools.partial(dealt_out, start=1), lambda g,k,s: dealt_out(g, k+1, s), lambda g,k,s: dealt_out(g, k, int(torch.randint(1000, (1,)))), lambda g,k,s: (dealt_out(g, 100, s) > 90).long()*(k-1), lambda g,k,s: (dealt_out(g, 50, s)-50+k).clamp(0)]),
    'pets-3': ([share_before], [lambda p,y,k: (p.argmax(1) == y).float().mean(), lambda *o: share_before(*o)*100, lambda p,y,k: share_before(-p, y, k), lambda p,y,k: (p.topk(k).indices == y[:,None]).float().mean()]),
    'scale-1': ([pooled, lambda m,n: tensor(pooled(m, n))], [lambda m,n: float(np.mean(m)), lambda m,n: sum(m), lambda m,n: pooled(m, n)*100, lambda m,n: float(np.dot(m, n)), lambda m,n: max(m)]),
    'scale-2': ([32, 32., tensor(32)], [16, 64, 1, 0, 31, 1024, '32', 2**60, -2]),
    'scale-3': ([StepsRarely], [Sums, StepsAlways, OneOff, Clears, StepsRarely(2), StepsRarely.__init__]),
}

# --- questions of the quiz that have a check of their own

def torch_fit(model, dl, loss_func, lr, epochs, zero=True, per_epoch=False):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for xb,yb in dl:
            loss_func(model(xb), yb).backward()
            if not per_epoch: opt.step()
            if zero and not per_epoch: opt.zero_grad()
        if per_epoch: opt.step(); opt.zero_grad()

def on_a_copy(model, *args): torch_fit(nn.Linear(3, 1), *args)

seven = ['init','predict','loss','gradient','step','repeat','stop']
pairs = [(1,'a'), (2,'b'), (3,'c'), (4,'d')]
QUESTIONS = { # right answers, wrong answers
    'digits-04': ([lambda xs: list(map(lambda x: x+x, filter(lambda x: x%2==1, xs)))],
                  [lambda xs: [x**2 for x in xs if x%2], lambda xs: [x^2 for x in xs if x%2], lambda xs: [2*x for x in xs], lambda xs: (2*x for x in xs if x%2), lambda xs: [2*x for x in xs if x%2==0], lambda xs: [2*x for x in xs if x%2][::-1], [2,6,10,14,18]]),
    'digits-05': ([torch.zeros(2,3,4), torch.arange(24).view(2,3,4), np.ones((2,3,4))], [torch.zeros(3,4), torch.zeros(2,4,3), torch.zeros(2,3,4,1), [[[0]*4]*3]*2, 3]),
    'digits-07': ([(1.75,2.5), tensor([1.75,2.5])], [(2.5,1.75), (-.25,2.5), (1.75,6.25), (7,5), 1.75, (1.75,), (3.5,2.5)]),
    'digits-09': ([tensor([[10.,12.],[16.,18.]]), np.array([[10,12],[16,18]])], [tensor([[5,6],[8,9]]), tensor([[2,4],[8,10]]), tensor([10,12,16,18]), 2*torch.arange(1,10).view(3,3), tensor([[12,10],[16,18]]), [[10,12],[16,18]]]),
    'digits-14': ([tuple(seven), ['init params','predict','loss','gradients','step','repeat','stop'], [o.upper() for o in seven]], [seven[::-1], seven[:6], seven[:6]+['init'], ['cook']+seven[1:], ' '.join(seven), seven[:2]+['gradient','loss']+seven[4:]]),
    'digits-21': ([torch.sigmoid, lambda x: .5+.5*torch.tanh(x/2)], [torch.tanh, lambda x: 1/(1+x.exp()), lambda x: torch.sigmoid(2*x), lambda x: (x>0).float(), F.relu, lambda x: torch.sigmoid(x)+.1, .5]),
    'digits-23': ([lambda w, g, lr: w.sub_(g, alpha=lr)], [lambda w, g, lr: w + lr*g, lambda w, g, lr: -lr*g, lambda w, g, lr: w - g, lambda w, g, lr: w - g/lr, lambda w, g, lr: w]),
    'digits-26': ([pairs], [zip([1,2,3,4], 'abcd'), [list(o) for o in pairs], pairs[:3], [o[::-1] for o in pairs], pairs[::-1], tuple(pairs), dict(pairs)]),
    'digits-29': ([tensor([[17.],[39.]])], [tensor([17,39]), tensor([[5,10],[18,24]]), tensor([[39],[17]]), tensor([[17,39]]), 17]),
    'digits-33': ([torch_fit], [on_a_copy, lambda *a: None, lambda *a: torch_fit(*a, zero=False), lambda *a: torch_fit(*a, per_epoch=True), lambda m, dl, l, lr, n: torch_fit(m, dl, l, lr, 1), lambda m, dl, l, lr, n: torch_fit(m, dl, l, 2*lr, n), nn.Linear(3,1)]),
    'digits-34': ([F.relu, nn.ReLU(), lambda x: torch.where(x>0, x, 0.)], [torch.abs, F.leaky_relu, torch.sigmoid, lambda x: x, lambda x: -F.relu(-x), lambda x: (x>0).float(), lambda x: F.relu(x).sum(), lambda x: F.relu(x) if x.ndim==1 else x.abs(), nn.ReLU]),
}

ANSWERS = EXERCISES | QUESTIONS
RAISES = {('learner-2', 0), ('digits-33', 6)} # wrong answers whose own code raises; a hint of ours must not

# --- the app

def promised(probs, targs, accuracy, each=100, least=False):
    sure,best = probs.max(1)
    hit = (best == targs).float()
    found = [k/100 for k in range(0, 100, 100//each) if (sure >= k/100).any() and hit[sure >= k/100].mean() >= accuracy]
    return (max if least else min)(found, default=None)

def header(raw, skip=8): return json.loads(raw[8:skip+int.from_bytes(raw[:8], 'little')])
def shapes_of(raw): return {k: tuple(v['shape']) for k,v in header(raw).items() if k[0] != '_'}
def in_bits(p): return torch.special.entr(p).sum(1)/math.log(2)

APP = {
    'app-1': ([promised, lambda p,y,a: promised(p.double(), y, a)], [functools.partial(promised, least=True), functools.partial(promised, each=10), lambda p,y,a: promised(p, y, a) or 0., lambda p,y,a: a, lambda p,y,a: None, lambda p,y,a: promised(p, 1-y, a)]),
    'app-2': ([shapes_of], [lambda o: {k: v['shape'] for k,v in header(o).items() if k[0] != '_'}, header, lambda o: {}, lambda o: [*shapes_of(o)], lambda o: {k: (1,) for k in shapes_of(o)}]),
    'app-3': ([in_bits, lambda p: -(p*p.clamp(min=1e-30).log2()).sum(1)], [lambda p: -in_bits(p), lambda p: in_bits(p)*math.log(2), lambda p: -(p*p.log2()).sum(1), lambda p: p.max(1).values, lambda p: in_bits(p).mean(), lambda p: in_bits(p.clamp(min=.01))]),
}
EXERCISES |= APP
ANSWERS |= APP
