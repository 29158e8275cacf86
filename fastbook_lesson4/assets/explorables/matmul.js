(() => {
'use strict'
/* What the explorable pictures share: how they are built, drawn, themed and read aloud. */

/* --- building */
const SVG = 'http://www.w3.org/2000/svg'
function make(node, { on = {}, text, ...attributes } = {}, children) {
  for (const [k, v] of Object.entries(attributes)) if (v !== undefined && v !== false && v !== null) node.setAttribute(k, v === true ? '' : v)
  for (const [k, f] of Object.entries(on)) node.addEventListener(k, f)
  if (text !== undefined) node.textContent = text
  node.append(...children)
  return node
}
/* An element: `el('button', { class: 'x', text: 'Run', on: { click: f } }, ...children)` */
const el = (tag, options, ...children) => make(document.createElement(tag), options, children)
/* The same for a drawing */
const svg = (tag, options, ...children) => make(document.createElementNS(SVG, tag), options, children)

/* --- numbers */
/* A number as text, with a fixed number of decimals and a real minus sign */
function say(x, digits = 2) {
  if (Number.isNaN(x)) return 'nan'
  if (!Number.isFinite(x)) return x > 0 ? 'inf' : '−inf'
  const big = Math.abs(x) >= 1e6
  const t = big ? x.toExponential(1) : x.toFixed(digits)
  return (Number(t) === 0 ? t.replace('-', '') : t).replace('-', '−')
}

function bytes(text) { return Uint8Array.from(atob(text), c => c.charCodeAt(0)) }
function half(bits) { // one float16
  const sign = bits & 0x8000 ? -1 : 1, e = bits >> 10 & 31, m = bits & 1023
  return sign * (e === 0 ? m * 2 ** -24 : e === 31 ? (m ? NaN : Infinity) : (1 + m / 1024) * 2 ** (e - 15))
}
/* Tensors travel as text: {f16: base64, shape} becomes a Float32Array, {u8: base64, shape} a Uint8Array, both with a `shape` */
function unpacked(o) {
  if (Array.isArray(o)) return o.map(unpacked)
  if (!o || typeof o !== 'object') return o
  if (o.u8) return Object.assign(bytes(o.u8), { shape: o.shape })
  if (o.f16) return Object.assign(Float32Array.from(new Uint16Array(bytes(o.f16).buffer), half), { shape: o.shape })
  return Object.fromEntries(Object.entries(o).map(([k, v]) => [k, unpacked(v)]))
}

/* --- controls. Each has a `node`; those that hold a value have `value`, which can be set */
function slider(label, { min, max, step, value, format = x => say(x) }, moved) {
  const out = el('output', { 'aria-live': 'off' }) // the value is read with the slider itself
  const input = el('input', { type: 'range', min, max, step, value })
  const show = () => { out.textContent = format(+input.value); input.setAttribute('aria-valuetext', out.textContent) }
  input.addEventListener('input', () => { show(); moved(+input.value) })
  show()
  return {
    node: el('label', { class: 'slider' }, el('span', { text: label }), input, out),
    input,
    get value() { return +input.value },
    set value(x) { input.value = x; show() }
  }
}

/* One of several: buttons in a row, arrows move between them. `options`: texts */
function choice(label, options, value, chosen) {
  const name = `choice-${Math.random()}` // no two groups of a page are one
  const inputs = options.map(o => el('input', { type: 'radio', name, value: o, checked: o === value, on: { change: () => chosen(o) } }))
  return {
    node: el('fieldset', { class: 'choice' }, el('legend', { text: label }), ...inputs.map((o, i) => el('label', {}, o, el('span', { text: options[i] })))),
    inputs,
    get value() { return inputs.find(o => o.checked)?.value },
    set value(x) { for (const o of inputs) o.checked = o.value === x }
  }
}

function button(label, pressed) {
  const node = el('button', { type: 'button', text: label, on: { click: pressed } })
  return { node }
}

function tick(label, value, changed) {
  const input = el('input', { type: 'checkbox', checked: value, on: { change: () => changed(input.checked) } })
  return { node: el('label', { class: 'tick' }, input, el('span', { text: label })), input, get value() { return input.checked }, set value(x) { input.checked = x } }
}

/* A field to type in. `label` is read aloud; it is seen too unless `hidden` */
function field(label, value, typed, { hidden = false, ...attributes } = {}) {
  const input = el('input', { type: 'text', value, autocomplete: 'off', spellcheck: 'false', 'aria-label': hidden ? label : undefined, ...attributes, on: { input: () => typed(input.value) } })
  return { node: hidden ? input : el('label', { class: 'field' }, el('span', { text: label }), input), input, get value() { return input.value }, set value(x) { input.value = x } }
}

/* --- the reader's wishes */
/* Does the reader want no motion? */
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/* A colour of the theme as canvas wants it: `ink`, `soft`, `line`, `ground`, `raised`, `blue`, `orange`, `green`, `accent` */
function colour(root, name) {
  const probe = root.querySelector('.probe') || root.appendChild(el('i', { class: 'probe', hidden: true }))
  probe.style.color = `var(--x-${name})`
  return getComputedStyle(probe).color
}

/* Call `f` whenever light becomes dark or dark light */
function onTheme(f) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', f)
  const seen = new MutationObserver(f)
  for (const o of [document.documentElement, document.body]) seen.observe(o, { attributes: true, attributeFilter: ['data-theme', 'theme', 'class', 'data-jp-theme-light'] })
}

/* --- drawing */
/* Draw once a frame, however often it is asked for: `const redraw = frames(draw)` */
function frames(draw) {
  let waiting = false
  return () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw() }) } }
}

