/** Mailer over SMTP (nodemailer, pooled). Never logs: a mail holds a code and an address. */
import { createTransport } from 'nodemailer'
import { AppError } from '../errors.ts'
import { parseEmail } from '../language/email.ts'
import type { Mail, Mailer } from './mailer.ts'

export interface SmtpOptions {
  /** `smtp://` or `smtps://`, with credentials when needed. Off the machine itself STARTTLS is required, because the
   *  mail holds a code; `?requireTLS=false` in the URL gives that up. */
  url: URL | string
  /** Bare address; envelope sender and From. */
  from: string
  /** Shown before the address in From. */
  fromName?: string
  /** Bare address that gets the answers of people who reply. */
  replyTo?: string
}

/** To connect and to be greeted, in milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000
/** Silence allowed within a dialog. RFC 5321 4.5.3.2.6 wants 10 minutes after the final dot: giving up sooner makes
 *  a second mail of one that the server was still accepting. */
const SOCKET_TIMEOUT_MS = 600_000
/** The whole of one sending; a server that trickles its answers never falls silent. A work lease must be kept up that long. */
const SEND_TIMEOUT_MS = 660_000
/** An idle connection is closed before servers tend to close it, so that a mail rarely meets a dead one. */
const IDLE_TIMEOUT_MS = 30_000

export function createSmtpMailer(options: SmtpOptions): Mailer & { close(): void } {
  const url = new URL(options.url)
  const transport = createTransport({
    // First, so that the options of the URL's query win over these.
    url: url.href,
    pool: true,
    maxConnections: 5,
    // Once more on a new connection when a kept one turns out to be dead; only before any byte of the mail was sent.
    maxRequeues: 1,
    idleTimeout: IDLE_TIMEOUT_MS,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    greetingTimeout: CONNECT_TIMEOUT_MS,
    dnsTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    ...(isLoopback(url) ? { ignoreTLS: true } : { requireTLS: true }),
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  })
  // Builds the whole message as the other one does, and keeps it.
  const nowhere = createTransport({
    streamTransport: true,
    buffer: true,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const handTo = async (way: { sendMail(message: object): Promise<unknown> }, mail: Mail): Promise<void> => {
    checkMail(mail)
    await way.sendMail(toMessage(mail, options)).catch((error: unknown) => {
      throw toAppError(error)
    })
  }
  return {
    send: (mail) => handTo(transport, mail),
    pretend: (mail) => handTo(nowhere, mail),
    close: () => transport.close(),
  }
}

function toMessage(mail: Mail, { from, fromName = '', replyTo }: SmtpOptions) {
  return {
    // Given apart, so that no parsing of headers decides who gets the mail.
    envelope: { from, to: [mail.to] },
    from: { name: fromName, address: from },
    to: { name: '', address: mail.to },
    ...(replyTo ? { replyTo: { name: '', address: replyTo } } : {}),
    messageId: `<${mail.messageId}>`,
    date: new Date(),
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.language,
    },
    signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
  }
}

/** Last gate before the wire: nothing that could name a second recipient or start another header. */
function checkMail(mail: Mail): void {
  const sound =
    parseEmail(mail.to) === mail.to &&
    /^[\w.+-]{1,128}@[\w.-]{1,253}$/.test(mail.messageId) &&
    /^[A-Za-z-]{2,20}$/.test(mail.language) &&
    !/\p{Cc}/u.test(mail.subject)
  if (!sound) throw new AppError('mail_refused', { why: 'unsafe_header' })
}

/** Only a refusal of this mail (sender, recipient, content) is final. A refused login or greeting is the service's
 *  fault, not the mail's: it goes through once that is mended. The server's words stay out: they may name the address. */
function toAppError(error: unknown): AppError {
  const { code, responseCode } = errorFields(error)
  const aboutTheMail = code === 'EENVELOPE' || code === 'EMESSAGE'
  // 503 is "bad sequence of commands": the session's fault, not the mail's.
  const final = responseCode === undefined || (responseCode >= 500 && responseCode !== 503)
  const facts = { why: code, ...(responseCode === undefined ? {} : { smtp: responseCode }) }
  return new AppError(aboutTheMail && final ? 'mail_refused' : 'mail_unavailable', facts)
}

function errorFields(error: unknown): { code: string; responseCode: number | undefined } {
  const fields: Record<string, unknown> = typeof error === 'object' ? { ...error } : {}
  return {
    code: typeof fields.code === 'string' ? fields.code : 'unknown',
    responseCode: typeof fields.responseCode === 'number' ? fields.responseCode : undefined,
  }
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}
