/** Signs drawn with a pen in a square of 16: kinds of boxes, ways on and entries. */
const PATHS: Readonly<Record<string, string>> = {
  say: 'M2 3h12v8H7.5L4.5 13.8V11H2z',
  ask: 'M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6M6.1 6.3a1.9 1.9 0 1 1 2.7 1.8c-.6.3-.8.6-.8 1.3M8 11.6v.1',
  collect: 'M1.8 4.4h12.4v7.2H1.8zM4.6 6.4v3.2',
  do: 'M9 1.8 3.6 9h4l-.6 5.2L12.4 7h-4z',
  await: 'M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6M8 4.6V8l2.4 1.7',
  branch: 'M8 1.8 14.2 8 8 14.2 1.8 8z',
  call: 'M2 5.3h11.2L10.4 2.5M14 10.7H2.8l2.8 2.8',
  go: 'M2 8h11.5M9.8 4.3 13.5 8l-3.7 3.7',
  handoff: 'M8 7.6a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6M2.6 14c.4-2.9 2.6-4.3 5.4-4.3s5 1.4 5.4 4.3',
  end: 'M4 14.5V2.2h8.8l-2.2 3 2.2 3H4',
  close: 'M8 14.3A6.3 6.3 0 1 0 8 1.7a6.3 6.3 0 0 0 0 12.6M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  shut: 'M4 4l8 8M12 4l-8 8',
  start: 'M5 3.2 12.6 8 5 12.8z',
  topics: 'M2 3h12v8H7.5L4.5 13.8V11H2z',
  digressions: 'M2 3h12v8H7.5L4.5 13.8V11H2zM5 7h6',
  away: 'M2 8h11.5M9.8 4.3 13.5 8l-3.7 3.7',
  below: 'M8 2v11.5M4.3 9.8 8 13.5l3.7-3.7',
  above: 'M3 2v7h10M9.5 5.5 13 9l-3.5 3.5',
  loop: 'M4 5.5A5 5 0 1 1 3.2 9M4 2.2v3.4h3.4',
  on: 'M6 3.5 2.5 7 6 10.5M3 7h7.2a3.3 3.3 0 0 1 0 6.6H7.5',
  email: 'M1.8 3.8h12.4v8.4H1.8zM2 4.2l6 5 6-5',
  text: 'M2.5 4.8h11M2.5 8h11M2.5 11.2h7',
  cases: 'M8 3 13 8 8 13 3 8z',
  unclear: 'M5.6 5.6a2.4 2.4 0 1 1 3.4 2.2c-.8.4-1 .9-1 1.7M8 12.3v.1',
}
const LIKE: Readonly<Record<string, string>> = { timeout: 'await', otherwise: 'unclear', limit: 'loop' }

/** @returns the outline; a plain arrow for what has no sign of its own. */
export const iconOf = (name: string): string => PATHS[LIKE[name] ?? name] ?? PATHS.go ?? ''
