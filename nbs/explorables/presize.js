import { el, slider, tick, frames, teller, say } from './kit.js'

const SIZE = 96 // side of the results, in pixels
const LENS = 24 // side of the cutout

/* A picture is a Float32Array of side * side pixels, three numbers in [0, 1] for each */

/* `img` made smaller as PyTorch does it with antialias: a mean of the pixels around, in which the near ones count more */
export function shrunk(img, from, to) {
  const scale = from / to
  const half = (src, rows) => { // rows of `from` pixels become columns of `to` pixels
    const out = new Float32Array(to * rows * 3)
    for (let i = 0; i < to; i++) {
      const middle = scale * (i + .5)
      const first = Math.max(0, Math.floor(middle - scale + .5)), last = Math.min(from, Math.floor(middle + scale + .5))
      const weights = Array.from({ length: last - first }, (_, j) => 1 - Math.abs(first + j + .5 - middle) / scale)
      const sum = weights.reduce((a, b) => a + b)
      for (let k = 0; k < rows; k++) for (let c = 0; c < 3; c++) {
        let v = 0
        for (let j = first; j < last; j++) v += weights[j - first] * src[(k * from + j) * 3 + c]
        out[(i * rows + k) * 3 + c] = v / sum
      }
    }
    return out
  }
  return half(half(img, from), to)
}

/* Back into [0, n-1]: what lies beyond an edge is its mirror image */
function mirrored(x, n) {
  if (x >= 0 && x <= n - 1) return x
  let d = Math.abs(x + .5)
  if (d > n) d = Math.floor(d / n) % 2 ? n - d % n : d % n
  return d < .5 ? 0 : d > n - .5 ? n - 1 : d - .5
}

/* One interpolation: where does each pixel of the result come from? The last change is applied first.
   Then mix the four pixels around that place. `beyond`, if given, notes which places lie outside of the picture */
export function lookedUp(img, side, { angle = 0, zoom = 1, tilt = 0 }, beyond) {
  const out = new Float32Array(SIZE * SIZE * 3)
  const cos = Math.cos(angle * Math.PI / 180), sin = Math.sin(angle * Math.PI / 180)
  for (let i = 0, o = 0; i < SIZE; i++) {
    const v = (2 * i + 1) / SIZE - 1
    const near = (1 - Math.abs(tilt)) / (1 + tilt * v) / zoom
    for (let j = 0; j < SIZE; j++, o += 3) {
      const x = ((2 * j + 1) / SIZE - 1) * near, y = v * near // tilted, enlarged ...
      const px = x * cos + y * sin, py = y * cos - x * sin // ... and turned
      if (beyond) beyond[i * SIZE + j] = Math.abs(px) > 1 || Math.abs(py) > 1
      const sx = mirrored(((px + 1) * side - 1) / 2, side), sy = mirrored(((py + 1) * side - 1) / 2, side)
      const x0 = Math.floor(sx), y0 = Math.floor(sy), dx = sx - x0, dy = sy - y0
      const a = (y0 * side + x0) * 3, b = x0 + 1 < side ? a + 3 : a, below = y0 + 1 < side ? side * 3 : 0
      for (let c = 0; c < 3; c++) {
        const top = img[a + c] + dx * (img[b + c] - img[a + c])
        const bottom = img[a + c + below] + dx * (img[b + c + below] - img[a + c + below])
        out[o + c] = top + dy * (bottom - top)
      }
    }
  }
  return out
}

/* The mean difference of neighbouring pixels */
export function detail(img) {
  const row = SIZE * 3
  let sum = 0
  for (let start = 0; start < img.length; start += row) {
    for (let i = start + 3; i < start + row; i++) sum += Math.abs(img[i] - img[i - 3])
    if (start) for (let i = start; i < start + row; i++) sum += Math.abs(img[i] - img[i - row])
  }
  return sum / (img.length - row)
}

