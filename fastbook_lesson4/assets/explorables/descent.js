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
const MOST = 10000, HELD = 1000 // steps of a run, and of those that are kept when the rate moves: they are taken anew within a frame
const f32 = Math.fround // PyTorch's float32
/* Learning rates as powers of ten, where each begins, and what the axes show */
const UNITS = {
  'in seconds': { x: 't', rates: [-7, -4], lr: 1e-5, a: [-1.6, 1.9], c: [-12, 32], top: 68000, ticks: { a: [-1, 0, 1], c: [-10, 0, 10, 20, 30], loss: [0, 30000, 60000] } },
  'from −1 to 1': { x: 'u', rates: [Math.log10(.5) - 2.2, Math.log10(.5) + .6], lr: .5, a: [-10, 130], c: [-45, 45], top: 2200, ticks: { a: [0, 50, 100], c: [-40, -20, 0, 20, 40], loss: [0, 1000, 2000] } }
}

const whole = x => x.toLocaleString('en').replace('-', '−')
const share = x => `${x >= 1 ? Math.round(100 * x) : Number((100 * x).toPrecision(2))}%`
const mean = (x, f) => { let sum = 0; for (let i = 0; i < x.length; i++) sum += f(x[i], i); return sum / x.length }
/* Three or four digits that count */
function short(x) {
  const size = Math.abs(x)
  if (!Number.isFinite(x)) return `${x < 0 ? '−' : ''}${Number.isNaN(x) ? 'nan' : 'inf'}`
  const text = size === 0 ? '0' : size >= 1e6 || size < 1e-3 ? x.toExponential(1).replace('e+', 'e').replace('.0e', 'e')
    : size >= 1000 ? Math.round(x).toLocaleString('en') : x.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3)
  return text.replace(/-/g, '−')
}

/* `fit_quadratic`, a row for the start and for each step: loss, a, b, c and the three slopes.
   It can go on: `to(n)` makes rows up to `n`. `broke` is the step after which the loss was not finite */
function Fit(x, y, start, lr, rows = new Float32Array(7 * (MOST + 1))) {
  const rate = f32(lr), n = x.length, squares = x.map(u => f32(u * u))
  let made = -1, broke = null, [a, b, c] = start, bad
  return {
    to(last) {
      for (let i = made + 1; i <= Math.min(last, MOST) && broke === null; i++) {
        let loss = 0, ga = 0, gb = 0, gc = 0
        for (let k = 0; k < n; k++) {
          const e = f32(f32(f32(f32(a * squares[k]) + f32(b * x[k])) + c) - y[k]) // predict
          loss += f32(e * e)
          ga += e * squares[k]; gb += e * x[k]; gc += e
        }
        loss = f32(f32(loss) / n)
        if (!Number.isFinite(loss)) { broke = i; bad = loss; break }
        ga = f32(2 * ga / n); gb = f32(2 * gb / n); gc = f32(2 * gc / n) // gradient
        const r = 7 * i
        rows[r] = loss; rows[r + 1] = a; rows[r + 2] = b; rows[r + 3] = c; rows[r + 4] = ga; rows[r + 5] = gb; rows[r + 6] = gc
        a = f32(a - f32(rate * ga)); b = f32(b - f32(rate * gb)); c = f32(c - f32(rate * gc)) // step
        made = i
      }
      return Math.min(last, made)
    },
    row(i) { const [loss, a, b, c, ga, gb, gc] = rows.subarray(7 * i, 7 * i + 7); return { loss, a, b, c, ga, gb, gc } },
    rows, get broke() { return broke }, get bad() { return bad }
  }
}

/* The largest curvature of all directions: multiplied with the Hessian again and again, any direction turns into the steepest */
function across(x) {
  const m = [0, 1, 2, 3, 4].map(p => 2 * mean(x, t => t ** p)), hessian = [[m[4], m[3], m[2]], [m[3], m[2], m[1]], [m[2], m[1], m[0]]]
  let v = [1, 1, 1], size
  for (let i = 0; i < 60; i++) { v = hessian.map(row => row.reduce((sum, o, k) => sum + o * v[k], 0)); size = Math.hypot(...v); v = v.map(o => o / size) }
  return size
}

