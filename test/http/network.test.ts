import { BlockList } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { createNetworks } from '../../src/http/network.ts'

const trusted = new BlockList()
trusted.addSubnet('127.0.0.0', 8, 'ipv4')
trusted.addSubnet('10.0.0.0', 24, 'ipv4')
trusted.addAddress('::1', 'ipv6')
const networks = createNetworks(trusted, Buffer.alloc(32, 1))

const of = (remoteAddress: string | undefined, forwarded?: string) =>
  networks.of({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  } as never)

describe('a client of ours', () => {
  test('is its own address, and what it says about itself does not count', () => {
    expect(of('203.0.113.7')).toMatch(/^[\w-]{16}$/)
    expect(of('203.0.113.7', '198.51.100.1')).toBe(of('203.0.113.7'))
    expect(of('203.0.113.7')).not.toBe(of('203.0.113.8'))
  })

  test.each([
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:0DB8:0:0::2'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['::2', '::3'],
  ])('%s and %s are one network', (a, b) => {
    expect(of(a)).toBe(of(b))
    expect(of(a)).toBeDefined()
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8:0:1::', '2001:db8:1::'],
    ['::ffff:203.0.113.7', '::ffff:203.0.113.8'],
  ])('%s and %s are two', (a, b) => {
    expect(of(a)).not.toBe(of(b))
  })

  test('with another key is another name', () => {
    const other = createNetworks(trusted, Buffer.alloc(32, 2))
    expect(other.of({ socket: { remoteAddress: '203.0.113.7' }, headers: {} } as never)).not.toBe(of('203.0.113.7'))
  })
})

describe('behind a trusted proxy', () => {
  test.each([
    ['127.0.0.1', '203.0.113.7'],
    ['::ffff:127.0.0.1', '203.0.113.7'],
    ['::1', '203.0.113.7'],
    ['127.0.0.1', 'made up, 1.2.3.4, 203.0.113.7'],
    ['127.0.0.1', '203.0.113.7, 10.0.0.9, 127.3.2.1'],
    ['127.0.0.1', ' 203.0.113.7:4711 '],
    ['127.0.0.1', '::ffff:203.0.113.7'],
    ['127.0.0.1', '[::ffff:203.0.113.7]:80'],
  ])('%s with %j is the client that the proxy names', (peer, forwarded) => {
    expect(of(peer, forwarded)).toBe(of('203.0.113.7'))
  })

  test.each([
    undefined,
    '',
    ',',
    '127.0.0.1',
    '10.0.0.3, 127.0.0.1',
    'unknown',
    '203.0.113.7, unknown',
    '203.0.113.7, _hidden, 10.0.0.3',
    '203.0.113.999',
    '[2001:db8::1',
    '2001:db8::1::2',
    '1.2.3.4:999999',
    'http://1.2.3.4',
  ])('%j names nobody', (forwarded) => {
    expect(of('127.0.0.1', forwarded)).toBeUndefined()
  })

  test('a chain of trusted proxies without end is not followed', () => {
    expect(of('127.0.0.1', `203.0.113.7${',127.0.0.1'.repeat(1_500)}`)).toBeUndefined()
  })

  test('who speaks for a proxy that is not trusted is that proxy', () => {
    expect(of('10.0.1.9', '203.0.113.7')).toBe(of('10.0.1.9'))
    expect(of('127.0.0.1', '203.0.113.7, 10.0.1.9')).toBe(of('10.0.1.9'))
  })
})

test('a connection is of its own end’s network, and a trusted proxy’s of none', () => {
  for (const remoteAddress of ['203.0.113.7', '::ffff:203.0.113.7', '2001:db8:1:2::1'])
    expect(networks.ofPeer({ remoteAddress })).toBe(of(remoteAddress))
  expect(of('2001:db8:1:2::1')).toBe(networks.ofPeer({ remoteAddress: '2001:db8:1:2:3::4' }))
  for (const remoteAddress of ['127.0.0.1', '::ffff:10.0.0.9', '::1', ''])
    expect(networks.ofPeer({ remoteAddress })).toBeUndefined()
})

test('a connection that is gone names nobody', () => {
  expect(of(undefined)).toBeUndefined()
  expect(of('')).toBeUndefined()
})

test('no header makes it throw or stall', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.ipV4(),
    fc.ipV6(),
    fc.constantFrom(':', '%', '[', ']'),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom(',', ', ', ''), (pieces, between) => {
      const name = of('127.0.0.1', pieces.join(between))
      expect(name === undefined || /^[\w-]{16}$/.test(name)).toBe(true)
    }),
    { numRuns: 2_000 },
  )
})
