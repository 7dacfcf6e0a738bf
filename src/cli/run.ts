import { explain, terminalLocale, terminalWords } from '../terminal.ts'

/** A mistake of the person at the terminal; its one line is all they are shown. */
export class Refusal extends Error {}

/** Runs a command to its exit code; what stops it becomes a line on standard error and exit code 1. */
export async function runCli(command: () => Promise<number>): Promise<void> {
  process.umask(0o077)
  try {
    process.exitCode = await command()
  } catch (error) {
    const words = terminalWords(terminalLocale(process.env))
    process.stderr.write(`${error instanceof Refusal ? error.message : explain(error, words).join('\n')}\n`)
    process.exitCode = 1
  }
}
