import { el, say, button, frames, canvas, bitmap, grey, signed, teller } from './kit.js'

/* The reader draws a digit, and the models of the chapter answer.
   `data`: `labels`, the text of each class; `models`, each with a `name` and either `means`, an image for each class,
   or `layers`, such as ['linear', weight, bias] or ['relu']; `examples`, pairs of a text and an image; `others`, names of SHAPES;
   `views`, false where nothing is to be shown of what each model sees */

/* --- models. An activation is a Float32Array; behind a convolution it has a `shape`: channels, height, width */
const SIDE = 28

const LAYERS = {
  linear(x, w, b) {
    const [n, m] = w.shape
    return Float32Array.from({ length: n }, (_, i) => { let s = b[i]; for (let j = 0; j < m; j++) s += w[i * m + j] * x[j]; return s })
  },
  relu: x => shaped(x.map(a => Math.max(0, a)), ...x.shape ?? []),
  /* Kernels of odd size, with a border of zeros, so that the image keeps its size. All rows lie in one long line,
     borders included; three neighbouring weights at a time are added to it, which halves the way to and from memory */
  conv(x, w, b) {
    const [n, c, k] = w.shape, [, height, width] = x.shape ?? [1, SIDE, SIDE], pad = k >> 1
    const H = height + 2 * pad, W = width + 2 * pad, wide = new Float32Array(c * H * W + k + 2)
    for (let i = 0; i < c; i++) for (let y = 0; y < height; y++) wide.set(x.subarray((i * height + y) * width, (i * height + y + 1) * width), (i * H + y + pad) * W + pad)
    const out = new Float32Array(n * height * width), line = new Float32Array(height * W), long = line.length
    for (let o = 0; o < n; o++) {
      line.fill(b[o])
      for (let i = 0; i < c; i++) for (let dy = 0; dy < k; dy++) for (let dx = 0; dx < k; dx += 3) {
        const at = ((o * c + i) * k + dy) * k + dx, from = (i * H + dy) * W + dx
        const p = w[at], q = dx + 1 < k ? w[at + 1] : 0, r = dx + 2 < k ? w[at + 2] : 0
        for (let z = 0; z < long; z++) line[z] += p * wide[from + z] + q * wide[from + z + 1] + r * wide[from + z + 2]
      }
      for (let y = 0; y < height; y++) out.set(line.subarray(y * W, y * W + width), (o * height + y) * width)
    }
    return shaped(out, n, height, width)
  },
  /* The largest of each four neighbours; an odd last row or column is left out */
  maxpool(x) {
    const [c, h, w] = x.shape, [H, W] = [h >> 1, w >> 1], out = shaped(new Float32Array(c * H * W), c, H, W)
    for (let i = 0; i < c; i++) for (let y = 0; y < H; y++) for (let z = 0; z < W; z++) {
      const at = (i * h + 2 * y) * w + 2 * z
      out[(i * H + y) * W + z] = Math.max(x[at], x[at + 1], x[at + w], x[at + w + 1])
    }
    return out
  },
  residual(x, layers) { const f = run(layers, x); return shaped(x.map((a, i) => a + f[i]), ...x.shape) },
  /* The largest of each channel */
  top(x) { const [c, h, w] = x.shape; return Float32Array.from({ length: c }, (_, i) => Math.max(...x.subarray(i * h * w, (i + 1) * h * w))) }
}
function shaped(x, ...shape) { if (shape.length) x.shape = shape; return x }
const run = (layers, x) => layers.reduce((h, [kind, ...parts]) => LAYERS[kind](h, ...parts), x)

const sigmoid = a => 1 / (1 + Math.exp(-a))
function softmax(acts) { const top = Math.max(...acts), e = [...acts].map(a => Math.exp(a - top)), s = e.reduce((a, b) => a + b); return e.map(o => o / s) }

