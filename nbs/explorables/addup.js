import { el, svg, say, slider, choice, button, frames, calm, bitmap, grey, signed, teller } from './kit.js'

const SIDE = 28, N = SIDE * SIDE
const word = x => x > 0 ? 'three' : 'seven'
const sigmoid = x => 1 / (1 + Math.exp(-x))

/* All that is drawn of one image `x` and one set of weights: each product, and after each pixel the sum from the bias on,
   the positive products so far and the negative ones */
function sums(x, w, bias) {
  const products = new Float64Array(N), sum = new Float64Array(N + 1).fill(bias), up = new Float64Array(N + 1), down = new Float64Array(N + 1)
  for (let i = 0; i < N; i++) {
    const p = products[i] = x[i] * w[i]
    sum[i + 1] = sum[i] + p
    up[i + 1] = up[i] + Math.max(p, 0)
    down[i + 1] = down[i] + Math.min(p, 0)
  }
  return { products, sum, up, down }
}

/* An image times weights, added up pixel by pixel. `data.digits` (n, 28, 28) bytes, `labels` (1: a three), `names`;
   `weights` (4, 784): for each of the `starts` before and after training; `bias`, a number for each of them */
export default function addup(stage, data) {
  const times = ['before', 'after']
  let digit = 0, start = 0, time = 0, n = N, now, both, x, w, running = 0

  // --- three pictures. Each is painted once for a choice; what lies behind the last pixel is covered
  const picture = (label, sign, soft) => {
    const map = bitmap(3 * SIDE, 3 * SIDE, 190, `${label}, 28 by 28`), covers = [0, 1].map(() => el('i', { class: `au-cover${soft ? ' au-soft' : ''}` })), mark = el('i', { class: 'au-mark' })
    const frame = el('div', { class: 'au-frame', on: { click: e => {
      const box = frame.getBoundingClientRect(), place = (a, b, size) => Math.min(SIDE - 1, Math.max(0, Math.floor(SIDE * (a - b) / size)))
      stop()
      go(SIDE * place(e.clientY, box.top, box.height) + place(e.clientX, box.left, box.width) + 1)
    } } }, map.node, ...covers, mark)
    return {
      node: el('div', { class: 'au-picture' }, el('p', { text: `${sign} ${label}`.trim() }), frame),
      // a pixel is 3 by 3 dots: a negative one is white in its middle, so that not only its colour tells it
      paint(rgb, values) { map.paint(i => { const r = Math.floor(i / 84), c = i % 84, p = SIDE * Math.floor(r / 3) + Math.floor(c / 3); return values && values[p] < 0 && r % 3 === 1 && c % 3 === 1 ? [255, 255, 255] : rgb(p) }) },
      cover(n) {
        const row = Math.floor(n / SIDE), part = n % SIDE, u = 100 / SIDE
        covers[0].style.cssText = `left: ${part * u}%; top: ${row * u}%; height: ${u}%; right: 0`
        covers[1].style.cssText = `left: 0; top: ${(row + 1) * u}%; bottom: 0; right: 0`
        covers[0].hidden = n === N; covers[1].hidden = row >= SIDE - 1
        mark.hidden = n === 0 || n === N
        mark.style.cssText = `left: ${(n - 1) % SIDE * u}%; top: ${Math.floor((n - 1) / SIDE) * u}%; width: ${u}%; height: ${u}%`
      }
    }
  }
  const image = picture('image', '', true), weights = picture('weights', '×', true), products = picture('products', '=', false)

  // --- the running sum as a curve, and its two parts as bars
  const curve = svg('svg', { role: 'img', 'aria-label': 'The running sum after each pixel, from the bias to the activation' })
  const bars = svg('svg', { role: 'img', 'aria-label': 'Positive products, negative products, bias, and the activation that they add up to' })
  const says = teller()
  let W = 640
  const H = 150

  function drawCurve() {
    // one scale for before and after, so that what training changed can be seen
    const all = both.flatMap(o => [...o.sum]), top = Math.max(1e-6, ...all), low = Math.min(-1e-6, ...all), x0 = 42, x1 = W - 46
    const X = i => x0 + (x1 - x0) * i / N, Y = v => 12 + (H - 32) * (top - v) / (top - low)
    const decimals = top - low < 3 ? 2 : 0
    const text = (t, x, y, more) => svg('text', { x, y, text: t, ...more })
    const path = (sum, look) => svg('path', { d: 'M' + Array.from(sum, (v, i) => `${X(i).toFixed(1)} ${Y(v).toFixed(1)}`).join('L'), fill: 'none', 'stroke-linejoin': 'round', ...look })
    // the two ends of the scale have a number where it doesn't run into that of the border
    const ends = [top, low].filter(v => Math.abs(Y(v) - Y(0)) > 14)
    curve.setAttribute('viewBox', `0 0 ${W} ${H}`)
    curve.replaceChildren(
      svg('line', { x1: x0, x2: W, y1: Y(0), y2: Y(0), stroke: 'var(--x-soft)', 'stroke-dasharray': '4 3' }),
      ...[0, ...ends].map(v => text(say(v, v ? decimals : 0), x0 - 6, Y(v) + 4, { 'text-anchor': 'end' })),
      text('three', W, Y(0) - 7, { 'text-anchor': 'end' }), text('seven', W, Y(0) + 16, { 'text-anchor': 'end' }),
      ...[0, 7, 14, 21].map(r => text(`row ${r}`, X(r * SIDE), H - 3, { class: 'au-soft-text' })),
      // after training, what was before lies behind it; its name stands in the corner away from 0, where the curves begin
      ...time ? [path(both[0].sum, { class: 'au-was', stroke: 'var(--x-soft)' }), text('thin: before', x0 + 4, Y(0) > H / 2 - 10 ? 16 : H - 24, { class: 'au-soft-text' })] : [],
      path(now.sum.subarray(0, n + 1), { class: 'au-now', stroke: 'var(--x-ink)', 'stroke-width': 2 }),
      svg('circle', { cx: X(n), cy: Y(now.sum[n]), r: 4.5, fill: 'var(--x-accent)' }))
  }

  function drawBars() {
    const bias = now.sum[0], top = bias + now.up[n]
    const full = Math.max(...both.map(o => Math.max(0, o.sum[0]) + o.up[N])), low = Math.min(0, ...both.flatMap(o => [o.sum[0], o.sum[N]]))
    const x0 = 82, x1 = W - 58, high = 24, X = v => x0 + (x1 - x0) * (v - low) / (full - low)
    const rows = [ // name, from, to: each begins where the one before it ends, and the last one is what is left
      ['bias', 0, bias, { fill: 'var(--x-soft)' }],
      ['+ positive', bias, top, { fill: 'var(--x-orange)' }],
      ['− negative', top, now.sum[n], { fill: 'var(--x-ground)', stroke: 'var(--x-blue)', 'stroke-width': 2, 'stroke-dasharray': '5 3' }],
      [n < N ? '= so far' : '= activation', 0, now.sum[n], { fill: 'var(--x-accent)' }]
    ]
    bars.setAttribute('viewBox', `0 0 ${W} ${rows.length * high + 4}`)
    bars.replaceChildren(
      svg('line', { x1: X(0), x2: X(0), y1: 0, y2: rows.length * high, stroke: 'var(--x-soft)' }),
      ...rows.flatMap(([name, a, b, look], i) => [
        svg('text', { x: 0, y: i * high + 17, text: name, 'font-weight': i === 3 ? 700 : undefined }),
        svg('rect', { x: X(Math.min(a, b)), y: i * high + 4, width: Math.max(1, X(Math.max(a, b)) - X(Math.min(a, b))), height: high - 8, ...look }),
        svg('text', { x: W, y: i * high + 17, 'text-anchor': 'end', text: say(b - a), 'font-weight': i === 3 ? 700 : undefined })]))
  }

  const redraw = frames(() => {
    for (const p of [image, weights, products]) p.cover(n)
    drawCurve()
    drawBars()
    if (running) says.text = 'Adding up …'
    else tell()
  })

  function tell() {
    const a = now.sum[n], i = n - 1, weigh = `The ${data.names[digit]}, start with ${data.starts[start]}, ${times[time]} training`
    const said = `sigmoid(${say(a)}) = ${say(sigmoid(a), 3)}: the model says ${word(a)}, and is ${data.labels[digit] === (a > 0 ? 1 : 0) ? 'right' : 'wrong'}.`
    says.text = n === N
      ? `${weigh}: from the bias, ${say(now.sum[0])}, the products take the sum up by ${say(now.up[N])} and down by ${say(-now.down[N])}, to ${say(a)}. ${said}`
      : n === 0 ? `${weigh}: the sum starts from the bias, ${say(a)}.`
        : `Row ${Math.floor(i / SIDE)}, column ${i % SIDE}: pixel ${say(x[i])} times weight ${say(w[i], 3)} gives ${say(now.products[i], 3)}. The sum of ${n} ${n === 1 ? 'product' : 'products'} and the bias is ${say(a)}.`
  }

  // --- choices and motion
  function go(to) { n = to; where.value = n; redraw() }
  function renew() {
    x = Float32Array.from(data.digits.subarray(digit * N, (digit + 1) * N), v => v / 255)
    const sets = [2 * start, 2 * start + 1].map(at => [data.weights.subarray(at * N, (at + 1) * N), data.bias[at]])
    w = sets[time][0]
    both = sets.map(o => sums(x, ...o))
    now = both[time]
    const top = 3 * Math.sqrt(w.reduce((s, v) => s + v * v, 0) / N) // about three standard deviations
    image.paint(i => grey(x[i]))
    weights.paint(i => signed(w[i] / top), w)
    products.paint(i => signed(now.products[i] / top), now.products)
    redraw()
  }
  const pickDigit = choice('Digit', data.names, data.names[0], v => { digit = data.names.indexOf(v); renew() })
  const pickStart = choice('Random start', data.starts, data.starts[0], v => { start = data.starts.indexOf(v); renew() })
  const pickTime = choice('Training', times, times[0], v => { time = times.indexOf(v); renew() })
  const where = slider('Pixels added', { min: 0, max: N, step: 1, value: N, format: v => `${v} of ${N}` }, v => { stop(); n = v; redraw() })
  const play = button('Add up', () => {
    if (running) { stop(); redraw(); return }
    if (calm()) { go(N); return }
    let last, at = n === N ? 0 : n
    const tick = t => { // four seconds for the whole image
      at = Math.min(N, at + (last === undefined ? 0 : (t - last) * N / 4000))
      last = t
      if (at === N) stop()
      else running = requestAnimationFrame(tick)
      go(Math.floor(at))
    }
    play.node.textContent = 'Stop'
    running = requestAnimationFrame(tick)
  })
  function stop() { cancelAnimationFrame(running); running = 0; play.node.textContent = 'Add up' }

  stage.append(
    el('div', { class: 'row' }, pickDigit.node, pickStart.node, pickTime.node),
    el('div', { class: 'au-pictures' }, image.node, weights.node, products.node),
    el('p', { class: 'au-key' }, el('span', { class: 'au-plus', text: 'full orange: positive, for three' }), el('span', { class: 'au-minus', text: 'hollow blue: negative, for seven' })),
    el('div', { class: 'row au-move' }, where.node, play.node),
    curve, bars, says.node)
  new ResizeObserver(([o]) => { const wide = Math.round(o.contentRect.width); if (wide && wide !== W) { W = wide; redraw() } }).observe(curve)
  renew()
  return {
    sums,
    get n() { return n },
    get running() { return running > 0 },
    get activation() { return now.sum[N] },
    get sum() { return now.sum[n] },
    get up() { return now.up[n] },
    get down() { return now.down[n] },
    get says() { return says.text }
  }
}
