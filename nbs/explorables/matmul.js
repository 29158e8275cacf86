import { el, choice, button, field, teller } from './kit.js'

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
export default function matmul(stage, data) {
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