/* A model's answer to 784 pixels: the class, and for each class a probability or, for means, the mean absolute difference; `first` is what its first two layers make of them */
function ask(model, x) {
  if (model.means) {
    const far = Array.from({ length: model.means.shape[0] }, (_, c) => x.reduce((s, p, j) => s + Math.abs(p - model.means[c * x.length + j]), 0) / x.length)
    return { distances: far, answer: far.indexOf(Math.min(...far)) }
  }
  const first = run(model.layers.slice(0, 2), x), acts = run(model.layers.slice(2), first), p = acts.length > 1 ? softmax(acts) : [sigmoid(-acts[0]), sigmoid(acts[0])]
  return { first, acts, p, answer: p[1] === p[0] ? 0 : p.indexOf(Math.max(...p)) }
}

/* --- from a drawing to what MNIST's digits are */
/* Cut out of `ink` (n by n numbers in [0, 1]), scaled until the longer side is 20 pixels, each pixel the mean of the ink on it,
   and put where its centre of mass is in the middle pixel. null where there is no ink */
function centred(ink, n) {
  let top = n, bottom = -1, left = n, right = -1
  for (let y = 0; y < n; y++) for (let x = 0; x < n; x++) if (ink[y * n + x] > 0) {
    top = Math.min(top, y); bottom = y
    left = Math.min(left, x); right = Math.max(right, x)
  }
  if (bottom < 0) return null
  const step = Math.max(bottom - top + 1, right - left + 1) / 20 // cells to a pixel
  const rows = shares(top, bottom, step), cols = shares(left, right, step), small = []
  let mass = 0, my = 0, mx = 0
  rows.forEach((row, i) => cols.forEach((col, j) => {
    let s = 0
    for (const [y, a] of row) for (const [x, b] of col) s += a * b * ink[y * n + x]
    small.push([i, j, s]); mass += s; my += s * (i + .5); mx += s * (j + .5)
  }))
  const put = (m, long) => Math.min(SIDE - long, Math.max(0, Math.ceil(SIDE / 2 - m / mass))) // whole pixels, as MNIST's
  const y = put(my, rows.length), x = put(mx, cols.length), out = new Float32Array(SIDE * SIDE)
  for (const [i, j, s] of small) out[(y + i) * SIDE + x + j] = s
  return out
}
/* For each pixel of `step` cells the cells that it covers, and how much of it each is */
function shares(first, last, step) {
  const res = []
  for (let from = first; from < last + 1 - 1e-6; from += step) {
    const part = []
    for (let c = Math.floor(from + 1e-6); c <= last && c < from + step - 1e-6; c++) part.push([c, (Math.min(c + 1, from + step) - Math.max(c, from)) / step])
    res.push(part)
  }
  return res
}

/* --- ink: 6 cells to a pixel */
const FINE = 6, N = SIDE * FINE, PEN = 1.25 // half the width of the pen, in pixels
function stroke(ink, [ax, ay], [bx, by]) { // a straight one from a to b, in pixels
  const r = PEN * FINE
  ;[ax, ay, bx, by] = [ax, ay, bx, by].map(o => o * FINE)
  const dx = bx - ax, dy = by - ay, long = dx * dx + dy * dy || 1, cell = o => Math.min(N - 1, Math.max(0, Math.floor(o)))
  for (let y = cell(Math.min(ay, by) - r - 1); y <= cell(Math.max(ay, by) + r + 1); y++) {
    for (let x = cell(Math.min(ax, bx) - r - 1); x <= cell(Math.max(ax, bx) + r + 1); x++) {
      const t = Math.min(1, Math.max(0, ((x + .5 - ax) * dx + (y + .5 - ay) * dy) / long)) // the nearest point of the stroke
      const fx = x + .5 - ax - t * dx, fy = y + .5 - ay - t * dy, far = fx * fx + fy * fy
      if (far < (r + .5) ** 2) ink[y * N + x] = Math.max(ink[y * N + x], Math.min(1, r + .5 - Math.sqrt(far)))
    }
  }
}
function inked(items) { // a part of a drawing is a list of points, or an image
  const ink = new Float32Array(N * N)
  for (const o of items) {
    if (o.length === SIDE * SIDE) for (let i = 0; i < N * N; i++) ink[i] = Math.max(ink[i], o[Math.floor(i / N / FINE) * SIDE + Math.floor(i % N / FINE)])
    else o.forEach((p, i) => stroke(ink, o[Math.max(0, i - 1)], p))
  }
  return ink
}

