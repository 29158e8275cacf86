"""Collect the questions of the quiz from `nbs/12_quiz.ipynb` into `fastbook_lesson4/assets/questions.json`.

    python tools/quiz.py [--check]

A question is a Markdown cell: a comment `<!-- question ID TOPIC -->`, a heading with its number, perhaps choices,
and the answer in `<details>` with one link to the section that explains it. `--check` writes nothing and fails
if the file is not what the notebook gives.
"""
import argparse, json, re, sys
from collections import Counter
import nbformat
from fastbook_lesson4.data import whole_file
from notebooks import NBS, ROOT
from pages import chapters

OUT = ROOT/'fastbook_lesson4'/'assets'/'questions.json'
TOPICS = 'images','tensors','data','metrics','sgd','loss','training','nets','python','classes','tuning'
PARTS = {'digits': 37, 'breeds': 23}

FORM = re.compile(r'''<!-- question (?P<id>\S+) (?P<topic>\S+) -->
### (?P<number>\d+)\. (?P<text>.+?)
(?P<choices>(?:- \*\*[a-z]\.\*\* .+\n)*)
<details><summary>Answer</summary>

(?P<answer>.+?)

Read more: \[(?P<title>.+)\]\((?P<notebook>\d\d_\w+)\.ipynb#(?P<anchor>[^)\s]+)\)

</details>\s*''', re.S)

def question(source):
    "The question in the text of a cell. `ValueError` if the cell has another form"
    m = FORM.fullmatch(source)
    if not m: raise ValueError(f'not the form of a question (comment, heading, choices, answer, one "Read more" link): {source.splitlines()[0]}')
    id,choices,answer = m['id'],dict(re.findall(r'^- \*\*([a-z])\.\*\* (.+)$', m['choices'], flags=re.M)),m['answer']
    part,_,number = id.partition('-')
    if part not in PARTS or number != f'{int(m["number"]):02}': raise ValueError(f'{id}: not the number of its heading, {m["number"]}')
    if m['topic'] not in TOPICS: raise ValueError(f'{id}: no topic {m["topic"]!r}; the topics are {", ".join(TOPICS)}')
    right = None
    if choices:
        if list(choices) != list('abcdefgh'[:len(choices)]) or len(choices) < 3: raise ValueError(f'{id}: the choices are {", ".join(choices)}')
        first = re.match(r'\*\*([a-z])\.\*\* ', answer)
        if not first or first[1] not in choices: raise ValueError(f'{id}: the answer does not begin with the letter of a choice')
        right,answer = first[1],answer[first.end():]
    if 'Read more' in answer: raise ValueError(f'{id}: more than one "Read more"')
    return dict(id=id, topic=m['topic'], text=m['text'].strip(), choices=choices, right=right, answer=answer.strip(),
                section=f'{m["notebook"][3:]}.html#{m["anchor"]}', title=m['title'])

def plain(title): return re.sub(r'[`*]', '', title)

def sections():
    "Title of every section of the chapters, by page and anchor; `None` where two have the same anchor"
    res = {}
    for ch in chapters():
        for _,title,anchor in ch.headings():
            at = f'{ch.page}#{anchor}'
            res[at] = None if at in res else plain(title)
    return res

def collect(path=NBS/'12_quiz.ipynb'):
    "Every question of the notebook, in order. `ValueError` if one is missing, or leads nowhere"
    found = [question(c.source) for c in nbformat.read(path, as_version=4).cells if c.cell_type == 'markdown' and '<!-- question' in c.source]
    want = [f'{part}-{i:02}' for part,n in PARTS.items() for i in range(1, n+1)]
    ids = [q['id'] for q in found]
    if ids != want: raise ValueError(f'expected the questions {want[0]} to {want[-1]} in order; missing {sorted(set(want)-set(ids))}, too many {sorted((Counter(ids)-Counter(want)).elements())}')
    known = sections()
    for q in found:
        if q['section'] not in known: raise ValueError(f'{q["id"]}: no section {q["section"]}')
        if plain(q['title']) != known[q['section']]: raise ValueError(f'{q["id"]}: the section {q["section"]} has the title {known[q["section"]]!r}, the link says {q["title"]!r}')
    return found

def as_text(found): return json.dumps(found, indent=1, ensure_ascii=False) + '\n'

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--check', action='store_true', help='write nothing, fail if the file is out of date')
    a = p.parse_args(argv)
    try: found = collect()
    except ValueError as e: sys.exit(f'quiz: {e}')
    text = as_text(found)
    fresh = OUT.is_file() and OUT.read_text(encoding='utf-8') == text
    if a.check and not fresh: sys.exit(f'quiz: {OUT.name} is not what the notebook gives: run `make notebooks`')
    if not fresh:
        with whole_file(OUT) as part: part.write_text(text, encoding='utf-8')
    n = sum(q['right'] is not None for q in found)
    print(f'{OUT.name}: {len(found)} questions, {n} with choices; right: {dict(sorted(Counter(q["right"] for q in found if q["right"]).items()))}')

if __name__ == '__main__': main()
