"Training on several processes: the command run for real, killed for real, and gone on with. (One and two processes agree on the page.)"
import json, os, signal, subprocess, sys, time
from pathlib import Path
import nbformat, psutil, pytest, torch
from conftest import ROOT
from fastbook_lesson4.scale import _again, main, read_checkpoint, start, train_digits

MODULE = '-m', 'fastbook_lesson4.scale'
LIMIT = 300 # seconds, for a machine that does much else

def command(processes, module=MODULE): # 0: alone, without torchrun
    launch = ['-m', 'torch.distributed.run', '--standalone', f'--nproc-per-node={processes}'] if processes else []
    return [sys.executable, *launch, *module]

def popen(processes, *args, cwd, module=MODULE):
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': os.pathsep.join([str(ROOT), *filter(None, [os.environ.get('PYTHONPATH')])])}
    out,err = open(cwd/'out.txt', 'w'),open(cwd/'err.txt', 'w')
    with out,err: return subprocess.Popen([*command(processes, module), *map(str, args)], cwd=cwd, env=env, stdout=out, stderr=err)

def finished(p, cwd):
    "Its exit code, what it printed, and what it complained about; and nobody is left"
    code = p.wait(timeout=LIMIT)
    return code,(cwd/'out.txt').read_text(),(cwd/'err.txt').read_text()

def run(processes, *args, cwd, module=MODULE): return finished(popen(processes, *args, cwd=cwd, module=module), cwd)

def said(err): return [o for o in err.splitlines() if o.startswith('scale: ')]

def result(processes, *args, cwd):
    code,out,err = run(processes, *args, cwd=cwd)
    assert code == 0, err
    assert said(err) == [] and out.count('\n') == 1, out # one object, from the first process
    return json.loads(out)

EPOCHS = 6

@pytest.fixture(scope='module')
def whole(tmp_path_factory): return result(0, '--epochs', EPOCHS, cwd=tmp_path_factory.mktemp('whole'))

def same(a, b):
    assert a['sha256'] == b['sha256'] and a['accuracy'] == b['accuracy'] and a['epochs'] == b['epochs']
    for k in ('losses','valid_losses'): assert a[k] == pytest.approx(b[k], rel=1e-9)

def test_what_is_printed(whole):
    assert whole['processes'] == 1 and whole['device'] in ('cpu','cuda') and len(whole['losses']) == len(whole['valid_losses']) == whole['epochs'] == EPOCHS
    assert whole['interval'][0] < whole['accuracy'] < whole['interval'][1] and whole['accuracy'] > .96 and whole['losses'] == sorted(whole['losses'], reverse=True)
    assert len(whole['sha256']) == 64 and whole['images_per_second'] > 0

@pytest.mark.parametrize('processes', [1, 3])
def test_any_number_of_processes_is_one(whole, tmp_path, processes):
    "12,396 images in batches of 256 leave shares of different sizes to three"
    res = result(processes, '--epochs', EPOCHS, cwd=tmp_path)
    assert res['processes'] == processes
    same(res, whole)

def test_the_last_batch_may_be_smaller_than_the_number_of_processes(tmp_path):
    "12,396 is 3 times 4131 and 3: of four processes one has no image in the last batch"
    args = '--epochs', 1, '--bs', 4131
    assert 12396 % 4131 == 3
    same(result(4, *args, cwd=tmp_path), result(0, *args, cwd=tmp_path))

def test_the_seed_counts(whole, tmp_path): assert result(0, '--epochs', EPOCHS, '--seed', 1, cwd=tmp_path)['sha256'] != whole['sha256']

def epochs_in(file): return len(torch.load(file, weights_only=True)['values']) if file.exists() else 0

def workers(p):
    "The processes that torchrun has started, by rank; it also starts others, which end at once"
    found = {}
    for o in psutil.Process(p.pid).children(recursive=True):
        try: found[int(o.environ()['RANK'])] = o
        except (psutil.Error,KeyError): pass
    return found

def gone(processes):
    "Wait until all have ended; who has not is ended here"
    left = psutil.wait_procs(processes, timeout=60)[1]
    for o in left: o.kill()
    return not left

