/** What every coverage directory must do, over the invitations of `src/coverage/sample.csv`. */
import { afterEach, describe, expect, test } from '@jest/globals'
import type { CoverageDirectory, ResendRequest } from '../../src/coverage/directory.ts'
import { AppError } from '../../src/errors.ts'
import type { Budget } from '../../src/work/limits.ts'

export interface CoverageUnderTest {
  directory: CoverageDirectory
  budget: TestBudget
  /** Mails that went out. The same key again is the same mail for whoever receives it. */
  mails(): readonly { key: string; to: string }[]
  /** How much was done so far, up to the wire: what everybody's request must cost the same of. */
  work(): number
  end(): Promise<void>
}

export interface TestBudget extends Budget {
  readonly taken: string[]
  isSpent: boolean
}

export function createTestBudget(): TestBudget {
  const taken: string[] = []
  return {
    taken,
    isSpent: false,
    async take(id) {
      if (this.isSpent) throw new AppError('too_many', { limit: 'mails' })
      taken.push(id)
    },
    pretend: async () => {},
  }
}

/** The least a request says. */
export const request = (email: string, more: Partial<ResendRequest> = {}): ResendRequest => ({
  id: 'w1',
  email,
  locale: 'fr',
  ...more,
})

export const OWN = 'camille.tremblay@example.com'
export const FAMILY = 'mathieu.bouchard@example.com'
export const CLAIMED = 'helene.bouchard@example.com'
export const EXPIRED = 'sylvie.fortin@example.com'
export const NOBODY = 'personne@example.com'
const ODD = ['', `${OWN}, x@example.com`, '"camille.tremblay"@example.com', `${OWN}\r\nBcc: x@example.com`]