/* Things that are not one of two digits, each a list of strokes */
const round = (x, y, rx, ry, turns = 1) => Array.from({ length: 41 }, (_, i) => { const a = turns * Math.PI * i / 20; return [x - rx * Math.sin(a), y - ry * Math.cos(a)] })
const SHAPES = {
  circle: () => [round(14, 14, 9, 9)],
  8: () => [[...round(14, 9, 4, 4.5, -1).map(([x, y]) => [x, 18 - y]), ...round(14, 18.5, 5, 5)]],
  K: () => [[[9, 5], [9, 23]], [[19, 5], [9, 15], [20, 23]]],
  scribble: () => [Array.from({ length: 61 }, (_, i) => [5 + i * .29 + 2 * Math.sin(i * 1.1), 14 + 8 * Math.sin(i * .83) * Math.cos(i * .31)])],
  heart: () => [Array.from({ length: 41 }, (_, i) => { const a = Math.PI * i / 20; return [14 + 9 * Math.sin(a) ** 3, 13 - .58 * (13 * Math.cos(a) - 5 * Math.cos(2 * a) - 2 * Math.cos(3 * a) - Math.cos(4 * a))] })]
}

/* --- what a model sees of a drawing: pictures with a line below each; `paint(x, answer)` makes them anew, `head(answer)` says what they are */
const signs = a => (a > 0 ? '+' : '') + say(a, 1)
function views(labels) {
  return labels.map(label => {
    const { node, paint } = bitmap(SIDE, SIDE, 60, label), text = el('span')
    return { node: el('span', { class: 'view' }, node, text), paint, set text(t) { text.textContent = t } }
  })
}
function sight(model, labels, order) {
  if (model.means) { // how the drawing differs from each mean
    const pictures = views(order.map(c => `The drawing minus the mean ${labels[c]}`))
    return { pictures, head: () => 'drawing minus', paint: x => pictures.forEach((o, i) => {
      o.paint(j => signed(x[j] - model.means[order[i] * x.length + j]))
      o.text = `mean ${labels[order[i]]}`
    }) }
  }
  const [[, w], , [, v] = []] = [...model.layers, []], most = o => Math.max(...o.map(Math.abs))
  if (w.shape.length === 4) { // the channels of the first convolution
    const pictures = views(Array.from({ length: w.shape[0] }, (_, c) => `Channel ${c + 1} of the first convolution`))
    return { pictures, head: () => `first convolution, ${w.shape[0]} channels`, paint: (x, { first: h }) => {
      const scale = Math.max(...h) || 1
      pictures.forEach((o, c) => o.paint(j => grey(h[c * x.length + j] / scale)))
    } }
  }
  const weighted = (picture, x, unit, sign, scale) => picture.paint(j => signed(sign * x[j] * w[unit * x.length + j] / scale))
  if (!v) { // pixel times weight
    const pictures = views(['Each pixel times its weight']), scale = .6 * most(w)
    return { pictures, head: () => 'pixel × weight', paint: (x, { acts }) => { weighted(pictures[0], x, 0, 1, scale); pictures[0].text = `sum ${signs(acts[0])}` } }
  }
  const pictures = views([1, 2, 3].map(i => `Each pixel times its weight in the unit that counts most, number ${i}`))
  return { pictures, head: answer => answer ? `sum ${signs(answer.acts[0])}, of it:` : '', paint: (x, { first }) => { // the three units that count most, in the colours of what they speak for
    const parts = [...first].map((a, unit) => [a * v[unit], unit]).sort(([a], [b]) => Math.abs(b) - Math.abs(a))
    pictures.forEach((o, i) => {
      const [part, unit] = parts[i]
      weighted(o, x, unit, Math.sign(v[unit]), .6 * most(w.subarray(unit * x.length, (unit + 1) * x.length)))
      o.text = signs(part)
    })
  } }
}

/* Three decimals; what they would round to 1 or 0 is neither */
const chance = p => p >= .9995 ? '>0.999' : p < .0005 ? '<0.001' : say(p, 3)

