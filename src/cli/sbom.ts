/** `npm run sbom`: writes `dist/sbom.json`, the bill of materials of the service. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import en from '../../locales/en/supply.json' with { type: 'json' }
import fr from '../../locales/fr/supply.json' with { type: 'json' }
import { makeFolder } from '../folder.ts'
import { createTexts } from '../language/texts.ts'
import { terminalLocale } from '../terminal.ts'
import { runCli } from './run.ts'
import { toBom } from './supply/bom.ts'
import { parsePolicy } from './supply/files.ts'
import { parseLockfile } from './supply/lockfile.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const FILE = 'dist/sbom.json'

function runSbom(): number {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')
  const bom = toBom(parseLockfile(read('package-lock.json')), parsePolicy(read('security/policy.json')))
  makeFolder(join(ROOT, 'dist'))
  writeFileSync(join(ROOT, FILE), `${JSON.stringify(bom, null, 2)}\n`)
  const texts = createTexts({ fr: { supply: fr }, en: { supply: en } }, {})
  const values = { file: FILE, count: bom.components.length }
  process.stdout.write(`${texts.say(terminalLocale(process.env), 'supply:sbom', values)}\n`)
  return 0
}

if (import.meta.main) await runCli(async () => runSbom())
