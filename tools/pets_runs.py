"""Train on a folder of pets in all the ways that chapter 08 compares, and store the figures.

    python tools/pets_runs.py drawings                   the drawings of the course
    python tools/pets_runs.py photographs FOLDER         a folder of photographs
    python tools/pets_runs.py app FOLDER                 chapter 10: what each of the two makes of the other

What is stored in `fastbook_lesson4/assets/pets_runs.json` (of the app: `app_runs.json`) is numbers: accuracies, losses, seconds, and what they were
made with. A run that is there already is not run again; `--again` starts anew. Half an hour each, on two cores.
"""
import argparse, json, math, os, platform, sys, tempfile, time, warnings
from contextlib import contextmanager
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
import torch
import fastai.callback.all # gives a Learner `lr_find` and `fit_one_cycle`
from fastai.callback.training import BnFreeze
from fastai.metrics import accuracy
from fastai.torch_core import default_device, set_seed
from fastai.vision.learner import vision_learner
from sklearn.model_selection import StratifiedKFold
from torch import nn
from fastbook_lesson4 import pets as library
from fastbook_lesson4.data import open_picture, picture_files, readable_pictures, whole_file
from fastbook_lesson4.pets import KeepNorms, breed_name, frozen_features, linear_head, pets, pets_dataloaders, pets_learner, presize_steps, pretrained_body, small_net, stratified_split

OUT = Path(__file__).resolve().parent.parent/'fastbook_lesson4'/'assets'/'pets_runs.json'
APP = OUT.with_name('app_runs.json')
SEEDS = 5
SEEDS_TRAINED = 3 # of what trains the whole net, which takes longer
EPOCHS = 3 # frozen, and as many unfrozen
LR = 2e-3 # of the head
SIZES = {'drawings': (96,160), 'photographs': (128,224)} # the side that fastai's training sees, and that of frozen features

def rounded(o):
    "Floats to four digits, in lists and dictionaries too; `None` for what is no number"
    if isinstance(o, dict): return {k: rounded(v) for k,v in o.items()}
    if isinstance(o, (list,tuple)): return [rounded(v) for v in o]
    return (float(f'{o:.4g}') if math.isfinite(o) else None) if isinstance(o, float) else o

class Moved:
    "How far the running means of a net's batch norms are from where they were, in running standard deviations, on average"
    def __init__(self, body):
        self.norms = [o for o in body.modules() if isinstance(o, nn.BatchNorm2d)]
        self.start,self.std = self.means(),torch.cat([o.running_var.sqrt() for o in self.norms])
    def means(self): return torch.cat([o.running_mean for o in self.norms])
    def __call__(self): return ((self.means()-self.start).abs()/self.std)[self.std > 0].mean().item() # a few channels are always 0

