"The command `lesson4`, as typed"
import json, subprocess, sys, zipfile
from pathlib import Path
import pytest

LESSON4 = Path(sys.executable).parent/'lesson4'

def lesson4(*args, cwd='/'): return subprocess.run([LESSON4, *args], cwd=cwd, capture_output=True, text=True, timeout=300)

def test_table(tmp_path):
    p = lesson4(cwd=tmp_path)
    assert p.returncode == 0, p.stderr
    for word in ('part', 'epochs', 'here', 'notes', 'seconds', '0.9168', '0.9854', '0.9511', 'torch'): assert word in p.stdout

def test_json_is_the_only_output():
    p = lesson4('--json', '--part', 'similarity', '--seed', '3', '--device', 'cpu')
    res = json.loads(p.stdout)
    assert p.returncode == 0 and res['device'] == 'cpu' and 'torch' in res['versions']
    assert {'part','metric','value','reference','seconds'} <= set(res['rows'][0])
    for r in res['rows']:
        if r['reference']: assert round(r['value'], 4) == r['reference']

@pytest.mark.parametrize('args,words', [(['--part','simlarity'], ['simlarity','similarity']), (['--device','abacus'], ['abacus','cpu']),
                                        (['--seed','x'], ['x']), (['--nonsense'], ['nonsense'])])
def test_wrong_arguments(args, words):
    p = lesson4(*args)
    assert p.returncode == 2 and p.stdout == '' and 'Traceback' not in p.stderr
    for w in words: assert w in p.stderr

def test_help():
    p = lesson4('--help')
    assert p.returncode == 0
    for word in ('--part', '--seed', '--device', '--json', 'similarity'): assert word in p.stdout

def test_deck(tmp_path):
    p = lesson4('--deck', 'cards.apkg', cwd=tmp_path)
    assert p.returncode == 0 and p.stdout.count('\n') == 1 and zipfile.is_zipfile(tmp_path/'cards.apkg'), p.stderr

@pytest.mark.parametrize('file', ['no/such/cards.apkg', 'cards.txt', '/proc/cards.apkg'])
def test_deck_to_a_bad_place(file, tmp_path):
    p = lesson4('--deck', file, cwd=tmp_path)
    assert p.returncode == 1 and p.stdout == '' and p.stderr.startswith('lesson4: ') and 'Traceback' not in p.stderr and not list(tmp_path.iterdir())
