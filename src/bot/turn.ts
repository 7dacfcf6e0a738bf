import type { TurnContext } from 'botbuilder'
import type { Draft } from '../conversation/turn.ts'
import type { Reply } from './replies.ts'

/** One entry being answered. */
export interface Turn {
  readonly context: TurnContext
  readonly draft: Draft
  /** In the order in which they are sent. */
  readonly replies: Reply[]
}