@pytest.mark.parametrize('victim,sig,after', [(0, signal.SIGKILL, 1), (1, signal.SIGTERM, 0), ('torchrun', signal.SIGTERM, 1), ('torchrun', signal.SIGKILL, 1)])
def test_a_run_that_is_killed_goes_on(whole, tmp_path, victim, sig, after):
    "One message, an exit code, nobody left; then one process, or three, get the result of the run that was left alone"
    file = tmp_path/'run.pt'
    args = '--epochs', EPOCHS, '--checkpoint', file
    p = popen(2, *args, cwd=tmp_path)
    end = time.monotonic() + LIMIT
    while len(workers(p)) < 2 or epochs_in(file) < after:
        assert p.poll() is None and time.monotonic() < end, (tmp_path/'err.txt').read_text()
        time.sleep(.01)
    if not after: time.sleep(1)
    both = workers(p)
    os.kill(p.pid if victim == 'torchrun' else both[victim].pid, sig)
    code,out,err = finished(p, tmp_path)
    assert gone([*both.values()]) and code != 0 and out == ''
    err = (tmp_path/'err.txt').read_text() # the last word may come late
    if after:
        assert len(said(err)) == 1 and str(file) in err and f'of {EPOCHS} epochs done' in err, err
        assert after <= epochs_in(file) < EPOCHS
    left = [o.name for o in tmp_path.iterdir() if o.name not in ('run.pt','out.txt','err.txt')]
    assert not [o for o in left if victim or not o.endswith('.part')] # process 0 may be killed while it writes
    same(result(3, *args, cwd=tmp_path) if victim == 0 else train_digits(EPOCHS, checkpoint=file), whole)

def test_more_epochs_go_on_and_none_are_left_to_do(whole, tmp_path):
    def trained(processes, n): return result(processes, '--epochs', n, '--checkpoint', 'run.pt', cwd=tmp_path)
    trained(2, 3)
    same(train_digits(EPOCHS, checkpoint=tmp_path/'run.pt'), whole)
    again = trained(2, EPOCHS)
    same(again, whole)
    assert again['images_per_second'] is None
    before = (tmp_path/'run.pt').read_bytes()
    for processes,args,words in ((2, (3,), 'up to 3 epochs'), (0, (EPOCHS, '--hidden', 31), 'expected shapes')):
        code,out,err = run(processes, '--epochs', *args, '--checkpoint', 'run.pt', cwd=tmp_path)
        assert code != 0 and out == '' and len(said(err)) == 1 and words in said(err)[0] and 'run.pt' in said(err)[0]
    assert (tmp_path/'run.pt').read_bytes() == before

@pytest.mark.parametrize('processes,data', [(0, b''), (2, b'no checkpoint')])
def test_a_broken_checkpoint_is_refused_and_left(tmp_path, processes, data):
    (tmp_path/'run.pt').write_bytes(data)
    code,out,err = run(processes, '--checkpoint', 'run.pt', cwd=tmp_path)
    assert code != 0 and out == '' and len(said(err)) == 1 and 'a whole checkpoint' in said(err)[0]
    if not processes: assert len(err.splitlines()) == 1 # no traceback
    assert (tmp_path/'run.pt').read_bytes() == data

def test_a_folder_that_is_not_there(tmp_path):
    code,out,err = run(0, '--checkpoint', tmp_path/'no'/'run.pt', cwd=tmp_path)
    assert code == 1 and 'for the checkpoint' in said(err)[0] and len(err.splitlines()) == 1

@pytest.mark.parametrize('args,words', [(['--epochs','0'], '--epochs'), (['--epochs','x'], 'x'), (['--seed','-1'], '-1'), (['--seed','9'*20], '9'*20), (['--bs','0'], '--bs'), (['--hidden','-3'], '-3'), (['--nonsense'], '--nonsense')])
def test_bad_options(capsys, args, words):
    with pytest.raises(SystemExit) as e: main(args)
    out,err = capsys.readouterr()
    assert e.value.code == 2 and out == '' and words in err.splitlines()[-1]

