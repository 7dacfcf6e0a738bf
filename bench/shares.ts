/** Where a profile's time went: self time by package, by folder of the service, and by what Node does itself. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Share {
  name: string
  /** Of the time that the process was not idle, 0 to 1. */
  share: number
}

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[]
  samples: number[]
  /** Microseconds since the sample before. */
  timeDeltas: number[]
}

/** @param path of a `.cpuprofile`. @param root of the repository. @returns most first. */
export function sharesOf(path: string, root: string): Share[] {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as Profile
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame, root)]))
  const times = new Map<string, number>()
  for (const [n, id] of samples.entries()) {
    const name = names.get(id)
    if (name !== undefined) times.set(name, (times.get(name) ?? 0) + (timeDeltas[n] ?? 0))
  }
  const all = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times].map(([name, time]) => ({ name, share: time / all })).toSorted((a, b) => b.share - a.share)
}

/** @returns undefined for idle time. */
function nameOf({ functionName, url }: Profile['nodes'][number]['callFrame'], root: string): string | undefined {
  if (functionName === '(idle)') return undefined
  const [, inPackages] = url.split(/.*\/node_modules\//)
  if (inPackages !== undefined) return packageOf(inPackages)
  if (url.startsWith('file:')) return folderOf(relative(root, fileURLToPath(url)))
  // `(program)` is native code without a frame: system calls for the most part.
  if (url === '') return functionName.startsWith('(') ? functionName : 'V8 and Node, native'
  return url
}

const packageOf = (path: string): string => path.split('/', path.startsWith('@') ? 2 : 1).join('/')

/** Two levels tell enough: `src/bot`, `src/store/redis`. */
const folderOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('src/store/') ? 3 : 2)
    .join('/')

export function describeShares(shares: readonly Share[], most = 20): string {
  return shares
    .slice(0, most)
    .map(({ name, share }) => `${(share * 100).toFixed(1).padStart(5)} %  ${name}`)
    .join('\n')
}
