/** Members who talk on and on while the store is broken under them, and what each of them knows at one moment. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Activity, WidgetToken } from '../../src/wire/activity.ts'
import type { ClientLog } from './checker.ts'
import { ROUND } from './crowd.ts'
import { createMember, type Member } from './members.ts'
import type { Rig } from './rig.ts'

/** A client at one moment: what it had been told by then. */
export interface Known {
  token: WidgetToken
  log: ClientLog
}

export interface Talk {
  /** Copies, so that what comes later does not slip in. */
  known(): Known[]
  /** Nobody begins another message; resolves when those under way are acknowledged. Everybody goes on listening. */
  hush(): Promise<void>
  /** The whole log of each, in the order of `known`; undefined where the service does not answer. */
  histories(): Promise<(Activity[] | undefined)[]>
  end(): Promise<void>
}

/** Resolves when everybody's socket is open. @param perSecond messages of all together. */
export async function startTalk(rig: Rig, size: number, perSecond: number): Promise<Talk> {
  const { random } = rig.clients
  let going = true
  let over = false
  const made = Array.from({ length: size }, () => createMember({ ...rig.clients, random: random.fork() }, () => over))
  const members = (await Promise.all(made)).filter((member) => member !== undefined)
  while (!members.every((member) => member.isListening())) await pause(10)

  async function talk(member: Member): Promise<void> {
    for (let n = 0; going; n++) {
      const step = ROUND[n % ROUND.length]
      if (step) await member.send(step)
      await pause(((0.5 + random.next()) * 1000 * size) / perSecond)
    }
  }

  const talks = members.map(talk)
  return {
    known: () => members.map(({ token, log }) => structuredClone({ token, log })),
    async hush() {
      going = false
      await Promise.all(talks)
    },
    histories: () => Promise.all(members.map((member) => member.history())),
    async end() {
      going = false
      over = true
      for (const member of members) member.close()
      await Promise.all(talks)
    },
  }
}
