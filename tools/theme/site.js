/* What the pages do by themselves. Without it everything can still be read. */
'use strict'
const $ = (s, e = document) => e.querySelector(s), $$ = (s, e = document) => [...e.querySelectorAll(s)]
const root = document.documentElement
const store = {
  get(k) { try { return localStorage.getItem(k) } catch (e) { return null } },
  set(k, v) { try { localStorage.setItem(k, v) } catch (e) { /* a browser may forbid it */ } }
}

/* --- light and dark: the system's choice, until the reader makes one */
const system = matchMedia('(prefers-color-scheme: dark)')
function showTheme() {
  const chosen = root.dataset.theme, dark = chosen ? chosen === 'dark' : system.matches
  $('#theme').setAttribute('aria-pressed', dark)
  for (const s of $$('source[data-dark]')) s.media = chosen ? (dark ? 'all' : 'not all') : '(prefers-color-scheme: dark)'
}
$('#theme').addEventListener('click', () => {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : system.matches
  root.dataset.theme = dark ? 'light' : 'dark'
  store.set('theme', root.dataset.theme)
  showTheme()
})
system.addEventListener('change', showTheme)
showTheme()

/* --- the chapters, on a narrow screen */
const menu = $('#menu'), chapters = $('#chapters')
function openMenu(open) { menu.setAttribute('aria-expanded', open); chapters.classList.toggle('open', open) }
menu.addEventListener('click', () => openMenu(menu.getAttribute('aria-expanded') !== 'true'))
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
  box.append(b)
}
function reachable() {
  for (const e of $$('.code pre, .printed pre, .scroll, math[display=block]')) {
    if (e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1) {
      e.tabIndex = 0
      if (e.tagName !== 'math') { e.setAttribute('role', 'group'); e.setAttribute('aria-label', e.closest('.code') ? 'Code' : e.closest('.printed') ? 'Output' : $('table', e) ? 'Table' : 'Figure') }
    } else for (const a of ['tabindex', 'role', 'aria-label']) e.removeAttribute(a)
  }
}
addEventListener('load', reachable)
addEventListener('resize', reachable)
addEventListener('toggle', reachable, true)

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
let index = null, picked = -1
const load = src => new Promise((ok, no) => document.head.append(Object.assign(document.createElement('script'), { src, onload: ok, onerror: no })))
async function ready() {
  index ??= Promise.all([load('fuse.min.js'), load('search.js')]).then(() => new Fuse(window.searchEntries, {
    keys: [{ name: 'title', weight: 3 }, { name: 'page', weight: 1 }, { name: 'text', weight: 1 }],
    includeMatches: true, ignoreLocation: true, threshold: .2, minMatchCharLength: 2, useExtendedSearch: true
  }))
  return index
}
const rank = (e, q) => {
  const t = e.title.toLowerCase()
  return (t === q ? 0 : t.startsWith(q) ? 2 : t.includes(q) ? 4 : e.text.toLowerCase().includes(q) ? 6 : 8) + (e.name ? 0 : 1)
}
function piece(text, q) {
  const i = Math.max(0, text.toLowerCase().indexOf(q)), from = Math.max(0, i - 40)
  return (from ? '… ' : '') + text.slice(from, i + 110) + (i + 110 < text.length ? ' …' : '')
}
function pick(i) {
  const all = $$('[role=option]', found)
  all[picked]?.setAttribute('aria-selected', false)
  picked = all.length ? (i + all.length) % all.length : -1
  all[picked]?.setAttribute('aria-selected', true)
  all[picked]?.scrollIntoView({ block: 'nearest' })
  if (picked >= 0) input.setAttribute('aria-activedescendant', all[picked].id); else input.removeAttribute('aria-activedescendant')
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
    hits = hits.map((e, i) => [rank(e, q), i, e]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).slice(0, 12).map(o => o[2])
  }
  found.replaceChildren(...hits.map((e, i) => {
    const li = Object.assign(document.createElement('li'), { id: `hit${i}` }), a = Object.assign(document.createElement('a'), { href: e.url, tabIndex: -1 })
    li.setAttribute('role', 'option')
    li.setAttribute('aria-selected', false)
    for (const [c, t] of [['title', e.title], ['page', e.page], ['text', piece(e.text, q)]]) a.append(Object.assign(document.createElement('span'), { className: c, textContent: t }))
    a.addEventListener('click', () => dialog.close())
    li.append(a)
    return li
  }))
  input.setAttribute('aria-expanded', hits.length > 0)
  told.textContent = q.length < 2 ? '' : hits.length ? `${hits.length} found` : `Nothing found for “${input.value}”`
  pick(0)
}
function openSearch() { if (!dialog.open) { dialog.showModal(); input.select(); ready().catch(() => {}) } }
$('#open-search').addEventListener('click', openSearch)
addEventListener('keydown', e => {
  const typing = e.target.closest?.('input, textarea, select, [contenteditable]')
  if (e.key === '/' && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); openSearch() }
})
input.addEventListener('input', search)
input.addEventListener('keydown', e => {
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); pick(picked + (e.key === 'ArrowDown' ? 1 : -1)) }
  if (e.key === 'Enter') { e.preventDefault(); $$('[role=option] a', found)[picked]?.click() }
})
dialog.addEventListener('click', e => { if (e.target === dialog) dialog.close() })

/* --- printing shows what is folded */
addEventListener('beforeprint', () => { for (const d of $$('details:not([open])')) { d.open = true; d.dataset.printed = '' } })
addEventListener('afterprint', () => { for (const d of $$('details[data-printed]')) { d.open = false; delete d.dataset.printed } })
