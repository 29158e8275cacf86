"""Measure side by side, in one run, and print ratios: seconds differ between machines, ratios hardly do.

    python bench/bench.py [NAME ...]

Writes everything to bench/results.json. Exit code 1 if a ratio misses its floor.
"""
import argparse, gzip, json, os, platform, re, shutil, statistics, subprocess, sys
from functools import cache,partial
from pathlib import Path
from time import perf_counter
import warnings
import numpy as np
import torch
from PIL import Image
from torch import nn
from fastbook_lesson4.learner import DataLoader,DataLoaders,Learner
from fastbook_lesson4.lesson import default_device
from fastbook_lesson4.linear import batch_accuracy,batches,init_params,linear1,mnist_loss,train_epoch,validate_epoch
from fastbook_lesson4.pixels import load_mnist_sample,mnist_sample
from fastbook_lesson4.relu import simple_net

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT/'tools'))
from site_server import browser,served

warnings.filterwarnings('ignore', '.*torch.jit.script', FutureWarning) # fastai still uses it
BS,LR,EPOCHS,SEEDS = 256,.1,40,range(5)
DEVICE = default_device()

benches = {}
def bench(f): benches[f.__name__] = f; return f

def best(f, n=3):
    "Seconds of the fastest of `n` calls"
    def once():
        t = perf_counter()
        f()
        return perf_counter()-t
    return min(once() for _ in range(n))

def row(what, value, unit, floor=None, ceiling=None):
    "A measurement; `ok` is None where nothing is asked"
    ok = None if floor is None and ceiling is None else (floor is None or value >= floor) and (ceiling is None or value <= ceiling)
    want = '' if ok is None else f'at least {floor:g}' if floor is not None else f'at most {ceiling:g}'
    return dict(what=what, value=value, unit=unit, wanted=want, ok=ok)

LIGHTHOUSE = 'lighthouse@13' # from npm; needs a browser

def scores(url):
    "What Lighthouse says about a page on a phone, from 0 to 100: the median of three visits"
    visits = [visit(url) for _ in range(3)]
    return {k: statistics.median(v[k] for v in visits) for k in visits[0]}

def visit(url):
    "One run of Lighthouse"
    p = subprocess.run(['npx', '--yes', LIGHTHOUSE, url, '--quiet', '--output=json', '--chrome-flags=--headless=new --no-sandbox --disable-gpu',
                        '--only-categories=performance,accessibility,best-practices,seo'], capture_output=True, text=True, env={**os.environ, 'CHROME_PATH': browser() or ''})
    if p.returncode: raise RuntimeError(f'Lighthouse: {p.stderr[-500:]}')
    return {k: round(100*v['score']) for k,v in json.loads(p.stdout)['categories'].items()}

@bench # first: later ones leave threads behind that spin
def site():
    "Building the site, twice, and Lighthouse on its first page and its heaviest chapter"
    def build(*args): subprocess.run([sys.executable, ROOT/'tools'/'site_builder.py', *args], check=True, stdout=subprocess.DEVNULL)
    yield row('the site, everything new', best(partial(build, '--force'), 1), 'seconds', ceiling=30)
    yield row('the site, nothing changed', best(build, 1), 'seconds', ceiling=5)
    if not shutil.which('npx'):
        print('Lighthouse not measured: npx is missing (it comes with Node.js)', file=sys.stderr)
        return
    docs = ROOT/'_docs'
    def weight(page): # as it is sent
        figures = {docs/o for o in re.findall(r' src="(figures/[\w.]+)"', page.read_text(encoding='utf-8'))}
        return sum(len(gzip.compress(o.read_bytes())) for o in (page, *figures))
    heaviest = max(docs.glob('*.html'), key=weight)
    with served(docs) as url:
        for page in ('index.html', heaviest.name):
            for what,value in scores(url + page).items(): yield row(f'Lighthouse, {page}, {what}', value, 'of 100', floor=95 if what == 'performance' else 100)

COUNT = """() => { // what each frame's callbacks cost
  window.cost = 0
  const next = window.requestAnimationFrame.bind(window)
  window.requestAnimationFrame = f => next(t => { const from = performance.now(); f(t); window.cost += performance.now() - from })
}"""

