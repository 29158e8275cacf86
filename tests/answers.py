"Answers to the exercises of the chapters and to questions of the quiz: some that are right, some that are wrong. What is absurd is wrong everywhere"
import functools, itertools, math, re
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, tensor
from fastbook_lesson4.learner import BasicOptim, CancelFitException
from fastbook_lesson4.linear import batch_accuracy, linear1
from fastbook_lesson4.pixels import load_mnist_sample
from fastbook_lesson4.relu import dead_units, relu
from fastbook_lesson4.sgd import mse, quadratic, sgd_step
from fastbook_lesson4.similarity import l1_distance, rmse_distance
from fastbook_lesson4.softmax import cross_entropy, log_softmax

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
equal = valid_x*.2/valid_x.mean((1,2), keepdim=True)
ink = (valid_x > 0).float()
# similarity
def read_by(distance, a, b): return int(((distance(valid_x, a) < distance(valid_x, b)) == is_three).sum())
medians = threes.median(0).values, sevens.median(0).values
def cosine(a, b): return 1 - F.cosine_similarity(a.flatten(-2), b.flatten(-2), dim=-1)
def shares(a, b): return (a/a.sum((-2,-1), keepdim=True) - b/b.sum()).abs().sum((-2,-1))
# sgd
def chain(t, y, w, b): return 2*(w*t + b - y)*t, 2*(w*t + b - y)
def fit_until(t, speed, lr, tol, start=0., fixed=None):
    params, last, n = torch.full((3,), start).requires_grad_(), math.inf, 0
    while True:
        loss = mse(quadratic(t, params), speed)
        if (last-loss.item() < tol if fixed is None else n == fixed): return params.detach(), n
        last = loss.item()
        loss.backward()
        sgd_step(params, lr)
        n += 1
t = torch.arange(20.)
speed = torch.randn(20, generator=torch.Generator().manual_seed(42))*3 + .75*(t-9.5)**2 + 1
a, b, c = fit_until((t-9.5)/9.5, speed, .5, 1e-9)[0]
# linear
def by_class(preds, yb): return [batch_accuracy(preds[yb[:,0]==c], yb[yb[:,0]==c]).item() for c in (1,0)]
def by_formula(xb, yb, weights, bias):
    s = linear1(xb, weights, bias).sigmoid()
    return xb.T @ (s*(1-s)*torch.where(yb==1, -1., 1.))/len(xb)
def square_loss(predictions, targets): return (predictions.sigmoid() - targets).pow(2).mean()
# learner
class MyLinear(nn.Module):
    def __init__(self, n_in, n_out, scale=1.):
        super().__init__()
        limit = scale/math.sqrt(n_in)
        self.weight = nn.Parameter(torch.rand(n_out, n_in)*2*limit - limit)
        self.bias = nn.Parameter(torch.rand(n_out)*2*limit - limit)
    def forward(self, xb): return xb@self.weight.T + self.bias
class Wide(MyLinear):
    def __init__(self, n_in, n_out): super().__init__(n_in, n_out, 3.)
class Narrow(MyLinear):
    def __init__(self, n_in, n_out): super().__init__(n_in, n_out, .5)
class Zeros(MyLinear):
    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out)
        nn.init.zeros_(self.bias)
class NoBias(MyLinear):
    def forward(self, xb): return xb@self.weight.T
