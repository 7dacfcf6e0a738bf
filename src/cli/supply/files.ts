/** What people keep in `security/`: known faults, what was accepted and until when, what else may come in. Pure. */
import { validRange } from 'semver'
import { z } from 'zod'

const day = z.iso.date()
const range = z.string().refine((text) => validRange(text) !== null, { error: 'not a semver range' })
const SEVERITIES = ['low', 'moderate', 'high', 'critical', 'unknown'] as const

const advisories = z.array(
  z.strictObject({
    id: z.string(),
    package: z.string(),
    /** Versions that have the fault. */
    vulnerable: range,
    /** Where it is mended, for people. */
    fixed: z.string(),
    severity: z.enum(SEVERITIES),
    why: z.string(),
    /** The page that says so. */
    source: z.url({ protocol: /^https$/ }),
    /** When somebody last compared it with its source. */
    reviewed: day,
  }),
)

const accepted = z.array(
  z.strictObject({
    id: z.string(),
    package: z.string(),
    /** Exactly these; any other version is asked about again. */
    versions: z.array(z.string()).min(1),
    reason: z.string().min(20),
    /** Last day on which it holds. */
    until: day,
  }),
)

const reasons = z.array(z.strictObject({ package: z.string(), reason: z.string().min(20) }))

const policy = z.strictObject({
  /** SPDX names that any package may have. */
  licences: z.array(z.string()),
  /** Also those of packages that are not part of the service. */
  toolLicences: z.array(z.string()),
  /** A package's own licence, where the lockfile tells none or one that is not on the lists. */
  licenceOf: z.array(z.strictObject({ package: z.string(), licence: z.string(), reason: z.string().min(20) })),
  /** Packages that may run a script when they are installed. */
  installScripts: reasons,
  /** Optional packages of other platforms whose hash the lockfile lacks. */
  withoutIntegrity: z.array(z.string()),
})

export type Advisory = z.infer<typeof advisories>[number]
export type Accepted = z.infer<typeof accepted>[number]
export type Policy = z.infer<typeof policy>

/** All @throw ZodError or SyntaxError for a file of another shape. */
export const parseAdvisories = (text: string): Advisory[] => advisories.parse(JSON.parse(text))
export const parseAccepted = (text: string): Accepted[] => accepted.parse(JSON.parse(text))
export const parsePolicy = (text: string): Policy => policy.parse(JSON.parse(text))
