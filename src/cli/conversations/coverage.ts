/** Which nodes and options written conversations pass. */
import { nameOf } from '../../dialog/expect.ts'
import type { Passed, Trees } from '../../dialog/types.ts'

export interface Coverage {
  dialog: string
  nodes: Share
  options: Share
}

export interface Share {
  passed: number
  all: number
  /** `dialog.node` or `dialog.node/option`. */
  missing: string[]
}

/** One line a dialog, in the order of their names. */
export function coverageOf(trees: Trees, path: readonly Passed[]): Coverage[] {
  const passed = new Set(path.map(({ node, option }) => (option === undefined ? node : `${node}/${option}`)))
  return [...trees.values()].map(({ name, nodes }) => {
    const names = [...nodes.keys()].map((node) => nameOf({ dialog: name, node }))
    const options = [...nodes].flatMap(([node, each]) =>
      each.type === 'ask' || each.type === 'collect'
        ? Object.keys(each.options ?? {}).map((id) => `${nameOf({ dialog: name, node })}/${id}`)
        : [],
    )
    return { dialog: name, nodes: shareOf(names, passed), options: shareOf(options, passed) }
  })
}

function shareOf(all: readonly string[], passed: ReadonlySet<string>): Share {
  const missing = all.filter((each) => !passed.has(each))
  return { passed: all.length - missing.length, all: all.length, missing }
}