/* A canvas of `width` by `height` CSS pixels, sharp on any screen, that shrinks with its column; `ctx` draws in these pixels */
function canvas(width, height, label) {
  const sharp = Math.min(2, Math.max(1, window.devicePixelRatio || 1))
  const node = el('canvas', { width: width * sharp, height: height * sharp, role: 'img', 'aria-label': label })
  node.style.width = `${width}px`
  const ctx = node.getContext('2d')
  ctx.scale(sharp, sharp)
  return { node, ctx }
}

/* An image as big pixels: a canvas of `w` by `h` dots, shown `size` CSS pixels wide. `paint(colours)` takes
   a function from the number of a pixel to [red, green, blue], each in [0, 255] */
function bitmap(w, h, size, label) {
  const node = el('canvas', { width: w, height: h, role: 'img', 'aria-label': label, class: 'pixels' })
  node.style.width = `${size}px`
  const ctx = node.getContext('2d'), data = ctx.createImageData(w, h)
  return {
    node,
    paint(rgb) {
      for (let i = 0; i < w * h; i++) { const [r, g, b] = rgb(i); data.data.set([r, g, b, 255], 4 * i) }
      ctx.putImageData(data, 0, 0)
    }
  }
}
/* Dark on white, as the course draws digits: `x` in [0, 1] */
const grey = x => { const v = 255 * (1 - Math.min(1, Math.max(0, x))); return [v, v, v] }
/* Blue below zero, white at zero, orange above: `x` in [-1, 1] */
const signed = x => {
  const t = Math.min(1, Math.abs(x)), [r, g, b] = x < 0 ? [0, 114, 178] : [213, 94, 0]
  return [255 + t * (r - 255), 255 + t * (g - 255), 255 + t * (b - 255)]
}

/* --- what a picture says in words: read aloud when the hand rests, and there for everybody to read */
function teller() {
  const node = el('p', { class: 'says' }), aloud = el('p', { class: 'aloud', role: 'status' })
  let later
  return {
    node: el('div', {}, node, aloud),
    get text() { return node.textContent },
    set text(t) {
      if (t === node.textContent) return
      node.textContent = t
      clearTimeout(later)
      later = setTimeout(() => { aloud.textContent = t }, 700)
    }
  }
}

