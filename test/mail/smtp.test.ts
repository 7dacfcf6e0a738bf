import { mkdtempSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Mail } from '../../src/mail/mailer.ts'
import { createOnceMailer } from '../../src/mail/once.ts'
import { createSmtpMailer } from '../../src/mail/smtp.ts'

const MAIL: Mail = {
  messageId: '0123456789abcdef@example.com',
  to: 'noemie.cote+sante@exemple.ca',
  subject: 'Votre code d’accès à Sésame Santé',
  text: 'Bonjour Noémie,\n\n.une ligne qui commence par un point\n',
  html: '<p>Bonjour Noémie</p>',
  language: 'fr-CA',
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Arrival {
  from: string | false
  to: string[]
  raw: string
  mail: ParsedMail
}

async function sink(options: SMTPServerOptions = {}, answer: (nth: number) => Error | undefined = () => undefined) {
  const arrivals: Arrival[] = []
  let nth = 0
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    ...options,
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (c: Buffer) => chunks.push(c))
      stream.on('end', async () => {
        const error = answer(++nth)
        if (error) return done(error)
        const raw = Buffer.concat(chunks)
        const { mailFrom, rcptTo } = session.envelope
        const from = mailFrom ? mailFrom.address : false
        arrivals.push({ from, to: rcptTo.map((r) => r.address), raw: raw.toString(), mail: await simpleParser(raw) })
        done()
      })
    },
  })
  server.on('error', () => {})
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()))
  closers.push(() => server.close())
  return { arrivals, port: (server.server.address() as AddressInfo).port }
}

function mailerTo(port: number, query = '') {
  const mailer = createSmtpMailer({
    url: new URL(`smtp://127.0.0.1:${port}${query}`),
    from: 'sesame@example.com',
    fromName: 'Sésame Santé',
    replyTo: 'soutien@example.com',
  })
  closers.push(mailer.close)
  return mailer
}

const reply = (responseCode: number) => Object.assign(new Error(`no: ${MAIL.to}`), { responseCode })

test('arrives whole, with an explicit envelope and the headers of an automatic mail', async () => {
  const { arrivals, port } = await sink()
  await mailerTo(port).send(MAIL)
  const [arrival] = arrivals
  expect(arrival).toMatchObject({ from: 'sesame@example.com', to: [MAIL.to] })
  expect(arrival?.mail).toMatchObject({ messageId: `<${MAIL.messageId}>`, subject: MAIL.subject })
  expect(arrival?.mail.text?.trim()).toBe(MAIL.text.trim())
  expect(arrival?.mail.html).toContain('<p>Bonjour Noémie</p>')
  expect(arrival?.mail.from?.value).toEqual([{ name: 'Sésame Santé', address: 'sesame@example.com' }])
  expect(arrival?.mail.replyTo?.value[0]?.address).toBe('soutien@example.com')
  const headers = Object.fromEntries(
    ['auto-submitted', 'x-auto-response-suppress', 'content-language'].map((h) => [h, arrival?.mail.headers.get(h)]),
  )
  expect(headers).toEqual({
    'auto-submitted': 'auto-generated',
    'x-auto-response-suppress': 'All',
    'content-language': 'fr-CA',
  })
  expect(arrival?.raw).toMatch(/^Date: .+$/m)
})

test('pretending builds the message, and nobody hears of it', async () => {
  let connections = 0
  const { arrivals, port } = await sink({
    onConnect: (_session, done) => {
      connections++
      done()
    },
  })
  const mailer = mailerTo(port)
  await mailer.pretend(MAIL)
  expect([arrivals.length, connections]).toEqual([0, 0])
  await expect(mailer.pretend({ ...MAIL, to: 'a@example.com,b@example.com' })).rejects.toMatchObject({
    code: 'mail_refused',
  })
})

test('several at once share the pool', async () => {
  const { arrivals, port } = await sink()
  const mailer = mailerTo(port)
  const ids = Array.from({ length: 20 }, (_, i) => `${i}@example.com`)
  await Promise.all(ids.map((messageId) => mailer.send({ ...MAIL, messageId })))
  expect(new Set(arrivals.map((a) => a.mail.messageId))).toEqual(new Set(ids.map((id) => `<${id}>`)))
})

