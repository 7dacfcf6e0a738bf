/** Mails that members ask for. Only the desk learns what became of them, and nothing of it, not even the time it took, reaches the chat. */
import { setTimeout as pause } from 'node:timers/promises'
import type { LeasedWork, WorkReceipt } from '../conversation/store.ts'
import type { CoverageDirectory, Receipt } from '../coverage/directory.ts'
import { maskAddress } from '../language/mask.ts'
import { messageIdFor } from '../mail/compose.ts'
import type { Mailer } from '../mail/mailer.ts'
import { parseLocale } from '../wire/activity.ts'
import type { Budget, MayMail } from './limits.ts'
import { composeNumberMail } from './number-mail.ts'
import { NUMBER_MS, type Numbers } from './numbers.ts'
import type { Handler } from './worker.ts'

export interface ResendOptions {
  coverage: CoverageDirectory
  mailer: Mailer
  budget: Budget
  mayMail: MayMail
  numbers: Numbers
  /** What the mails say of the service; `mailFrom` ends the Message-IDs. */
  from: Readonly<Record<'orgName' | 'supportEmail' | 'publicUrl', string>> & { mailFrom?: string }
  now: () => number
}

type Sent = Receipt | 'number_sent'

/** Work ends at multiples of this after it began, ms: when the store is told, and a place for the next one is free, says nothing of
 *  what was found. */
const SLOT_MS = 500

async function inSlots<T>(run: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const ended = () => pause(SLOT_MS - ((performance.now() - began) % SLOT_MS))
  const result = run()
  await result.then(ended, ended)
  return result
}

export function createResend(o: ResendOptions): Handler {
  const { coverage, now } = o

  /** The mail that fits the case of the address. */
  async function sendCode(work: LeasedWork, email: string, member?: string): Promise<Sent> {
    const { region } = work.payload
    const hold = !(await o.mayMail(mailOf(work, 'code', email)))
    const request = { id: work.id, email, locale: localeOf(work), hold }
    return coverage.resend({ ...request, ...(region ? { region } : {}), ...(member ? { member } : {}) })
  }

  /** To the address on file of somebody who is verified: which of theirs that is, the directory knows. */
  async function sendOnFile(work: LeasedWork): Promise<Sent> {
    const { member, emails } = personOf(work)
    for (const email of emails.length > 0 ? emails : ['']) {
      const found = await coverage.find({ email, ...(member ? { member } : {}) })
      if (found) return sendCode(work, found.email, member)
    }
    return 'unknown'
  }

  /** Somebody who was not invited gets no number either: it costs the same and goes nowhere. */
  async function sendNumber(work: LeasedWork): Promise<Sent> {
    const { id, conversationId, payload } = work
    const { email = '', at = '' } = payload
    if (now() - Date.parse(at) > NUMBER_MS) return 'expired'
    const mayMail = await o.mayMail(mailOf(work, 'number', email))
    const found = await coverage.find({ email })
    const number = { conversationId, email, id: payload.number ?? id }
    const messageId = messageIdFor(id, o.from.mailFrom)
    const mail = composeNumberMail({ email, locale: localeOf(work) }, o.numbers.make(number), o.from, messageId)
    if (!mayMail || found?.email !== email) {
      await o.budget.pretend(id)
      await o.numbers.pretend(number)
      await o.mailer.pretend(mail)
      return mayMail ? 'unknown' : 'limited'
    }
    await o.budget.take(id)
    await o.numbers.sent(number)
    await o.mailer.send(mail)
    return 'number_sent'
  }

  const run = (work: LeasedWork): Promise<Sent> => {
    switch (work.payload.what) {
      case 'number':
        return sendNumber(work)
      case 'file':
        return sendOnFile(work)
      // Work of an earlier version says nothing.
      default:
        return sendCode(work, work.payload.email ?? '')
    }
  }
  return {
    keep,
    async run(work) {
      const code = await inSlots(() => run(work))
      const { id: workId, kind } = work
      const receipt: WorkReceipt = { workId, kind, code, at: new Date(now()).toISOString(), payload: keep(work) }
      return { receipt }
    },
  }
}

/** The verified member whose work it is. */
export function personOf({ payload }: LeasedWork): { member?: string; emails: string[] } {
  const { member, emails = '' } = payload
  return { ...(member === undefined ? {} : { member }), emails: emails.split(' ').filter(Boolean) }
}

export const localeOf = ({ payload }: LeasedWork) => parseLocale(payload.locale) ?? 'fr'

function mailOf({ id, conversationId, payload }: LeasedWork, what: 'code' | 'number', email: string) {
  const { network } = payload
  return { id, what, conversationId, email, ...(network === undefined ? {} : { network }) }
}

const keep = ({ payload }: LeasedWork) => ({ masked: maskAddress(payload.email ?? '') })
