/** Hashing and checking passwords with scrypt, off the main thread and never more than a few at once. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { AppError } from '../errors.ts'

/** Cost: 32 MiB and some 100 ms a password. Source: OWASP password storage, scrypt. Kept with each hash, so it can rise. */
const COST = { N: 2 ** 15, r: 8, p: 1 }
const KEY_BYTES = 32
/** Derivations at one time and waiting. More would fill the four threads that files and DNS share, and 32 MiB each. */
const AT_ONCE = 2
const WAITING = 30

export interface Passwords {
  /** @returns `scrypt$N$r$p$salt$key`. @throws AppError `too_many`. */
  hash(password: string): Promise<string>
  /** Derives a key even when there is nothing to compare it with. @throws AppError `too_many`. */
  fits(password: string, encoded: string | undefined): Promise<boolean>
}

export function createPasswords(): Passwords {
  const nobody = encode(COST, randomBytes(16), randomBytes(KEY_BYTES))
  const gate = createGate(AT_ONCE, WAITING)
  return {
    async hash(password) {
      const salt = randomBytes(16)
      return encode(COST, salt, await gate(() => derive(password, salt, COST)))
    },
    async fits(password, encoded) {
      const { cost, salt, key } = decode(encoded ?? nobody)
      const equal = timingSafeEqual(await gate(() => derive(password, salt, cost)), key)
      return equal && encoded !== undefined
    },
  }
}

type Cost = typeof COST

function derive(password: string, salt: Buffer, cost: Cost): Promise<Buffer> {
  const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, KEY_BYTES, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function encode(cost: Cost, salt: Buffer, key: Buffer): string {
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
}

function decode(encoded: string): { cost: Cost; salt: Buffer; key: Buffer } {
  const [, N, r, p, salt = '', key = ''] = encoded.split('$')
  return {
    cost: { N: Number(N), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  }
}

/** Runs `atOnce` jobs, lets `waiting` wait in turn, refuses the rest. */
function createGate(atOnce: number, waiting: number): <T>(job: () => Promise<T>) => Promise<T> {
  let running = 0
  const queue: (() => void)[] = []
  return async (job) => {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw new AppError('too_many')
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running += 1
    try {
      return await job()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
  }
}
