import { el, field, slider, button, frames, teller } from './kit.js'

const MOST = 5, LONGEST = 99999 // axes, and numbers along one: what fits a phone
const LADDER = [1, 2, 3, 4, 5, 10, 28, 50, 256, 2038] // − and + go along it
const NAMES = ['a', 'b'], LETTERS = 'ijklm'

/* --- the rule */
const numbers = shape => shape.reduce((n, o) => n * BigInt(o), 1n)
const commas = n => n.toLocaleString('en')
const tuple = shape => shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`

/* Each pair of lengths from the right, as far as the longer shape reaches. A gap is `undefined` */
function lineUp(...shapes) {
  const n = Math.max(...shapes.map(s => s.length))
  return Array.from({ length: n }, (_, c) => {
    const pair = shapes.map(s => s[s.length - 1 - c])
    const [x, y] = pair.map(o => o ?? 1)
    const clash = x !== y && x !== 1 && y !== 1, size = clash ? undefined : Math.max(x, y)
    return { axis: n - 1 - c, pair, clash, size, stretched: pair.map(o => !clash && o !== size) }
  })
}

/* All that follows from two shapes */
function meet(a, b) {
  const axes = lineUp(a, b), clash = axes.findIndex(o => o.clash)
  if (clash >= 0) {
    const { axis, pair: [x, y] } = axes[clash]
    return { axes, stop: clash + 1, shape: null, error: `The size of tensor a (${x}) must match the size of tensor b (${y}) at non-singleton dimension ${axis}` }
  }
  const shape = axes.map(o => o.size).reverse(), total = numbers(shape)
  return { axes, stop: axes.length, shape, rank: shape.length, count: commas(total), bytes: 4n * total, code: code(a, b, axes), uses: [a, b].map(s => commas(total / numbers(s))), table: table(a, b, total) }
}

/* Where each number of the result comes from: at a stretched axis the index stays 0 */
function code(a, b, axes) {
  const at = ([name, shape]) => {
    const index = shape.map((o, k) => o === 1 ? 0 : LETTERS[axes.length - shape.length + k])
    return index.length ? `${name}[${index}]` : name
  }
  const [out, ...ab] = [['out', axes.map(o => o.size).reverse()], ['a', a], ['b', b]].map(at)
  return `${out} = ${ab.join(' - ')}`
}

/* As many numbers on both sides, and each meets each: the silent case, or a table that is wanted */
function table(a, b, total) {
  const n = numbers(a)
  return n > 1n && n === numbers(b) && total === n * n ? commas(n) : null
}

/* What somebody typed, as a list of lengths. An error says what is wrong with it */
function read(text) {
  const bare = text.replace(/^\s*(torch\.Size)?[\s([]*/, '').replace(/[\s,)\]]*$/, '')
  if (!bare && !/[([]/.test(text)) throw Error('Nothing here yet. A single number has the shape ()')
  const shape = bare === '' ? [] : bare.split(',').map(o => {
    const t = o.trim()
    if (t === '') throw Error('A length is missing between two commas')
    if (/^[-−]\d+$/.test(t)) throw Error(`${t.replace('-', '−')} is no length: wanted 1 or more`)
    if (!/^\d+$/.test(t)) throw Error(`“${t}” is no length: wanted numbers as in 28, 28`)
    if (+t < 1) throw Error('An axis of length 0 holds no number: wanted 1 or more')
    if (+t > LONGEST) throw Error(`${t} is too long for this picture: wanted at most ${commas(LONGEST)}`)
    return +t
  })
  if (shape.length > MOST) throw Error(`${shape.length} axes are too many for this picture: wanted at most ${MOST}`)
  return shape
}

/* --- words */
function memory(n) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB']
  let x = Number(n), u = 0
  while (x >= 1000 && u < units.length - 1) { x /= 1000; u++ }
  return `${x < 10 && u ? x.toFixed(1) : commas(Math.round(x))} ${units[u]}`
}

function why({ axis, pair: [x, y], clash, size, stretched }) {
  const [part, i] = stretched[0] ? [x, 0] : [y, 1]
  const reason = clash ? `${x} and ${y} differ, and neither is 1, so PyTorch refuses`
    : !stretched.includes(true) ? `${x} and ${y} agree`
    : part === undefined ? `${NAMES[i]} has no axis here, so its gap is stretched to ${size}`
    : `${NAMES[i]} has a 1, which is stretched to ${size}`
  return `Axis ${axis}: ${reason}.`
}

function summary({ axes, shape, count, uses, table, error }) {
  if (error) return `In its words: “${error}”.` // what would cure it is for the reader to find
  const times = n => n === '1' ? 'once' : `${n} times`
  const parts = axes.flatMap(o => o.stretched.map((yes, t) => yes && `${NAMES[t]}’s ${o.pair[t] ?? 'gap'} at axis ${o.axis}`)).filter(Boolean)
  return [parts.length ? `They fit. Stretched: ${parts.join(', ')}.` : 'They fit, and nothing is stretched.',
    `The result has shape ${tuple(shape)}, ${count} ${count === '1' ? 'number' : 'numbers'}.`,
    uses[0] === uses[1] ? `Each number is used ${times(uses[0])}.` : `Each number of a is used ${times(uses[0])}, each of b ${times(uses[1])}.`,
    table ? `Look twice: each of ${table} met each of ${table}. Right for a table of all differences, a silent bug for predictions and labels.` : ''
  ].join(' ').trim()
}

/* --- the picture */
export default function broadcast(stage, { shown, predict, first }) {
  const presets = [...shown, ...predict.map(([a, b]) => [null, a, b])]
  let shapes, now, seen // two shapes, what follows from them, and how many axes have been looked at
  let chosen = { t: 0, c: 0 } // the axis in hand: of which tensor, which from the right
  const redraw = frames(draw), says = teller()

  const same = (a, b) => String(a) === String(b)
  function set(a, b, { asked = false } = {}) {
    shapes = [a, b]
    now = meet(a, b)
    seen = asked ? 0 : now.stop // a pair from the list asks first; your own is answered at once
    const i = presets.findIndex(o => same(o[1], a) && same(o[2], b))
    pick.value = i < 0 ? '' : i
    steps.input.max = now.axes.length
    steps.value = seen // at once: a key may come before the next frame
    redraw()
  }
  function fill() { // the fields say what the picture shows
    fields.forEach((o, t) => { o.value = shapes[t].length ? shapes[t].join(', ') : '()'; complain(t, '') })
  }

  // a pair from the list
  const option = ([title, a, b], i) => el('option', { value: i, text: title ?? `${tuple(a)} and ${tuple(b)}` })
  const pick = el('select', { on: { change: () => { const [, a, b] = presets[pick.value]; set(a, b, { asked: true }); fill() } } },
    el('option', { value: '', text: 'your own', disabled: true }),
    el('optgroup', { label: 'On this page' }, ...shown.map(option)),
    el('optgroup', { label: 'Six pairs to predict' }, ...predict.map((p, i) => option([null, ...p], shown.length + i))))

  // or typed
  const wrongs = NAMES.map(o => el('p', { class: 'wrong', role: 'status', id: `broadcast-wrong-${o}` }))
  function complain(t, text) {
    wrongs[t].textContent = text
    fields[t].input.setAttribute('aria-invalid', text !== '')
  }
  const fields = NAMES.map((o, t) => field(`Shape of ${o}`, '', () => {
    const both = fields.map((f, i) => { try { const s = read(f.value); complain(i, ''); return s } catch (e) { complain(i, e.message); return null } })
    if (!both.includes(null)) set(...both)
  }, { 'aria-describedby': wrongs[t].id, inputmode: 'text' }))

  // or made by hand: choose a box, then change it
  const head = el('div', { class: 'lined', 'aria-hidden': 'true' }, el('span')), result = el('div', { class: 'lined', 'aria-hidden': 'true' }, el('span', { text: 'out' }))
  const columns = Array.from({ length: MOST }, (_, i) => {
    const c = MOST - 1 - i
    const cells = NAMES.map((_, t) => {
      const input = el('input', { type: 'radio', name: 'broadcast-axis', on: { change: () => { chosen = { t, c }; redraw() } } })
      const length = el('b'), becomes = el('small')
      return { node: el('label', { class: 'slot' }, input, el('span', {}, length, becomes)), input, length, becomes }
    })
    const top = el('span', { class: 'which' }), out = el('span', { class: 'slot result' })
    head.append(top)
    result.append(out)
    return { c, cells, top, out }
  })
  const rows = NAMES.map((o, t) => el('div', { class: 'lined' }, el('span', { text: o }), ...columns.map(k => k.cells[t].node)))
  const boxes = el('div', { class: 'boxes', role: 'group', 'aria-label': 'The two shapes, lined up from the right. Choose an axis to change it.' }, head, ...rows, el('hr'), result)

  const place = () => shapes[chosen.t].length - 1 - chosen.c // of the axis in hand in its shape; below 0 in a gap
  function change(f) {
    const s = [...shapes[chosen.t]]
    f(s, place())
    set(...shapes.map((o, t) => t === chosen.t ? s : o))
    fill()
  }
  const tool = (label, name, can, f) => {
    const { node } = button(label, () => { if (can(shapes[chosen.t], place())) change(f) })
    node.setAttribute('aria-label', name)
    return { node, can }
  }
  const there = (s, k) => k >= 0
  const room = s => s.length < MOST
  const tools = [
    tool('−', 'Lower the length', (s, k) => there(s, k) && s[k] > 1, (s, k) => { s[k] = LADDER.findLast(o => o < s[k]) }),
    tool('+', 'Raise the length', (s, k) => there(s, k) && s[k] < LADDER.at(-1), (s, k) => { s[k] = LADDER.find(o => o > s[k]) }),
    tool('1 in front', 'Add a 1 in front', room, (s, k) => { s.splice(Math.max(0, k), 0, 1); if (k < 0) chosen.c = s.length - 1 }), // the length in hand stays in hand; a gap is filled
    tool('1 behind', 'Add a 1 behind', (s, k) => room(s) && there(s, k), (s, k) => { s.splice(k + 1, 0, 1); chosen.c++ }),
    tool('Remove', 'Remove the axis', there, (s, k) => { s.splice(k, 1); if (chosen.c) chosen.c-- })
  ]
  const hand = el('span', { class: 'hand' })

  // axis by axis
  const steps = slider('Axes compared', { min: 0, max: MOST, step: 1, value: 0, format: x => `${x} of ${now ? now.axes.length : 0}` }, x => { seen = Math.min(x, now.stop); redraw() }) // at a clash it goes no further
  const next = button('Next axis', () => { seen = seen < now.stop ? seen + 1 : 0; redraw() })

  const facts = Object.fromEntries(['Shape', 'Rank', 'Numbers', 'Copied'].map(o => [o, el('dd')]))
  const line = el('code', { class: 'expression' })

  function draw() {
    const { axes, stop } = now, n = Math.max(1, axes.length), done = seen === stop
    chosen.c = Math.min(chosen.c, n - 1)
    boxes.style.setProperty('--n', n)
    boxes.classList.toggle('many', n === MOST)
    for (const { c, cells, top, out } of columns) {
      const o = axes[c] ?? { axis: 0, pair: [], stretched: [] }, open = c < seen
      for (const node of [top, out, ...cells.map(k => k.node)]) node.hidden = c >= n
      top.textContent = axes.length ? `axis ${o.axis}` : ''
      top.classList.toggle('now', seen > 0 && c === seen - 1)
      out.textContent = !axes.length ? '' : open ? o.clash ? '×' : o.size : done ? '' : '?'
      out.className = `slot result${open && o.clash ? ' clash' : ''}`
      cells.forEach(({ node, input, length, becomes }, t) => {
        const size = o.pair[t], gap = size === undefined, stretched = open && o.stretched[t]
        input.disabled = c >= n
        input.checked = chosen.t === t && chosen.c === c
        length.textContent = gap ? '' : size
        becomes.textContent = stretched ? `→${o.size}` : ''
        node.className = `slot${gap ? ' gap' : ''}${stretched ? ' stretched' : ''}${open && o.clash ? ' clash' : ''}`
        input.setAttribute('aria-label', `${NAMES[t]}, axis ${o.axis}: ${gap ? 'a gap' : size}${stretched ? `, stretched to ${o.size}` : open && o.clash ? ', clashes' : ''}`)
      })
    }
    const s = shapes[chosen.t], k = place()
    hand.textContent = k >= 0 ? `Axis ${n - 1 - chosen.c} of ${NAMES[chosen.t]}:` : `A gap of ${NAMES[chosen.t]}:`
    for (const { node, can } of tools) node.setAttribute('aria-disabled', !can(s, k))

    steps.value = seen
    next.node.textContent = done && stop ? 'Start again' : 'Next axis'
    next.node.setAttribute('aria-disabled', !stop)

    facts.Shape.textContent = !done ? `(${axes.map((o, c) => c < seen ? o.size : '?').reverse().join(', ')})` : now.shape ? tuple(now.shape) : 'none: they clash'
    facts.Rank.textContent = !done ? '?' : now.shape ? now.rank : '–'
    facts.Numbers.textContent = !done ? '?' : now.shape ? `${now.count} (${memory(now.bytes)} as float32)` : '–'
    facts.Copied.textContent = !done ? '?' : now.shape ? '0 numbers' : '–'
    const [left, right] = (!done ? 'out[?] = a[?] - b[?]' : now.code ?? 'out = a - b # RuntimeError').split(' = ')
    line.replaceChildren(el('span', { text: `${left} =` }), ' ', el('span', { text: right })) // breaks after the equals sign, if it must

    const last = axes[seen - 1]
    says.text = seen === 0 && stop ? 'Lined up from the right. What shape comes out, or do they clash? Say it first, then compare axis by axis.'
      : [last && (!done || last.clash) ? why(last) : '', done ? summary(now) : ''].join(' ').trim()
  }

  stage.append(
    el('div', { class: 'row' }, el('label', { class: 'field pick' }, el('span', { text: 'A pair' }), pick), ...fields.map((f, t) => el('div', { class: 'typed' }, f.node, wrongs[t]))),
    el('div', { class: 'row' },
      el('div', { class: 'half' }, boxes, el('div', { class: 'tools', role: 'group', 'aria-label': 'Change the chosen axis' }, hand, ...tools.map(o => o.node))),
      el('div', { class: 'half' },
        el('div', { class: 'row steps' }, steps.node, next.node),
        el('dl', {}, ...Object.entries(facts).flatMap(([k, dd]) => [el('dt', { text: k }), dd])), line)),
    says.node)
  set(...presets[first].slice(1))
  fill()
  draw()
  return { meet, read, presets, get shapes() { return shapes }, get answer() { return now.shape }, get seen() { return seen } }
}