/* Axes for `x` from left to right and `y` upwards. Far outside a point is drawn in, in its direction: SVG's numbers are small */
let clips = 0
function Axes(width, height, up, title, says) {
  const [left, right, top, bottom] = [50, width - 6, 24, height - 34], id = `descent-${clips++}`
  const ticks = svg('g', {}), inside = svg('g', { 'clip-path': `url(#${id})` }), out = svg('text', { x: right - 6, y: top + 15, 'text-anchor': 'end' }), ground = svg('rect', { x: right - 146, y: top + 1, width: 145, height: 20, class: 'ground', visibility: 'hidden' })
  const node = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': says },
    svg('clipPath', { id }, svg('rect', { x: left, y: top, width: right - left, height: bottom - top })),
    svg('text', { x: left - 7, y: 14, 'text-anchor': 'end', text: up }), svg('text', { x: left, y: 14, text: title, class: 'head' }), ticks,
    svg('rect', { x: left, y: top, width: right - left, height: bottom - top, class: 'frame' }), inside, ground, out)
  let X, Y
  const px = x => left + (x - X[0]) / (X[1] - X[0]) * (right - left), py = y => bottom - (y - Y[0]) / (Y[1] - Y[0]) * (bottom - top)
  return {
    node, inside, px, py, left, right, top, bottom,
    point(x, y) {
      const [dx, dy] = [px(x) - width / 2, py(y) - height / 2], far = Math.max(Math.abs(dx), Math.abs(dy)) / 3e4
      return far > 1 ? [width / 2 + dx / far, height / 2 + dy / far] : [width / 2 + dx, height / 2 + dy]
    },
    /* Says where the ball is, if it is out of the picture */
    lost(x, y) {
      const arrow = px(x) < left ? '←' : px(x) > right ? '→' : py(y) < top ? '↑' : py(y) > bottom ? '↓' : ''
      out.textContent = arrow && `the ball is out there ${arrow}`
      ground.setAttribute('visibility', arrow ? 'visible' : 'hidden') // no line runs through the words
      return !!arrow
    },
    set(xs, ys, xticks, yticks, name) {
      X = xs; Y = ys
      ticks.replaceChildren(
        ...xticks.flatMap(v => [svg('path', { d: `M${px(v)} ${bottom}v4` }), svg('text', { x: px(v), y: bottom + 16, 'text-anchor': 'middle', text: whole(v) })]),
        ...yticks.flatMap(v => [svg('path', { d: `M${left} ${py(v)}h-4` }), svg('text', { x: left - 7, y: py(v) + 4, 'text-anchor': 'end', text: whole(v) })]),
        svg('text', { x: (left + right) / 2, y: height - 4, 'text-anchor': 'middle', text: name }))
    }
  }
}

/* The loss along one parameter: a parabola, the ball, its tangent, and the step */
function Slice(name) {
  const axes = Axes(300, 142, 'loss', `along ${name}`, `The loss as a curve along ${name}, the other parameters stand still, with a ball where ${name} stands, its tangent, and the next step as an arrow`)
  const curve = svg('path', { class: 'curve' }), tangent = svg('path', { class: 'tangent' }), fall = svg('path', { class: 'fall' }), step = svg('path', { class: 'step' }), far = svg('text', { x: axes.right, y: 14, 'text-anchor': 'end' }), ball = svg('circle', { r: 6, class: 'ball' })
  axes.inside.append(curve, tangent, fall, step, ball)
  axes.node.append(far)
  return {
    node: axes.node,
    unit(u) { axes.set(u[name], [-.05 * u.top, u.top], u.ticks[name], u.ticks.loss, name) },
    draw(range, at, loss, slope, bend, lr) {
      const on = x => loss + slope * (x - at) + bend / 2 * (x - at) ** 2
      const [x0, x1] = range, mid = (x0 + x1) / 2 // one Bézier curve is a parabola
      curve.setAttribute('d', `M${axes.point(x0, on(x0))}Q${axes.point(mid, on(x0) + (slope + bend * (x0 - at)) * (mid - x0))} ${axes.point(x1, on(x1))}`)
      const [x, y] = axes.point(at, loss), next = at - lr * slope, [end] = axes.point(next, loss)
      const rise = slope * (axes.py(1) - axes.py(0)) / (axes.px(1) - axes.px(0)), run = 55 / Math.hypot(1, rise)
      tangent.setAttribute('d', `M${x - run} ${y - rise * run}L${x + run} ${y + rise * run}`)
      const way = Math.sign(end - x), head = Math.min(7, Math.abs(end - x) / 2)
      step.setAttribute('d', `M${x} ${y}H${end}m${-way * head} ${-head * .7}L${end} ${y}l${-way * head} ${head * .7}`)
      fall.setAttribute('d', Math.abs(end - x) > 3 ? `M${end} ${y}L${axes.point(next, on(next))}` : '')
      far.textContent = `a step: ${share(lr * bend)} of the way`
      ball.setAttribute('cx', x); ball.setAttribute('cy', y)
      return axes.lost(at, loss)
    }
  }
}