REACT = """async stage => { // the time of the reaction to each way of touching each control: event, drawing, layout; the median of twenty
  const frame = () => new Promise(ok => setTimeout(ok, 40)), res = []
  async function measured(name, act) {
    const all = []
    for (let i = 0; i < 20; i++) {
      window.cost = 0
      const from = performance.now()
      act(i)
      document.body.getBoundingClientRect()
      const now = performance.now() - from
      await frame()
      all.push(now + window.cost)
    }
    res.push([all.sort((a, b) => a - b)[10], name])
  }
  const name = e => e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent || e.tagName
  const ranges = [...stage.querySelectorAll('input[type=range]')]
  const slid = (e, part) => { e.value = +e.min + (e.max - e.min) * part; e.dispatchEvent(new Event('input', { bubbles: true })) }
  for (const e of ranges) slid(e, .8) // what stands at rest may cost nothing
  for (const e of ranges) await measured(name(e), i => slid(e, (i % 10 + .5) / 10))
  for (const e of stage.querySelectorAll('input[type=radio], input[type=checkbox], button')) if (e.checkVisibility() && !e.disabled) await measured(name(e), () => e.click())
  for (const e of stage.querySelectorAll('canvas, svg')) {
    const r = e.getBoundingClientRect()
    if (r.width) await measured(name(e), i => {
      for (const type of ['pointerdown', 'pointermove', 'pointermove', 'pointerup']) e.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, isPrimary: true, buttons: 1, clientX: r.x + r.width * (i + 1) / 22, clientY: r.y + r.height * (type === 'pointermove' ? .6 : .4) }))
    })
  }
  return res
}"""

@bench
def hands():
    "How long the explorable pictures take to answer a hand, on a processor a quarter as fast, as Lighthouse takes a phone's to be"
    from playwright.sync_api import sync_playwright
    subprocess.run([sys.executable, ROOT/'tools'/'site_builder.py'], check=True, stdout=subprocess.DEVNULL)
    docs = ROOT/'_docs'
    with served(docs) as url, sync_playwright() as p:
        b = p.chromium.launch(executable_path=browser(), args=['--no-sandbox', '--disable-gpu'])
        for path in sorted(docs.glob('*.html')):
            for name in re.findall(r'<figure class="explorable" id="explorable-(\w+)"', path.read_text(encoding='utf-8')):
                page = b.new_page(viewport={'width': 412, 'height': 823}, reduced_motion='reduce')
                page.add_init_script(f'({COUNT})()')
                page.goto(url + path.name)
                stage = page.locator(f'#explorable-{name} .stage')
                stage.scroll_into_view_if_needed()
                page.context.new_cdp_session(page).send('Emulation.setCPUThrottlingRate', {'rate': 4})
                slowest,what = max(stage.evaluate(REACT))
                yield row(f'{name} in {path.stem}, slowest: {" ".join(what.split())[:24]}', slowest/(1000/60), 'frames', ceiling=1)
                page.context.close()
        b.close()

@bench
def load():
    "The digits: one file against 14434 PNG files opened with PIL and stacked"
    path = mnist_sample()
    def pngs():
        return [torch.stack([torch.tensor(np.array(Image.open(o))) for o in sorted((path/s/d).iterdir())]).float()/255 for s in ('train','valid') for d in '37']
    slow,fast = best(pngs, 3),best(load_mnist_sample, 20)
    yield row('PNG files one by one / load_mnist_sample()', slow/fast, 'times', floor=15)