class Plain(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight, self.bias = torch.zeros(n_out, n_in), torch.zeros(n_out)
    def forward(self, xb): return xb@self.weight.T + self.bias
class Momentum(BasicOptim):
    def __init__(self, params, lr, mom=.9):
        super().__init__(params, lr)
        self.mom, self.vs = mom, [torch.zeros_like(p) for p in self.params]
    @torch.no_grad()
    def step(self):
        for p,v in zip(self.params, self.vs):
            v.mul_(self.mom).add_(p.grad)
            p -= self.lr*v
class NoVelocity(BasicOptim):
    def __init__(self, params, lr, mom=.9): super().__init__(params, lr)
class Dampened(Momentum):
    @torch.no_grad()
    def step(self):
        for p,v in zip(self.params, self.vs):
            v.mul_(self.mom).add_(p.grad*(1-self.mom))
            p -= self.lr*v
class OtherDefault(Momentum):
    def __init__(self, params, lr, mom=.5): super().__init__(params, lr, mom)
class KeepBest:
    copied = True
    def before_fit(self, learn): self.score = -math.inf
    def after_epoch(self, learn):
        if learn.scores[1] > self.score:
            self.score, self.state = learn.scores[1], {k: v.clone() if self.copied else v for k,v in learn.model.state_dict().items()}
    def after_fit(self, learn): learn.model.load_state_dict(self.state)
class NotCopied(KeepBest): copied = False
class KeepFirst(KeepBest):
    def after_epoch(self, learn):
        if learn.epoch == 0: super().after_epoch(learn)
class EndsEarly(KeepBest):
    def after_epoch(self, learn):
        super().after_epoch(learn)
        if learn.epoch == 2: raise CancelFitException
def worst(learn, n, last=False):
    preds, targets = learn.get_preds()
    return (preds.sigmoid() - targets).abs()[:,0].argsort(descending=not last)[:n]
# relu
def collapse(layers, bias=True):
    w, b = layers[0].weight, layers[0].bias
    for o in layers[1:]: w, b = o.weight@w, o.weight@b + o.bias if bias else o.bias
    one = nn.Linear(layers[0].in_features, layers[-1].out_features)
    with torch.no_grad():
        one.weight.copy_(w)
        one.bias.copy_(b)
    return one
def bump(x): return relu(x+1) - 2*relu(x) + relu(x-1)
def revive(model, x, scale=1., once=False, all_units=False):
    while (dead := dead_units(model, x)['1']).any():
        if all_units: dead = torch.ones_like(dead)
        fresh = nn.Linear(28*28, int(dead.sum()))
        with torch.no_grad():
            for p,new in zip(model[0].parameters(), fresh.parameters()): p[dead] = new*scale
        if once: return
def also_second(model, x):
    revive(model, x)
    with torch.no_grad(): model[2].bias += 1
def still_dead(model, x):
    dead = dead_units(model, x)['1']
    with torch.no_grad():
        for p in model[0].parameters(): p[dead] = -1/28
# softmax
def bce(a, y): return cross_entropy(torch.cat([torch.zeros_like(a), a], 1), y[:,0].long())
def smooth_loss(acts, targ, eps): return (1-eps)*cross_entropy(acts, targ) - eps*log_softmax(acts).mean()
# pets
def friends_breed(name):
    match = re.fullmatch(r'\d{4}-\d\d-\d\d (\w+) \(\d+\)\.\w+', name)
    return match and match[1]
def late(img, method='bilinear', antialias=True):
    from fastbook_lesson4.pets import presize_steps
    return F.interpolate(presize_steps(img, 460, 460).each['tilted'][None], (224,224), mode=method, antialias=antialias)[0]
def steps(img, way, name):
    from fastbook_lesson4.pets import presize_steps
    return getattr(presize_steps(img), way)[name]
def top_accuracy(preds, targs, k): return (preds.topk(k).indices == targs[:,None]).any(1).float().mean()

EXERCISES = {
    'pixels-1': ([(threes.mean(), sevens.mean()), [threes.mean().item(), sevens.mean().item()], torch.stack([threes.mean(), sevens.mean()])],
                 [(sevens.mean(), threes.mean()), (threes.mean()*255, sevens.mean()*255), (valid_x[is_three].mean(), valid_x[~is_three].mean()), threes.mean()]),
    'pixels-2': ([valid_x[:, 7:21, 7:21], valid_x[:, 7:-7, 7:-7].numpy()], [valid_x[:, 6:20, 7:21], valid_x[:, 7:21, 7:21]*255, valid_x[:, 7:20, 7:20], valid_x[:1000, 7:21, 7:21], valid_x]),
    'pixels-3': ([equal, equal.double()], [valid_x, valid_x + .2 - valid_x.mean((1,2), keepdim=True), equal.flip(0), equal.mean((1,2)), torch.full((2038,28,28), .2), ink*.2/ink.mean((1,2), keepdim=True)]),
    'similarity-1': ([1028/2038, (valid_y == 0).float().mean()], [.5, 1010/2038, 1028, 50.44]),
    'similarity-2': ([read_by(l1_distance, *medians)], [read_by(rmse_distance, *medians), 1939, .955, 2038]),
    'similarity-3': ([cosine, shares], [l1_distance, rmse_distance, lambda a,b: torch.zeros(len(a)), lambda a,b: -cosine(a, b), lambda a,b: cosine(a, b).mean()]),
    'sgd-1': ([chain], [lambda t,y,w,b: chain(t, y, w, b)[::-1], lambda t,y,w,b: (2*(w*t+b-y), 2*(w*t+b-y)), lambda t,y,w,b: chain(t, y, w, b)[0]]),
    'sgd-2': ([fit_until], [functools.partial(fit_until, start=1.), functools.partial(fit_until, fixed=10), lambda u,s,lr,tol: (fit_until(u, s, lr, tol)[0], 100),
                            lambda u,s,lr,tol: (torch.zeros(3), fit_until(u, s, lr, tol)[1])]),
    'sgd-3': ([torch.stack([a/9.5**2, b/9.5 - 2*a/9.5, a - b + c]), np.polyfit(t, speed, 2), np.polyfit(t, speed, 2).tolist()], [torch.stack([a, b, c]), np.polyfit(t, speed, 2)[::-1].copy(), tensor([a/9.5**2, b/9.5, c]), [.75, -14.25]]),
    'linear-1': ([by_class, lambda p,y: tensor(by_class(p, y))], [lambda p,y: by_class(p, y)[::-1], lambda p,y: [((p>0) & (y==1)).float().mean(), ((p<=0) & (y==0)).float().mean()], lambda p,y: [batch_accuracy(p, y)]*2]),
    'linear-2': ([by_formula, lambda x,y,w,b: by_formula(x, y, w, b).numpy()], [lambda *o: -by_formula(*o), lambda *o: by_formula(*o)*len(o[0]), lambda *o: by_formula(*o).flatten(), lambda x,y,w,b: x.T@(linear1(x, w, b).sigmoid()-y)/len(x)]),
    'linear-3': ([(square_loss, 10.), [square_loss, 8]], [(square_loss, 1e-3), (lambda p,y: (p-y).pow(2).mean(), 1.), (square_loss, 0.), (square_loss, math.inf), square_loss, (lambda p,y: square_loss(p, y).sqrt(), 1.)]),
    'learner-1': ([MyLinear], [nn.Linear, Wide, Narrow, Zeros, NoBias, Plain, MyLinear(784, 1), lambda i,o: MyLinear(i, o)]),
    'learner-2': ([Momentum], [BasicOptim, NoVelocity, Dampened, OtherDefault, torch.optim.SGD]),
    'learner-3': ([KeepBest], [NotCopied, KeepFirst, EndsEarly, KeepBest(), object]),
    'learner-4': ([worst, lambda l,n: worst(l, n).tolist()], [functools.partial(worst, last=True), lambda l,n: worst(l, n).flip(0), lambda l,n: worst(l, 8), lambda l,n: [0]*n, lambda l,n: worst(l, n)/2038]),
    'relu-1': ([collapse], [functools.partial(collapse, bias=False), lambda o: o[-1], lambda o: nn.Sequential(*o), lambda o: nn.Linear(o[0].in_features, o[-1].out_features)]),
    'relu-2': ([bump, lambda x: relu(1-relu(x)-relu(-x))], [relu, lambda x: relu(x+1) - relu(x), lambda x: bump(x)*2, lambda x: bump(x).sum()]),
    'relu-3': ([revive], [lambda m,x: None, also_second, still_dead, functools.partial(revive, scale=5.), functools.partial(revive, all_units=True), lambda m,x: m.requires_grad_(False)[0].bias.fill_(0.)]),
    'softmax-1': ([bce, F.binary_cross_entropy_with_logits], [lambda a,y: F.binary_cross_entropy(a.sigmoid(), y).nan_to_num(0), lambda a,y: bce(-a, y), lambda a,y: bce(a, y)*len(a), lambda a,y: cross_entropy(a, y[:,0].long()*0)]),
    'softmax-2': ([smooth_loss, lambda x,t,eps: F.cross_entropy(x, t, label_smoothing=eps)], [lambda x,t,eps: cross_entropy(x, t), lambda x,t,eps: (1-eps)*cross_entropy(x, t), lambda x,t,eps: (1-eps)*cross_entropy(x, t) - eps*log_softmax(x).sum(), lambda x,t,eps: smooth_loss(x, t, 1-eps)]),
    'softmax-3': ([lambda c: math.log(math.e + c-1) - 1, lambda c: tensor(1 + (c-1)/math.e).log()], [lambda c: 0., lambda c: math.log(c), lambda c: math.log(math.e + c) - 1, lambda c: -1]),
    'pets-1': ([friends_breed], [lambda o: o.split()[1] if ' ' in o else None, lambda o: 'pug', lambda o: re.fullmatch(r'\S+ (\w+) \(\d+\)\.\w+', o)[1], lambda o: re.match(r'\d{4}-\d\d-\d\d (\w+) \(\d+\)\.\w+', o), lambda o: (re.findall(r'\d{4}-\d\d-\d\d (\w+) \(\d+\)\.\w+', o) or [None])[0]]),
    'pets-2': ([late, functools.partial(late, method='bicubic')], [functools.partial(steps, way='once', name='all at once'), functools.partial(steps, way='each', name='tilted'), functools.partial(steps, way='once', name='square'), lambda o: torch.zeros(3,224,224)]),
    'pets-3': ([top_accuracy, lambda p,y,k: float(top_accuracy(p, y, k))], [lambda p,y,k: (p.argmax(1) == y).float().mean(), lambda p,y,k: top_accuracy(p, y, k)*100, lambda p,y,k: top_accuracy(-p, y, k), lambda p,y,k: (p.topk(k).indices == y[:,None]).float().mean()]),
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
    'digits-04': ([lambda xs: [2*x for x in xs if x%2], lambda xs: list(map(lambda x: x+x, filter(lambda x: x%2==1, xs)))],
                  [lambda xs: [x**2 for x in xs if x%2], lambda xs: [x^2 for x in xs if x%2], lambda xs: [2*x for x in xs], lambda xs: (2*x for x in xs if x%2), lambda xs: [2*x for x in xs if x%2==0], lambda xs: [2*x for x in xs if x%2][::-1], [2,6,10,14,18]]),
    'digits-05': ([torch.zeros(2,3,4), torch.arange(24).view(2,3,4), np.ones((2,3,4))], [torch.zeros(3,4), torch.zeros(2,4,3), torch.zeros(2,3,4,1), [[[0]*4]*3]*2, 3]),
    'digits-07': ([(1.75,2.5), [tensor(1.75), tensor(2.5)], tensor([1.75,2.5])], [(2.5,1.75), (-.25,2.5), (1.75,6.25), (7,5), 1.75, (1.75,), (3.5,2.5)]),
    'digits-09': ([tensor([[10,12],[16,18]]), tensor([[10.,12.],[16.,18.]]), np.array([[10,12],[16,18]])], [tensor([[5,6],[8,9]]), tensor([[2,4],[8,10]]), tensor([10,12,16,18]), 2*torch.arange(1,10).view(3,3), tensor([[12,10],[16,18]]), [[10,12],[16,18]]]),
    'digits-14': ([seven, tuple(seven), ['init params','predict','loss','gradients','step','repeat','stop'], [o.upper() for o in seven]], [seven[::-1], seven[:6], seven[:6]+['init'], ['cook']+seven[1:], ' '.join(seven), seven[:2]+['gradient','loss']+seven[4:]]),
    'digits-21': ([torch.sigmoid, lambda x: 1/(1+(-x).exp()), lambda x: .5+.5*torch.tanh(x/2)], [torch.tanh, lambda x: 1/(1+x.exp()), lambda x: torch.sigmoid(2*x), lambda x: (x>0).float(), F.relu, lambda x: torch.sigmoid(x)+.1, .5]),
    'digits-23': ([lambda w, g, lr: w - lr*g, lambda w, g, lr: w.sub_(g, alpha=lr)], [lambda w, g, lr: w + lr*g, lambda w, g, lr: -lr*g, lambda w, g, lr: w - g, lambda w, g, lr: w - g/lr, lambda w, g, lr: w]),
    'digits-26': ([pairs, list(zip([1,2,3,4], 'abcd'))], [zip([1,2,3,4], 'abcd'), [list(o) for o in pairs], pairs[:3], [o[::-1] for o in pairs], pairs[::-1], tuple(pairs), dict(pairs)]),
    'digits-29': ([tensor([[17],[39]]), tensor([[17.],[39.]])], [tensor([17,39]), tensor([[5,10],[18,24]]), tensor([[39],[17]]), tensor([[17,39]]), 17]),
    'digits-33': ([torch_fit], [on_a_copy, lambda *a: None, lambda *a: torch_fit(*a, zero=False), lambda *a: torch_fit(*a, per_epoch=True), lambda m, dl, l, lr, n: torch_fit(m, dl, l, lr, 1), lambda m, dl, l, lr, n: torch_fit(m, dl, l, 2*lr, n), nn.Linear(3,1)]),
    'digits-34': ([F.relu, nn.ReLU(), lambda x: x.clamp(min=0), lambda x: torch.where(x>0, x, 0.)], [torch.abs, F.leaky_relu, torch.sigmoid, lambda x: x, lambda x: -F.relu(-x), lambda x: (x>0).float(), lambda x: F.relu(x).sum(), lambda x: F.relu(x) if x.ndim==1 else x.abs(), nn.ReLU]),
}

ANSWERS = EXERCISES | QUESTIONS
RAISES = {('learner-2', 0), ('digits-33', 6)} # wrong answers whose own code raises; a hint of ours must not
