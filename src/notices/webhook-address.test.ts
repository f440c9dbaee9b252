// Where a customer's webhook may not go, however its address is spelt.

import { expect, test } from 'vitest'

import { readAddress } from './webhook-address.ts'

// Cases: payments 56
test.each([
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://017700000001/',
  'https://127.0.0.1./',
  'https://１２７.０.０.１/',
  'https://%31%32%37.0.0.1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://10.1.2.3/',
  'https://100.64.0.1/',
  'https://100.127.255.255/',
  'https://169.254.169.254/latest/meta-data',
  'https://172.16.0.1/',
  'https://172.31.255.255/',
  'https://192.0.0.192/',
  'https://192.168.0.1:8443/',
  'https://198.19.0.1/',
  'https://203.0.113.9/',
  'https://224.0.0.1/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[0:0:0:0:0:0:0:1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[fc00::1]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1]/',
  'https://[ff02::1]/',
  'https://[2001:db8::1]/',
  'https://[2001::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[3fff::1]/',
])('%s is no public address', (url) => {
  expect(readAddress(url, undefined)).toEqual({ ok: false, why: 'private_address' })
})

test.each([
  'https://localhost/',
  'https://LOCALHOST./',
  'https://a.localhost/',
  'https://metadata/',
  'https://metadata.google.internal/',
  'https://printer.local/',
  'https://router.home.arpa/',
  'https://1.0.0.127.in-addr.arpa/',
  'https://127.0.0.1.nip.io/',
  'https://10-0-0-1.sslip.io/',
  'https://lvh.me/',
  'https://7f000001.c0a80001.rbndr.us/',
  'https://make-1.2.3.4-rebind-127.0.0.1-rr.1u.ms/',
  'https://app.traefik.me/',
  'https://db.default.svc/',
])('%s names no public host', (url) => {
  expect(readAddress(url, undefined)).toEqual({ ok: false, why: 'private_name' })
})

test.each([
  ['http://hooks.customer.com/', 'not_https'],
  ['ftp://hooks.customer.com/', 'not_https'],
  ['file:///etc/passwd', 'not_https'],
  ['javascript:alert(1)', 'not_https'],
  ['https://hooks.customer.com:22/', 'strange_port'],
  ['https://hooks.customer.com:25/', 'strange_port'],
  ['https://8.8.8.8:1023/', 'strange_port'],
  ['https://user:word@hooks.customer.com/', 'has_credentials'],
  ['https://user@hooks.customer.com/', 'has_credentials'],
  ['hooks.customer.com', 'not_a_url'],
  ['https://', 'not_a_url'],
  ['https://256.1.1.1/', 'not_a_url'],
  [`https://hooks.customer.com/${'a'.repeat(2_000)}`, 'too_long'],
  [7, 'not_a_url'],
  [undefined, 'not_a_url'],
])('%s is refused: %s', (url, why) => {
  expect(readAddress(url, undefined)).toEqual({ ok: false, why })
})

test.each([
  ['https://hooks.customer.com/a?b=c', 'https://hooks.customer.com/a?b=c'],
  ['https://HOOKS.customer.com:8443/#x', 'https://hooks.customer.com:8443/'],
  ['https://8.8.8.8/', 'https://8.8.8.8/'],
  ['https://100.63.255.255/', 'https://100.63.255.255/'],
  ['https://172.32.0.1/', 'https://172.32.0.1/'],
  ['https://[2606:4700::1111]/', 'https://[2606:4700::1111]/'],
  ['https://mylocalhost.customer.com/', 'https://mylocalhost.customer.com/'],
])('%s is taken as %s', (given, url) => {
  expect(readAddress(given, undefined)).toEqual({ ok: true, url })
})

test('of all local places one alone may be reached, and only where it is named', () => {
  const origin = 'http://127.0.0.1:4000'
  expect(readAddress(`${origin}/hooks/a`, origin)).toEqual({ ok: true, url: `${origin}/hooks/a` })
  for (const url of [`${origin}/hooks/a`, 'http://127.0.0.1:4001/', 'https://127.0.0.1:4000/'])
    expect(readAddress(url, url.startsWith(`${origin}/`) ? undefined : origin)).toMatchObject({ ok: false })
})
