/** How long input waited that a killed process had taken in. Pure. */
import type { Evidence, SendLog } from './checker.ts'

/** A message was acknowledged by process `index`. */
export interface AckedBy {
  send: SendLog
  index: number
}

/** The end of a process and its last answers may reach the harness in either order, ms. Less than a new start takes. */
const SEEN_LATE_MS = 300
/** After its start a process needs so long until it knows who else lives, ms. */
const NEW_MS = 4_000

export interface Takeovers {
  /** For each kill that left input behind while another process lived: until the last of it was answered, ms. */
  byOthers: number[]
  /** The same where nobody was there to take over: the others had just been killed too, or there were none. */
  byNobody: number[]
}

/** As `takeovers`, those by others only. */
export const takeoverTimes = (...given: Parameters<typeof takeovers>): number[] => takeovers(...given).byOthers

/** @param kills in order. */
export function takeovers(
  kills: readonly { index: number; at: number }[],
  acks: readonly AckedBy[],
  conversations: readonly Evidence[],
): Takeovers {
  const answered = answerTimes(conversations)
  const result: Takeovers = { byOthers: [], byNobody: [] }
  for (const kill of kills) {
    const { index, at } = kill
    const waits = acks
      .filter((ack) => ack.index === index && (ack.send.ackedAt ?? Number.POSITIVE_INFINITY) <= at + SEEN_LATE_MS)
      .map(({ send }) => (answered.get(send.answers[0] ?? '') ?? 0) - at)
      .filter((wait) => wait > 0)
    const longest = Math.max(0, ...waits)
    const isAlone = kills.some((o) => o.index !== index && o.at > at - NEW_MS && o.at < at + longest)
    if (longest > 0) result[isAlone ? 'byNobody' : 'byOthers'].push(longest)
  }
  return result
}

/** When the first reply to each message was made, epoch ms. */
function answerTimes(conversations: readonly Evidence[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { replyToId, timestamp } of conversations.flatMap(({ final }) => final)) {
    if (replyToId && !times.has(replyToId)) times.set(replyToId, Date.parse(timestamp))
  }
  return times
}
