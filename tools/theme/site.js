/* What the pages do by themselves. Without it everything can still be read. */
'use strict'
const $ = (s, e = document) => e.querySelector(s), $$ = (s, e = document) => [...e.querySelectorAll(s)]
const root = document.documentElement
const home = document.currentScript.src.replace(/[^/]*$/, '') // where the site begins; a page may lie deeper
const store = {
  get(k) { try { return localStorage.getItem(k) } catch (e) { return null } },
  set(k, v) { try { localStorage.setItem(k, v) } catch (e) { /* a browser may forbid it */ } }
}

/* --- light and dark: the system's choice, until the reader makes one */
const system = matchMedia('(prefers-color-scheme: dark)')
const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : system.matches
function showTheme() {
  $('#theme').setAttribute('aria-pressed', isDark())
  for (const s of $$('source[data-dark]')) s.media = isDark() ? 'all' : 'not all'
}
$('#theme').addEventListener('click', () => {
  root.dataset.theme = isDark() ? 'light' : 'dark'
  store.set('theme', root.dataset.theme)
  showTheme()
})
system.addEventListener('change', showTheme)
showTheme()

/* --- the chapters, on a narrow screen */
const menu = $('#menu'), chapters = $('#chapters')
function openMenu(open) { menu.setAttribute('aria-expanded', open); chapters.classList.toggle('open', open) }
menu.addEventListener('click', () => openMenu(menu.getAttribute('aria-expanded') !== 'true'))
chapters.addEventListener('focusout', e => { if (e.relatedTarget && e.relatedTarget !== menu && !chapters.contains(e.relatedTarget)) openMenu(false) }) // nothing gets the focus behind it
addEventListener('keydown', e => {
  if (e.key === 'Escape' && chapters.classList.contains('open')) { openMenu(false); menu.focus() }
})

/* --- code: a button that copies it; boxes that scroll can be reached by keyboard */
const said = Object.assign(document.createElement('p'), { className: 'hidden', role: 'status' })
document.body.append(said)
async function copy(text) {
  try { return await navigator.clipboard.writeText(text) } catch (e) { /* not allowed here: the older way */ }
  const area = Object.assign(document.createElement('textarea'), { value: text })
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  if (!done) throw new Error('the browser does not allow it')
}
for (const box of $$('div.code')) {
  const b = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', textContent: 'Copy' })
  b.setAttribute('aria-label', 'Copy this code')
  b.addEventListener('click', async () => {
    const say = t => { b.textContent = said.textContent = t; setTimeout(() => { b.textContent = 'Copy'; said.textContent = '' }, 1500) }
    try { await copy($('code', box).textContent.replace(/\n$/, '')); say('Copied') } catch (e) { say('Not allowed') }
  })
  $('pre', box).prepend(b)
}
const boxes = $$('.code pre, .printed pre, .scroll')
const more = e => e.scrollLeft + e.clientWidth < e.scrollWidth - 1 // something is hidden on the right, which fades out
function reachable() {
  const scrolls = boxes.map(e => [e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight, more(e)]) // read all before writing any
  boxes.forEach((e, i) => {
    const [moves, hides] = scrolls[i]
    e.classList.toggle('more', hides)
    if (!moves) { if (e.hasAttribute('tabindex')) for (const a of ['tabindex', 'role', 'aria-label']) e.removeAttribute(a); return }
    e.tabIndex = 0
    e.setAttribute('role', 'group')
    e.setAttribute('aria-label', e.closest('.code') ? 'Code' : e.closest('.printed') ? 'Output' : $('table', e) ? 'Table' : $('math', e) ? 'Formula' : 'Figure')
  })
}
for (const e of boxes) e.addEventListener('scroll', () => e.classList.toggle('more', more(e)), { passive: true })
const sizes = new ResizeObserver(reachable) // a window, a fold, a font, a picture: whatever changes a size
for (const e of boxes) for (const o of [e, e.firstElementChild]) if (o) sizes.observe(o)
addEventListener('load', reachable)
document.fonts.ready.then(reachable)

