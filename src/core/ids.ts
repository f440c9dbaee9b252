// Ids: branded strings with a prefix that tells what they are. An account id cannot be passed where a call id is wanted.

import { base62FromBytes } from './base62.ts'
import type { Millis } from './clock.ts'

declare const brand: unique symbol

/** `acct_` + region character + 14 base62 characters (80 random bits). Names the account's object. */
export type AccountId = string & { readonly [brand]: 'AccountId' }
/** The number of a key within its account, from 1. */
export type KeyNumber = number & { readonly [brand]: 'KeyNumber' }
/** `gen_` + 22 base62 characters: 48 bits of time, 80 random bits; made by the owner per execution, never by a client. */
export type CallId = string & { readonly [brand]: 'CallId' }
/** `ord_` + 22 base62 characters (128 bits): money that is about to come in, once. */
export type OrderId = string & { readonly [brand]: 'OrderId' }
/** `inv_` + the account's own part + `_` + the number of the invoice among its account's, from 1. */
export type InvoiceId = string & { readonly [brand]: 'InvoiceId' }
/** `req_` + 22 base62 characters: one HTTP request; a call's id has the same tail as the request that made it. */
export type RequestId = string & { readonly [brand]: 'RequestId' }

/** Random bytes, given by the root. */
export type Random = (bytes: number) => Uint8Array

const tailLength = 22
const timeBytes = 6
const randomBytes = 10
/** An account id's tail has 15 characters; this is what is left of an order id: 41 bits. */
const entryTailLength = 7
/** An object's storage ends far below it; 1,600 epochs fit. */
const entriesPerEpochMax = 2 ** 31

export const accountIdPattern = /^acct_[0-9a-z][0-9A-Za-z]{14}$/
const requestIdPattern = /^req_[0-9A-Za-z]{22}$/
const orderIdPattern = /^ord_[0-9A-Za-z]{22}$/
const invoiceIdPattern = /^inv_[0-9a-z][0-9A-Za-z]{14}_[1-9]\d{0,8}$/
export const callIdPattern = /^gen_[0-9A-Za-z]{22}$/

export function makeRequestId(now: Millis, random: Random): RequestId {
  const bytes = new Uint8Array(timeBytes + randomBytes)
  let rest: number = now
  for (let index = timeBytes - 1; index >= 0; index -= 1) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes.set(random(randomBytes), timeBytes)
  return `req_${base62FromBytes(bytes, tailLength)}` as RequestId
}

/** The id of the call that a request executes: same time, same random bits. */
export function callIdOf(requestId: RequestId): CallId {
  return `gen_${requestId.slice('req_'.length)}` as CallId
}

export function readRequestId(text: unknown): RequestId | undefined {
  return typeof text === 'string' && requestIdPattern.test(text) ? (text as RequestId) : undefined
}

export function readCallId(text: unknown): CallId | undefined {
  return typeof text === 'string' && callIdPattern.test(text) ? (text as CallId) : undefined
}

export function readAccountId(text: unknown): AccountId | undefined {
  return typeof text === 'string' && accountIdPattern.test(text) ? (text as AccountId) : undefined
}

/** Of 16 bytes: random ones, or a hash that names its cause. */
export function orderIdOf(bytes: Uint8Array): OrderId {
  return `ord_${base62FromBytes(bytes, tailLength)}` as OrderId
}

/** Of an order that an account makes by itself, without random bits: made of what no other account and no other line has. */
export function orderIdOfEntry(accountId: AccountId, epoch: number, seq: number): OrderId {
  const number = epoch * entriesPerEpochMax + seq
  const bytes = new Uint8Array(timeBytes)
  let rest = number
  for (let index = timeBytes - 1; index >= 0; index -= 1) {
    bytes[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return `${ownOrderPrefix(accountId)}${base62FromBytes(bytes, entryTailLength)}` as OrderId
}

/** Whether an account has made the order by itself, in whatever epoch. */
export function isOrderOfAccount(orderId: string, accountId: AccountId): boolean {
  return orderIdPattern.test(orderId) && orderId.startsWith(ownOrderPrefix(accountId))
}

function ownOrderPrefix(accountId: AccountId): string {
  return `ord_${accountId.slice('acct_'.length)}`
}

export function readOrderId(text: unknown): OrderId | undefined {
  return typeof text === 'string' && orderIdPattern.test(text) ? (text as OrderId) : undefined
}

export function invoiceIdOf(accountId: AccountId, number: number): InvoiceId {
  return `inv_${accountId.slice('acct_'.length)}_${number}` as InvoiceId
}

export function readInvoiceId(text: unknown): InvoiceId | undefined {
  return typeof text === 'string' && invoiceIdPattern.test(text) ? (text as InvoiceId) : undefined
}

export function makeAccountId(region: string, random: Random): AccountId {
  return `acct_${region}${base62FromBytes(random(randomBytes), 14)}` as AccountId
}

export function keyNumber(value: number): KeyNumber {
  return value as KeyNumber
}

/** The number of a key as a path writes it; at most nine digits. */
export function readKeyNumber(text: string | undefined): KeyNumber | undefined {
  return text !== undefined && /^[1-9]\d{0,8}$/.test(text) ? keyNumber(Number(text)) : undefined
}