/** @param make over the invitations of the sample, each time anew. */
export function coverageContract(name: string, make: () => Promise<CoverageUnderTest>): void {
  describe(`CoverageDirectory: ${name}`, () => {
    const made: CoverageUnderTest[] = []
    afterEach(async () => {
      for (const one of made.splice(0)) await one.end()
    })
    const setUp = async () => {
      const one = await make()
      made.push(one)
      return one
    }

    test.each([
      ['own', OWN, undefined, 'own', 'code_sent'],
      ['own, its region', OWN, 'CA-QC', 'own', 'code_sent'],
      ['another region', OWN, 'CA-ON', 'other_region', 'other_region'],
      ['another region before family', 'andre.morin@exemple.ca', 'CA-QC', 'other_region', 'other_region'],
      ['family', FAMILY, undefined, 'family', 'family'],
      ['claimed before region', CLAIMED, 'CA-ON', 'claimed', 'already_registered'],
      ['claimed family', 'mia.scott@example.com', undefined, 'claimed', 'already_registered'],
      ['expired before region', EXPIRED, 'CA-ON', 'expired', 'expired'],
      ['expired family', 'chloe.expiree@exemple.ca', undefined, 'expired', 'expired'],
    ] as const)('%s: found as that, and one mail', async (_name, email, region, which, receipt) => {
      const { directory, mails, budget } = await setUp()
      const asked = request(email, region ? { region } : {})
      expect(await directory.find(asked)).toEqual({ case: which, email, region: expect.stringMatching(/^CA-..$/) })
      expect([mails().length, budget.taken]).toEqual([0, []])
      expect(await directory.resend(asked)).toBe(receipt)
      expect(mails().map(({ to }) => to)).toEqual([email])
      expect(budget.taken).toEqual(['w1'])
    })

    test('nothing for an unknown address, nor for what is not one address', async () => {
      const { directory, mails, budget } = await setUp()
      for (const email of [NOBODY, ...ODD]) {
        expect(await directory.find(request(email))).toBeUndefined()
        expect(await directory.resend(request(email))).toBe('unknown')
        expect(await directory.link({ id: 'l1', member: 'm1', email })).toBe('unknown')
      }
      expect([mails(), budget.taken]).toEqual([[], []])
    })

    test('the address on file, however it was typed', async () => {
      const { directory, mails } = await setUp()
      for (const email of ['Camille.TREMBLAY@Example.com', 'maelle.dastous@québec.exemple.ca']) {
        expect(await directory.resend(request(email, { id: email }))).toBe('code_sent')
      }
      expect(mails().map(({ to }) => to)).toEqual([OWN, 'maelle.dastous@xn--qubec-csa.exemple.ca'])
    })

    test('under hold nothing is sent, whoever it is', async () => {
      const { directory, mails, budget } = await setUp()
      expect(await directory.resend(request(OWN, { hold: true }))).toBe('limited')
      expect(await directory.resend(request(NOBODY, { hold: true }))).toBe('unknown')
      expect([mails(), budget.taken]).toEqual([[], []])
    })

    test('the work is the same for a mail that goes out, for an unknown address, and under hold', async () => {
      const { directory, work } = await setUp()
      const costs: number[] = []
      for (const [email, hold] of [[OWN], [EXPIRED], [NOBODY], [''], [OWN, true], [NOBODY, true]] as const) {
        const before = work()
        await directory.resend(request(email, { id: `w${costs.length}`, hold: hold ?? false }))
        costs.push(work() - before)
      }
      expect(costs[0]).toBeGreaterThan(0)
      expect(new Set(costs).size).toBe(1)
    })

    test('a repeat is the same mail, another request another one', async () => {
      const { directory, mails } = await setUp()
      for (const id of ['w1', 'w1', 'w2']) expect(await directory.resend(request(OWN, { id }))).toBe('code_sent')
      expect(new Set(mails().map(({ key }) => key)).size).toBe(2)
    })

    test('a spent budget: told, nothing sent, and later it is', async () => {
      const { directory, mails, budget } = await setUp()
      budget.isSpent = true
      await expect(directory.resend(request(OWN))).rejects.toMatchObject({ code: 'too_many' })
      expect(await directory.resend(request(NOBODY))).toBe('unknown')
      expect(mails()).toEqual([])
      budget.isSpent = false
      expect(await directory.resend(request(OWN))).toBe('code_sent')
      expect(mails()).toHaveLength(1)
    })

    describe('accounts', () => {
      test.each([
        ['pending', OWN, 'linked'],
        ['pending, of the family', FAMILY, 'linked'],
        ['claimed by nobody knows whom', CLAIMED, 'taken'],
        ['expired', EXPIRED, 'expired'],
        ['unknown', NOBODY, 'unknown'],
      ])('%s', async (_name, email, linked) => {
        const { directory, mails } = await setUp()
        expect(await directory.link({ id: 'l1', member: 'm1', email })).toBe(linked)
        expect(await directory.link({ id: 'l1', member: 'm1', email })).toBe(linked)
        const found = await directory.find({ email: NOBODY, member: 'm1' })
        expect(found).toEqual(linked === 'linked' ? expect.objectContaining({ case: 'claimed', email }) : undefined)
        expect(mails()).toEqual([])
      })

      test('what one account uses, no other one gets; the same one as often as it likes', async () => {
        const { directory } = await setUp()
        const link = (id: string, member: string) => directory.link({ id, member, email: OWN })
        expect(await Promise.all([link('l1', 'm1'), link('l2', 'm2')])).toEqual(
          expect.arrayContaining(['linked', 'taken']),
        )
        const owner = (await directory.find({ email: NOBODY, member: 'm1' })) ? 'm1' : 'm2'
        expect(await link('l3', owner)).toBe('linked')
        expect(await link('l4', 'm3')).toBe('taken')
        expect(await link('l5', '')).not.toBe('linked')
      })

      test('one request may try several addresses', async () => {
        const { directory } = await setUp()
        const link = (email: string) => directory.link({ id: 'l1', member: 'm1', email })
        expect([await link(NOBODY), await link(OWN), await link(OWN)]).toEqual(['unknown', 'linked', 'linked'])
      })

      test('found by the account first, then by the address; of several the one of this address', async () => {
        const { directory, mails } = await setUp()
        const other = 'emma.wilson@example.com'
        for (const email of [OWN, other]) await directory.link({ id: email, member: 'm1', email })
        const find = async (email: string) => (await directory.find({ email, member: 'm1' }))?.email
        expect([await find(OWN), await find(other), await find(FAMILY)]).toEqual([OWN, other, OWN])
        expect((await directory.find({ email: FAMILY, member: 'm2' }))?.email).toBe(FAMILY)
        expect(await directory.find({ email: NOBODY, member: 'm2' })).toBeUndefined()
        expect(await directory.find({ email: NOBODY, member: '' })).toBeUndefined()
        expect(await directory.resend(request(FAMILY, { member: 'm1' }))).toBe('already_registered')
        expect(mails().map(({ to }) => to)).toEqual([OWN])
      })
    })

    test('closed: everything says so, and closing again is harmless', async () => {
      const { directory } = await setUp()
      await directory.close()
      await directory.close()
      const closed = { code: 'coverage_unavailable' }
      await expect(directory.find(request(OWN))).rejects.toMatchObject(closed)
      await expect(directory.resend(request(OWN))).rejects.toMatchObject(closed)
      await expect(directory.link({ id: 'l1', member: 'm1', email: OWN })).rejects.toMatchObject(closed)
    })
  })
}
