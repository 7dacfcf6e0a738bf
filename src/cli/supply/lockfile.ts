/** package-lock.json as what is checked: one entry for each installed package. Pure. */
import { z } from 'zod'

const ranges = z.record(z.string(), z.string()).default({})

const entry = z.object({
  version: z.string().optional(),
  name: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.string().optional(),
  dev: z.boolean().default(false),
  optional: z.boolean().default(false),
  devOptional: z.boolean().default(false),
  link: z.boolean().default(false),
  inBundle: z.boolean().default(false),
  hasInstallScript: z.boolean().default(false),
  dependencies: ranges,
  optionalDependencies: ranges,
  peerDependencies: ranges,
  devDependencies: ranges,
})

const lockfile = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), entry) })

export type Lockfile = z.infer<typeof lockfile>
type Entry = z.infer<typeof entry>

/** A package in the place where it is installed. */
export interface Installed extends Entry {
  /** `node_modules/a/node_modules/b`. */
  path: string
  /** The published name, also where it is installed under another one. */
  name: string
  version: string
}

/** @throws ZodError unless it is a lockfile of version 3 (npm 7 and later). */
export function parseLockfile(text: string): Lockfile {
  return lockfile.parse(JSON.parse(text))
}

/** All but the project itself. */
export function installed({ packages }: Lockfile): Installed[] {
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .map(([path, one]) => ({ ...one, path, name: one.name ?? nameIn(path), version: one.version ?? '' }))
}

const FOLDER = 'node_modules/'
const nameIn = (path: string): string => path.slice(path.lastIndexOf(FOLDER) + FOLDER.length)

/** Where `name` is found from the package at `from` ('' is the project), as Node looks for it: here, then one folder further out.
 *  @returns undefined when it is not installed. */
export function resolvePath({ packages }: Lockfile, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = outer(folder)) {
    const path = `${folder === '' ? '' : `${folder}/`}${FOLDER}${name}`
    if (packages[path]) return path
    if (folder === '') return undefined
  }
}

function outer(folder: string): string {
  return folder.slice(0, Math.max(folder.lastIndexOf(`/${FOLDER}`), 0))
}
