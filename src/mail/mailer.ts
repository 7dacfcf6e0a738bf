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
}
