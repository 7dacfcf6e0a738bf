import { type Browser, chromium } from 'playwright-core'
import { findProgram } from './apt.ts'

/** Chromium on this machine; installed from Debian's packages where that is allowed.
 *  @throws Error that says what to install. */
function findChromium(): string {
  const missing =
    'The browser tests need Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to its path.'
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const
  return process.env.CHROMIUM || findProgram(names, missing)
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
      '--disable-quic',
    ],
  })
}
