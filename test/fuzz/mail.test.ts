import type { AddressInfo } from 'node:net'
import { domainToASCII } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SMTPServer } from 'smtp-server'
import { AppError } from '../../src/errors.ts'
import { emailSpans, findEmail, parseEmail } from '../../src/language/email.ts'
import { clean } from '../../src/language/normalize.ts'
import { composeLetter } from '../../src/mail/compose.ts'
import type { Mail } from '../../src/mail/mailer.ts'
import { createSmtpMailer } from '../../src/mail/smtp.ts'
import { INVISIBLE, SOUND, UNSOUND } from './corpus/addresses.ts'
import { hostileText } from './corpus/json.ts'
import { HOSTILE } from './corpus/texts.ts'

interface Arrival {
  from: string
  to: string[]
  raw: string
}
const arrivals: Arrival[] = []
const asSent = (address: string) => address.replace(/[^@]+$/, (domain) => domainToASCII(domain))
const server = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  onData(stream, { envelope: { mailFrom, rcptTo } }, done) {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const from = mailFrom ? mailFrom.address : ''
      // The sink shows a punycode domain as people read it.
      arrivals.push({ from, to: rcptTo.map(({ address }) => asSent(address)), raw: Buffer.concat(chunks).toString() })
      done()
    })
  },
})
let mailer: ReturnType<typeof createSmtpMailer>

beforeAll(async () => {
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()))
  const { port } = server.server.address() as AddressInfo
  mailer = createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, from: 'sesame@example.com', fromName: 'Sésame' })
})
afterAll(async () => {
  mailer.close()
  await new Promise<void>((closed) => server.close(() => closed()))
})
beforeEach(() => void arrivals.splice(0))

const MAIL: Mail = {
  messageId: '0123456789abcdef@example.com',
  to: 'lea@example.com',
  subject: 'Votre code',
  text: 'Bonjour\n',
  html: '<p>Bonjour</p>',
  language: 'fr-CA',
}

/** Sends it. Either just this address gets it, with these headers and no others, or nobody does. */
async function judge(change: Partial<Mail>): Promise<boolean> {
  const mail = { ...MAIL, ...change }
  const seen = arrivals.length
  const error = await mailer.send(mail).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const [arrival, ...more] = arrivals.slice(seen)
  expect(more).toEqual([])
  if (error !== undefined) {
    expect(error).toBeInstanceOf(AppError)
    expect(error).toMatchObject({ code: 'mail_refused' })
    expect(arrival).toBeUndefined()
    return false
  }
  expect(arrival).toMatchObject({ from: 'sesame@example.com', to: [mail.to] })
  const head = arrival?.raw.slice(0, arrival.raw.indexOf('\r\n\r\n')).replace(/\r\n[ \t]+/g, ' ') ?? ''
  const names = head.split('\r\n').map((line) => line.slice(0, line.indexOf(':')).toLowerCase())
  expect(new Set(names).size).toBe(names.length)
  expect(names.filter((name) => !HEADERS.has(name))).toEqual([])
  expect(head).toContain(`To: ${mail.to}`)
  return true
}
const HEADERS = new Set(
  'from to message-id date subject auto-submitted x-auto-response-suppress content-language mime-version content-type content-transfer-encoding'.split(
    ' ',
  ),
)

