// Whether an account is about to write a line by itself: to look at it then does so, and whoever checks must not.

import type { Line } from './line.ts'

/** Clocks differ by seconds. */
const nearMs = 10_000

export function isChoreNear(lines: readonly Line[], nowMs: number): boolean {
  return lines.length > 0 && (isRenewalNear(lines, nowMs) || isInvoicingNear(lines, nowMs))
}

/** Of a plan's allowance. */
function isRenewalNear(lines: readonly Line[], nowMs: number): boolean {
  const granted = lines.findLast(({ kind }) => kind === 'allowance')
  return granted !== undefined && nowMs + nearMs >= Number(granted.detail['endMs'])
}

/** The month of a postpaid account is over, or one of its invoices is due. */
function isInvoicingNear(lines: readonly Line[], nowMs: number): boolean {
  const agreed = lines.find(({ kind, reference }) => kind === 'settings' && reference.endsWith('postpaid'))
  if (agreed === undefined) return false
  const told = lines.filter(({ kind }) => kind === 'invoice')
  const closed = told.findLast(
    ({ detail }) => typeof detail['periodEndMs'] === 'number' && 'owedNanoUsd' in detail,
  )
  const sinceMs = Number(closed?.detail['periodEndMs'] ?? agreed.createdAtMs)
  if (monthOf(nowMs + nearMs) > monthOf(sinceMs)) return true
  const overdue = new Set(
    told.flatMap(({ reference, detail }) => (detail['what'] === 'overdue' ? [reference] : [])),
  )
  return told.some(
    ({ reference, detail }) =>
      detail['what'] === 'issued' && !overdue.has(reference) && nowMs + nearMs >= Number(detail['dueAtMs']),
  )
}

function monthOf(atMs: number): number {
  const date = new Date(atMs)
  return date.getUTCFullYear() * 12 + date.getUTCMonth()
}
