/** One step of the trees within a turn: its sentences become replies, its effects work. */
import { EventFactory } from 'botbuilder'
import { move, verifiedAs } from '../conversation/state.ts'
import { expects } from '../dialog/expect.ts'
import { step } from '../dialog/step.ts'
import type {
  DialogInput,
  DialogState,
  Effect,
  Facts,
  Heard,
  Option,
  Say,
  Step,
  Target,
  Trees,
} from '../dialog/types.ts'
import { settle } from '../dialog/version.ts'
import type { Hours } from '../hours.ts'
import type { Texts } from '../language/texts.ts'
import { entryOf } from './adapter.ts'
import { runEffect } from './effects.ts'
import { commonReply, sayToReply } from './replies.ts'
import type { Turn } from './turn.ts'
import { BACK_TO_BOT } from './waiting.ts'

/** Where the bot enters the trees. Checked at start. */
export const ENTRIES = {
  hello: 'welcome.hello',
  menu: 'welcome.menu',
  person: 'person.request',
  feedback: 'feedback.ask',
  idle: 'idle.nudge',
} as const satisfies Record<string, Target>

const MENU: Option = { id: 'menu', key: 'common:options.menu' }

export interface StepperOptions {
  trees: Trees
  texts: Texts
  /** When people answer. */
  hours: Hours
  stepped: (input: DialogInput, result: Step) => void
}

export type Stepper = ReturnType<typeof createStepper>

export function createStepper({ trees, texts, hours, stepped }: StepperOptions) {
  function take(turn: Turn, input: DialogInput, heard?: Heard): void {
    const { state } = turn.draft
    const result = step(trees, state.dialog, input, factsOf(turn), heard)
    state.dialog = result.state
    stepped(input, result)
    const last = result.says.at(-1)
    for (const say of result.says) {
      const more = moreButtons(say, say === last, expects(trees, result.state))
      turn.replies.push(sayToReply(texts, state.locale, { ...say, options: [...say.options, ...more] }))
    }
    for (const effect of result.effects) run(turn, effect)
  }

  function factsOf({ draft: { state, now } }: Turn): Facts {
    const { locale, owner, tried, dialog } = state
    const { region } = dialog.slots
    const person = verifiedAs(state, now)
    const [verified, member] = [yesNo(person), yesNo(person?.member)]
    const known = { locale, owner, attempts: String(tried.length), verified, member, hours: hours(now) }
    return region ? { ...known, region } : known
  }

  function run(turn: Turn, effect: Effect): void {
    switch (effect.do) {
      case 'run':
        return runEffect(turn, effect)
      case 'timer':
        return addTimer(turn, effect)
      case 'handoff':
        return handOff(turn, effect)
      case 'end':
        return move(turn.draft.state, 'closed')
    }
  }

  function handOff(turn: Turn, { reason, node }: Extract<Effect, { do: 'handoff' }>): void {
    turn.replies.push(EventFactory.createHandoffInitiation(turn.context, { reason, node }))
    const values = { count: turn.draft.ahead + 1 }
    say(turn, 'waiting', { node, values, options: BACK_TO_BOT })
  }

  /** One of the texts that belong to no tree, at the place where the dialog stands. */
  function say(turn: Turn, key: string, o: Parameters<typeof commonReply>[3] = {}): void {
    const place = turn.draft.state.dialog.stack.at(-1)
    const node = place ? { node: `${place.dialog}.${place.node}` } : {}
    turn.replies.push(commonReply(texts, turn.draft.state.locale, key, { ...node, ...o }))
  }

  return {
    step: take,
    say,
    /** As `step`, from another place than the one that is stored. */
    stepFrom(turn: Turn, from: DialogState, input: DialogInput, heard?: Heard): void {
      turn.draft.state.dialog = from
      take(turn, input, heard)
    },
    /** What a step would say; nothing of it happens. */
    preview: (turn: Turn, from: DialogState, input: DialogInput): readonly Say[] =>
      step(trees, from, input, factsOf(turn)).says,
    /** The menu, as if it had just been asked. */
    atMenu: (turn: Turn): DialogState =>
      step(trees, turn.draft.state.dialog, { type: 'start', at: ENTRIES.menu }, factsOf(turn)).state,
    /** Trees may have changed since. @returns true when the question that was asked is gone; the member is told. */
    settle(turn: Turn): boolean {
      const { state } = turn.draft
      const { state: dialog, moved } = settle(trees, state.dialog, ENTRIES.menu)
      state.dialog = dialog
      if (moved) say(turn, 'moved')
      return moved
    },
  }
}

/** Buttons beside the tree's own: the menu for those who are lost, and the open question's under a last word that does not
 *  ask it again. */
function moreButtons({ key, options }: Say, isLast: boolean, expected: ReturnType<typeof expects>): readonly Option[] {
  const isLost = key.startsWith('common:unclear')
  if (isLost) return expected?.node === ENTRIES.menu || options.some(({ id }) => id === MENU.id) ? [] : [MENU]
  const asks = expected && key === `${expected.node.replace('.', ':')}.say`
  return isLast && expected && !asks && options.length === 0 ? expected.options : []
}

const yesNo = (known: unknown): 'yes' | 'no' => (known === undefined ? 'no' : 'yes')

function addTimer({ context, draft }: Turn, { ref, seconds }: Extract<Effect, { do: 'timer' }>): void {
  const id = `timer:${entryOf(context).activity.id}:${ref}`
  const dueAt = draft.now.getTime() + seconds * 1000
  draft.work.push({ id, kind: 'timer', conversationId: draft.conversationId, dueAt, payload: { ref } })
}
