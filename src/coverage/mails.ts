/** Which mail fits which case of an invitation, in the reader's language. The words are `locales/<lang>/mail.json`. */
import en from '../../locales/en/mail.json' with { type: 'json' }
import fr from '../../locales/fr/mail.json' with { type: 'json' }
import { createTexts } from '../language/texts.ts'
import { type Block, composeLetter } from '../mail/compose.ts'
import type { Mail } from '../mail/mailer.ts'
import { LOCALE_TAGS, type Locale } from '../wire/activity.ts'
import type { Case } from './directory.ts'
import type { Invitation } from './records.ts'

const texts = createTexts({ fr: { mail: fr }, en: { mail: en } }, {})

/** What the mails say about the service. URLs are absolute. */
export interface ServiceInfo {
  orgName: string
  supportEmail: string
  /** The page with the chat. */
  publicUrl: string
  signInUrl: string
}

/** A piece of a plan: a text key, or the code, or a list of text keys. */
type Piece = { p: string } | { h: string } | { code: true } | { steps: readonly string[] }

const PLANS: Readonly<Record<Case, readonly Piece[]>> = {
  own: [
    { code: true },
    { p: 'own.lead' },
    { steps: ['steps.sign_in', 'own.account', 'steps.enter_code'] },
    { p: 'own.region' },
    { p: 'parts.secret' },
  ],
  family: [
    { p: 'family.lead' },
    { code: true },
    { h: 'family.new_heading' },
    { steps: ['steps.sign_up', 'family.create', 'steps.enter_code'] },
    { h: 'family.old_heading' },
    { p: 'family.old' },
    { p: 'parts.secret' },
  ],
  other_region: [
    { p: 'other_region.lead' },
    { steps: ['steps.sign_up', 'other_region.choose', 'other_region.create', 'steps.enter_code'] },
    { code: true },
    { p: 'other_region.mistake' },
    { p: 'parts.secret' },
  ],
  claimed: [
    { p: 'claimed.lead' },
    { steps: ['steps.sign_in', 'claimed.any_address', 'claimed.password'] },
    { p: 'claimed.no_mail' },
  ],
  expired: [{ p: 'expired.lead' }, { steps: ['expired.ask', 'expired.person'] }],
}

/** Composes the mail of one case. @param code goes into the mails that give one, and into no other. */
export function composeMail(
  which: Case,
  to: Pick<Invitation, 'email' | 'name' | 'organisation' | 'region'> & { language: Locale },
  code: string,
  service: ServiceInfo,
  messageId: string,
): Mail {
  const region = texts.say(to.language, `mail:regions.${to.region}`)
  const values = { ...service, name: to.name, organisation: to.organisation, region }
  const say = (key: string): string => texts.say(to.language, `mail:${key}`, values)
  const language = LOCALE_TAGS[to.language]
  const title = say(`${which}.subject`)
  const blocks = [
    paragraph(say(to.name ? 'parts.greeting' : 'parts.greeting_nobody')),
    paragraph(say('parts.why')),
    ...PLANS[which].map((piece) => toBlock(piece, say, code)),
    { kind: 'heading', text: say('parts.help_heading') } as const,
    paragraph(say('parts.person_chat')),
    paragraph(say('parts.person_mail')),
    paragraph(say('parts.not_you')),
    paragraph(say('parts.sender')),
  ]
  return {
    messageId,
    to: to.email,
    subject: title,
    language,
    ...composeLetter({ language, title, blocks, links: links(service) }),
  }
}

function toBlock(piece: Piece, say: (key: string) => string, code: string): Block {
  if ('p' in piece) return paragraph(say(piece.p))
  if ('h' in piece) return { kind: 'heading', text: say(piece.h) }
  if ('steps' in piece) return { kind: 'steps', items: piece.steps.map(say) }
  return { kind: 'code', label: say('parts.code_label'), code }
}

function paragraph(text: string): Block {
  return { kind: 'paragraph', text }
}

function links({ publicUrl, signInUrl, supportEmail }: ServiceInfo): Record<string, string> {
  return { [publicUrl]: publicUrl, [signInUrl]: signInUrl, [supportEmail]: `mailto:${supportEmail}` }
}