/* --- the table of contents follows the reader */
const links = new Map($$('#toc a').map(a => [decodeURIComponent(a.hash.slice(1)), a]))
if (links.size) {
  const heads = [...links.keys()].map(id => document.getElementById(id)).filter(Boolean)
  let now = null, waiting = false
  const follow = () => {
    waiting = false
    let h = heads.filter(o => o.getBoundingClientRect().top < innerHeight / 3).pop()
    if (innerHeight + scrollY >= document.body.scrollHeight - 2) h = heads.at(-1)
    const a = h ? links.get(h.id) : null
    if (a === now) return
    now?.removeAttribute('aria-current')
    a?.setAttribute('aria-current', 'location')
    if (a && getComputedStyle($('#toc')).position === 'sticky') { const t = $('#toc'); t.scrollTop = a.offsetTop - t.clientHeight / 2 }
    now = a
  }
  addEventListener('scroll', () => { if (!waiting) { waiting = true; requestAnimationFrame(follow) } }, { passive: true })
  follow()
}

/* --- search: names first, then headings, then text. The index comes with the first use, as a script, so that it works from a disk too */
const dialog = $('#search'), input = $('#q'), found = $('#found'), told = $('#said')
let index = null
const load = src => new Promise((ok, no) => document.head.append(Object.assign(document.createElement('script'), { src, onload: ok, onerror: no })))
async function ready() {
  index ??= Promise.all([load(home + 'fuse.min.js'), load(home + 'search.js')]).then(() => new Fuse(window.searchEntries, {
    keys: [{ name: 'title', weight: 3 }, { name: 'page', weight: 1 }, { name: 'text', weight: 1 }],
    includeMatches: true, ignoreLocation: true, threshold: .2, minMatchCharLength: 2, useExtendedSearch: true
  }))
  return index
}
const rank = (e, q) => { // a name that is asked for, then the chapters, then what is behind them
  const t = e.title.toLowerCase(), sought = t === q && (e.name || !e.url.includes('#'))
  return (t === q ? 0 : t.startsWith(q) ? 2 : t.includes(q) ? 4 : e.text.toLowerCase().includes(q) ? 6 : 8) + (e.name ? 0 : 1) + (e.late && !sought ? 20 : 0)
}
function place(text, q) { // where the words that are sought stand in a text
  const low = text.toLowerCase()
  return Math.max(0, low.indexOf(q) >= 0 ? low.indexOf(q) : Math.min(...q.split(/\s+/).map(w => low.indexOf(w)).filter(i => i >= 0), low.length))
}
function piece(text, q) { // from a word on, to the end of one
  const i = place(text, q), cut = i === text.length ? 0 : i
  const from = cut > 40 ? text.lastIndexOf(' ', cut - 40) + 1 : 0, end = cut + 110 < text.length ? text.lastIndexOf(' ', cut + 110) : -1
  return (from ? '… ' : '') + (end > cut ? text.slice(from, end) + ' …' : text.slice(from))
}
function different() { // a chapter's questions stand in the quiz too: what was found once is not shown again
  const seen = new Set()
  return (e, q) => {
    const i = place(e.text, q), key = e.text.slice(i, i + 60)
    return i === e.text.length || !seen.has(key) && seen.add(key)
  }
}
function step(n) { // from the input down into the results, and back
  const all = [input, ...$$('a', found)], i = all.indexOf(document.activeElement)
  all[(Math.max(i, 0) + n + all.length) % all.length].focus()
}
async function search() {
  const q = input.value.trim().toLowerCase()
  let hits = []
  if (q.length > 1) {
    try {
      const words = q.split(/\s+/).map(w => `'${w.replace(/["'|^=!]/g, '')}`).join(' ')
      const fuse = await ready()
      hits = fuse.search(words).map(o => o.item)
      if (!hits.length) hits = fuse.search(q).map(o => o.item)
    } catch (e) { told.textContent = 'The index of the search could not be loaded.'; return }
    if (q !== input.value.trim().toLowerCase()) return
    const isNew = different()
    hits = hits.map((e, i) => [rank(e, q), i, e]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(o => o[2]).filter(e => isNew(e, q)).slice(0, 12)
  }
  found.replaceChildren(...hits.map(e => {
    const li = document.createElement('li'), a = Object.assign(document.createElement('a'), { href: home + e.url })
    for (const [c, t] of [['title', e.title], ['page', e.page], ['text', piece(e.text, q)]]) a.append(Object.assign(document.createElement('span'), { className: c, textContent: t }))
    a.addEventListener('click', () => dialog.close())
    li.append(a)
    return li
  }))
  told.textContent = q.length < 2 ? '' : hits.length ? `${hits.length} found` : `Nothing found for “${input.value}”`
}
function openSearch() { if (!dialog.open) { dialog.showModal(); input.select(); ready().catch(() => {}) } }
$('#open-search').addEventListener('click', openSearch)
addEventListener('keydown', e => {
  const typing = e.target.closest?.('input, textarea, select, [contenteditable]')
  if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); openSearch() }
})
input.addEventListener('input', search)
dialog.addEventListener('keydown', e => {
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); step(e.key === 'ArrowDown' ? 1 : -1) }
  if (e.key === 'Escape') { e.preventDefault(); dialog.close() } // a search field would only empty itself
  if (e.key === 'Enter' && e.target === input) { e.preventDefault(); $('a', found)?.click() }
})
dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close() })

