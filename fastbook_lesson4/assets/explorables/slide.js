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
/* A window of 3 by 3 pixels slides over a digit: nine pixels, nine weights, nine products and their sum, and the
   output picture that the sums make. */
const KS = 3
/* How many places there are for the window along `n` pixels */
const places = (n, padding, stride) => Math.floor((n + 2 * padding - KS) / stride) + 1

/* The nine numbers under a window whose upper left corner is at (top, left); outside of the image they are 0 */
function under(pixels, n, top, left) {
  return Array.from({ length: KS * KS }, (_, k) => {
    const y = top + Math.floor(k / KS), x = left + k % KS
    return y < 0 || x < 0 || y >= n || x >= n ? 0 : pixels[y * n + x]
  })
}

/* All the sums, row by row */
function convolve(pixels, n, weights, padding, stride) {
  const m = places(n, padding, stride)
  return Array.from({ length: m * m }, (_, i) => {
    const nine = under(pixels, n, Math.floor(i / m) * stride - padding, i % m * stride - padding)
    return nine.reduce((sum, x, k) => sum + x * weights[k], 0)
  })
}

/* A weight as short as it can be written */
const short = x => say(+x.toFixed(2), 2).replace(/\.?0+$/, '')
/* A number from a text, with either minus sign; NaN if it is none */
function number(text) {
  const t = text.trim().replace('−', '-').replace(',', '.')
  return /^[-+]?(\d+\.?\d*|\.\d+)$/.test(t) ? Number(t) : NaN
}

/* Both pictures lie in the same frame, the image with one cell around it, so that an answer stands where its window did */
const CELL = 8, GREEN = '#007a59'

