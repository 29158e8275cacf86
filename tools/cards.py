"""Write the questions of the quiz as a deck of cards for Anki.

    python tools/cards.py FILE.apkg

A card has the question on one side. The other adds the answer, the pictures that `nbs/12_quiz.ipynb` stores behind
the question, and a link to the section that explains it. Each card keeps its number for ever, made from the id of its
question: import a newer deck, and Anki updates the cards and keeps what it knows about the reader. The same notebook
gives the same file, to the byte.
"""
import argparse, html, re, subprocess, sys, tempfile, zipfile
from pathlib import Path
import genanki, nbformat
from markdown_it import MarkdownIt
from fastbook_lesson4.data import whole_file
from fastbook_lesson4.quiz import questions
from notebooks import NBS, directives
from pages import MATH

QUIZ = NBS/'12_quiz.ipynb'
DECK_ID,MODEL_ID = 1_604_020_600,1_604_020_601 # chosen once: Anki knows the deck and the kind of card by them
FRONT = '<div class="topic">{{Topic}}</div>{{Question}}'
CSS = '''.card { font-family: Helvetica, Arial, sans-serif; font-size: 19px; line-height: 1.45; text-align: left; max-width: 40em; margin: 0 auto; padding: .5em; }
.topic { font-size: 13px; opacity: .65; margin-bottom: .6em; }
code { font-family: Menlo, Consolas, monospace; font-size: .88em; background: rgba(127,127,127,.14); padding: .05em .25em; border-radius: 3px; }
pre { background: rgba(127,127,127,.14); padding: .6em .8em; border-radius: 4px; overflow-x: auto; }
pre code { background: none; padding: 0; }
img { max-width: 100%; background: white; }
.choices { list-style: lower-alpha; padding-left: 1.6em; }
.more { font-size: 14px; }'''

MARKDOWN = MarkdownIt('commonmark').enable('table')

def to_html(text):
    r"Markdown as HTML, with `$...$` as Anki's `\(...\)`; mathematics is set aside first, since a star or an underscore means something else there"
    kept = []
    def keep(m):
        if m['code']: return m[0]
        left,right = ('\\[','\\]') if m['block'] else ('\\(','\\)')
        kept.append(left + html.escape(m['block'] or m['inline'], quote=False) + right)
        return f'\x02{len(kept)-1}\x03'
    res = MARKDOWN.render(MATH.sub(keep, text)).strip()
    return re.sub('\x02(\\d+)\x03', lambda m: kept[int(m[1])], res)

def pictures():
    "The drawings behind each question, with what they show: `{id: [(svg, alt)]}`"
    res,id = {},None
    for c in nbformat.read(QUIZ, as_version=4).cells:
        if c.cell_type == 'markdown': id = (re.findall(r'^<!-- question (\S+)', c.source) or [None])[0]
        elif id:
            drawn = [o.data['image/svg+xml'] for o in c.outputs if 'image/svg+xml' in o.get('data', {})]
            alt = directives(c.source).get('fig-alt', '').strip('"')
            res[id] = res.get(id, []) + [(svg, alt) for svg in drawn]
    return res

def sides(q, images):
    "Question and answer of a card as HTML; `images` are pairs of a file's name and what it shows"
    choices = ''.join(f'<li>{to_html(o).removeprefix("<p>").removesuffix("</p>")}</li>' for o in q.choices.values())
    front = to_html(q.text) + (f'<ol class="choices">{choices}</ol>' if choices else '')
    answer = to_html((f'**{q.right}.** ' if q.right else '') + q.answer)
    drawn = ''.join(f'<p><img src="{name}" alt="{html.escape(alt)}"></p>' for name,alt in images)
    return front, f'{answer}{drawn}<p class="more"><a href="{q.link}">{html.escape(q.title)}</a></p>'

def changed(path):
    "When a file was last changed, in seconds: its last commit where there is one, else the file's own time"
    try: said = subprocess.run(['git', 'log', '-1', '--format=%ct', '--', path.name], cwd=path.parent, capture_output=True, text=True).stdout
    except FileNotFoundError: said = ''
    return int(said.strip() or path.stat().st_mtime)

def write_deck(path):
    "Write the sixty questions to `path`, whole or not at all, and return it"
    path = Path(path)
    if path.suffix != '.apkg': raise ValueError(f'expected a file name that ends in .apkg, as Anki wants it, got {str(path)!r}')
    model = genanki.Model(MODEL_ID, 'Lesson 4', fields=[dict(name=o) for o in ('Id','Topic','Question','Answer')], css=CSS,
                          templates=[dict(name='Card', qfmt=FRONT, afmt='{{FrontSide}}<hr id="answer">{{Answer}}')])
    deck,drawn = genanki.Deck(DECK_ID, 'Lesson 4: from pixels to breeds'),pictures()
    with tempfile.TemporaryDirectory() as d, whole_file(path) as part:
        files = []
        for q in questions():
            images = [(f'lesson4-{q.id}-{i}.svg', svg, alt) for i,(svg,alt) in enumerate(drawn.get(q.id, []), 1)]
            for name,svg,_ in images:
                (Path(d)/name).write_text(svg, encoding='utf-8')
                files.append(str(Path(d)/name))
            fields = [q.id, q.topic, *sides(q, [(name,alt) for name,_,alt in images])]
            deck.add_note(genanki.Note(model, fields, guid=genanki.guid_for('fastbook_lesson4', q.id), tags=[q.topic, q.id.split('-')[0]], sort_field=q.id))
        genanki.Package(deck, media_files=files).write_to_file(f'{d}/deck.apkg', timestamp=changed(QUIZ))
        with zipfile.ZipFile(f'{d}/deck.apkg') as old, zipfile.ZipFile(part, 'w') as new: # once more, without the time of day
            for name in old.namelist(): new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)
    return path

def main(argv=None):
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('file', help='the file to write, such as lesson4.apkg')
    try: print(f'{write_deck(p.parse_args(argv).file)}: the quiz, for Anki (File, Import)')
    except (OSError, ValueError) as e: sys.exit(f'cards: {e}')

if __name__ == '__main__': main()
