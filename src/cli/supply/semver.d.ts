/** The parts of `semver` that are used. */

declare module 'semver' {
  interface Options {
    includePrerelease?: boolean
  }
  export function satisfies(version: string, range: string, options?: Options): boolean
  /** null when it is not a range. */
  export function validRange(range: string): string | null
  /** null when it is not a version. */
  export function valid(version: string): string | null
}
