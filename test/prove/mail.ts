/** A real SMTP server that behaves as it is told, and counts what it accepted. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server'
import type { SentMail } from './checker.ts'

/** Where in the dialogue a mail is. `dot`: the whole of it is here, and not yet accepted; `accepted`: it is, and the
 *  client is about to hear so. */
export const PHASES = ['connect', 'from', 'to', 'data', 'dot', 'accepted'] as const
export type Phase = (typeof PHASES)[number]

/** An SMTP code, with what the server says beside it. */
type Refusal = number | { code: number; text: string } | undefined
/** @param address of the recipient, at `to`. @returns what the server answers instead of accepting. May take its time, or never resolve. */
export type Script = (phase: Phase, port: number, address?: string) => Refusal | Promise<Refusal>

/** `text`: the whole of it, as it came. */
type SinkMail = SentMail & { at: number; port: number; text: string }

export interface Sink {
  /** `smtp://` URLs, one a process, so that the script knows whose mail it is by the port. */
  readonly urls: readonly string[]
  readonly mails: readonly SinkMail[]
  /** Connections' worth of mails that came to `data`. */
  attempts(): number
  play(script: Script): void
  end(): Promise<void>
}

const accept: Script = () => undefined

/** @param count how many ports. */
export async function startSink(count: number): Promise<Sink> {
  const mails: SinkMail[] = []
  let script = accept
  let attempts = 0
  const servers = await Promise.all(Array.from({ length: count }, (_, port) => listen(port)))

  async function listen(port: number): Promise<SMTPServer> {
    /** Answers at a phase as the script says. */
    const at = (phase: Phase, done: (error?: Error) => void, address?: string) =>
      Promise.resolve(script(phase, port, address)).then((no) => done(no === undefined ? undefined : refusal(no)))

    const server = new SMTPServer({
      disabledCommands: ['STARTTLS', 'AUTH'],
      closeTimeout: 100,
      onConnect: (_session, done) => void at('connect', done),
      onMailFrom: (_address, _session, done) => void at('from', done),
      onRcptTo: ({ address }, _session, done) => void at('to', done, address),
      onData(stream, { envelope }, done) {
        attempts++
        const taken = take(stream).then(async (text) => {
          const code = (await script('data', port)) ?? (await script('dot', port))
          if (code !== undefined) return done(refusal(code))
          const messageId = /^message-id:\s*<([^>]+)>/im.exec(text)?.[1] ?? ''
          mails.push({ messageId, to: envelope.rcptTo[0]?.address ?? '', at: Date.now(), port, text })
          await at('accepted', done)
        })
        // The client was killed before its mail was whole.
        taken.catch(() => undefined)
      },
    })
    server.on('error', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    return server
  }

  return {
    urls: servers.map((server) => `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`),
    mails,
    attempts: () => attempts,
    play(next) {
      script = next
    },
    async end() {
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
    },
  }
}

async function take(stream: SMTPServerDataStream): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}

function refusal(no: NonNullable<Refusal>): Error {
  const { code, text } = typeof no === 'number' ? { code: no, text: 'scripted' } : no
  return Object.assign(new Error(text), { responseCode: code })
}
