export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  // Ends what hangs; says nothing of speed: a machine that others use may stand still for a second at any line.
  testTimeout: 30_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
}
