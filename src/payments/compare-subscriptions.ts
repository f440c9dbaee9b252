// The provider's invoices of subscriptions against what they have granted, both ways: a period that was paid and granted nothing, and
// one that was granted and not paid. A part of the comparison of invoices; nothing is mended.

import type { Json } from '#core/errors.ts'
import { readAccountId } from '#core/ids.ts'
import type { Db } from '#db/client.ts'
import { isGranted, type PeriodGrant } from './credited-payments.ts'
import type { InvoiceDocument, PaymentProvider } from './provider.ts'

export type SubscriptionFinding = {
  kind: 'invoice_not_granted' | 'grant_not_paid'
  accountId: string
  /** The provider's name of the invoice. */
  subject: string
  detail: Json
}

/** Of an account of ours alone: others may sell subscriptions by the same Stripe account. */
export async function findingOfPaidPeriod(
  { documentId, status, netNanoUsd, accountId: named }: InvoiceDocument,
  db: Db,
): Promise<readonly SubscriptionFinding[]> {
  const accountId = readAccountId(named)
  if (accountId === undefined || status !== 'paid' || netNanoUsd <= 0) return []
  if (await isGranted(db, accountId, documentId)) return []
  const detail = { documentId, paidNanoUsd: netNanoUsd }
  return [{ kind: 'invoice_not_granted', accountId, subject: documentId, detail }]
}

/** `known`: documents that were seen to be paid. */
export async function findingsOfGrants(
  grants: readonly PeriodGrant[],
  known: ReadonlySet<string>,
  provider: PaymentProvider,
): Promise<readonly SubscriptionFinding[]> {
  const found: SubscriptionFinding[] = []
  for (const { accountId, documentId, reference } of grants) {
    const looked = known.has(documentId) ? undefined : await provider.invoices.look(documentId)
    if (looked === undefined || (looked.ok ? looked.value.status === 'paid' : looked.code !== 'gone'))
      continue
    const detail = { documentId, grant: reference, provider: looked.ok ? looked.value.status : null }
    found.push({ kind: 'grant_not_paid', accountId, subject: documentId, detail })
  }
  return found
}
