// API keys: text that names its account and proves itself, so that garbage and forgeries die without asking anyone.
// Prefix + base62 of: region character (1 byte) and account bits (10), key number (4), secret (24), signature (12).

import { sha256Hex } from '#core/hashes.ts'
import { base62FromBytes, bytesFromBase62 } from '#core/base62.ts'
import { type AccountId, type KeyNumber, type Random, keyNumber, readAccountId } from '#core/ids.ts'

export type Keyring = {
  /** What every key starts with, e.g. `sk-sluice-`. */
  prefix: string
  /** The present secret first; a previous one is accepted while keys are rolled. */
  keySecrets: readonly string[]
}

export type NewApiKey = {
  prefix: string
  accountId: AccountId
  keyNumber: KeyNumber
  keySecret: string
  random: Random
}

export type ReadApiKey =
  | { ok: true; accountId: AccountId; keyNumber: KeyNumber; secretHash: string }
  | { ok: false }

const regionAt = 'acct_'.length
const regionBytes = 1
const accountBytes = 10
const accountDigits = 14
const numberBytes = 4
/** 192 random bits. */
const secretBytes = 24
/** 96 bits of HMAC-SHA-256: a forger needs 2^95 tries on average, each a request. */
const signatureBytes = 12
const signedBytes = regionBytes + accountBytes + numberBytes + secretBytes
const keyBytes = signedBytes + signatureBytes
/** 51 bytes are 408 bits; 69 base62 digits hold 410. */
const keyDigits = 69

/** The key's text, shown once, and the hex SHA-256 of its secret, which is all that is kept. */
export async function mintApiKey(key: NewApiKey): Promise<{ key: string; secretHash: string }> {
  const bytes = new Uint8Array(keyBytes)
  const account = bytesFromBase62(key.accountId.slice(regionAt + 1), accountBytes)
  if (account === undefined) throw new Error('An account id holds 80 bits.')
  bytes[0] = key.accountId.charCodeAt(regionAt)
  bytes.set(account, regionBytes)
  new DataView(bytes.buffer).setUint32(regionBytes + accountBytes, key.keyNumber)
  bytes.set(key.random(secretBytes), signedBytes - secretBytes)
  bytes.set(await signature(bytes.subarray(0, signedBytes), key.keySecret), signedBytes)
  return { key: key.prefix + base62FromBytes(bytes, keyDigits), secretHash: await secretHashOf(bytes) }
}

/** Reads and verifies a key's text; whether the key still lives is the account's to say. */
export async function readApiKey(text: string, keyring: Keyring): Promise<ReadApiKey> {
  if (!text.startsWith(keyring.prefix) || text.length !== keyring.prefix.length + keyDigits)
    return { ok: false }
  const bytes = bytesFromBase62(text.slice(keyring.prefix.length), keyBytes)
  if (bytes === undefined || !(await isSigned(bytes, keyring.keySecrets))) return { ok: false }
  const region = String.fromCharCode(bytes[0] ?? 0)
  const account = base62FromBytes(bytes.subarray(regionBytes, regionBytes + accountBytes), accountDigits)
  const accountId = readAccountId(`acct_${region}${account}`)
  if (accountId === undefined) return { ok: false }
  const number = new DataView(bytes.buffer).getUint32(regionBytes + accountBytes)
  return { ok: true, accountId, keyNumber: keyNumber(number), secretHash: await secretHashOf(bytes) }
}

async function isSigned(bytes: Uint8Array, keySecrets: readonly string[]): Promise<boolean> {
  const signed = bytes.subarray(0, signedBytes)
  const given = bytes.subarray(signedBytes)
  let isGenuine = false
  // Every secret is tried whatever the others said: the time tells nothing.
  for (const keySecret of keySecrets) {
    const isThisOne = isEqual(await signature(signed, keySecret), given)
    isGenuine = isGenuine || isThisOne
  }
  return isGenuine
}

async function signature(bytes: Uint8Array, keySecret: string): Promise<Uint8Array> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(keySecret), algorithm, false, [
    'sign',
  ])
  const whole = await crypto.subtle.sign('HMAC', key, Uint8Array.from(bytes))
  return new Uint8Array(whole).subarray(0, signatureBytes)
}

/** Compares all bytes, wherever the first difference lies. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return (
    a.length === b.length &&
    a.reduce((difference, byte, index) => difference | (byte ^ (b[index] ?? 0)), 0) === 0
  )
}

function secretHashOf(bytes: Uint8Array): Promise<string> {
  return sha256Hex(bytes.subarray(signedBytes - secretBytes, signedBytes))
}
