/** The agent's side of a turn: claims, replies, hand back, resolve, and agents who are gone. Each command leaves exactly one outcome event, which names
 *  the command it answers; so any process can tell the console how it ended. */
import { EventFactory } from 'botbuilder'
import { EVENTS, type LostValue, type Outcome, parseLost } from '../conversation/events.ts'
import { type ConversationState, move } from '../conversation/state.ts'
import type { Texts } from '../language/texts.ts'
import { entryOf } from './adapter.ts'
import { commonReply, message } from './replies.ts'
import type { Turn } from './turn.ts'
import { BACK_TO_BOT } from './waiting.ts'

/** What the bot does next. */
export type After = 'resume' | 'feedback' | undefined

export function runDeskCommand(turn: Turn, texts: Texts): After {
  const { activity } = entryOf(turn.context)
  const refused = activity.name === EVENTS.claim ? checkClaim(turn) : checkOwner(turn)
  if (refused) {
    tell(turn, refused)
    return undefined
  }
  const after = doCommand(turn, texts, activity.name ?? '')
  const { owner, epoch, handoff } = turn.draft.state
  if (handoff) handoff.actedAt = activity.timestamp
  tell(turn, { ok: true, owner, epoch })
  return after
}

function tell(turn: Turn, value: Outcome): void {
  turn.replies.push({ type: 'event', name: EVENTS.outcome, value })
}

/** Claiming is open to anyone while the request waits; the one who has it may claim again (a retry). A lead may take it from the claim
 *  that they saw: that they are a lead was looked at before. */
function checkClaim({ context, draft }: Turn): Outcome | undefined {
  const { owner, handoff, epoch } = draft.state
  const { from, value } = entryOf(context).activity
  if (owner === 'waiting') return undefined
  if (owner !== 'agent') return { ok: false, code: 'not_waiting' }
  if (handoff?.agent?.id === from.id) return undefined
  const claim = value as { take_over?: unknown; epoch?: unknown }
  if (claim.take_over === true && claim.epoch === epoch) return undefined
  return { ok: false, code: 'claim_lost', ...(handoff?.agent ? { by: handoff.agent.name } : {}) }
}

/** Everything else needs the present claim. */
function checkOwner({ context, draft }: Turn): Outcome | undefined {
  const { owner, handoff, epoch } = draft.state
  const { from, value } = entryOf(context).activity
  const held = owner === 'agent' && handoff?.agent?.id === from.id && (value as { epoch?: unknown }).epoch === epoch
  if (held) return undefined
  return { ok: false, code: 'claim_stale', ...(handoff?.agent ? { by: handoff.agent.name } : {}) }
}

function doCommand(turn: Turn, texts: Texts, name: string): After {
  switch (name) {
    case EVENTS.claim:
      return doClaim(turn, texts)
    case EVENTS.reply:
      return doReply(turn, texts)
    case EVENTS.handback:
      return doRelease(turn, texts, 'handed_back')
    case EVENTS.resolve:
      return doRelease(turn, texts, 'resolved')
    default:
      return undefined
  }
}

function doClaim({ context, draft, replies }: Turn, texts: Texts): After {
  const { state } = draft
  const { from } = entryOf(context).activity
  if (!state.handoff || (state.owner === 'agent' && state.handoff.agent?.id === from.id)) return undefined
  if (state.owner !== 'agent') move(state, 'agent')
  state.epoch += 1
  state.handoff.agent = { id: from.id, name: from.name ?? '' }
  delete state.handoff.lostBy
  const values = { agent: from.name ?? '' }
  replies.push(EventFactory.createHandoffStatus(context.activity.conversation, 'accepted', state.handoff.id))
  replies.push(commonReply(texts, state.locale, 'agent_joined', { author: 'system', values }))
  return undefined
}

function doReply({ context, draft, replies }: Turn, texts: Texts): After {
  const { text, clientActivityID } = entryOf(context).activity.value as { text: string; clientActivityID: string }
  replies.push(message(texts, draft.state.locale, text, { author: 'agent', clientActivityID }))
  return undefined
}

function doRelease({ context, draft, replies }: Turn, texts: Texts, key: 'handed_back' | 'resolved'): After {
  const { state } = draft
  const values = { agent: state.handoff?.agent?.name ?? '' }
  replies.push(EventFactory.createHandoffStatus(context.activity.conversation, 'completed', state.handoff?.id))
  replies.push(commonReply(texts, state.locale, key, { author: 'system', values }))
  move(state, 'bot')
  state.epoch += 1
  delete state.handoff
  return key === 'resolved' ? 'feedback' : 'resume'
}

/** The request waits again, first in line; what the agent still sends comes too late. Decided here and not where it was noticed: what
 *  the agent did before this entry counts. */
export function loseAgent({ context, draft, replies }: Turn, texts: Texts): void {
  const { state, now } = draft
  const { agent } = state.handoff ?? {}
  const lost = parseLost(entryOf(context).activity.value)
  if (!state.handoff || !agent || !lost || !isGone(state, lost)) return
  move(state, 'waiting')
  state.epoch += 1
  const { id, requestedAt, reason } = state.handoff
  state.handoff = { id, requestedAt, reason, lostBy: agent.name, toldAt: now.toISOString() }
  // The assistant is the one who is there; and clients offer the buttons of what it says.
  replies.push(commonReply(texts, state.locale, 'agent_lost', { values: { agent: agent.name }, options: BACK_TO_BOT }))
}

/** They have it still, under the same claim, and did nothing since. */
function isGone({ owner, epoch, handoff }: ConversationState, lost: LostValue): boolean {
  const isTheirs = owner === 'agent' && handoff?.agent?.id === lost.agentId && epoch === lost.epoch
  return isTheirs && (handoff.actedAt ?? '') <= lost.since
}
