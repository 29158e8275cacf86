import { el, slider, frames, teller } from './kit.js'

export default function broadcast(stage, data) {
  const says = teller()
  const redraw = frames(() => { says.text = `x is ${s.value}, sum ${data.t.reduce((a, b) => a + b, 0)}, bytes ${[...data.u]}` })
  const s = slider('x', { min: 0, max: 10, step: .1, value: 3 }, redraw)
  stage.append(el('div', { class: 'row' }, s.node), says.node)
  redraw()
  return { get x() { return s.value } }
}
