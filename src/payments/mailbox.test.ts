// One person's spellings of one mailbox are one, other people's are others, and mailboxes for ten minutes are none.

import { describe, expect, test } from 'vitest'
import { isDisposable, readMailbox } from './mailbox.ts'

// Cases: billing-bugs 52
test.each([
  ['ada.lovelace@gmail.com', 'adalovelace@gmail.com'],
  ['A.d.a.Lovelace+sluice@GoogleMail.com', 'adalovelace@gmail.com'],
  [' adalovelace+1+2@gmail.com ', 'adalovelace@gmail.com'],
  ['ａｄａ@gmail.com', 'ada@gmail.com'],
  ['ada@gmail.com.', 'ada@gmail.com'],
  ['ada.lovelace+x@example.com', 'ada.lovelace@example.com'],
  ['Ada@EXAMPLE.com', 'ada@example.com'],
  ['ada@bücher.example', 'ada@xn--bcher-kva.example'],
  ['ada-shop@yahoo.com', 'ada@yahoo.com'],
  ['ada@pm.me', 'ada@proton.me'],
  ['a.da@protonmail.com', 'ada@proton.me'],
  ['ada@me.com', 'ada@icloud.com'],
  ['anything@ada.fastmail.com', 'ada@fastmail.com'],
  ['ada+x@fastmail.com', 'ada@fastmail.com'],
])('%s reaches %s', (address, name) => {
  expect(readMailbox(address)?.name).toBe(name)
})

test.each([
  ['ada.lovelace@example.com', 'adalovelace@example.com'],
  ['ada-shop@example.com', 'ada@example.com'],
  ['ada@outlook.com', 'ada@hotmail.com'],
  ['ada@mail.example.com', 'ada@example.com'],
])('%s and %s may be two people', (one, other) => {
  expect(readMailbox(one)?.name).not.toBe(readMailbox(other)?.name)
})

test.each([
  '',
  'ada',
  '@gmail.com',
  '+x@gmail.com',
  '...@gmail.com',
  'ada@',
  'ada@localhost',
  'ada@127.0.0.1',
  'ada@[127.0.0.1]',
  'ada@gmail.com/x',
  'a b@gmail.com',
  '"a b"@gmail.com',
  'Ada <ada@gmail.com>',
  `${'a'.repeat(65)}@gmail.com`,
  'ada\r\nbcc: eve@gmail.com',
  7,
  null,
  undefined,
])('%j is no address', (address) => {
  expect(readMailbox(address)).toBeUndefined()
})

describe('a mailbox for ten minutes', () => {
  const isNone = (address: string, blocked: readonly string[] = []) => {
    const mailbox = readMailbox(address)
    return mailbox === undefined ? undefined : isDisposable(mailbox, blocked)
  }

  // Cases: billing-bugs 52
  test('is none, under its host’s subdomains and whatever the operator adds as well', () => {
    expect(isNone('ada@mailinator.com')).toBe(true)
    expect(isNone('ada@team.MAILINATOR.com')).toBe(true)
    expect(isNone('ada@new-trash.example', ['new-trash.example'])).toBe(true)
    expect(isNone('ada@a.new-trash.example', ['new-trash.example'])).toBe(true)
  })

  test('is not what only ends like one', () => {
    expect(isNone('ada@notmailinator.com')).toBe(false)
    expect(isNone('ada@gmail.com', ['mail.com'])).toBe(false)
    expect(isNone('ada@com.example', ['com'])).toBe(false)
  })
})
