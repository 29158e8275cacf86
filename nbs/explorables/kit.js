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
export const el = (tag, options, ...children) => make(document.createElement(tag), options, children)
/* The same for a drawing */
export const svg = (tag, options, ...children) => make(document.createElementNS(SVG, tag), options, children)

/* --- numbers */
/* A number as text, with a fixed number of decimals and a real minus sign */
export function say(x, digits = 2) {
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
export function slider(label, { min, max, step, value, format = x => say(x) }, moved) {
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
export function choice(label, options, value, chosen) {
  const name = `choice-${Math.random()}` // no two groups of a page are one
  const inputs = options.map(o => el('input', { type: 'radio', name, value: o, checked: o === value, on: { change: () => chosen(o) } }))
  return {
    node: el('fieldset', { class: 'choice' }, el('legend', { text: label }), ...inputs.map((o, i) => el('label', {}, o, el('span', { text: options[i] })))),
    inputs,
    get value() { return inputs.find(o => o.checked)?.value },
    set value(x) { for (const o of inputs) o.checked = o.value === x }
  }
}

export function button(label, pressed) {
  const node = el('button', { type: 'button', text: label, on: { click: pressed } })
  return { node }
}

export function tick(label, value, changed) {
  const input = el('input', { type: 'checkbox', checked: value, on: { change: () => changed(input.checked) } })
  return { node: el('label', { class: 'tick' }, input, el('span', { text: label })), input, get value() { return input.checked }, set value(x) { input.checked = x } }
}

/* A field to type in. `label` is read aloud; it is seen too unless `hidden` */
export function field(label, value, typed, { hidden = false, ...attributes } = {}) {
  const input = el('input', { type: 'text', value, autocomplete: 'off', spellcheck: 'false', 'aria-label': hidden ? label : undefined, ...attributes, on: { input: () => typed(input.value) } })
  return { node: hidden ? input : el('label', { class: 'field' }, el('span', { text: label }), input), input, get value() { return input.value }, set value(x) { input.value = x } }
}

/* --- the reader's wishes */
/* Does the reader want no motion? */
export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/* A colour of the theme as canvas wants it: `ink`, `soft`, `line`, `ground`, `raised`, `blue`, `orange`, `green`, `accent` */
export function colour(root, name) {
  const probe = root.querySelector('.probe') || root.appendChild(el('i', { class: 'probe', hidden: true }))
  probe.style.color = `var(--x-${name})`
  return getComputedStyle(probe).color
}

/* Call `f` whenever light becomes dark or dark light */
export function onTheme(f) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', f)
  const seen = new MutationObserver(f)
  for (const o of [document.documentElement, document.body]) seen.observe(o, { attributes: true, attributeFilter: ['data-theme', 'theme', 'class', 'data-jp-theme-light'] })
}

/* --- drawing */
/* Draw once a frame, however often it is asked for: `const redraw = frames(draw)` */
export function frames(draw) {
  let waiting = false
  return () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw() }) } }
}

/* A canvas of `width` by `height` CSS pixels, sharp on any screen, that shrinks with its column; `ctx` draws in these pixels */
export function canvas(width, height, label) {
  const sharp = Math.min(2, Math.max(1, window.devicePixelRatio || 1))
  const node = el('canvas', { width: width * sharp, height: height * sharp, role: 'img', 'aria-label': label })
  node.style.width = `${width}px`
  const ctx = node.getContext('2d')
  ctx.scale(sharp, sharp)
  return { node, ctx }
}

/* An image as big pixels: a canvas of `w` by `h` dots, shown `size` CSS pixels wide. `paint(colours)` takes
   a function from the number of a pixel to [red, green, blue], each in [0, 255] */
export function bitmap(w, h, size, label) {
  const node = el('canvas', { width: w, height: h, role: 'img', 'aria-label': label, class: 'pixels' })
  node.style.width = `${size}px`
  const ctx = node.getContext('2d'), data = ctx.createImageData(w, h)
  data.data.fill(255)
  return {
    node,
    paint(rgb) {
      for (let i = 0, o = 0; i < w * h; i++, o++) for (const value of rgb(i)) data.data[o++] = value // and on over the opacity
      ctx.putImageData(data, 0, 0)
    }
  }
}
/* Dark on white, as the course draws digits: `x` in [0, 1] */
export const grey = x => { const v = 255 * (1 - Math.min(1, Math.max(0, x))); return [v, v, v] }
/* Blue below zero, white at zero, orange above: `x` in [-1, 1] */
export const signed = x => {
  const t = Math.min(1, Math.abs(x)), [r, g, b] = x < 0 ? [0, 114, 178] : [213, 94, 0]
  return [255 + t * (r - 255), 255 + t * (g - 255), 255 + t * (b - 255)]
}

/* --- what a picture says in words: read aloud when the hand rests, and there for everybody to read */
export function teller() {
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
export function start(draw, id, data) {
  for (const figure of document.querySelectorAll(`figure.explorable[id="${id}"]:not([data-ready])`)) {
    figure.dataset.ready = ''
    const stage = el('div', { class: 'stage' })
    const still = figure.querySelector('.still')
    still.after(stage)
    try { figure.explorable = draw(stage, unpacked(data)); still.hidden = true }
    catch (e) { stage.remove(); throw e } // the still picture stays
  }
}
