/** What one invitation is, and how one line of a file becomes one. No access code here: codes never leave `sqlite.ts`
 *  but inside a mail. */
import { parseEmail } from '../language/email.ts'
import { LOCALES, type Locale } from '../wire/activity.ts'

/** The header of a file, names exactly so, in any order. */
export const COLUMNS = [
  'email',
  'name',
  'relation',
  'sponsor',
  'organisation',
  'region',
  'status',
  'language',
  'member',
] as const
export type Column = (typeof COLUMNS)[number]
/** A file may come without it. */
export const OPTIONAL_COLUMN = 'member' satisfies Column

/** One line of a file. */
export type Cells = Readonly<Record<Exclude<Column, typeof OPTIONAL_COLUMN>, string>> & { readonly member?: string }

/** Invited for oneself. */
const OWN_RELATIONS = ['employee', 'student', 'member'] as const
/** Invited through a member, the sponsor. */
const FAMILY_RELATIONS = ['spouse', 'partner', 'child', 'parent', 'dependant'] as const
export const RELATIONS = [...OWN_RELATIONS, ...FAMILY_RELATIONS] as const
export type Relation = (typeof RELATIONS)[number]

export const STATUSES = ['pending', 'claimed', 'expired'] as const
export type Status = (typeof STATUSES)[number]

/** Provinces and territories of Canada, ISO 3166-2. */
export const REGIONS = [
  'CA-AB',
  'CA-BC',
  'CA-MB',
  'CA-NB',
  'CA-NL',
  'CA-NS',
  'CA-NT',
  'CA-NU',
  'CA-ON',
  'CA-PE',
  'CA-QC',
  'CA-SK',
  'CA-YT',
] as const
export type Region = (typeof REGIONS)[number]

export interface Invitation {
  /** The invited address: lower case, punycode. One invitation an address. */
  email: string
  /** May be empty. */
  name: string
  relation: Relation
  /** Invited address of the member through whom; empty when `relation` is not of the family. */
  sponsor: string
  organisation: string
  region: Region
  status: Status
  /** Empty: not known, the conversation's is used. */
  language: Locale | ''
  /** The provider's own id of the account that uses it; empty: not known. */
  member: string
}

/** Why a line cannot be taken: a key of `coverage:problems`, and the column. Never holds what the cell said. */
export interface Fault {
  problem:
    | 'missing'
    | 'address'
    | 'one_of'
    | 'long'
    | 'characters'
    | 'quotes'
    | 'sponsor_missing'
    | 'sponsor_given'
    | 'sponsor_self'
    | 'member_given'
  column: Column
  /** What may stand there, for `one_of`; how many characters, for `long`. */
  allowed?: string
}

/** Longest name or organisation, in UTF-16 units: longer is a column slip, not a name. */
const MAX_TEXT = 200
/** No more of a cell is looked at: putting a long row of accents in order takes time that grows with its square. */
const LONGEST_CELL = 1_024
/** Longest id of an account: what a host page may call one. */
const MAX_MEMBER = 256

export function isFamily(invitation: Pick<Invitation, 'relation'>): boolean {
  return FAMILY_RELATIONS.some((r) => r === invitation.relation)
}

/** Reads one line. Blanks around and line breaks inside a cell are forgiven, so are capital letters in fixed words.
 *  @returns the invitation, or every fault of the line; `email` is there whenever that cell is sound. */
export function parseInvitation(
  cells: Cells,
): { invitation: Invitation } | { faults: Fault[]; email: string | undefined } {
  const read = cellReader(cells)
  const invitation = {
    email: read.address('email', true),
    name: read.text('name', false),
    relation: read.oneOf('relation', RELATIONS),
    sponsor: read.address('sponsor', false),
    organisation: read.text('organisation', true),
    region: read.oneOf('region', REGIONS),
    status: read.oneOf('status', STATUSES),
    language: read.oneOf('language', [...LOCALES, ''] as const),
    member: read.text('member', false, MAX_MEMBER),
  }
  read.checkSponsor(invitation)
  read.checkMember(invitation)
  return read.faults.length === 0 && isComplete(invitation)
    ? { invitation }
    : { faults: read.faults, email: invitation.email || undefined }
}

type Draft = { [C in Column]: Invitation[C] | undefined }

function isComplete(draft: Draft): draft is Invitation {
  return Object.values(draft).every((v) => v !== undefined)
}

function cellReader(cells: Cells) {
  const faults: Fault[] = []
  const fault = (column: Column, problem: Fault['problem'], allowed?: string): undefined => {
    faults.push({ column, problem, ...(allowed === undefined ? {} : { allowed }) })
    return undefined
  }
  const tidy = (column: Column): string =>
    (cells[column] ?? '').replace(/\s+/g, ' ').trim().slice(0, LONGEST_CELL).normalize('NFC')

  return {
    faults,
    text(column: Column, required: boolean, most = MAX_TEXT): string | undefined {
      const value = tidy(column)
      if (required && value === '') return fault(column, 'missing')
      if (value.length > most) return fault(column, 'long', `${most}`)
      // The parser keeps the quotes of a cell that is not quoted properly.
      if (value.startsWith('"')) return fault(column, 'quotes')
      return /\p{C}/u.test(value) ? fault(column, 'characters') : value
    },
    address(column: Column, required: boolean): string | undefined {
      const value = tidy(column)
      if (value === '') return required ? fault(column, 'missing') : ''
      return parseEmail(value) ?? fault(column, 'address')
    },
    oneOf<T extends string>(column: Column, allowed: readonly T[]): T | undefined {
      const value = tidy(column).toLowerCase()
      const found = allowed.find((a) => a.toLowerCase() === value)
      if (found !== undefined) return found
      return fault(column, value === '' ? 'missing' : 'one_of', allowed.filter(Boolean).join(', '))
    },
    checkSponsor({ email, relation, sponsor }: Draft): void {
      if (relation === undefined || sponsor === undefined) return
      if (!isFamily({ relation })) {
        if (sponsor) fault('sponsor', 'sponsor_given')
      } else if (!sponsor) fault('sponsor', 'sponsor_missing')
      else if (sponsor === email) fault('sponsor', 'sponsor_self')
    },
    checkMember({ status, member }: Draft): void {
      if (status === 'pending' && member) fault('member', 'member_given')
    },
  }
}
