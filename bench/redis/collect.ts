/** Preloaded into a service whose memory is weighed (`--expose-gc`): at SIGUSR2 it collects its garbage and writes what is
 *  left to the file that MEMORY_FILE names. */
import { renameSync, writeFileSync } from 'node:fs'

const file = process.env.MEMORY_FILE ?? ''
process.on('SIGUSR2', () => {
  // What the first one frees may hold more, by finalizers.
  for (let times = 0; times < 2; times++) (globalThis as { gc?: () => void }).gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  writeFileSync(`${file}.new`, JSON.stringify({ residentMb: rss / 1e6, liveMb: (heapUsed + external) / 1e6 }))
  renameSync(`${file}.new`, file)
})