class Runs:
    "Every way to train that the chapter compares: a method each, given a seed"
    def __init__(self, path, small, large): self.path,self.small,self.large,self.scratch_folder = path,small,large,Path(tempfile.mkdtemp()) # nothing is written beside the pictures

    def dls(self, seed, size=None, bs=32): return pets_dataloaders(self.path, size or self.small, size or self.small, bs=bs, min_scale=.75, seed=seed, num_workers=0)

    def learner(self, seed, keep=KeepNorms, arch=pretrained_body, **kwargs):
        "A net with a new head. `keep`: callbacks that keep batch norm as it is; without, fastai as it is"
        dls = self.dls(seed)
        set_seed(seed, reproducible=True)
        learn = vision_learner(dls, arch, metrics=accuracy, path=self.scratch_folder, **({} if keep is None else dict(train_bn=False, cbs=keep)), **kwargs)
        learn.recorder.add_time = False
        return learn

    @contextmanager
    def quiet(self, learn):
        with learn.no_bar(), learn.no_logging(): yield

    def rows(self, learn): return [list(map(float, o)) for o in learn.recorder.values]

    def fit(self, learn, *fits):
        "Each of `fits` trains on; the rows [train loss, valid loss, accuracy] of all epochs"
        rows,moved,far = [],[],Moved(learn.model[0])
        with self.quiet(learn):
            for f in fits:
                f(learn)
                rows += self.rows(learn)
                moved.append(far())
        return dict(rows=rows, moved=moved)

    def head(self, learn): learn.freeze(); learn.fit_one_cycle(EPOCHS, LR)

    # --- is a frozen net frozen?
    def drift(self, seed, keep):
        learn = self.learner(seed, keep)
        learn.freeze()
        return self.fit(learn, *[lambda o: o.fit(1, LR)]*5)
    def frozen_as_it_is(self, seed): return self.drift(seed, None)
    def frozen_weights(self, seed): return self.drift(seed, ())
    def frozen_put_back(self, seed):
        "The same, and at the end the body gets back the means and variances that it had"
        learn = self.learner(seed, ())
        learn.freeze()
        body = {k: v.clone() for k,v in learn.model[0].state_dict().items()}
        res = self.fit(learn, *[lambda o: o.fit(1, LR)]*5)
        learn.model[0].load_state_dict(body)
        with self.quiet(learn): loss,acc = learn.validate()
        return dict(rows=[*res['rows'], [res['rows'][-1][0], loss, acc]], moved=res['moved'])
    def frozen_in_earnest(self, seed): return self.drift(seed, BnFreeze)

    # --- what comes after the frozen epochs
    def then(self, seed, lr, unfreeze=True, keep=KeepNorms):
        def rest(learn):
            if unfreeze: learn.unfreeze()
            learn.fit_one_cycle(EPOCHS, lr)
        return self.fit(self.learner(seed, keep), self.head, rest)
    def then_still_frozen(self, seed): return self.then(seed, LR, unfreeze=False)
    def then_same_rate(self, seed): return self.then(seed, LR)
    def then_a_tenth(self, seed): return self.then(seed, LR/10)
    def then_a_tenth_norms_loose(self, seed): return self.then(seed, LR/10, keep=BnFreeze)
    def then_slice(self, seed): return self.then(seed, slice(LR/100, LR))
    def then_ruin(self, seed): return self.then(seed, .1)
    def tune(self, seed, keep): return self.fit(self.learner(seed, keep), lambda o: o.fine_tune(EPOCHS, LR, freeze_epochs=EPOCHS))
    def fine_tune(self, seed): return self.tune(seed, KeepNorms)
    def fine_tune_as_it_is(self, seed): return self.tune(seed, None)

    # --- from scratch
    def scratch(self, seed, **kwargs): return self.fit(self.learner(seed, None, pretrained=False, **kwargs), lambda o: o.fit_one_cycle(12, 1e-2))
    def scratch_same_net(self, seed): return self.scratch(seed)
    def scratch_small_net(self, seed): return self.scratch(seed, arch=small_net, lin_ftrs=[], ps=.1)

    # --- features, computed once, and a linear layer
    def features(self, body, change=None, mirrored=False):
        "Of every picture, in the order of the files, with its label; `change` makes a tensor (3, size, size) of a picture"
        if change:
            imgs = torch.stack([change(open_picture(o)) for o in self.files]).clamp(0,1)
            return frozen_features(body, [(o, torch.zeros(len(o))) for o in imgs.split(32)])
        dls = pets_dataloaders(self.path, self.large, self.large, bs=32, min_scale=1, num_workers=0)
        return frozen_features(body, dls.test_dl(self.files, with_labels=True, num_workers=0), mirrored)

    @cached_property
    def files(self): return readable_pictures(picture_files(self.path))[0]

    def all_features(self):
        "Plain pictures, mirrored ones, four times changed ones both ways, and what a net with random parameters makes of them"
        set_seed(0, reproducible=True)
        body,side = pretrained_body().to(default_device()),self.large
        began = time.perf_counter()
        plain,self.y = self.features(body)
        self.seconds = time.perf_counter()-began
        def change(way):
            g = torch.Generator().manual_seed(0) # the same changes for both ways
            def f(img):
                a,z,w = torch.rand(3, generator=g).tolist()
                steps = presize_steps(img, 2*side, side, 40*a-20, 1+.3*z, .4*w-.2)
                res = steps.once['all at once'] if way == 'once' else steps.each['tilted']
                return res.flip(2) if torch.rand(1, generator=g) < .5 else res
            return f
        self.x = {'plain': [plain], 'mirrored': [plain, self.features(body, mirrored=True)[0]]}
        for way in ('once','each'):
            f = change(way)
            self.x[way] = [plain, *(self.features(body, f)[0] for _ in range(4))]
        self.x['random'] = [self.features(pretrained_body(False))[0]]

    def linear(self, seed, kind='plain'):
        "A linear layer on the features of one kind; the validation pictures are always plain"
        if not hasattr(self, 'x'): self.all_features()
        train,valid = stratified_split([breed_name(o) for o in self.files], seed=seed)
        xs = self.x[kind]
        x,y = torch.cat([o[train] for o in xs]),self.y[train].repeat(len(xs))
        learn = linear_head((x,y), (xs[0][valid],self.y[valid]), int(self.y.max())+1, seed)
        return dict(rows=learn.recorder.values[-1:], features_seconds=self.seconds)
    def features_plain(self, seed): return self.linear(seed)
    def features_mirrored(self, seed): return self.linear(seed, 'mirrored')
    def features_presized(self, seed): return self.linear(seed, 'once')
    def features_step_by_step(self, seed): return self.linear(seed, 'each')
    def features_random_net(self, seed): return self.linear(seed, 'random')

    # --- the finder, before and after unfreezing
    def finder(self, seed):
        learn,res = self.learner(seed),{}
        def look(o):
            o.lr_find(num_it=60, show_plot=False)
            return dict(lrs=list(map(float, o.recorder.lrs)), losses=list(map(float, o.recorder.losses)))
        with self.quiet(learn):
            learn.freeze()
            res['frozen'] = look(learn)
            self.head(learn)
            learn.unfreeze()
            res['unfrozen'] = look(learn)
        return res

