/** Port: hands one mail over. Adapters: `smtp.ts`, `mailbox.ts` (development). */

export interface Mail {
  /** Without angle brackets. The same id again is the same mail. */
  messageId: string
  /** One bare address (addr-spec), already parsed; used as the envelope recipient too. */
  to: string
  subject: string
  text: string
  html: string
  /** BCP 47, for the Content-Language header. */
  language: string
}

export interface Mailer {
  /** Resolves once the mail was accepted by the next hop.
   *  @throws AppError `mail_unavailable` when trying again may help (no connection, 4xx);
   *  `mail_refused` when it will not (5xx). */
  send(mail: Mail): Promise<void>
  /** Does what `send` does, but for handing the mail over: for mails that must not leave, so that the time taken does not tell. */
  pretend(mail: Mail): Promise<void>
}

/** A mail that the development mailbox kept. `id` is the Message-ID, `at` ISO 8601 UTC. */
export interface KeptMail {
  id: string
  to: string
  subject: string
  text: string
  html: string
  at: string
}
