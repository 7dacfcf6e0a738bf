/** What a drawing is made of, with its places. Sizes in pixels. */
import type { Card } from './card.ts'
import type { Area, Point, Size } from './layout.ts'

export interface Drawing extends Size {
  cards: readonly (Card & Point)[]
  pills: readonly Pill[]
  lines: readonly Line[]
}

/** A way in: the dialog's entries, and `above` where the band before leads on to this one. */
export interface Pill extends Area {
  by: string
  to: string
  text: string
  /** Read when it is pointed at. */
  note: string
}

/** An arrow on the drawing: level at each of its points. */
export interface Line {
  from: string
  to: string
  points: readonly Point[]
  quiet: boolean
  way: string
}