/* A model's name, a bar for each class, and, with `seen`, what it sees */
function card(model, labels, seen) {
  const order = labels.map((_, c) => c)
  if (labels.length === 2) order.reverse() // the class 1 first
  const rows = order.map(c => { const fill = el('i'), value = el('b'), node = el('li', {}, el('span', { text: labels[c] }), el('span', { class: 'track' }, fill), value); return { c, node, fill, value } })
  const { pictures, paint, head } = seen ? sight(model, labels, order) : { pictures: [] }, above = el('span', { class: 'above' })
  const node = el('div', { class: seen ? 'model' : 'model bare', role: 'group', 'aria-label': model.name },
    el('p', {}, el('b', { text: model.name }), el('span', { text: model.means ? 'distance, less wins' : 'probability' })),
    el('ul', {}, ...rows.map(o => o.node)))
  if (seen) node.append(el('div', { class: pictures.length < 3 ? 'views few' : 'views' }, above, ...pictures.map(o => o.node)))
  return {
    node,
    show(x, answer) {
      const values = answer?.p ?? answer?.distances
      for (const o of rows) {
        o.node.classList.toggle('is', answer?.answer === o.c)
        o.value.textContent = values ? (answer.p ? chance(values[o.c]) : say(values[o.c], 3)) : '–'
        o.fill.style.width = values ? `${100 * Math.min(1, answer.p ? values[o.c] : values[o.c] / .3)}%` : 0
      }
      if (seen) above.textContent = head(answer)
      if (answer) paint?.(x, answer)
      else for (const o of pictures) { o.paint(() => grey(0)); o.text = '' }
    }
  }
}

