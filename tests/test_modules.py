"The library as a whole: what imports what, and that it follows its notebooks"
import ast, filecmp, importlib, inspect, re, shutil, subprocess, sys
from pathlib import Path
import pytest
from fastcore.docments import docments
from conftest import ROOT

NBS = {re.sub(r'^\d+_', '', p.stem): int(p.stem[:2]) for p in (ROOT/'nbs').glob('[0-9]*.ipynb')}

@pytest.mark.parametrize('module', NBS)
def test_imports_only_from_earlier_chapters(module):
    tree = ast.parse((ROOT/'fastbook_lesson4'/f'{module}.py').read_text())
    for node in ast.walk(tree):
        names = [node.module or ''] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            if name.startswith('fastbook_lesson4.'): assert NBS[name.split('.')[1]] < NBS[module], f'{module} imports {name}'
        if isinstance(node, ast.ImportFrom): assert all(a.name != '*' for a in node.names), f'{module}: from {node.module} import *'

@pytest.mark.parametrize('module', [m for m,n in NBS.items() if n <= 6])
def test_early_chapters_load_quickly(module, python):
    "Neither fastai nor anything else that is slow to import and only needed for a picture"
    p = python(f'import sys, fastbook_lesson4.{module}; print([m for m in ("fastai","matplotlib","pandas","nbdev") if m in sys.modules])')
    assert p.stdout.strip() == '[]', p.stdout + p.stderr

def test_export_and_clean_change_nothing(tmp_path):
    for o in ('settings.ini', 'nbs', 'fastbook_lesson4'):
        (shutil.copytree if (ROOT/o).is_dir() else shutil.copy)(ROOT/o, tmp_path/o)
    for command in ('nbdev_export', 'nbdev_clean'):
        subprocess.run([Path(sys.executable).parent/command], cwd=tmp_path, check=True, capture_output=True)
    for folder,glob in (('fastbook_lesson4','*.py'), ('nbs','*.ipynb')):
        names = sorted(p.name for p in (tmp_path/folder).glob(glob))
        assert names == sorted(p.name for p in (ROOT/folder).glob(glob))
        assert filecmp.cmpfiles(ROOT/folder, tmp_path/folder, names, shallow=False)[1:] == ([],[]), f'{folder}: run `make notebooks`'

@pytest.mark.parametrize('module', NBS)
def test_every_public_name_is_documented(module):
    mod = importlib.import_module(f'fastbook_lesson4.{module}')
    for name in mod.__all__:
        o = getattr(mod, name)
        if not callable(o): continue
        assert inspect.getdoc(o), f'{module}.{name} has no docstring'
        f = o.__init__ if inspect.isclass(o) and '__init__' in vars(o) else o
        if not inspect.isfunction(f): continue
        docs = docments(f, full=True)
        for arg,p in inspect.signature(f).parameters.items():
            if arg != 'self' and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL): assert docs[arg]['docment'], f'{module}.{name}: {arg} is not documented'