/* The valley from above */
function Valley() {
  const axes = Axes(300, 294, 'c', 'from above, b stands still', 'Lines of equal loss over a and c, the lowest point as a star, and the path of the steps so far')
  const levels = Array.from({ length: 12 }, () => svg('circle', { r: 1, class: 'level' })), star = svg('path', { class: 'star', d: 'M0-8 2-2.6 7.6-2.5 3.1.9 4.7 6.5 0 3.2-4.7 6.5-3.1.9-7.6-2.5-2-2.6Z' })
  const path = svg('path', { class: 'path' }), dots = svg('path', { class: 'dots' }), ball = svg('circle', { r: 6, class: 'ball' })
  axes.inside.append(...levels, path, dots, star, ball)
  return {
    node: axes.node,
    unit(u) { axes.set(u.a, u.c, u.ticks.a, u.ticks.c, 'a') },
    /* `bend`: the curvatures of a, of c, and of both together; `low`: the lowest a and c */
    draw(fit, n, low, bend, top) {
      const l = Math.sqrt(bend.a), m = bend.both / l, k = Math.sqrt(bend.c - m * m) // Cholesky: a circle becomes a level line
      const sx = axes.px(1) - axes.px(0), sy = axes.py(1) - axes.py(0), [x, y] = axes.point(low.a, low.c)
      levels.forEach((o, i) => {
        const r = Math.sqrt(2 * top) * (i + 1) / 10
        o.setAttribute('transform', `matrix(${sx * r / l} 0 ${-sx * r * m / (l * k)} ${sy * r / k} ${x} ${y})`)
      })
      star.setAttribute('transform', `translate(${x} ${y})`)
      const stride = n > 250 ? 2 ** Math.ceil(Math.log2((n - 50) / 200)) : 1, points = []
      for (let i = 0; i <= n; i += i < 50 ? 1 : stride) points.push(axes.point(fit.rows[7 * i + 1], fit.rows[7 * i + 3]))
      const { a, c } = fit.row(n), end = axes.point(a, c)
      path.setAttribute('d', `M${[...points, end].join('L')}`)
      dots.setAttribute('d', points.map(p => `M${p}h0`).join(''))
      ball.setAttribute('cx', end[0]); ball.setAttribute('cy', end[1])
      return axes.lost(a, c)
    }
  }
}

