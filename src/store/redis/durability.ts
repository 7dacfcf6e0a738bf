/** Whether this Redis keeps what it answered. A message is acknowledged when it is on disk: a server that answers earlier loses
 *  messages which members were told had arrived. */
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Link } from './link.ts'

const NEEDED = {
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
} as const

/** @param demand `required`: refuses what may lose messages; `warn`: says so and goes on.
 *  @throws AppError `store_weak`: `facts.settings` names what is set otherwise, with `?` for what the server does not tell. */
export async function checkDurability(link: Link, demand: 'required' | 'warn', log: Log): Promise<void> {
  const settings = (await weaknesses(link)).join(', ')
  if (settings === '') return
  if (demand === 'required') throw new AppError('store_weak', { settings })
  log.error({ settings }, 'store.weak')
}

async function weaknesses(link: Link): Promise<string[]> {
  const found = new Set<string>()
  for (const node of link.nodes()) {
    for (const [name, needed] of Object.entries(NEEDED)) {
      // Managed servers and users without the right to ask say nothing.
      const value = await node.config('GET', name).then(valueIn, () => '?')
      if (value !== needed) found.add(`${name} ${value}`)
    }
  }
  return [...found]
}

const valueIn = (answer: unknown): string => (Array.isArray(answer) ? String(answer[1] ?? '?') : '?')
