/** Negative controls: each broken promise, and the scenario that has to notice. A green run without its red twin proves
 *  nothing. */
import { canary } from './canary.ts'
import { ENUMERATION_CONTROLS } from './enumeration/scenarios.ts'
import { FLOOD_CONTROL } from './flood.ts'
import { powerEverysec } from './power.ts'
import type { Row } from './report.ts'
import type { Sabotage } from './sabotage.ts'
import type { Scenario, StoreName } from './scenario.ts'
import { claims } from './scenarios/claims.ts'
import { duplicates } from './scenarios/duplicates.ts'
import { frozenOwner } from './scenarios/frozen-owner.ts'
import { halfOpen } from './scenarios/half-open.ts'
import { killService } from './scenarios/kill-service.ts'
import { order } from './scenarios/order.ts'

export interface Control {
  name: string
  /** Absent: the scenario itself is the sabotage. */
  sabotage?: Sabotage
  scenario: Scenario
  stores: readonly StoreName[]
  /** It went red for this reason, and not for another one. */
  isCaught(row: Row): boolean
}

/** Red for this very reason: a service that is merely slow to settle would be red too. */
const has =
  (text: string) =>
  ({ notes }: Row) =>
    notes.some((note) => note.includes(text))

const sabotaged = (sabotage: Sabotage) => ({ name: sabotage, sabotage })

/** The longest first, as in `suite.ts`. */
export const CONTROLS: readonly Control[] = [
  ...ENUMERATION_CONTROLS,
  { ...sabotaged('ack_early'), scenario: killService, stores: ['sqlite', 'redis'], isCaught: has('it stands nowhere') },
  {
    ...sabotaged('no_dedupe'),
    scenario: duplicates,
    stores: ['sqlite', 'redis'],
    isCaught: ({ doubled }) => doubled > 0,
  },
  // One process runs the turns of a conversation one after the other: only several need the guard.
  { ...sabotaged('no_version_guard'), scenario: duplicates, stores: ['redis'], isCaught: ({ doubled }) => doubled > 0 },
  {
    ...sabotaged('no_epoch'),
    scenario: claims,
    stores: ['sqlite', 'redis'],
    isCaught: has('stale writes accepted'),
  },
  { ...sabotaged('no_epoch'), scenario: frozenOwner, stores: ['redis'], isCaught: has('late replies accepted') },
  { ...sabotaged('no_hints'), scenario: order, stores: ['redis'], isCaught: has('never reached its client') },
  {
    ...sabotaged('one_way_ping'),
    scenario: halfOpen,
    stores: ['sqlite', 'redis'],
    isCaught: has('healthy sockets did not live'),
  },
  { ...sabotaged('log_text'), scenario: canary, stores: ['sqlite', 'redis'], isCaught: has('in the log') },
  { ...sabotaged('name_keys'), scenario: canary, stores: ['redis'], isCaught: has('in Redis keys') },
  { name: 'everysec', scenario: powerEverysec, stores: ['redis'], isCaught: ({ lost }) => lost > 0 },
  FLOOD_CONTROL,
]