/* data: `t` and `u`, the times in both units, `speed`, `start`, and `lowest`, the lowest loss there is */
function descent(stage, data) {
  const fitted = (unit, lr, rows) => Fit(data[UNITS[unit].x], data.speed, data.start, lr, rows)
  let unit = 'in seconds', lr = UNITS[unit].lr, fit = fitted(unit, lr), want = 0, running = false, bend
  const rates = Object.fromEntries(Object.keys(UNITS).map(o => [o, UNITS[o].lr]))
  const good = loss => loss <= 1.001 * data.lowest

  const says = teller(), slices = { a: Slice('a'), c: Slice('c') }, valley = Valley()
  const cells = Object.fromEntries(['value', 'slope', 'step'].map(row => [row, ['a', 'b', 'c'].map(() => el('td', {}))]))
  const table = el('table', {}, el('thead', {}, el('tr', {}, el('td', {}), ...['a', 'b', 'c'].map(o => el('th', { scope: 'col', text: o })))),
    el('tbody', {}, ...Object.entries(cells).map(([row, tds]) => el('tr', {}, el('th', { scope: 'row', text: row === 'step' ? '−lr × slope' : row }), ...tds))))

  function words(n, now, lost) {
    if (fit.broke !== null && want >= fit.broke) return `After step ${fit.broke} the loss is ${short(fit.bad)}, no longer finite: the fit stops. One step before it was ${short(now.loss)}.`
    const way = `A step goes ${share(lr * bend.a)} of the way to the bottom along a, ${share(lr * bend.c)} along c, and ${share(lr * bend.across)} straight across the valley.`
    if (n === 0) return `At the start the loss is ${short(now.loss)}. ${way}`
    const after = `After ${whole(n)} ${n === 1 ? 'step' : 'steps'} the loss is ${short(now.loss)}`
    if (good(now.loss)) return `${after}: arrived. The lowest for any b: ${short(data.lowest)}. ${way}`
    if (now.loss > fit.row(n - 1).loss) return `${after}, more than at the ${n === 1 ? 'start' : 'step before'}${lost ? ', and the ball has left the picture' : ''}. ${way}`
    return `${after}${n === MOST ? ', and the time is up' : ''}. The lowest for any b: ${short(data.lowest)}. ${way}`
  }
  function draw() {
    const u = UNITS[unit], n = fit.to(want), now = fit.row(n), x = data[u.x]
    // the lowest point for this b: one step of Newton's from here
    const e = x.map((t, i) => now.a * t * t + now.b * t + now.c - data.speed[i]), ga = 2 * mean(e, (o, i) => o * x[i] ** 2), gc = 2 * mean(e, o => o)
    const det = bend.a * bend.c - bend.both ** 2
    const low = { a: now.a - (bend.c * ga - bend.both * gc) / det, c: now.c - (bend.a * gc - bend.both * ga) / det }
    const lost = [slices.a.draw(u.a, now.a, now.loss, now.ga, bend.a, lr), slices.c.draw(u.c, now.c, now.loss, now.gc, bend.c, lr), valley.draw(fit, n, low, bend, u.top)]
    cells.value.forEach((o, i) => { o.textContent = short([now.a, now.b, now.c][i]) })
    ;[now.ga, now.gb, now.gc].forEach((g, i) => { cells.slope[i].textContent = short(g); cells.step[i].textContent = short(-lr * g) })
    says.text = words(n, now, lost.some(o => o))
    run.node.textContent = running ? 'Stop' : 'Run'
  }
  const redraw = frames(draw)

  /* Running: ten steps a second, later ever more. It ends by itself */
  const over = n => n === MOST || fit.broke !== null || good(fit.row(n).loss)
  function forward(to) { // to this step, or to where it ends before
    let n = fit.to(want)
    while (n < to && !over(n) && fit.to(n + 1) > n) n++
    want = fit.broke !== null ? fit.broke : n
    return over(n)
  }
  let clock, exact
  function tick(now) {
    if (!running) return
    exact += Math.min(.1, (now - clock) / 1000) * Math.max(10, .8 * exact)
    clock = now
    if (exact >= want + 1 && forward(Math.floor(exact))) running = false
    draw()
    if (running) requestAnimationFrame(tick)
  }
  function stop() { running = false; redraw() }
  const run = button('Run', () => {
    if (running) return stop()
    if (over(fit.to(want))) want = 0
    if (calm()) { forward(MOST); return redraw() }
    running = true
    clock = performance.now(); exact = want
    requestAnimationFrame(tick)
    redraw()
  })
  const step = k => () => { running = false; want = Math.min(MOST, fit.to(want) + k); fit.to(want); if (fit.broke !== null) want = Math.min(want, fit.broke); redraw() }

  const rate = slider('Learning rate lr', { min: -7, max: -4, step: .004, value: -5, format: v => rateText(told(v)) }, v => { lr = rates[unit] = told(v); fit = fitted(unit, lr, fit.rows); exact = want = Math.min(want, HELD); redraw() })
  function rateText(x) { return (x < 1e-3 ? x.toExponential() : String(x)).replace(/-/g, '−') }
  function told(v) { return Number((10 ** v).toPrecision(3)) } // what is said is what is used
  function measure(name) {
    unit = name
    const u = UNITS[unit], x = data[u.x]
    bend = { a: mean(x, t => 2 * t ** 4), c: 2, both: mean(x, t => 2 * t * t), across: across(x) }
    ;[rate.input.min, rate.input.max] = u.rates
    lr = rates[unit]
    rate.value = Math.log10(lr)
    fit = fitted(unit, lr, fit.rows); want = 0; running = false
    slices.a.unit(u); slices.c.unit(u); valley.unit(u)
    redraw()
  }
  const time = choice('Time', Object.keys(UNITS), unit, measure)

  stage.classList.add('descent')
  stage.append(el('div', { class: 'parts' },
    el('div', { class: 'set' }, time.node),
    el('div', { class: 'slices' }, slices.a.node, slices.c.node),
    el('div', { class: 'go' }, rate.node, el('div', { class: 'row' }, button('Step', step(1)).node, button('10 steps', step(10)).node, run.node, button('Reset', () => { want = 0; stop() }).node)),
    el('div', { class: 'above' }, valley.node),
    el('div', { class: 'told' }, says.node, table)))
  measure(unit)
  draw()

  return {
    get unit() { return unit }, get lr() { return lr }, get steps() { return fit.to(want) }, get running() { return running }, get broke() { return fit.broke }, get now() { return fit.row(fit.to(want)) }, get text() { return says.text },
    /* As the library's: losses and parameters after each step, as far as they go */
    fit(unit, lr, steps) {
      const one = fitted(unit, lr), n = one.to(steps), rows = Array.from({ length: n + 1 }, (_, i) => one.row(i))
      return { losses: rows.map(o => o.loss), params: rows.map(o => [o.a, o.b, o.c]), grads: rows.map(o => [o.ga, o.gb, o.gc]), broke: one.broke, bad: String(one.bad) }
    }
  }
}

;(window.explorables ??= {}).descent = (id, data) => start(descent, id, data)
}
})()
