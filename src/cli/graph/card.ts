/** What stands in a box, line by line, and how big it is. Sizes in pixels. */
import type { Arrow, Box } from '../../dialog/graph.ts'
import { BOLD, MONO, wrap } from './measure.ts'
import type { Speak } from './words.ts'

export const CARD = { width: 246, pad: 12, head: 30, line: 17, text: 13, small: 11.5, port: 18, portGap: 24 } as const
const ROW = { button: 26, plain: 22, quiet: 22 } as const
const INNER = CARD.width - 2 * CARD.pad
/** Room for the sign before a way that is no button. */
const SIGN = 18
/** Longest name on a port, in characters. */
const PORT_NAME = 28

/** A box with its words. `height` includes everything; the ports stand beside it, to the right, up to `width`. */
export interface Card {
  box: Box
  /** Ends and closings are small. */
  slim: boolean
  width: number
  height: number
  lines: readonly string[]
  rows: readonly Row[]
}

export interface Row {
  arrow: Arrow
  look: keyof typeof ROW
  /** None: the arrow leaves the box itself. */
  lines: readonly string[]
  /** The words whole. */
  whole: string
  top: number
  height: number
  port?: Port
}

/** Where an arrow leaves the drawing: another dialog, or a step earlier or in the next band. */
export interface Port {
  name: string
  to: Exclude<ReturnType<Leads>, 'on'>
  width: number
}

/** @param leads how an arrow goes on: on the drawing, or by a port. */
export function cardOf(box: Box, arrows: readonly Arrow[], leads: Leads, speak: Speak): Card {
  const slim = (box.kind === 'end' || box.kind === 'close') && arrows.length === 0
  const lines = box.says ? wrap(speak(box.says), box.spoken ? CARD.text : CARD.text * BOLD, INNER, slim ? 1 : 3) : []
  const body = slim ? CARD.head : CARD.head + (lines.length > 0 ? lines.length * CARD.line + 10 : 0)
  const rows = rowsOf(arrows, body, leads, speak)
  const last = rows.at(-1)
  const named = last !== undefined && last.lines.length > 0
  const ports = Math.max(0, ...rows.map(({ port }) => (port ? port.width + CARD.portGap : 0)))
  const height = named ? last.top + last.height + 8 : body
  return { box, slim, width: CARD.width + ports, height, lines, rows }
}

export type Leads = (arrow: Arrow) => 'on' | 'away' | 'loop' | 'below'

function rowsOf(arrows: readonly Arrow[], body: number, leads: Leads, speak: Speak): Row[] {
  const [only] = arrows
  // One plain way on needs no row.
  if (only && arrows.length === 1 && !only.words)
    return [{ ...rowOf(only, leads, speak), lines: [], top: 0, height: body }]
  let top = body
  return arrows.map((arrow) => {
    const row = { ...rowOf(arrow, leads, speak), top }
    top += row.height
    return row
  })
}

function rowOf(arrow: Arrow, leads: Leads, speak: Speak): Row {
  const look = arrow.quiet ? 'quiet' : arrow.way === 'options' ? 'button' : 'plain'
  const whole = speak(arrow.words ?? 'ways.then')
  const size = look === 'button' ? 12.5 : CARD.small
  const lines = wrap(whole, size, look === 'button' ? INNER - 20 : INNER - SIGN, 2)
  const port = portOf(arrow, leads(arrow))
  const height = ROW[look] + (lines.length - 1) * 14
  return { arrow, look, lines, whole, top: 0, height, ...(port && { port }) }
}

function portOf({ to }: Arrow, leads: ReturnType<Leads>): Port | undefined {
  if (leads === 'on') return undefined
  const whole = leads === 'away' ? to : to.slice(to.indexOf('.') + 1)
  const name = whole.length > PORT_NAME ? `${whole.slice(0, PORT_NAME - 1)}…` : whole
  return { name, to: leads, width: Math.ceil(name.length * CARD.small * MONO + 30) }
}
