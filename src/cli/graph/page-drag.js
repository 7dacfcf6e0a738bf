/** The drawing is moved by dragging it with a mouse. */
function drag(start) {
  const view = start.target.closest('.viewport')
  if (!view || start.pointerType !== 'mouse' || start.button !== 0) return
  const { scrollLeft, scrollTop } = view
  const move = (event) => view.scrollTo(scrollLeft + start.x - event.x, scrollTop + start.y - event.y)
  const stop = (event) => {
    removeEventListener('pointermove', move)
    const isDrag = Math.hypot(event.x - start.x, event.y - start.y) > 6
    if (!isDrag) return
    // The end of a drag is no click on what is there.
    const hold = (click) => click.preventDefault()
    addEventListener('click', hold, true)
    setTimeout(() => removeEventListener('click', hold, true))
  }
  addEventListener('pointermove', move)
  addEventListener('pointerup', stop, { once: true })
}

addEventListener('pointerdown', drag)
addEventListener('dragstart', (event) => event.preventDefault())
