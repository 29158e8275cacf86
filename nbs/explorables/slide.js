/* A window of 3 by 3 pixels slides over a digit: nine pixels, nine weights, nine products and their sum, and the
   output picture that the sums make. */
import { bitmap, button, canvas, calm, choice, el, field, frames, grey, say, signed, teller } from './kit.js'

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

export default function slide(stage, data) {
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