@pytest.mark.parametrize('slow', ['', 'if os.environ["RANK"] == "0": time.sleep(1.5)', 'def print(*args, **kwargs): time.sleep(1.5); builtins.print(*args, **kwargs)\nscale.print = print'])
def test_bad_options_are_told_once(tmp_path, slow):
    "Also where process 0 comes late, and where `torchrun` ends the others before the first has spoken"
    (tmp_path/'late.py').write_text(f'import builtins,os,time\nfrom fastbook_lesson4 import scale\n{slow}\nscale.main()')
    code,out,err = run(2, '--epochs', '0', cwd=tmp_path, module=['late.py'] if slow else MODULE)
    assert code != 0 and out == '' and ['expected --epochs' in o for o in said(err)] == [True]

def test_who_speaks_is_not_ended_before(tmp_path):
    "One process is gone, and `torchrun` ends this one while it still looks into the checkpoint"
    (tmp_path/'slow.py').write_text("""
import os,signal,time,torch
from fastbook_lesson4 import scale
def stopped(*args, **kwargs):
    while os.environ['RANK'] == '1':
        if os.path.exists('looks'): os._exit(1)
        time.sleep(.01)
    raise KeyboardInterrupt
def slow(*args, **kwargs):
    open('looks', 'w').close()
    time.sleep(1.5)
    return {'values': [[0,0,0]]*3}
signal.signal(signal.SIGTERM, signal.default_int_handler)
scale.train_digits,torch.load = stopped,slow
scale.main()
""")
    code,out,err = run(2, '--checkpoint', 'run.pt', cwd=tmp_path, module=['slow.py'])
    assert code != 0 and out == '' and len(said(err)) == 1 and 'with 3 of 5 epochs done' in said(err)[0], err

@pytest.mark.filterwarnings('ignore:Using a non-tuple')
@pytest.mark.parametrize('data', [None, b'', b'no checkpoint', torch.ones(3)], ids=['missing','empty','text','tensor'])
def test_no_checkpoint_to_go_on_from(tmp_path, data):
    file = tmp_path/'run.pt'
    if isinstance(data, bytes): file.write_bytes(data)
    elif data is not None: torch.save(data, file)
    assert _again('stopped', file, 5) == f'a process was stopped, and with it the run: start it again: {file} holds no epoch'
    if data is not None:
        with pytest.raises(ValueError, match='a whole checkpoint'): read_checkpoint(file, {}, 5)

def test_without_accelerate(python):
    "One message, and what to install; the rest of the module works"
    p = python('import sys; sys.modules["accelerate"] = None\nimport fastbook_lesson4.scale as s\ns.step_seconds(2)\ns.main(["--epochs", "1"])')
    assert p.returncode == 1 and p.stdout == '' and p.stderr.strip() == "scale: Distribute needs Hugging Face Accelerate: pip install 'fastbook_lesson4[scale]'"

def test_the_module_does_not_load_accelerate(python):
    p = python('import sys, fastbook_lesson4.scale; print([o for o in ("accelerate","fastai","matplotlib") if o in sys.modules])')
    assert p.stdout == '[]\n'

LEARNER = '''
import json,os,torch
from torch import nn
from fastbook_lesson4.convolution import mini_resnet
from fastbook_lesson4.learner import ClipGradients,DataLoader,DataLoaders,Learner,Momentum,OneCycle,RateFinder
from fastbook_lesson4.linear import mnist_loss
from fastbook_lesson4.scale import Distribute,params_hash
torch.set_num_threads(1)
g = torch.Generator().manual_seed(0)
x,y = torch.rand(300, 10, generator=g, dtype=torch.double),torch.randint(0, 2, (300,1), generator=g)
share = Distribute(cpu=True)
seed = int(os.environ.get('RANK', 0)) # start and order of each its own: process 0 counts
def middle(preds, yb): return preds.median() + 0*yb.sum() # a metric that is no mean
def fit(cbs, lr=.1, n=2):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1)).double()
    learn = Learner(DataLoaders(DataLoader(x, y, 64, shuffle=True), DataLoader(x, y, 101)), net, mnist_loss, metrics=middle, cbs=[share,*cbs])
    learn.fit(n, lr, show=False)
    return [params_hash(net), [[round(v, 9) for v in o] for o in learn.recorder.values], len(learn.recorder.losses)]
finder = RateFinder()
res = [fit([]), fit([ClipGradients(.01)]), fit([Momentum()]), fit([OneCycle()]), fit([finder], 1e-3, 30), len(finder.losses)]
print(json.dumps(res))
'''

