import { el, slider, choice, button, frames, teller, say } from './kit.js'

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
export default function softmax(stage, data) {
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