describe('addresses', () => {
  test.each(SOUND)('%j is mailed as %s', async (text, email) => {
    expect(parseEmail(text)).toBe(email)
    expect(parseEmail(email)).toBe(email)
    expect(await judge({ to: email })).toBe(true)
  })

  test('at least 150 in all', () => expect(SOUND.length + UNSOUND.length).toBeGreaterThan(150))

  test.each(UNSOUND.map((text) => [JSON.stringify(text), text]))(
    '%s is none, and nobody gets a mail by it',
    async (_name, text) => {
      expect(parseEmail(text)).toBeUndefined()
      expect(await judge({ to: text })).toBe(false)
    },
  )

  test.each(INVISIBLE.map((sign) => [JSON.stringify(sign), sign]))('with %s in it is found whole', (_name, sign) => {
    expect(findEmail(`mon adresse : cami${sign}lle@exam${sign}ple.com`)?.email).toBe('camille@example.com')
  })

  test('every address that is sound goes to itself alone', async () => {
    const sign = fc.constantFrom(..."abzAZ019!#$%&'*+-/=?^_`{|}~.".split(''))
    const local = fc.string({ unit: sign, minLength: 1, maxLength: 64 })
    const domain = fc.constantFrom(
      'example.com',
      'a.b-c.example',
      'xn--bcher-kva.example',
      'bücher.example',
      'EXAMPLE.ca',
    )
    await fc.assert(
      fc.asyncProperty(local, domain, async (name, at) => {
        const email = parseEmail(`${name}@${at}`)
        if (email === undefined) return
        expect(parseEmail(email)).toBe(email)
        expect(await judge({ to: email })).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test('whatever is found in a text can be mailed, and says nothing that was not written', async () => {
    const piece = fc.oneof(
      hostileText,
      fc.constantFrom(...UNSOUND),
      fc.constantFrom(...SOUND.map(([text]) => text)),
      fc.constantFrom(' ', ', ', '<', '>', '"', 'mon adresse : '),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = pieces.join('')
        const found = [findEmail(text)?.email, ...emailSpans(text).map(({ email }) => email)]
        for (const email of found)
          if (email !== undefined)
            expect([email, parseEmail(email), /^[\x21-\x7e]{3,254}$/.test(email)]).toEqual([email, email, true])
      }),
      { numRuns: 1_500 },
    )
  })
})

test('cleaning a text twice changes nothing more', () => {
  const sign = fc.constantFrom(
    'e',
    '\u0301',
    '\u0316',
    '\u200b',
    '\ufeff',
    'ｅ',
    '\u0344',
    '\ufb2c',
    ' ',
    '\r',
    '\0',
    '\ud83d',
    '\ude00',
    '가',
    '\u11a8',
  )
  const text = fc.oneof(
    hostileText,
    fc.array(sign, { maxLength: 40 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(text, (each) => expect(clean(clean(each))).toBe(clean(each))),
    { numRuns: 2_000 },
  )
})

describe('what else a mail holds', () => {
  test('subjects, ids, languages and bodies of any text make no header and no second recipient', async () => {
    const field = fc.constantFrom<keyof Mail>('subject', 'messageId', 'language', 'text', 'html')
    await fc.assert(
      fc.asyncProperty(field, hostileText, async (name, text) => void (await judge({ [name]: text }))),
      { numRuns: 250 },
    )
  })

  test('a dot on a line of its own, and what looks like commands, stay in the body', async () => {
    const text = 'a\r\n.\r\nMAIL FROM:<x@example.com>\r\nRCPT TO:<y@example.com>\r\nDATA\r\n.\n..\n'
    expect(await judge({ text, html: text })).toBe(true)
    expect(arrivals).toHaveLength(1)
  })

  test.each(HOSTILE.map((text) => [JSON.stringify(text), text]))(
    '%s in a letter is text, not markup',
    (_name, text) => {
      const blocks = [
        { kind: 'paragraph', text },
        { kind: 'steps', items: [text] },
        { kind: 'code', label: text, code: text },
        { kind: 'heading', text },
      ] as const
      const plain = composeLetter({ language: 'fr-CA', title: 'x', blocks: [], links: {} }).html
      const { html } = composeLetter({
        language: 'fr-CA',
        title: text,
        blocks,
        links: { 'aide@example.com': 'mailto:aide@example.com' },
      })
      const tags = (page: string) => new Set([...page.matchAll(/<\/?([^\s>]+)/g)].map(([, name]) => name))
      const own = new Set([...tags(plain), 'p', 'ol', 'li', 'h2', 'strong', 'br', 'a'])
      expect([...tags(html)].filter((name) => !own.has(name))).toEqual([])
      expect(html).not.toMatch(/<[^>]*\son\w+=/i)
    },
  )
})
