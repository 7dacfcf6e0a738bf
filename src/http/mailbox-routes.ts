import type { Request, Response } from 'restify'
import { AppError } from '../errors.ts'
import type { Texts } from '../language/texts.ts'
import { escapeHtml } from '../mail/compose.ts'
import type { KeptMail } from '../mail/mailer.ts'
import { parseLocale } from '../wire/activity.ts'
import type { Http } from './server.ts'

interface Place {
  locale: string
  timeZone: string
}

/** Mails shown, newest first. */
const SHOWN = 100

/** `/dev/mailbox` and `/dev/mailbox/messages`: development only, and only by our own names. There is nothing to sign in with, so
 *  a foreign page in the developer's browser must not be able to read it. */
export function mountMailbox(
  { server, route, origins }: Http,
  list: (limit: number) => KeptMail[],
  texts: Texts,
  timeZone: string,
): void {
  const read = (host: string | undefined): KeptMail[] => {
    if (!origins.ownHost(host)) throw new AppError('not_found')
    return list(SHOWN)
  }
  route('get', '/dev/mailbox/messages', ({ headers }) => ({ status: 200, body: read(headers.host) }))
  server.get('/dev/mailbox', async (req: Request, res: Response) => {
    const mails = read(req.headers.host)
    const locale = parseLocale(req.headers['accept-language']) ?? 'fr'
    const page = renderPage(mails, (key) => escapeHtml(texts.say(locale, `mailbox:${key}`)), { locale, timeZone })
    res.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'cache-control': 'no-store',
    })
    res.end(page)
  })
}

function renderPage(mails: readonly KeptMail[], t: (key: string) => string, place: Place): string {
  const items = mails.map((mail) => renderMail(mail, t, place)).join('\n')
  return `<!doctype html><html lang="${place.locale}"><head><meta charset="utf-8"><title>${t('title')}</title>
<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5"><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
article{border:1px solid #8887;border-radius:.75rem;padding:1rem 1.25rem;margin:1rem 0}h2{margin:.2rem 0;font-size:1.1rem}
.meta{margin:0;opacity:.8}pre{white-space:pre-wrap;font:inherit;margin:.75rem 0 0}</style></head><body><main><h1>${t('title')}</h1>
<p>${t('intro')}</p>${items || `<p>${t('empty')}</p>`}</main></body></html>`
}

function renderMail(
  { to, subject, text, at }: KeptMail,
  t: (key: string) => string,
  { locale, timeZone }: Place,
): string {
  const when = new Intl.DateTimeFormat(`${locale}-CA`, { dateStyle: 'medium', timeStyle: 'medium', timeZone }).format(
    new Date(at),
  )
  return `<article><h2>${escapeHtml(subject)}</h2><p class="meta">${t('to')} ${escapeHtml(to)} · <time datetime="${at}">${when}</time></p>
<pre>${escapeHtml(text)}</pre></article>`
}
