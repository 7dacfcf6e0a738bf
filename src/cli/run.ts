import { explain, terminalLocale, terminalWords } from '../terminal.ts'

/** Runs a command to its exit code; what stops it becomes a line on standard error and exit code 1. */
export async function runCli(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command()
  } catch (error) {
    const words = terminalWords(terminalLocale(process.env))
    process.stderr.write(`${explain(error, words).join('\n')}\n`)
    process.exitCode = 1
  }
}