/* --- starting */
/* Put `draw(stage, data)` in the place of the still picture of each figure with this id. What it returns is kept as the figure's `explorable` */
function start(draw, id, data) {
  for (const figure of document.querySelectorAll(`figure.explorable[id="${id}"]:not([data-ready])`)) {
    figure.dataset.ready = ''
    const stage = el('div', { class: 'stage' })
    const still = figure.querySelector('.still')
    still.after(stage)
    try { figure.explorable = draw(stage, unpacked(data)); still.hidden = true }
    catch (e) { stage.remove(); throw e } // the still picture stays
  }
}

{
/* A number as it is: what is typed has one decimal at most, so products and sums have two, and nothing is rounded but the noise of floats */
const short = x => String(Math.round(100 * x) / 100).replace('-', '−')
/* In a product a negative number stands in brackets */
const factor = x => x < 0 ? `(${short(x)})` : short(x)

/* The matrix product, by hand: each row of `a` with each column of `b`. `null` where their lengths differ */
function product(a, b) {
  if (a[0].length !== b.length) return null
  return a.map(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)))
}
const turned = m => m[0].map((_, j) => m.map(row => row[j]))
const shape = m => `(${m.length}, ${m[0].length})`

const MOST = 99
/* What was typed, as a number, or NaN */
function number(text) {
  const t = text.trim().replace('−', '-').replace(',', '.')
  const x = /^[-+]?(\d+\.?\d?|\.\d)$/.test(t) ? Number(t) : NaN
  return Math.abs(x) <= MOST ? x : NaN
}
/* Is this what a number begins with, and no more? */
const begun = text => /^\s*[-−+]?[.,]?\s*$/.test(text)