export default function presize(stage, data) {
  const side = data.cat.shape[0]
  // a few colours, and which of them
  const large = Float32Array.from({ length: side * side * 3 }, (_, i) => data.palette[3 * data.cat[Math.floor(i / 3)] + i % 3] / 255)
  const small = shrunk(large, side, SIZE), plain = lookedUp(large, side, {})
  const first = detail(small) / detail(plain)

  /* --- the pictures: two results and where they differ, each with its cutout below */
  const lens = { x: 18, y: 36 } // its upper left corner: on the whiskers, as long as nobody turns far
  let result // what `compute` found

  function board(label, area) {
    const paper = (n, what) => el('canvas', { width: n, height: n, class: 'pixels', role: 'img', 'aria-label': what })
    const whole = paper(SIZE, `${label}: the picture`), cut = paper(LENS, `${label}: what the lens shows`)
    const frame = el('div', { class: 'lens' })
    const shot = el('div', { class: 'shot' }, whole, frame)
    const image = new ImageData(SIZE, SIZE)
    image.data.fill(255)
    return {
      frame, shot, image,
      nodes: [el('div', { class: 'whole', style: `grid-area: ${area}` }, el('span', { text: label }), shot), el('div', { style: `grid-area: ${area}-cut` }, cut)],
      show() { whole.getContext('2d').putImageData(image, 0, 0) },
      showLens() {
        cut.getContext('2d').putImageData(image, -lens.x, -lens.y)
        frame.style.left = `${lens.x / SIZE * 100}%`
        frame.style.top = `${lens.y / SIZE * 100}%`
      }
    }
  }
  const boards = [board('presized', 'a'), board('step by step', 'b'), board('difference × 4', 'd')]
  const [left, right, apart] = boards

  /* The picture made small, and what each change makes of it; one stays until it or one before it changes */
  const stages = [{ each: small, once: plain, kept: first, beyond: new Uint8Array(SIZE * SIZE) }]
  function compute() {
    const all = {}, to = now()
    let stale = false
    ;[['angle', 0], ['zoom', 1], ['tilt', 0]].forEach(([name, idle], k) => {
      const value = all[name] = to[name], before = stages[k]
      stale ||= stages[k + 1]?.value !== value
      if (!stale) return
      if (value === idle) stages[k + 1] = { ...before, value } // what changes nothing needs no look-up
      else {
        const beyond = new Uint8Array(SIZE * SIZE), each = lookedUp(before.each, SIZE, { [name]: value }), once = lookedUp(large, side, all, beyond)
        stages[k + 1] = { value, each, once, beyond, kept: detail(each) / detail(once) }
      }
    })
    const { each, once, beyond } = stages[3]
    let reflected = 0, sum = 0
    const differs = new Float32Array(SIZE * SIZE)
    for (let i = 0, o = 0; i < SIZE * SIZE; i++, o += 3) {
      differs[i] = (Math.abs(once[o] - each[o]) + Math.abs(once[o + 1] - each[o + 1]) + Math.abs(once[o + 2] - each[o + 2])) / 3
      sum += differs[i]
      reflected += beyond[i]
    }
    result = { each: stages.map(o => o.each), once, beyond, kept: stages.map(o => o.kept), differs, difference: sum / differs.length, reflected: reflected / differs.length }
  }

  function paint() {
    const { each, once, differs, beyond } = result, marked = marks.value
    for (let i = 0, o = 0; i < SIZE * SIZE; i++, o += 4) {
      const stripe = marked && beyond[i] ? [0, 255][(i + Math.floor(i / SIZE)) % 5] : undefined // black, white, and three pixels of the picture
      for (let c = 0; c < 3; c++) {
        left.image.data[o + c] = stripe ?? 255 * once[3 * i + c]
        right.image.data[o + c] = stripe ?? 255 * each[3][3 * i + c]
        apart.image.data[o + c] = 255 * (1 - Math.min(1, 4 * differs[i]))
      }
    }
    for (const o of boards) o.show()
  }

  /* The mean difference inside the lens */
  function inLens() {
    let sum = 0
    for (let y = lens.y; y < lens.y + LENS; y++) for (let x = lens.x; x < lens.x + LENS; x++) sum += result.differs[y * SIZE + x]
    return sum / LENS ** 2
  }

  const percent = x => `${say(100 * x, 0)}%`
  function tell() {
    for (const o of boards) o.showLens()
    left.frame.setAttribute('aria-valuenow', lens.y * SIZE + lens.x)
    left.frame.setAttribute('aria-valuetext', `${lens.x} pixels from the left, ${lens.y} from the top`)
    result.kept.forEach((o, k) => {
      bars[k].fill.style.width = percent(Math.min(1, o))
      bars[k].number.textContent = percent(o)
    })
    const { angle, zoom, tilt } = now(), { kept, difference, reflected } = result
    bars[1].what.textContent = angle ? `turned by ${say(angle, 0)}°` : 'not turned'
    bars[2].what.textContent = zoom > 1 ? `enlarged × ${say(zoom)}` : 'not enlarged'
    bars[3].what.textContent = tilt ? `tilted by ${say(tilt)}` : 'not tilted'
    says.text = `Step by step keeps ${percent(kept[3])} of the detail that presizing has${angle || zoom > 1 || tilt ? '' : ', though nothing has changed yet: the small square was averaged, presizing picks single pixels'}. Their pixels differ by ${say(difference, 3)} on average, and by ${say(inLens(), 3)} in the lens (from black to white is 1). ` +
      (reflected ? `${reflected < .005 ? 'Less than 1%' : percent(reflected)} of each picture is reflection.` : 'No empty corners are in sight.')
  }

  /* --- controls */
  let changed = true
  const redraw = frames(() => {
    if (changed) { compute(); paint() }
    changed = false
    tell()
  })
  const change = () => { changed = true; redraw() }

  const turn = slider('Turn', { min: -90, max: 90, step: 1, value: 0, format: x => `${say(x, 0)}°` }, change)
  const enlarge = slider('Enlarge', { min: 1, max: 2, step: .05, value: 1, format: x => `× ${say(x)}` }, change)
  const lean = slider('Tilt', { min: -.4, max: .4, step: .05, value: 0 }, change)
  const marks = tick('Mark the reflection', false, change)
  const now = () => ({ angle: turn.value, zoom: enlarge.value, tilt: lean.value })

  const says = teller()
  const bars = ['small square', 'turned', 'enlarged', 'tilted'].map(text => ({ what: el('span', { text }), fill: el('i', {}), number: el('b', {}) }))

  /* --- the lens: drag it, tap where it should be, or use the arrow keys */
  function move(x, y) {
    const inside = o => Math.max(0, Math.min(SIZE - LENS, Math.round(o)))
    Object.assign(lens, { x: inside(x), y: inside(y) })
    redraw()
  }
  for (const { shot, frame } of boards) {
    const at = e => {
      const box = shot.getBoundingClientRect()
      move((e.clientX - box.left) / box.width * SIZE - LENS / 2, (e.clientY - box.top) / box.height * SIZE - LENS / 2)
    }
    let dragged = false
    shot.addEventListener('pointerdown', e => { // a finger beside the lens may want to scroll
      if (e.button || e.pointerType !== 'mouse' && e.target !== frame) return
      dragged = true
      shot.setPointerCapture(e.pointerId)
    })
    shot.addEventListener('pointermove', e => { if (dragged) at(e) })
    for (const o of ['pointerup', 'pointercancel']) shot.addEventListener(o, () => { dragged = false })
    shot.addEventListener('click', at)
  }
  const reach = { role: 'slider', tabindex: 0, 'aria-label': 'Lens: arrow keys move it', 'aria-valuemin': 0, 'aria-valuemax': (SIZE - LENS) * (SIZE + 1) }
  for (const [k, v] of Object.entries(reach)) left.frame.setAttribute(k, v)
  left.frame.addEventListener('keydown', e => {
    const to = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key]
    if (!to) return
    e.preventDefault()
    const far = e.shiftKey ? 8 : 2
    move(lens.x + far * to[0], lens.y + far * to[1])
  })

  stage.append(el('div', { class: 'presize' },
    el('div', { class: 'sums' }, // what is changed, and what it costs: always on one screen
      el('div', { class: 'turns' }, turn.node, enlarge.node, lean.node),
      el('div', {}, el('span', { class: 'title', text: 'Detail kept, step by step' }),
        el('ol', {}, ...bars.map(o => el('li', {}, o.what, el('div', { class: 'gauge' }, o.fill), o.number))))),
    el('div', { class: 'boards' }, ...boards.flatMap(o => o.nodes)),
    el('div', { class: 'row ends' }, el('p', { text: 'Drag the lens, the small square, to look elsewhere.' }), marks.node),
    says.node))

  redraw()
  return {
    get picture() { return large },
    get once() { return result.once },
    get each() { return result.each },
    get kept() { return result.kept },
    get difference() { return result.difference },
    get inLens() { return inLens() },
    get reflected() { return result.reflected },
    get lens() { return { ...lens } }
  }
}
