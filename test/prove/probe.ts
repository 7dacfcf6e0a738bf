/** One message that is sent again and again under the same id: tells when writing works, and adds nothing. */
import { setTimeout as pause } from 'node:timers/promises'
import { createMember } from './members.ts'
import type { Rig } from './rig.ts'

const EVERY_MS = 25

export interface Probe {
  /** Asks process `index` once. @returns the status; 0 without an answer. */
  ask(index: number): Promise<number>
  /** @returns ms until every process has answered 200. @throws Error after `withinMs`. */
  untilAllWrite(withinMs?: number): Promise<number>
}

export async function createProbe({ fleet, clients }: Rig): Promise<Probe> {
  const member = await createMember({ ...clients, listens: false })
  if (!member) throw new Error('no probe')
  const { conversationId, userId, token } = member.token
  const body = {
    type: 'message',
    from: { id: userId },
    text: 'recommencer',
    channelData: { clientActivityID: 'probe' },
  }
  const path = `/v3/directline/conversations/${conversationId}/activities`

  async function ask(index: number): Promise<number> {
    const { status } = await clients.call(`${fleet.urls[index]}${path}`, { token, body, timeoutMs: 5_000 })
    return status
  }

  async function untilWrites(index: number, end: number): Promise<void> {
    while ((await ask(index)) !== 200) {
      if (Date.now() > end) throw new Error(`process ${index} does not take messages`)
      await pause(EVERY_MS)
    }
  }

  return {
    ask,
    async untilAllWrite(withinMs = 20_000) {
      const began = Date.now()
      await Promise.all(fleet.urls.map((_, index) => untilWrites(index, began + withinMs)))
      return Date.now() - began
    },
  }
}