def test_other_callbacks_beside_it(tmp_path):
    "Steps that others change, the rate finder's end, a metric that is no mean; start and order are those of process 0, whatever the others have drawn"
    file = tmp_path/'learner.py'
    file.write_text(LEARNER)
    texts = [start(str(file), processes=p, timeout=LIMIT) for p in (1, 3)]
    assert texts[1][0] == texts[1][1] == texts[1][2] == texts[0][0]
    assert len({o[0] for o in json.loads(texts[0][0])[:4]}) == 4

def test_each_process_takes_its_gpu(tmp_path, python):
    "As far as that goes without one: Accelerate is asked for the device, and model, data and the checkpoint's optimizer are taken there"
    code = '''
import torch
from torch import nn
from fastbook_lesson4.learner import DataLoader,DataLoaders,Learner
from fastbook_lesson4.linear import mnist_loss
from fastbook_lesson4.scale import Distribute
moved = []
class Net(nn.Linear):
    def to(self, device, *args, **kwargs):
        moved.append(('model', str(device)))
        return self
class Loader(DataLoader):
    def to(self, device):
        moved.append(('data', str(device)))
        return self
x,y = torch.rand(8, 3),torch.ones(8, 1).long()
share = Distribute('run.pt', cpu=True)
share.device = torch.device('cuda:1')
Learner(DataLoaders(Loader(x, y), Loader(x, y)), Net(3, 1), mnist_loss, cbs=[share]).fit(1, .1, show=False)
print(moved)
'''
    p = python(f'import os; os.chdir({str(tmp_path)!r})\n{code}')
    assert "('model', 'cuda:1')" in p.stdout and "('data', 'cuda:1')" in p.stdout, p.stderr

BOTH = """
import atexit,os,sys,torch
import torch.distributed as dist
from torch import nn
from torch.utils.data import DataLoader as Loader,TensorDataset
from fastbook_lesson4.learner import DataLoader,DataLoaders,Learner,MixedPrecision
from fastbook_lesson4.scale import Distribute,params_hash
atexit.register(lambda: hasattr(sys, 'last_value') or print('left open:', dist.is_initialized())) # runs after what Distribute has registered
torch.set_num_threads(1)
rank,p = (int(os.environ[o]) for o in ('RANK','WORLD_SIZE'))
g = torch.Generator().manual_seed(0)
x,y = torch.rand(103, 6, generator=g),torch.rand(103, 1, generator=g)
valid = x[:41],y[:41]
def both(*middle):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), *middle, nn.ReLU(), nn.Linear(8, 1))
def fit(net, train=None, test=None, n=2, **kwargs):
    train,test = train or DataLoader(x, y, 16, True, torch.Generator().manual_seed(1)),test or DataLoader(*valid, 20)
    share = Distribute(**kwargs)
    learn = Learner(DataLoaders(train, test), net, nn.functional.mse_loss, cbs=[share, *cbs])
    learn.fit(n, .05, show=False)
    return share,learn
def row(learn): return [round(o, 5) for o in learn.recorder.values[-1]]
def same(t):
    other = t.clone().float()
    if p > 1: dist.broadcast(other, 0)
    return bool((other == t).all())
cbs = []
"""

@pytest.fixture
def both(tmp_path):
    "What two processes print, and one, line by line"
    def run(code, processes=(1, 2)):
        file = tmp_path/'both.py'
        file.write_text(BOTH + code)
        return [[o.splitlines() for o in start(str(file), processes=p, timeout=LIMIT)] for p in processes]
    return run

def test_the_default_shares_without_a_gpu(both):
    "Accelerate takes one process for the whole, where it isn't told that there is no GPU"
    one,two = both("share,learn = fit(both())\nprint(share.p, share.rank)\nprint(row(learn))\nprint(same(torch.cat([o.flatten() for o in learn.model.parameters()])))")
    assert [o[0] for o in one + two] == ['1 0', '2 0', '2 1']
    assert {o[1] for o in one + two} == {one[0][1]} and {o[2] for o in one + two} == {'True'}
    assert {o[3] for o in one + two} == {'left open: False'} # nobody has to end the group by hand