describe('failures', () => {
  test('a 4xx may be tried again, and then it is the same mail', async () => {
    const { arrivals, port } = await sink({}, (nth) => (nth === 1 ? reply(451) : undefined))
    const mailer = mailerTo(port)
    await expect(mailer.send(MAIL)).rejects.toMatchObject({
      code: 'mail_unavailable',
      facts: { why: 'EMESSAGE', smtp: 451 },
    })
    await mailer.send(MAIL)
    expect(arrivals.map((a) => a.mail.messageId)).toEqual([`<${MAIL.messageId}>`])
  })

  test.each<[string, number, SMTPServerOptions]>([
    ['recipient', 550, { onRcptTo: (_to, _session, done) => done(reply(550)) }],
    ['sender', 553, { onMailFrom: (_from, _session, done) => done(reply(553)) }],
  ])('a 5xx to the %s is final, and its words stay out', async (_name, smtp, options) => {
    const { port } = await sink(options)
    const error: unknown = await mailerTo(port)
      .send(MAIL)
      .catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'mail_refused', facts: { why: 'EENVELOPE', smtp } })
    expect(error instanceof Error && `${error.stack} ${String(error.cause)} ${JSON.stringify(error)}`).not.toContain(
      MAIL.to,
    )
  })

  test('a 5xx after the content is final', async () => {
    const { port } = await sink({}, () => reply(554))
    await expect(mailerTo(port).send(MAIL)).rejects.toMatchObject({ code: 'mail_refused', facts: { smtp: 554 } })
  })

  test.each<[string, SMTPServerOptions]>([
    ['greeting', { onConnect: (_session, done) => done(reply(554)) }],
    ['recipient with a 4xx', { onRcptTo: (_to, _session, done) => done(reply(450)) }],
  ])('a refused %s is not the mail’s fault', async (_name, options) => {
    const { port } = await sink(options)
    await expect(mailerTo(port).send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable' })
  })

  test('a refused login is the service’s fault, not the mail’s', async () => {
    const { port } = await sink({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(reply(535)),
    })
    const mailer = createSmtpMailer({ url: `smtp://user:wrong@127.0.0.1:${port}`, from: 'sesame@example.com' })
    closers.push(mailer.close)
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable', facts: { smtp: 535 } })
  })

  test('nobody listens', async () => {
    const { port } = await sink()
    for (const close of closers.splice(0)) close()
    await expect(mailerTo(port).send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable' })
  })

  test('cut after the final dot: told, and not sent again by itself', async () => {
    const server = cuttingServer('after the dot')
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()))
    closers.push(() => server.close())
    const mailer = mailerTo((server.address() as AddressInfo).port)
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable' })
    expect(server.contents).toHaveLength(1)
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable' })
    const ids = server.contents.map((c) => /^Message-ID: (.*)$/im.exec(c)?.[1])
    expect(ids).toEqual([`<${MAIL.messageId}>`, `<${MAIL.messageId}>`])
  })

  test('a kept connection that died meanwhile: sent once, over a new one', async () => {
    const server = cuttingServer('at the second mail')
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', () => ready()))
    closers.push(() => server.close())
    const mailer = mailerTo((server.address() as AddressInfo).port)
    for (let n = 1; n <= 3; n++) await mailer.send(MAIL)
    expect(server.contents).toHaveLength(3)
  })

  test('without TLS nothing is sent off the machine', async () => {
    const { arrivals, port } = await sink()
    await expect(mailerTo(port, '?requireTLS=true&ignoreTLS=false').send(MAIL)).rejects.toMatchObject({
      code: 'mail_unavailable',
    })
    expect(arrivals).toHaveLength(0)
  })
})