/* --- a stop before a surprise: the guess is kept in this browser, and shown beside the result */
const guessed = id => store.get(`guess-${id}`) || ''
const results = $$('p[data-result]').map(p => [p, p.dataset.result, p.appendChild(document.createElement('span'))])
const besides = () => { for (const [, id, span] of results) span.textContent = guessed(id) && `. Your guess: ${guessed(id)}` }
for (const p of $$('p[data-guess]')) {
  const label = Object.assign(document.createElement('label'), { textContent: 'Your guess ' })
  const field = Object.assign(document.createElement('input'), { type: 'text', autocomplete: 'off', maxLength: 200, value: guessed(p.dataset.guess) })
  field.addEventListener('input', () => { store.set(`guess-${p.dataset.guess}`, field.value); besides() })
  label.append(field)
  p.replaceChildren(label)
}
besides()

/* --- the quiz: a choice is answered at once, and what was right is remembered in this browser */
const quiz = $$('.question[data-right]')
if (quiz.length) {
  let right = {}
  try { right = JSON.parse(store.get('quiz')) || {} } catch (e) { /* not ours: start anew */ }
  const score = Object.assign(document.createElement('p'), { className: 'score', role: 'status' })
  const again = Object.assign(document.createElement('button'), { type: 'button', className: 'again', textContent: 'Start again' })
  const tell = () => {
    const n = quiz.filter(s => right[s.id]).length
    score.textContent = `${n} of ${quiz.length} multiple-choice questions right`
    again.hidden = !n
  }
  const mark = (b, good) => { b.dataset.is = good ? 'right' : 'wrong'; b.setAttribute('aria-pressed', 'true') }
  const unmark = b => { delete b.dataset.is; b.removeAttribute('aria-pressed') }
  for (const s of quiz) {
    const said = Object.assign(document.createElement('p'), { className: 'verdict', role: 'status' })
    const buttons = $$('.choices > li', s).map((li, i) => {
      const b = Object.assign(document.createElement('button'), { type: 'button' })
      b.append(...(li.children.length === 1 && li.firstElementChild.tagName === 'P' ? li.firstElementChild : li).childNodes)
      li.replaceChildren(b)
      b.addEventListener('click', () => {
        const good = 'abcde'[i] === s.dataset.right
        for (const o of buttons) unmark(o)
        mark(b, good)
        said.textContent = good ? 'Right.' : 'Not this one. Try another, or open the answer.'
        if (good) { right[s.id] = true; store.set('quiz', JSON.stringify(right)); $('.answer', s).open = true }
        tell()
      })
      return b
    })
    if (right[s.id]) { mark(buttons['abcde'.indexOf(s.dataset.right)], true); said.textContent = 'Right, as you knew before.' }
    s.addEventListener('again', () => { for (const b of buttons) unmark(b); said.textContent = ''; $('.answer', s).open = false })
    $('.choices', s).after(said)
  }
  again.addEventListener('click', () => { right = {}; store.set('quiz', '{}'); for (const s of quiz) s.dispatchEvent(new Event('again')); tell(); (quiz[0].open === false ? $('summary', quiz[0]) : $('.choices button', quiz[0])).focus({ preventScroll: true }) })
  const bar = Object.assign(document.createElement('div'), { className: 'progress' })
  bar.append(score, again)
  $('.question').before(bar)
  tell()
}

/* --- printing shows what is folded */
addEventListener('beforeprint', () => { for (const d of $$('details:not([open])')) { d.open = true; d.dataset.printed = '' } })
addEventListener('afterprint', () => { for (const d of $$('details[data-printed]')) { d.open = false; delete d.dataset.printed } })
let shownTheme
addEventListener('beforeprint', () => { shownTheme = root.dataset.theme; root.dataset.theme = 'light'; showTheme() }) // paper is white
addEventListener('afterprint', () => { if (shownTheme) root.dataset.theme = shownTheme; else delete root.dataset.theme; showTheme() })