@pytest.mark.skipif(torch.cuda.is_available(), reason='with a GPU that is right')
def test_processes_that_stay_alone_are_told(both):
    [two] = both("try: Distribute(cpu=False)\nexcept RuntimeError as e: print(e)", [2])
    assert {o[0] for o in two} == {'expected 2 processes that train as one, got 1 with cpu=False'}

def test_batch_norm_ends_as_one_net(both):
    "Its running means come from the shares; those of process 0 count, in the validation and afterwards"
    [two] = both("""share,learn = fit(both(nn.BatchNorm1d(8)))
print(all([same(o) for o in learn.model.state_dict().values()]))
print(abs(learn.validate()[0] - learn.recorder.values[-1][1]) < 1e-6)""", [2])
    assert {tuple(o[:2]) for o in two} == {('True','True')}

LOADERS = """
order = torch.Generator().manual_seed(2)
theirs = Loader(TensorDataset(x, y), 16, shuffle=True, generator=order),Loader(TensorDataset(*valid), 20)
torch.manual_seed(3)
free = Loader(TensorDataset(x, y), 16, shuffle=True),Loader(TensorDataset(*valid), 20) # PyTorch's own chance
lists = [*DataLoader(x, y, 16)],[*DataLoader(*valid, 20)]
for o in (theirs, free, lists): print(row(fit(both(), *o)[1]))
"""
def test_loaders_of_any_kind(both):
    one,two = both(LOADERS)
    assert one[0][:3] == two[0][:3] == two[1][:3] and len(set(one[0][:3])) == 3

def test_a_last_validation_batch_of_one(both):
    "41 are 20, 20 and 1: the second process has none, and a net that asks for the number of rows still gets one"
    code = """class View(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(6, 1)
    def forward(self, x): return self.l(x.view(len(x), -1))
torch.manual_seed(0)
print(row(fit(View())[1]))"""
    one,two = both(code)
    assert one[0][0] == two[0][0] == two[1][0]

