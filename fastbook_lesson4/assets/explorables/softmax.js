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
/* Everything is rounded to float32 after each step, as PyTorch computes it */
const f32 = Math.fround
const total = values => values.reduce((a, b) => f32(a + b))

/* What goes into softmax: the activations, a constant added to all, divided by the temperature */
function tuned(activations, T, added) {
  return activations.map(v => f32(f32(f32(v) + f32(added)) / f32(T)))
}

/* Softmax and -log of each class as the formulas say. `cost` is in nats */
function written(x) {
  const power = x.map(v => f32(Math.exp(v))), sum = total(power)
  const p = power.map(v => f32(v / sum))
  return { x, power, sum, p, cost: p.map(v => f32(-Math.log(v))) }
}

/* The same with the largest subtracted first, and the log taken of the sum only */
function shifted(x) {
  const m = Math.max(...x), lead = x.map(v => f32(v - m))
  const power = lead.map(v => f32(Math.exp(v))), sum = total(power), log = f32(Math.log(sum))
  return { x: lead, power, sum, p: power.map(v => f32(v / sum)), cost: lead.map(v => f32(log - v)) }
}

/* As short as a cell of the table; 0 is said only of what is 0 */
function short(v) {
  const size = Math.abs(v)
  if (v === 0) return '0'
  if (!Number.isFinite(v) || (size >= .001 && size < 1e4)) return say(v, size < .01 ? 4 : size < 1000 ? 2 : 0)
  return v.toExponential(size < 1e-9 ? 0 : 1).replace('+', '').replaceAll('-', '−')
}
/* A probability: three decimals, so that a doubling can be seen */
const share = p => p >= .01 && p <= 1 ? say(p, 3) : short(p)
/* Four digits at least: 1.25, 101.3, 2375 */
const four = v => say(v, Math.abs(v) < 100 ? 2 : Math.abs(v) < 1000 ? 1 : 0)
const and = texts => `${texts.slice(0, -1).join(', ')} and ${texts.at(-1)}`

/* A cell with a number and, if it has a full length, a bar below */
function cell(full) {
  const text = el('span', {}), bar = el('i', {})
  const node = full ? el('td', { class: 'barred' }, text, el('b', { 'aria-hidden': 'true' }, bar)) : el('td', {}, text)
  return {
    node,
    show(v, words) {
      text.textContent = words
      node.classList.toggle('broken', Number.isNaN(v))
      node.classList.toggle('over', v > full)
      bar.style.transform = `scaleX(${Number.isNaN(v) ? 0 : Math.min(1, v / full)})`
    }
  }
}

const e = power => el('th', { scope: 'col' }, 'e', el('sup', { text: power }))
const head = text => el('th', { scope: 'col', text })

/* One way to compute it, as a table: a row for each class, the sums, and the loss */
function way(names, x, longest) {
  const caption = el('caption', {})
  const columns = { x: 0, power: longest, p: 1, bits: 10 } // where a bar is full
  const rows = names.map(name => {
    const mark = el('span', { class: 'mark' }), cells = Object.values(columns).map(cell)
    return { mark, cells, node: el('tr', {}, el('th', { scope: 'row' }, name, mark), ...cells.map(c => c.node)) }
  })
  const sums = [cell(), cell()], loss = el('td', { colspan: 4 })
  return {
    caption,
    node: el('table', {}, caption,
      el('thead', {}, el('tr', {}, el('td', {}), head(x), e(x), head('softmax'), head('bits'))),
      el('tbody', {}, ...rows.map(r => r.node)),
      el('tfoot', {},
        el('tr', {}, el('th', { scope: 'row', text: 'sum' }), el('td', {}), ...sums.map(c => c.node), el('td', {})),
        el('tr', {}, el('th', { scope: 'row', text: 'loss' }), loss))),
    show({ x, power, sum, p, cost }, right) {
      rows.forEach((row, i) => {
        const bits = cost[i] / Math.LN2, [a, b, c, d] = row.cells
        a.show(x[i], four(x[i]))
        b.show(power[i], short(power[i]))
        c.show(p[i], share(p[i]))
        d.show(bits, four(bits))
        row.node.classList.toggle('right', i === right)
        row.mark.textContent = i === right ? ' ✓' : ''
      })
      sums[0].show(sum, short(sum))
      sums[1].show(total(p), say(total(p), 3))
      loss.textContent = `−log p of ${names[right]}: ${say(cost[right])}`
    }
  }
}

