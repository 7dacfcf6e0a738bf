/** The plain attack: how long do the turn with the address and the turns after it take? */
import { CONTENT } from '../../support/conversation.ts'
import type { Ground } from './ground.ts'
import type { Way } from './visitor.ts'

const say = (key: string): string => CONTENT.texts.say('fr', key)

/** What is said after the address: the message did not arrive, it is not in the junk mail, and from the start. */
const AFTER = [
  say('arrived:question.options.no'),
  say('spam:look.options.no'),
  say('missing:causes.options.another'),
] as const

/** Names of the features of one trial, in order. */
export const TURN_FEATURES: readonly string[] = ['address', 'next', 'second', 'third'].flatMap((turn) => [
  `${turn} post`,
  `${turn} reply`,
  `${turn} frames`,
])

/** @returns times in ms, and in how many frames or polls an answer came. */
export async function turnsTrial(ground: Ground, address: string, way: Way): Promise<number[]> {
  const visitor = await ground.visit({ locale: 'fr', way })
  const times: number[] = []
  for (const text of [address, ...AFTER]) {
    const { answer, replied, sets } = await visitor.say(text)
    if (answer.status !== 200) throw new Error(`a turn was answered ${answer.status}`)
    times.push(answer.took, replied, sets.length)
  }
  visitor.close()
  return times
}