DROPOUT = """
masks = []
net = both(nn.Dropout())
net[1].register_forward_hook(lambda layer, i, o: masks.append((o == 0).float()) if layer.training and len(o) == 8 else None)
share,learn = fit(net, n=3, checkpoint=f'drop-{p}.pt')
print([same(o) for o in masks].count(False), len(masks), params_hash(net))
def ended(n):
    net = both(nn.Dropout())
    fit(net, n=n, checkpoint=f'again-{p}.pt')
    return params_hash(net)
ended(1)
torch.rand(rank) # no process is where it was
print(ended(3) == params_hash(net))
seen = [] # the order comes from PyTorch's own chance too, and stays everybody's
class Look:
    def after_loss(self, learn): seen.append(share.whole[0].sum())
torch.manual_seed(0)
share = Distribute()
Learner(DataLoaders(DataLoader(x, y, 16, True), DataLoader(*valid, 20)), both(nn.Dropout()), nn.functional.mse_loss, cbs=[share, Look()]).fit(3, .05, show=False)
print(same(torch.stack(seen)), same(torch.rand(3)))
"""
def test_dropout_draws_for_each_process_and_goes_on(both, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [two] = both(DROPOUT, [2])
    (_,_,hash0),(different,n,hash1) = (o[0].split() for o in two)
    assert hash0 == hash1 and int(different) == int(n) == 3*6 # the masks of shares of 8
    assert {tuple(o[1:3]) for o in two} == {('True','True True')}

def test_half_precision_is_near(both):
    "Both processes calculate with 8 bits of mantissa: no more than a few thousandths apart from one"
    one,two = both("cbs.append(MixedPrecision(torch.bfloat16))\nprint(*row(fit(both())[1]))", [1, 2])
    numbers = [[float(v) for v in o[0].split()] for o in (one[0], two[0], two[1])]
    assert numbers[1] == numbers[2] == pytest.approx(numbers[0], abs=4e-3)

def test_fastai_loaders_in_one_order(both, tmp_path, monkeypatch):
    "They shuffle by Python's chance, which each process has for itself"
    monkeypatch.chdir(tmp_path)
    one,two = both("""
import random, warnings
warnings.simplefilter('ignore') # fastai's, of torch.jit
from fastai.data.load import DataLoader as Fastai
seen = []
class Look:
    def after_loss(self, learn): seen.append(share.whole[0].sum())
def run(n, **kwargs):
    global share
    random.seed(rank) # no process draws what another does
    torch.manual_seed(3)
    share = Distribute(**kwargs)
    loader = Fastai([*zip(x, y)], bs=16, shuffle=True)
    learn = Learner(DataLoaders(loader, Fastai([*zip(*valid)], bs=20)), both(), nn.functional.mse_loss, cbs=[share] if kwargs else [share, Look()])
    learn.fit(n, .05, show=False)
    return params_hash(learn.model)
whole = run(3)
print(whole, same(torch.stack(seen)), len(set(o.item() for o in seen)) > 14)
run(1, checkpoint=f'fastai-{p}.pt')
print(run(3, checkpoint=f'fastai-{p}.pt') == run(3, checkpoint=f'whole-{p}.pt'))
""")
    assert {o[0].split()[0] for o in one + two} == {one[0][0].split()[0]}
    assert {tuple(o[0].split()[1:]) for o in one + two} == {('True','True')} and {o[1] for o in one + two} == {'True'}

def test_nobody_goes_before_all_are_connected(both, tmp_path, monkeypatch):
    "Where one ends while another still connects, gloo raises"
    monkeypatch.chdir(tmp_path)
    [two] = both("""
import time
connect = dist.init_process_group
def slow(*args, **kwargs):
    connect(*args, **kwargs)
    if not rank: time.sleep(1); open('there', 'w').close()
dist.init_process_group = slow
Distribute()
print(os.path.exists('there'))
""", [2])
    assert [o[0] for o in two] == ['True']*2

def test_the_model_is_the_readers_own_again(both):
    "Also where `fit` ends in the middle of a batch"
    for o in both("""
from fastbook_lesson4.learner import CancelFitException
class Ends:
    def before_batch(self, learn): raise CancelFitException
cbs.append(Ends())
share,learn = fit(both())
print(type(learn.model).__name__)
"""): assert {a[0] for a in o} == {'Sequential'}

def test_an_optimizer_that_no_checkpoint_can_keep(tmp_path, python):
    "fastai's, before the first epoch; PyTorch's in fastai's clothes go on"
    code = BOTH.replace("os.environ[o]", "{'RANK': 0, 'WORLD_SIZE': 1}[o]") + """
import warnings
warnings.simplefilter('ignore')
from functools import partial
from fastai.optimizer import Adam,OptimWrapper
from fastbook_lesson4.scale import params_hash
def run(n, file, opt):
    torch.manual_seed(3)
    learn = Learner(DataLoaders(Loader(list(zip(x, y)), 16), Loader(list(zip(*valid)), 20)), both(), nn.functional.mse_loss, opt, cbs=[Distribute(file, cpu=True)])
    learn.fit(n, .05, show=False)
    return params_hash(learn.model)
run(1, None, Adam)
try: run(1, 'adam.pt', Adam)
except ValueError as e: print(e, os.path.exists('adam.pt'))
wrapped = partial(OptimWrapper, opt=torch.optim.AdamW)
run(1, 'wrapped.pt', wrapped)
print(run(3, 'wrapped.pt', wrapped) == run(3, None, wrapped))
"""
    p = python(f'import os; os.chdir({str(tmp_path)!r})\n{code}')
    assert p.stdout.splitlines()[:2] == ["a checkpoint does not keep what callbacks and fastai's optimizers remember: expected none that does, got Optimizer False", 'True'], p.stderr

def test_two_processes_leave_one_gpu_alone(both):
    "Two on one GPU is refused by NCCL"
    [two] = both("torch.cuda.device_count,torch.cuda.is_available,torch._C._get_accelerator = lambda: 1,lambda: True,lambda *_: torch.device('cuda')\nshare = Distribute()\nprint(share.p, share.device.type)", [2])
    assert [o[0] for o in two] == ['2 cpu']*2

def test_the_program_is_none_in_a_notebook():
    "Jupyter runs each cell as `__main__`, whatever nbdev leaves out"
    [cell] = [c.source for c in nbformat.read(ROOT/'nbs'/'11_scale.ipynb', 4).cells if '__main__' in c.source]
    exec(cell, {'__name__': '__main__'})
    with pytest.raises(NameError): exec(cell, {'__name__': '__main__', '__file__': 'scale.py'})