/* --- the figure */
export default function draw(stage, data) {
  const { labels, models } = data
  let items = [] // what was drawn: strokes and images, and `null` where all was cleared
  let ink = inked([]), image = null, answers = [], pen = [14, 14], down = false, byKey = false, open = false
  const given = new Set() // what came from a button

  /* The pad: 28 by 28 pixels, drawn on as finely as the screen allows */
  const pad = canvas(280, 280, 'Drawing area. Arrow keys move the pen, space lowers and lifts it, Backspace takes the last stroke back, Delete clears')
  pad.node.setAttribute('role', 'application')
  pad.node.tabIndex = 0
  pad.node.classList.add('pad')
  pad.ctx.scale(280 / SIDE, 280 / SIDE)
  const gets = bitmap(SIDE, SIDE, 84, `What the ${models.length < 2 ? 'model gets' : 'models get'}: the drawing, cut out, scaled and centred, as 28 by 28 pixels`)
  const cards = models.map(o => card(o, labels, data.views !== false)), says = teller()
  const takeBack = () => { items.pop(); again() }, undo = button('Undo', takeBack).node, clear = button('Clear', () => begin()).node

  const current = () => items.slice(items.lastIndexOf(null) + 1)
  function paintPad() {
    const { ctx } = pad
    ctx.fillStyle = '#fff'
    ctx.fillRect(0, 0, SIDE, SIDE)
    ctx.strokeStyle = '#000'
    ctx.lineWidth = 2 * PEN
    ctx.lineCap = ctx.lineJoin = 'round'
    for (const o of current()) {
      if (o.length === SIDE * SIDE) o.forEach((p, i) => { if (p) { ctx.fillStyle = `rgb(0 0 0 / ${p})`; ctx.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1) } })
      else {
        ctx.fillStyle = '#000'
        ctx.beginPath(); ctx.arc(...o[0], PEN, 0, 7); ctx.fill() // a line of no length would leave no mark
        ctx.beginPath(); for (const p of o) ctx.lineTo(...p); ctx.stroke()
      }
    }
    if (byKey) { // where the pen is: a ring in the air, a disc on the paper
      ctx.beginPath()
      ctx.arc(...pen, PEN, 0, 7)
      ctx.lineWidth = .4
      ctx.strokeStyle = ctx.fillStyle = '#c25500'
      if (down) ctx.fill()
      ctx.stroke()
    }
  }
  function look() {
    paintPad()
    image = centred(ink, N)
    answers = image ? models.map(o => ask(o, image)) : []
    gets.paint(i => grey(image?.[i] ?? 0))
    cards.forEach((o, i) => o.show(image, answers[i]))
    undo.disabled = !items.length
    clear.disabled = !current().length
    says.text = told()
  }
  const redraw = frames(look)

  function told() {
    const at = byKey ? ` The pen is ${down ? 'down' : 'up'}, ${say(pen[0], 0)} from the left and ${say(pen[1], 0)} from the top.` : ''
    if (!image) return `Nothing is drawn, so nothing is asked.${at}`
    const is = i => labels[answers[i].answer], same = answers.every(o => o.answer === answers[0].answer)
    if (models.length < 2) return `${models[0].name}: ${is(0)}, probability ${chance(answers[0].p[answers[0].answer])}.${at}`
    return (same ? `All agree: ${is(0)}.` : `They disagree: ${models.map((o, i) => `${o.name} ${is(i)}`).join(', ')}.`) + at
  }

  /* Draw all anew: after undo, and where an example begins */
  function again() { open = down = false; ink = inked(current()); redraw() }
  function begin(...parts) {
    if (items.length && items[items.length - 1] !== null) items.push(null)
    for (const o of parts) { items.push(o); given.add(o) }
    again()
  }
  function start([x, y]) {
    if (current().some(o => given.has(o))) begin() // the reader's first stroke takes the place of an example
    items.push([])
    open = true
    go([x, y])
  }
  function go(p) {
    const line = items[items.length - 1]
    line.push(p)
    stroke(ink, line[Math.max(0, line.length - 2)], p)
    redraw()
  }

  /* Finger, mouse, pen */
  const inside = o => Math.min(SIDE - PEN, Math.max(PEN, o))
  function place(e) { const box = pad.node.getBoundingClientRect(); return [inside((e.clientX - box.left) / box.width * SIDE), inside((e.clientY - box.top) / box.height * SIDE)] }
  let pointer = null
  const on = (kind, f) => pad.node.addEventListener(kind, f)
  on('pointerdown', e => {
    if (e.button || pointer !== null) return
    pointer = e.pointerId
    pad.node.setPointerCapture(pointer)
    byKey = down = false
    start(place(e))
  })
  on('pointermove', e => { if (e.pointerId === pointer && open) for (const o of e.getCoalescedEvents?.().length ? e.getCoalescedEvents() : [e]) go(place(o)) })
  for (const kind of ['pointerup', 'pointercancel']) on(kind, e => { if (e.pointerId === pointer) { pointer = null; open = false } })

  /* Keys: two arrows held together go aslant */
  const held = new Set(), ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
  on('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    if (e.key in ARROWS) {
      held.add(e.key)
      for (const k of held) pen = pen.map((o, i) => inside(o + ARROWS[k][i]))
      if (down) go([...pen])
    } else if (e.key === ' ') {
      if (down) down = open = false
      else if (!e.repeat) { start([...pen]); down = true }
    } else if (e.key === 'Backspace') takeBack()
    else if (e.key === 'Delete') begin()
    else return
    e.preventDefault()
    byKey = true
    redraw()
  })
  on('keyup', e => held.delete(e.key))
  on('blur', () => { held.clear(); byKey = down = open = false; redraw() })

  const offer = (label, buttons) => el('div', { class: 'tries', role: 'group', 'aria-label': label }, el('span', { text: label }), ...buttons)
  stage.append(
    el('p', {}, el('b', { text: `Draw ${data.task ?? 'a 3 or a 7'}` }), ' with finger, mouse or pen, or by keys: arrows move, space lowers and lifts.'),
    el('div', { class: 'desk' },
      el('div', { class: 'paper' }, pad.node),
      el('div', { class: 'side' }, el('span', { class: 'view' }, gets.node, el('span', { text: models.length < 2 ? 'what it gets' : 'what they get' })), undo, clear),
      el('div', { class: 'offers' },
        offer('Examples', data.examples.map(([name, x]) => button(name, () => begin(Float32Array.from(x, p => p / 255))).node)),
        offer('Something else', data.others.map(name => button(name, () => begin(...SHAPES[name]())).node)))),
    el('div', { class: 'models' }, ...cards.map(o => o.node)), says.node)
  begin(Float32Array.from(data.examples[0][1], p => p / 255))
  look()
  return {
    get image() { return image }, get answers() { return answers }, get items() { return items }, get pen() { return pen }, get said() { return says.text },
    ask: (x, model) => ask(models[model], Float32Array.from(x)),
    centred: (ink, n) => centred(Float32Array.from(ink), n)
  }
}
