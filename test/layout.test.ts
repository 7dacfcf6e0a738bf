import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

/** The import order within `src` is dependency-cruiser's (`npm run layers`), which reads no JSX: the rest is here. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', 'src', 'web', 'test'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.tsx?$/.test(file))
const sources = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }))
const offenders = (under: RegExp, pattern: RegExp) =>
  sources.filter(({ file, text }) => under.test(file) && pattern.test(text)).map(({ file }) => file)

test('browser code imports only wire types of the service', () => {
  expect(files.filter((f) => f.startsWith('web/')).length).toBeGreaterThan(10)
  expect(offenders(/^web\/(?!build)/, /from '(\.\.\/)+src\/(?!wire\/)/)).toEqual([])
})

test('only the process and the commands read the environment', () => {
  expect(offenders(/^src\/(?!main\.ts|cli\/)/, /process\.(env|exit)\b/)).toEqual([])
})

test('no test replaces one of our modules', () => {
  expect(offenders(/^test\//, /jest\.(mock|unstable_mockModule)\(/).filter((f) => f !== 'test/layout.test.ts')).toEqual(
    [],
  )
})

test('files stay short enough to be read', () => {
  const long = sources.filter(({ file, text }) => file.startsWith('src/') && text.split('\n').length > 400)
  expect(long.map(({ file }) => file)).toEqual([])
})