@bench
def imports():
    "What `import fastbook_lesson4.similarity` costs beyond `import torch`, in fresh processes"
    code = 'import time,torch; t=time.perf_counter(); import fastbook_lesson4.similarity; print(time.perf_counter()-t)'
    seconds = [float(subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    yield row('import of similarity after torch', min(seconds), 'seconds', ceiling=.5)

@cache
def flat():
    "The digits as rows of 784 pixels, on the device"
    d = load_mnist_sample().to(DEVICE)
    return d.train_x.view(-1, 784),d.train_y,d.valid_x.view(-1, 784),d.valid_y

def sync():
    "Wait for the GPU, so that the clock counts its work"
    if DEVICE == 'cuda': torch.cuda.synchronize()

@bench
def linear():
    "785 parameters, 21 epochs, lr 1, from the start that the chapter recommends"
    train_x,train_y,valid_x,valid_y = flat()
    def accuracy(seed):
        g = torch.Generator().manual_seed(seed)
        params = [init_params(o, 1/28, g, DEVICE) for o in ((784,1), 1)]
        model = partial(linear1, weights=params[0], bias=params[1])
        for _ in range(21): train_epoch(model, 1., params, batches(train_x, train_y, BS, True, g))
        return validate_epoch(model, batches(valid_x, valid_y, 2048))
    accs = [accuracy(o) for o in SEEDS]
    yield row('linear from scratch, 21 epochs, worst of 5 seeds (notes: 0.9755)', min(accs), 'accuracy', floor=.968)

def new_net(seed=0):
    torch.manual_seed(seed)
    return simple_net().to(DEVICE)

def ours(seed=0, shuffle=False):
    "40 epochs through our Learner, with metric and recorder"
    train_x,train_y,valid_x,valid_y = flat()
    learn = Learner(DataLoaders(DataLoader(train_x, train_y, BS, shuffle=shuffle), DataLoader(valid_x, valid_y, BS)), new_net(seed), mnist_loss, metrics=batch_accuracy)
    learn.fit(EPOCHS, LR, show=False)
    sync()
    return learn.recorder.values[-1][2]

def bare():
    "The same 40 epochs as a bare PyTorch loop: slices of one tensor, validation at each epoch"
    train_x,train_y,valid_x,valid_y = flat()
    model = new_net()
    params = list(model.parameters())
    for _ in range(EPOCHS):
        for i in range(0, len(train_x), BS):
            p,y = model(train_x[i:i+BS]).sigmoid(),train_y[i:i+BS]
            torch.where(y==1, 1-p, p).mean().backward()
            with torch.no_grad():
                for o in params:
                    o -= LR*o.grad
                    o.grad = None
        with torch.no_grad(): ((model(valid_x)>0) == valid_y).float().mean().item()
    sync()

def products():
    "Nothing but the matrix products of these 40 epochs"
    train_x,_,valid_x,_ = flat()
    w1,w2 = torch.randn(30, 784, device=DEVICE),torch.randn(1, 30, device=DEVICE)
    with torch.no_grad():
        for _ in range(EPOCHS):
            for i in range(0, len(train_x), BS):
                x = train_x[i:i+BS]
                h = x@w1.T          # forward
                d = h@w2.T
                d.T@h; (d@w2).T@x   # backward: the weights of the second layer, the hidden layer and its weights
            valid_x@w1.T@w2.T
    sync()

def fastais():
    "The same 40 epochs through fastai's Learner, on the same data and batch size"
    import fastai.callback.progress # it adds no_bar
    from fastai.data.core import DataLoaders as FastaiDataLoaders
    from fastai.data.load import DataLoader as FastaiDataLoader
    from fastai.learner import Learner as FastaiLearner
    from fastai.optimizer import SGD
    train_x,train_y,valid_x,valid_y = flat()
    dls = FastaiDataLoaders(*(FastaiDataLoader(list(zip(x, y)), bs=BS) for x,y in ((train_x,train_y), (valid_x,valid_y))))
    learn = FastaiLearner(dls, new_net(), loss_func=mnist_loss, opt_func=SGD, metrics=batch_accuracy)
    with learn.no_bar(), learn.no_logging(): learn.fit(EPOCHS, LR)
    sync()

@bench
def net():
    "The ReLU net, 40 epochs, lr 0.1, batch 256"
    accs = [ours(o, shuffle=True) for o in SEEDS]
    yield row('simple_net, 40 epochs, worst of 5 seeds (notes: 0.9828)', min(accs), 'accuracy', floor=.98)

@bench
def learner():
    "The same 40 epochs four ways, in turns: the median of the rounds' ratios, since the machine's speed changes from round to round"
    def ratios(slow, fast, n):
        def once(f): return best(f, 1)
        return statistics.median(once(slow)/once(fast) for _ in range(n))
    ours(), bare() # the first of each pays for what is set up once
    yield row("fastai's Learner / our Learner", ratios(fastais, ours, 3), 'times', floor=3)
    yield row('our Learner / the bare loop', ratios(ours, bare, 9), 'times', ceiling=1.05)
    yield row('the bare loop / its matrix products', ratios(bare, products, 3), 'times')

@bench
def resnet():
    "One epoch of our residual net, against one epoch of fastai's resnet18"
    import fastai.callback.progress # it adds no_bar
    import fastai.callback.schedule # and this fit_one_cycle
    from fastai.metrics import accuracy
    from fastai.vision.data import ImageDataLoaders
    from fastai.vision.learner import vision_learner
    from torchvision.models import resnet18
    from fastbook_lesson4.lesson import Setting,parts
    accs,seconds = [],[]
    for seed in SEEDS:
        torch.manual_seed(seed)
        setting = Setting(seed, DEVICE)
        setting.digits # loaded before the clock starts
        t = perf_counter()
        accs.append(next(parts['resnet'](setting)).value)
        seconds.append(perf_counter()-t)
    torch.manual_seed(0)
    learn = vision_learner(ImageDataLoaders.from_folder(mnist_sample(), device=DEVICE), resnet18, pretrained=False, loss_func=nn.functional.cross_entropy, metrics=accuracy)
    def epoch():
        with learn.no_bar(), learn.no_logging(): learn.fit_one_cycle(1, .1)
    slow = best(epoch, 1)
    yield row('mini_resnet, one epoch, median of 5 seeds (notes, resnet18: 0.9971)', statistics.median(accs), 'accuracy', floor=.996)
    yield row("fastai's resnet18 epoch / the mini_resnet epoch", slow/statistics.median(seconds), 'times', floor=10)
    yield row("resnet18 in this run", learn.recorder.values[-1][2], 'accuracy')

@bench
def pets():
    "37 drawn breeds, as the lesson learns them"
    from fastbook_lesson4.lesson import lesson
    runs = [[r.value for r in lesson(['pets'], seed, DEVICE, progress=False).rows] for seed in SEEDS]
    accs,found = zip(*runs)
    yield row('37 drawn breeds, frozen features, worst of 5 seeds', min(accs), 'accuracy', floor=.85)
    yield row('wrong labels found, worst of 5 seeds', min(found), 'share', floor=.8)

@bench
def scale():
    "One process against two of one thread each, in turns: the same batch for both together, and a batch for each. No floor: two cores that do something else besides miss any"
    from fastbook_lesson4.scale import start
    def speed(processes, bs): return json.loads(start('-m', 'fastbook_lesson4.scale', '--epochs', '2', '--hidden', '300', '--bs', str(bs), processes=processes, timeout=600)[0].splitlines()[-1])['images_per_second']
    turns = [(speed(1, 256), speed(2, 256), speed(2, 512)) for _ in range(3)]
    yield row('strong scaling: two processes / one, batch 256 in all', statistics.median(two/one for one,two,_ in turns), 'times')
    yield row('weak scaling: two processes / one, batch 256 for each', statistics.median(two/one for one,_,two in turns), 'times')

@bench
def memory():
    "The command `lesson4`, whole, started by a small process: a peak begins with the memory of the process that starts it"
    code = 'import resource,subprocess,sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'
    t = perf_counter()
    peak = int(subprocess.run([sys.executable, '-c', code, Path(sys.executable).parent/'lesson4', '--json', '--device', DEVICE], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    yield row('peak memory of lesson4', peak/(1024**3 if sys.platform == 'darwin' else 1024**2), 'GB', ceiling=1.5) # bytes there, kB elsewhere
    yield row('lesson4 as a whole', perf_counter()-t, 'seconds', ceiling=60)

def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('name', nargs='*', help=f'what to measure (default: all): {", ".join(benches)}')
    names = p.parse_args().name or list(benches)
    if set(names) - set(benches): p.error(f'the measurements are {", ".join(benches)}')
    rows = [r for n in names for r in benches[n]()]
    for r in rows: print(f'{r["what"]:66} {r["value"]:8.3g} {r["unit"]:8} {r["wanted"]:16} {({None: "", True: "ok", False: "MISSED"})[r["ok"]]}')
    machine = dict(cpus=os.cpu_count(), machine=platform.machine(), system=platform.platform(), gpu=torch.cuda.get_device_name() if torch.cuda.is_available() else None)
    versions = dict(python=platform.python_version(), torch=torch.__version__, numpy=np.__version__)
    out = Path(__file__).parent/'results.json'
    out.write_text(json.dumps(dict(rows=rows, machine=machine, versions=versions), indent=1))
    print(f'\n{out}')
    sys.exit(any(r['ok'] is False for r in rows))

if __name__ == '__main__': main()