/* Row meets column. `data.left` (2, 3) and `data.right` (3, 2): the numbers to start with */
function matmul(stage, data) {
  const left = data.left.map(r => [...r]), right = data.right.map(r => [...r])
  // Smaller shapes are corners of these two, so what was typed stays; the last one is `right` turned over, which doesn't fit
  const shapes = {
    '(1, 3) @ (3, 1)': [1, 1], '(2, 3) @ (3, 1)': [2, 1], '(2, 3) @ (3, 2)': [2, 2], '(2, 3) @ (2, 3)': [2, 2, true]
  }
  let chosen = '(2, 3) @ (3, 2)'
  let at, seen // the cell that is looked at, and those that are worked out
  let was = new Map(), edited = '' // what the last edit changed
  let cells, inputs // of the grid as it stands

  const operands = () => {
    const [rows, columns, over] = shapes[chosen]
    const b = right.map(r => r.slice(0, columns))
    return [left.slice(0, rows), over ? turned(b) : b]
  }

  // Left below, right above, and the result where they meet
  const grid = el('div', { class: 'mm-grid' })
  const sum = el('div', { class: 'mm-sum' }), wrong = el('p', { role: 'alert' })
  const range = `−${MOST} to ${MOST}, one decimal at most`, hint = el('p', { class: 'mm-hint', text: `Type over a number: from ${range}.` })
  const says = teller()
  const pick = choice('Shapes', Object.keys(shapes), chosen, value => { chosen = value; fresh(); build() })
  const step = button('Step', () => {
    const all = cells.flat().map(c => c.key), i = all.indexOf(String(at))
    reveal(all.find(k => !seen.has(k)) ?? all[(i + 1) % all.length])
  })
  const whole = button('All', () => { for (const c of cells.flat()) seen.add(c.key); edited = ''; draw() })
  const again = button('Start again', () => {
    left.forEach((r, i) => r.splice(0, 3, ...data.left[i])); right.forEach((r, i) => r.splice(0, 2, ...data.right[i]))
    fresh(); build()
  })

  // The first cell is shown as an example, unless it is the only one
  function fresh() { at = [0, 0]; seen = new Set(String(shapes[chosen]) === '1,1' ? [] : ['0,0']); was.clear(); edited = '' }
  // To point at a cell shows what meets there; only a press works it out
  function point(key) {
    at = key.split(',').map(Number)
    edited = ''
    draw()
  }
  function reveal(key) { seen.add(key); point(key) }

  function typed(name, i, j, set, get) {
    const input = inputs[name][i][j], x = number(input.value), bad = Number.isNaN(x)
    fit(input)
    bad && !begun(input.value) ? input.setAttribute('aria-invalid', 'true') : input.removeAttribute('aria-invalid')
    const all = Object.entries(inputs).flatMap(([n, m]) => m.flatMap((r, p) => r.map((o, q) => [`${n}[${p}, ${q}]`, o])))
    const still = all.find(([, o]) => o.hasAttribute('aria-invalid'))
    complain(still ? `${still[0]}: expected ${range}, got “${still[1].value}”.` : '')
    if (bad || x === get()) return
    const before = product(...operands())
    edited = `${name}[${i}, ${j}] was ${short(get())} and is ${short(x)}.`
    set(x)
    was.clear()
    const after = product(...operands())
    after?.forEach((r, p) => r.forEach((v, q) => {
      if (v !== before[p][q]) was.set(`${p},${q}`, before[p][q])
    }))
    if (was.size && !was.has(String(at))) at = ([...was.keys()].find(k => seen.has(k)) ?? [...was.keys()][0]).split(',').map(Number)
    draw()
  }
  const fit = input => input.toggleAttribute('data-long', input.value.length > 4)
  function complain(text) { wrong.textContent = text; hint.hidden = text !== '' }

  function fieldsOf(name, m, set, get) {
    return m.map((r, i) => r.map((x, j) => {
      const { input } = field(`${name}[${i}, ${j}]`, short(x), () => typed(name, i, j, v => set(i, j, v), () => get(i, j)), { hidden: true, maxlength: 6 })
      fit(input)
      input.addEventListener('blur', () => { if (begun(input.value)) { input.value = short(get(i, j)); fit(input) } }) // left empty: the number is still there
      return input
    }))
  }

  function build() {
    const [a, b] = operands(), over = shapes[chosen][2]
    inputs = {
      left: fieldsOf('left', a, (i, j, x) => { left[i][j] = x }, (i, j) => left[i][j]),
      right: fieldsOf('right', b, (i, j, x) => { over ? right[j][i] = x : right[i][j] = x }, (i, j) => over ? right[j][i] : right[i][j])
    }
    complain('')
    cells = product(a, b)?.map((r, i) => r.map((_, j) => {
      const node = el('button', { type: 'button', class: 'mm-cell', on: {
        click: () => reveal(`${i},${j}`),
        focus: () => { if (node.matches(':focus-visible')) point(`${i},${j}`) },
        pointerenter: e => { if (e.pointerType === 'mouse') point(`${i},${j}`) },
        keydown: e => {
          const [di, dj] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[e.key] || []
          if (di === undefined) return
          e.preventDefault()
          const to = cells[i + di]?.[j + dj]
          if (to) { point(to.key); to.node.focus() }
        }
      } })
      return { node, key: `${i},${j}` }
    })) ?? []
    const matrix = (name, m, place) => el('div', { class: `mm-matrix ${place}`, role: 'group', 'aria-label': name, style: `--columns: ${m[0].length}` }, ...m.flat())
    grid.replaceChildren(
      el('p', { class: 'mm-shapes' }, el('b', { text: `${shape(a)} @ ${shape(b)}` }), el('br', {}), cells.length ? `gives (${a.length}, ${b[0].length})` : 'does not fit'),
      matrix(`left, shape ${shape(a)}`, inputs.left, 'mm-left'),
      matrix(`right, shape ${shape(b)}`, inputs.right, 'mm-right'),
      cells.length
        ? matrix(`result, shape (${a.length}, ${b[0].length})`, cells.map(r => r.map(c => c.node)), 'mm-result')
        : el('p', { class: 'mm-none', text: 'no result' }))
    for (const o of [step, whole]) o.node.disabled = !cells.length
    draw()
  }

  function draw() {
    const [a, b] = operands(), result = product(a, b), [i, j] = at
    for (const c of cells.flat()) {
      const [p, q] = c.key.split(',').map(Number), old = was.get(c.key), known = seen.has(c.key)
      const value = known ? short(result[p][q]) : '?', moved = known ? `was ${short(old)}` : 'moved'
      c.node.replaceChildren(value, ...old === undefined ? [] : [el('small', { text: moved })])
      c.node.setAttribute('aria-label', `result[${p}, ${q}]: ${known ? value : 'not worked out yet'}${old === undefined ? '' : `, ${moved}`}`)
      c.node.toggleAttribute('data-long', value.length > 6)
      c.node.toggleAttribute('data-at', c.key === String(at))
      c.node.toggleAttribute('data-moved', old !== undefined)
      c.node.tabIndex = c.key === String(at) ? 0 : -1
    }
    inputs.left.forEach((r, p) => r.forEach(o => o.toggleAttribute('data-row', p === i)))
    inputs.right.forEach(r => r.forEach((o, q) => o.toggleAttribute('data-column', q === j)))

    const known = seen.has(String(at)), n = Math.max(a[0].length, b.length)
    const line = (x, sign, y, equals, value, kind = '') => [[x, 'mm-x'], [sign, ''], [y, 'mm-y'], [equals, ''], [value, 'mm-v']].map(([text, c]) => el('span', { class: `${c} ${kind}`, text }))
    const pairs = Array.from({ length: n }, (_, k) => [a[i][k], b[k]?.[j]])
    sum.replaceChildren(
      ...line(`row ${i}`, '', `column ${j}`, '', '', 'mm-head'),
      ...pairs.flatMap(([x, y]) => y === undefined ? line(short(x), '×', '–', '', 'no partner') : line(short(x), '×', short(y), '=', known ? short(x * y) : '?')),
      ...line('', '', '', result ? 'sum' : '', result ? known ? short(result[i][j]) : '?' : '', 'mm-total'))

    if (!result) {
      says.text = `${edited} A row on the left holds ${a[0].length} numbers, a column on the right ${b.length}. PyTorch: “${clash()}”.`.trim()
      return
    }
    const spelled = `Row ${i} meets column ${j}: ${pairs.map(([x, y]) => `${factor(x)}·${factor(y)}`).join(' + ')} = ${known ? `${short(result[i][j])}.` : '?'}`
    const moved = [...was.keys()].map(k => `[${k.replace(',', ', ')}]`)
    says.text = edited ? `${edited} ${moved.length ? `Moved: ${moved.join(' and ')}` : 'Nothing moved'}, ${moved.length} of ${cells.flat().length} cells. ${spelled}` : spelled
  }
  const clash = () => { const [a, b] = operands(); return `mat1 and mat2 shapes cannot be multiplied (${a.length}x${a[0].length} and ${b.length}x${b[0].length})` }

  fresh()
  build()
  stage.append(pick.node, el('div', { class: 'mm-side' }, grid, sum), el('div', { class: 'mm-note' }, hint, wrong), el('div', { class: 'row' }, step.node, whole.node, again.node), says.node)
  return {
    product, number,
    get at() { return at },
    get seen() { return [...seen] },
    get moved() { return [...was.keys()] },
    get operands() { return operands() },
    get result() { return product(...operands()) },
    get says() { return says.text }
  }
}

;(window.explorables ??= {}).matmul = (id, data) => start(matmul, id, data)
}
})()