JOBS = {**{f'features_{o}': SEEDS for o in ('plain','mirrored','presized','step_by_step','random_net')}, 'finder': 1, 'frozen_as_it_is': SEEDS, 'frozen_weights': SEEDS, 'frozen_put_back': SEEDS, 'frozen_in_earnest': SEEDS,
        **{o: SEEDS_TRAINED for o in ('then_still_frozen','then_a_tenth','then_slice','then_same_rate','then_ruin','then_a_tenth_norms_loose','fine_tune','fine_tune_as_it_is','scratch_small_net','scratch_same_net')}}

def asked(paths, size=160, threshold=.6):
    "What the app's net says, learned from each kind of pictures and asked about each: of its own kind five folds, of the other the net of `pets_learner`"
    rows = []
    for learned,path in paths.items():
        learn = pets_learner(path, size=size)
        for kind,other in paths.items():
            dl = learn.dls.test_dl(readable_pictures(picture_files(other))[0], with_labels=True, num_workers=0)
            with learn.no_bar(): probs,y = learn.get_preds(dl=dl)
            if kind == learned:
                x,n = frozen_features(learn.model[0], dl)[0],probs.shape[1]
                for train,valid in StratifiedKFold(5, shuffle=True, random_state=42).split(x, y):
                    head = linear_head((x[train],y[train]), (x[valid],y[valid]), n).model
                    with torch.no_grad(): probs[valid] = head(x[valid]).softmax(1)
            sure,best = probs.max(1)
            named = sure >= threshold
            rows.append({'learned from': learned, 'asked about': kind, 'of': len(y), 'named': int(named.sum()), 'right': int((named & (best == y)).sum())})
    return dict(rows=rows, size=size, threshold=threshold, versions={o: version(o) for o in ('torch','fastai','timm')})

def made_with(runs):
    "What a reader has to know of the figures"
    names = 'torch','torchvision','fastai','timm'
    valid = len(stratified_split([breed_name(o) for o in runs.files])[1])
    return dict(pictures=len(runs.files), breeds=len({breed_name(o) for o in runs.files}), valid=valid, size=runs.small, features_size=runs.large, lr=LR, epochs=EPOCHS,
                cores=os.cpu_count(), machine=platform.machine(), device='cuda' if torch.cuda.is_available() else 'cpu', versions={o: version(o) for o in names})

def write(path, figures):
    with whole_file(path) as out: out.write_text(json.dumps(rounded(figures), separators=(',',':'), allow_nan=False)+'\n')

def store(name, part):
    "Put the figures of one kind of pictures into the file"
    write(OUT, (json.loads(OUT.read_text()) if OUT.is_file() else {}) | {name: part})

def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument('name', choices=[*SIZES,'app'])
    p.add_argument('folder', nargs='?', help='of photographs')
    p.add_argument('--only', nargs='*', help='the runs whose names begin so')
    p.add_argument('--again', action='store_true', help='run also what is stored')
    a = p.parse_args()
    if (a.name == 'drawings') == bool(a.folder): p.error('drawings need no folder, photographs and the app one')
    warnings.filterwarnings('ignore')
    if a.name == 'app': return write(APP, asked({'drawings': pets(False), 'photographs': pets(a.folder)}))
    library.open_picture = cache(open_picture) # each file is opened once, not once an epoch
    runs = Runs(pets(a.folder or False), *SIZES[a.name])
    part = json.loads(OUT.read_text()).get(a.name, {}) if OUT.is_file() else {}
    if a.again or not part: part = {'runs': {}}
    part['made with'] = made_with(runs)
    for job,seeds in JOBS.items():
        if a.only and not job.startswith(tuple(a.only)): continue
        done = part['runs'].setdefault(job, [])
        for seed in range(len(done), seeds):
            began = time.perf_counter()
            res = getattr(runs, job)(seed)
            done.append({'seed': seed, **res, 'seconds': time.perf_counter()-began})
            store(a.name, part)
            print(job, seed, f'{done[-1]["seconds"]:.0f} s', rounded(res.get('rows', [''])[-1]), file=sys.stderr, flush=True)

if __name__ == '__main__': main()