function slide(stage, data) {
  const n = data.digits.shape[1], frame = (n + 2) * CELL
  const digits = Array.from({ length: data.digits.shape[0] }, (_, i) => Float64Array.from(data.digits.subarray(i * n * n, (i + 1) * n * n), x => x / 255))
  const kernels = { ...data.kernels, learned: Array.from(data.learned, x => +x.toFixed(2)) }

  let digit = 0, kernel = Object.keys(kernels)[0], weights = [...kernels[kernel]], padding = 1, stride = 1
  let row = data.start[0], column = data.start[1]
  let m, output, scale, seen, count // places along an edge; all sums; the largest possible; which are computed, and how many

  /* --- what is seen */
  const picture = canvas(frame, frame, 'The image, and on it the window')
  const result = canvas(frame, frame, 'The output as far as it is computed: orange above 0, blue with a bar below 0')
  const pixels = [], products = [], fields = []
  const cells = weights.map((_, k) => {
    const where = `Weight in row ${Math.floor(k / KS) + 1}, column ${k % KS + 1}`
    pixels.push(el('span', { class: 'pixel' }))
    products.push(el('span', { class: 'product' }))
    fields.push(field(where, '', t => typed(k, t), { hidden: true, inputmode: 'text' }))
    return el('div', { class: 'ninth' }, pixels[k], el('span', { class: 'times' }, '× ', fields[k].node), products[k])
  })
  const outTitle = el('p', {}), legend = el('p', { class: 'legend' })
  const sum = el('p', { class: 'sum' }), wrong = el('p', { class: 'wrong', role: 'alert' }), size = el('p', {}), says = teller()
  const hand = el('div', { class: 'hand', tabindex: 0, role: 'application', 'aria-label': 'The window on the image: arrow keys move it' }, picture.node)

  function paintImage() {
    const g = picture.ctx
    g.clearRect(0, 0, frame, frame)
    g.fillStyle = '#fff'
    if (padding) g.fillRect(0, 0, frame, frame)
    digits[digit].forEach((x, i) => {
      g.fillStyle = `rgb(${grey(x)})`
      g.fillRect((i % n + 1) * CELL, (Math.floor(i / n) + 1) * CELL, CELL, CELL)
    })
    g.strokeStyle = '#808080'
    g.lineWidth = 1
    if (padding) g.strokeRect(.5, .5, frame - 1, frame - 1)
    g.setLineDash(padding ? [3, 3] : []) // inside the border of zeros
    g.strokeRect(CELL, CELL, n * CELL, n * CELL)
    g.setLineDash([])
    box(g, left(column) * CELL, left(row) * CELL, KS * CELL)
  }
  function paintOutput() {
    const g = result.ctx, d = stride * CELL, from = (left(0) + KS / 2) * CELL - d / 2
    g.clearRect(0, 0, frame, frame)
    g.fillStyle = 'rgba(128, 128, 128, .22)'
    g.fillRect(from, from, m * d, m * d)
    output.forEach((v, i) => {
      if (!seen[i]) return
      const x = from + i % m * d, y = from + Math.floor(i / m) * d
      g.fillStyle = `rgb(${signed(v / scale)})`
      g.fillRect(x, y, d, d)
      if (v / scale < -.04) { // a bar: less than zero
        g.fillStyle = '#002b45'
        g.fillRect(x + d * .2, y + d / 2 - .75, d * .6, 1.5)
      }
    })
    g.strokeStyle = '#808080'
    g.lineWidth = 1
    g.strokeRect(from, from, m * d, m * d)
    box(g, from + column * d, from + row * d, d)
  }
  /* Where in the frame the window begins that stands at place `i` */
  const left = i => i * stride + 1 - padding
  function box(g, x, y, d) {
    for (const [width, ink] of [[5, '#fff'], [2.5, GREEN]]) {
      g.lineWidth = width
      g.strokeStyle = ink
      g.strokeRect(x, y, d, d)
    }
  }

  const redraw = frames(draw)
  function draw() {
    paintImage()
    paintOutput()
    const nine = under(digits[digit], n, row * stride - padding, column * stride - padding)
    const terms = nine.map((x, k) => x * weights[k]), answer = output[row * m + column]
    nine.forEach((x, k) => {
      pixels[k].textContent = say(x)
      pixels[k].style.background = `rgb(${grey(x)})`
      pixels[k].style.color = x < .53 ? '#000' : '#fff'
      products[k].textContent = `= ${say(terms[k])}`
    })
    const shown = terms.map(t => say(t)), off = shown.reduce((s, t) => s + number(t), 0) - number(say(answer))
    sum.textContent = `${shown[0]}${shown.slice(1).map(t => t[0] === '−' ? ` − ${t.slice(1)}` : ` + ${t}`).join('')} = ${say(answer)}${Math.abs(off) > .001 ? ' (rounded)' : ''}`
    outTitle.textContent = `Output, ${m}×${m}`
    legend.textContent = `White is 0, orange above, blue with a bar below. Full colour at ±${short(scale)}.`
    const whole = (n + 2 * padding - KS) / stride
    size.textContent = `(${n} + 2 · ${padding} − ${KS}) / ${stride} + 1 = ${Number.isInteger(whole) ? m : `${say(whole + 1, 1)}, rounded down: ${m}`}`
    says.text = told(nine, terms, answer)
  }
  function told(nine, terms, answer) {
    const low = Math.min(...nine), high = Math.max(...nine), of = weights.reduce((a, b) => a + b, 0)
    const mean = nine.reduce((a, b) => a + b, 0) / nine.length
    const plus = terms.reduce((s, t) => s + Math.max(0, t), 0), minus = answer - plus
    const rounded = Math.abs(number(say(plus)) + number(say(minus)) - number(say(answer))) > .001 ? ' (rounded)' : ''
    const why = high === 0 ? 'All nine pixels are 0, so every product is.'
      : high - low < .02 && say(number(say(mean)) * number(say(of))) === say(answer) // as it can be checked by hand
        ? `The nine pixels are alike, about ${say(mean)}: that times the sum of the weights, ${say(of)}, gives ${say(answer)}.`
        : !terms.some(t => t) ? 'Every product is 0.'
          : !terms.some(t => t < 0) ? `No product is below 0, together they make ${say(answer)}.`
            : !terms.some(t => t > 0) ? `No product is above 0, together they make ${say(answer)}.`
              : `The products above 0 make ${say(plus)}, those below 0 make ${say(minus)}, together ${say(answer)}${rounded}.`
    return `Row ${row + 1}, column ${column + 1} of the output. ${why} Computed: ${count} of ${m * m}.`
  }

  /* --- what changes */
  function calculate() {
    output = convolve(digits[digit], n, weights, padding, stride)
    const parts = [1, -1].map(s => weights.reduce((sum, w) => sum + Math.max(0, s * w), 0))
    scale = Math.max(...parts) || 1
    redraw()
  }
  /* Put the window at place `i`, and compute it */
  function visit(i) {
    row = Math.floor(i / m)
    column = i % m
    if (!seen[i]) { seen[i] = 1; count++ }
    redraw()
  }
  function clear() {
    seen = new Uint8Array(m * m)
    count = 0
  }
  /* Another padding or stride: the window stays about where it is, and what was whole stays whole */
  function reshape(p, s) {
    stop()
    const whole = count === m * m, at = [row, column].map(i => left(i))
    padding = p
    stride = s
    m = places(n, padding, stride)
    clear()
    if (whole) all()
    ;[row, column] = at.map(nearest)
    calculate()
    visit(row * m + column)
  }
  /* The place whose window begins nearest to cell `x` of the frame */
  function nearest(x) { return Math.min(m - 1, Math.max(0, Math.round((x - left(0)) / stride))) }
  /* Move in a straight line, and compute all on the way */
  function glide(r, c) {
    const steps = Math.max(Math.abs(r - row), Math.abs(c - column)), from = [row, column]
    for (let k = 1; k < steps; k++) visit(Math.round(from[0] + (r - from[0]) * k / steps) * m + Math.round(from[1] + (c - from[1]) * k / steps))
    visit(r * m + c)
  }
  function all() {
    stop()
    seen.fill(1)
    count = m * m
    visit(m * m - 1)
  }

  /* Slowly along one row, then faster and faster. 784 places take some six seconds */
  let running = 0
  function stop() {
    cancelAnimationFrame(running)
    running = 0
    run.node.textContent = 'Run'
  }
  function start() {
    if (count === m * m) clear()
    if (calm()) return all()
    let last, owed = 1, pace = 12, done = 0, i = -1
    run.node.textContent = 'Stop'
    const turn = now => {
      const dt = Math.min(.05, (now - (last ?? now)) / 1000)
      last = now
      if (done > m) pace *= Math.exp(1.05 * dt)
      for (owed += pace * dt; owed >= 1 && count < m * m; owed--, done++) {
        while (seen[++i]); // the next that is not computed
        visit(i)
      }
      if (count === m * m || !stage.isConnected) stop()
      else running = requestAnimationFrame(turn)
    }
    running = requestAnimationFrame(turn)
  }

  /* What is long is written smaller */
  function fit({ input }) { input.style.fontSize = input.value.length > 5 ? `${Math.max(.65, 5.2 / input.value.length)}rem` : '' }
  function typed(k, text) {
    fit(fields[k])
    const x = number(text), bad = !(Math.abs(x) <= 99)
    fields[k].input.setAttribute('aria-invalid', bad)
    complain()
    if (bad) return
    weights[k] = x
    kernel = Object.keys(kernels).find(o => kernels[o].every((w, i) => w === weights[i]))
    named.value = kernel
    calculate()
  }
  /* In place of the line of sums, whose weights aren't those that are written now */
  function complain() {
    const bad = fields.filter(f => f.input.getAttribute('aria-invalid') === 'true').map(f => `${f.input.getAttribute('aria-label')}: “${f.value}”`)
    wrong.textContent = bad.length ? `Expected a number from −99 to 99, such as −1 or 0.5. ${bad.join(', ')}.` : ''
    sum.hidden = bad.length > 0
  }
  function choose(name) {
    kernel = name
    weights = [...kernels[name]]
    fields.forEach((f, k) => { f.value = short(weights[k]); fit(f); f.input.setAttribute('aria-invalid', false) })
    complain()
    calculate()
  }

  /* --- the hand */
  /* The place of the window whose middle is nearest */
  function at(e) {
    const { left: x, top: y, width } = e.target.getBoundingClientRect()
    return [e.clientY - y, e.clientX - x].map(o => nearest(o / width * (n + 2) - KS / 2))
  }
  const jump = e => { stop(); const [r, c] = at(e); visit(r * m + c) }
  picture.node.addEventListener('pointerdown', e => { picture.node.setPointerCapture(e.pointerId); jump(e) })
  picture.node.addEventListener('pointermove', e => { if (e.buttons) { stop(); glide(...at(e)) } })
  result.node.addEventListener('click', jump) // to the window that made this cell
  hand.addEventListener('keydown', e => {
    const r = { ArrowUp: row - 1, ArrowDown: row + 1 }[e.key] ?? row
    const c = { ArrowLeft: column - 1, ArrowRight: column + 1, Home: 0, End: m - 1 }[e.key] ?? column
    if (r === row && c === column || e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    stop()
    if (r >= 0 && c >= 0 && r < m && c < m) glide(r, c)
  })

  /* --- controls */
  const step = button('Step', () => { stop(); visit((row * m + column + 1) % (m * m)) })
  const run = button('Run', () => running ? stop() : start())
  const whole = button('All', all)
  const empty = button('Clear', () => { stop(); clear(); visit(0) })
  const named = choice('Kernel', Object.keys(kernels), kernel, choose)
  const which = choice('Digit', data.names, data.names[0], o => { digit = data.names.indexOf(o); calculate() })
  which.inputs.forEach((o, i) => {
    const small = bitmap(n, n, 30, '')
    small.paint(j => grey(digits[i][j]))
    small.node.setAttribute('aria-hidden', true)
    o.setAttribute('aria-label', data.names[i])
    o.nextSibling.replaceChildren(small.node)
  })
  const border = choice('Padding', ['0', '1'], '1', o => reshape(+o, stride))
  const stride_ = choice('Stride', ['1', '2'], '1', o => reshape(padding, +o))

  stage.append(
    el('div', { class: 'board' }, el('div', { class: 'panels' },
      el('div', { class: 'before' }, el('p', { text: `Image, ${n}×${n}` }), hand),
      el('div', { class: 'moves' }, step.node, run.node, whole.node, empty.node),
      el('div', { class: 'after' }, outTitle, result.node),
      el('div', { class: 'row options' }, named.node, which.node, border.node, stride_.node,
        el('div', { class: 'size' }, el('p', { text: 'Size of the output' }), size), legend),
      el('div', { class: 'near' }, el('p', { text: 'Window, enlarged' }), el('div', { class: 'nine' }, ...cells),
        el('div', { class: 'line' }, sum, wrong), says.node)))) // what grows and shrinks has nothing below it

  m = places(n, padding, stride)
  clear()
  choose(kernel)
  for (let i = 0, to = row * m + column; i <= to; i++) visit(i) // some of it is there from the start
  return {
    draw,
    get output() { return output },
    get seen() { return count }, // how many are computed
    get place() { return [row, column] },
    get weights() { return weights },
    get kernel() { return kernel },
    get shape() { return [m, m] },
    get running() { return running > 0 }
  }
}

;(window.explorables ??= {}).slide = (id, data) => start(slide, id, data)
}
})()
