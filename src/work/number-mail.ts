/** The mail with a one-time number. The words are `locales/<lang>/mail.json`. */
import en from '../../locales/en/mail.json' with { type: 'json' }
import fr from '../../locales/fr/mail.json' with { type: 'json' }
import { createTexts } from '../language/texts.ts'
import { composeLetter } from '../mail/compose.ts'
import type { Mail } from '../mail/mailer.ts'
import { LOCALE_TAGS, type Locale } from '../wire/activity.ts'

const texts = createTexts({ fr: { mail: fr }, en: { mail: en } }, {})

/** @param values what mails may say of the service: `orgName`, `supportEmail`, `publicUrl`. */
export function composeNumberMail(
  to: { email: string; locale: Locale },
  number: string,
  values: Readonly<Record<'orgName' | 'supportEmail' | 'publicUrl', string>>,
  messageId: string,
): Mail {
  const say = (key: string) => texts.say(to.locale, `mail:${key}`, values)
  const language = LOCALE_TAGS[to.locale]
  const title = say('number.subject')
  const paragraph = (key: string) => ({ kind: 'paragraph', text: say(key) }) as const
  const blocks = [
    paragraph('parts.greeting_nobody'),
    paragraph('number.lead'),
    { kind: 'code', label: say('number.label'), code: number } as const,
    paragraph('number.valid'),
    paragraph('number.secret'),
    paragraph('parts.sender'),
  ]
  const links = { [values.publicUrl]: values.publicUrl, [values.supportEmail]: `mailto:${values.supportEmail}` }
  return { messageId, to: to.email, subject: title, language, ...composeLetter({ language, title, blocks, links }) }
}

/** Name of a region, as mails say it. */
export const regionName = (locale: Locale, region: string): string =>
  texts.find(locale, `mail:regions.${region}`) ?? region
