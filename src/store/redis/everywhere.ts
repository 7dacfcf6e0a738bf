/** The same question to an index of every partition. */
import { everywhere, type Index, PARTITIONS } from './keys.ts'
import type { Link, Value } from './link.ts'
import { script } from './script.ts'

/** `command index args...`: each partition that answers something, with what it answers. It names keys that were not handed to it, which
 *  only a Cluster forbids. */
const EVERYWHERE = script(`
local found = {}
for partition = 0, ${PARTITIONS - 1} do
  local key = string.format('sesame:{%03d}:%s', partition, ARGV[2])
  local answer = redis.call(ARGV[1], key, unpack(ARGV, 3))
  if #answer > 0 then found[#found + 1] = { partition, answer } end
end
return found`)

/** Every process asks some times a second. One by one these are a thousand commands a second for each of them, which took 3 % of a
 *  processor where nobody was there; a server that has all partitions is asked once.
 *  @returns the answer of each partition, a list, empty where there is nothing. @throws AppError `store_unavailable`. */
export async function askEverywhere(link: Link, command: string, index: Index, ...args: Value[]): Promise<string[][]> {
  if (!link.isWhole)
    return link.each(
      command,
      everywhere(index).map((key) => [key, ...args]),
    )
  const answers = Array.from({ length: PARTITIONS }, (): string[] => [])
  for (const [partition, answer] of await link.step<[number, string[]][]>(EVERYWHERE, [], [command, index, ...args]))
    answers[partition] = answer
  return answers
}