/* How one number can be given to softmax and the loss, and what comes out */
function softmax(stage, data) {
  const names = data.names, says = teller()
  const redraw = frames(draw)
  const range = (label, min, max, step, value, format) => slider(label, { min, max, step, value, format }, redraw)
  const activations = names.map((name, i) => range(name, -6, 6, .01, data.out[i]))
  const right = choice('The right class', names, names.at(-1), redraw)
  const heat = range('temperature', -1.3, 1.7, .05, 0, v => say(10 ** v))
  const added = range('add to all', -120, 120, 1, 0, v => say(v, 0))

  const examples = [['The bears', data.out], ['One far ahead', [6, -4, 0]], ['All equal', [0, 0, 0]]].map(([label, values]) => ({
    values,
    node: button(label, () => {
      activations.forEach((s, i) => { s.value = values[i] })
      heat.value = added.value = 0
      right.value = names.at(-1)
      redraw()
    }).node
  }))
  const hundred = button('Add 100', () => { added.value = added.value === 100 ? 0 : 100; redraw() }).node

  const plain = way(names, 'x', 10), stable = way(names, 'x − m', 1)
  plain.caption.textContent = 'As the formula says'
  stage.append(
    el('div', { class: 'row examples', role: 'group', 'aria-label': 'Examples' }, ...examples.map(o => o.node), hundred),
    el('div', { class: 'halves' },
      el('div', { role: 'group', 'aria-label': 'Activations' }, el('p', { text: 'Activations' }), ...activations.map(s => s.node)),
      el('div', {}, right.node, heat.node, added.node)),
    el('div', { class: 'halves' }, plain.node, stable.node),
    says.node)

  function state() {
    const values = activations.map(s => s.value), T = 10 ** heat.value, which = names.indexOf(right.value)
    const x = tuned(values, T, added.value)
    return { values, T, added: added.value, right: which, written: written(x), shifted: shifted(x) }
  }

  function draw() {
    const now = state(), { written: w, shifted: s, right: i } = now, name = names[i]
    plain.show(w, i)
    stable.show(s, i)
    stable.caption.textContent = `Shifted first, m = ${say(Math.max(...w.x))}`
    const fresh = now.T === 1 && now.added === 0
    for (const o of examples) o.node.setAttribute('aria-pressed', fresh && o.values.every((v, k) => Math.abs(v - now.values[k]) < .005))
    hundred.setAttribute('aria-pressed', now.added === 100)
    const good = `Softmax gives ${and(s.p.map(share))}. The answer ${name} is right, which is a surprise of ${say(s.cost[i] / Math.LN2)} bits, a loss of ${say(s.cost[i])}.`
    const m = say(Math.max(...w.x)), few = w.p.some((v, k) => Math.abs(v - s.p[k]) > .001 * s.p[k] && share(v) !== share(s.p[k])) // that are seen
    const trouble = w.power.includes(Infinity) ? `e to the power of ${m} is too large for a float32, and inf over inf is nan. `
      : w.sum === Infinity ? 'The sum is too large for a float32. '
        : w.sum === 0 ? `Even e to the power of ${m} is 0 in float32, and 0 over 0 is nan. `
          : few ? `The formula gives ${and(w.p.map(share))}: next to 0 a float32 has few digits left. `
            : w.p[i] === 0 ? `The formula gives ${name} 0, and its loss is inf. ` : ''
    says.text = trouble + (trouble ? 'Shifted first, s' + good.slice(1) : good)
  }
  draw()
  return { tuned, written, shifted, get now() { return state() } }
}

;(window.explorables ??= {}).softmax = (id, data) => start(softmax, id, data)
}
})()