describe('injection', () => {
  test.each<[string, Partial<Mail>]>([
    ['second header in the recipient', { to: 'a@example.com\r\nBcc: b@example.com' }],
    ['second recipient', { to: 'a@example.com,b@example.com' }],
    ['group', { to: 'g:a@example.com;' }],
    ['display name', { to: 'A <a@example.com>' }],
    ['quoted local part', { to: '"a@example.org x"@example.com' }],
    ['comment', { to: 'a@example.com(@example.org)' }],
    ['capital letters, so not parsed', { to: 'A@example.com' }],
    ['parameter', { to: 'a@example.com> SIZE=1' }],
    ['header in the subject', { subject: 'x\r\nBcc: b@example.com' }],
    ['header in the message id', { messageId: 'a@example.com>\r\nBcc: b@example.com' }],
    ['header in the language', { language: 'fr\r\nBcc: b@example.com' }],
  ])('%s: refused before anything is sent', async (_name, change) => {
    const { arrivals, port } = await sink()
    await expect(mailerTo(port).send({ ...MAIL, ...change })).rejects.toMatchObject({ code: 'mail_refused' })
    expect(arrivals).toHaveLength(0)
  })

  test('file and URL references in a body are only words', async () => {
    const { arrivals, port } = await sink()
    await mailerTo(port).send({ ...MAIL, text: 'file:///etc/passwd', html: '<img src="file:///etc/passwd">' })
    expect(arrivals[0]?.mail.text?.trim()).toBe('file:///etc/passwd')
    expect(arrivals[0]?.mail.attachments).toHaveLength(0)
  })
})

describe('sent once', () => {
  const log = { info: () => {}, warn: () => {}, error: () => {} }
  const folder = () => mkdtempSync(join(tmpdir(), 'sesame-mails-'))

  test('a mail that went out does not go out again, also from a process that comes after or stands beside', async () => {
    const { arrivals, port } = await sink()
    const path = join(folder(), 'mails.db')
    const [one, beside] = [mailerTo(port), mailerTo(port)].map((mailer) => createOnceMailer(mailer, path, log))
    await one?.send(MAIL)
    await beside?.send(MAIL)
    one?.close()
    await createOnceMailer(mailerTo(port), path, log).send(MAIL)
    expect(arrivals).toHaveLength(1)
  })

  test('one that was refused, or only pretended, still goes out', async () => {
    const { arrivals, port } = await sink({}, (nth) =>
      nth === 1 ? Object.assign(new Error('later'), { responseCode: 451 }) : undefined,
    )
    const mailer = createOnceMailer(mailerTo(port), join(folder(), 'mails.db'), log)
    await mailer.pretend(MAIL)
    await expect(mailer.send(MAIL)).rejects.toMatchObject({ code: 'mail_unavailable' })
    await mailer.send(MAIL)
    expect(arrivals).toHaveLength(1)
  })

  test('without its file mails go out all the same', async () => {
    const { arrivals, port } = await sink()
    await createOnceMailer(mailerTo(port), folder(), log).send(MAIL)
    expect(arrivals).toHaveLength(1)
  })
})

/** A server that takes a whole mail and cuts the line instead of answering, or when the next mail begins. */
function cuttingServer(cut: 'after the dot' | 'at the second mail'): Server & { contents: string[] } {
  const contents: string[] = []
  const server = createServer((socket) => {
    let inData = false
    let taken = 0
    let seen = ''
    const takeContent = () => {
      contents.push(seen)
      taken++
      inData = false
      seen = ''
      if (cut === 'after the dot') socket.destroy()
      else socket.write('250 taken\r\n')
    }
    const answer = (line: string) => {
      if (/^MAIL/i.test(line) && taken > 0) return void socket.destroy()
      inData = /^DATA/i.test(line)
      return void socket.write(inData ? '354 go\r\n' : '250 ok\r\n')
    }
    socket.on('error', () => {})
    socket.write('220 sink\r\n')
    socket.on('data', (chunk) => {
      seen += chunk
      while (!inData && seen.includes('\r\n')) {
        const line = seen.slice(0, seen.indexOf('\r\n'))
        seen = seen.slice(line.length + 2)
        answer(line)
      }
      if (inData && seen.endsWith('\r\n.\r\n')) takeContent()
    })
  })
  return Object.assign(server, { contents })
}
