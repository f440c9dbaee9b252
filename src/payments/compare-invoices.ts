// The provider's invoices against the books, both ways, once a day: a document that the books do not know, one that is paid and
// not credited, credited and not paid, or whose figures differ. Nothing is mended here; a human decides.

import type { Json } from '#core/errors.ts'
import { type AccountId, type InvoiceId, readAccountId, readInvoiceId } from '#core/ids.ts'
import type { InvoiceState, InvoiceView } from '#ledger/invoice-commands.ts'
import { comparedWindow, type CompareParts } from './compare-payments.ts'
import { findingOfPaidPeriod, findingsOfGrants, type SubscriptionFinding } from './compare-subscriptions.ts'
import { creditsOfInvoices, grantsMadeBetween } from './credited-payments.ts'
import type { InvoiceDocument } from './provider.ts'

/** 3,000 events, and of what they are about so many documents, each with its account: a run may ask 1,000 times. */
const pagesMax = 30
const looksMax = 200

export type InvoiceFinding = {
  kind: 'invoice_unknown' | 'invoice_not_credited' | 'invoice_not_paid' | 'invoice_differs'
  accountId: string
  subject: string
  detail: Json
}

export type InvoiceReport = {
  documents: number
  findings: readonly (InvoiceFinding | SubscriptionFinding)[]
  /** False where there was more than one run looks at. */
  isWhole: boolean
}

export async function compareInvoices(parts: CompareParts, restMs?: number): Promise<InvoiceReport> {
  const { fromMs, toMs } = comparedWindow(parts.clock.now(), restMs)
  const changed = await changedDocuments({ fromMs, toMs }, parts)
  const looks = changed.documentIds.slice(0, looksMax)
  const findings: (InvoiceFinding | SubscriptionFinding)[] = []
  const judged = new Set<string>()
  const paidIds = new Set<string>()
  for (const documentId of looks) {
    const looked = await parts.provider.invoices.look(documentId)
    // A draft that was thrown away, or nobody can say.
    if (!looked.ok || looked.value.isLive !== parts.provider.isLive) continue
    const { invoiceId, status } = looked.value
    if (status === 'paid') paidIds.add(documentId)
    const found = await findingOf(looked.value, parts)
    findings.push(...found)
    // A credit of any other is looked at for itself.
    if (invoiceId !== null && (status === 'paid' || found.length > 0)) judged.add(invoiceId)
  }
  const credited = await creditsOfInvoices(parts.db, { fromMs, toMs })
  const unseen = credited.filter(({ invoiceId }) => !judged.has(invoiceId))
  for (const credit of unseen.slice(0, looksMax)) findings.push(...(await findingOfCredit(credit, parts)))
  const grants = await grantsMadeBetween(parts.db, { fromMs, toMs, limit: looksMax })
  findings.push(...(await findingsOfGrants(grants, paidIds, parts.provider)))
  const isWhole =
    grants.length < looksMax &&
    changed.isWhole &&
    looks.length === changed.documentIds.length &&
    unseen.length <= looksMax
  return { documents: looks.length, findings, isWhole }
}

/** Those whose newest change lies in the window: what changed since is looked at tomorrow. */
async function changedDocuments(
  { fromMs, toMs }: { fromMs: number; toMs: number },
  { provider }: CompareParts,
): Promise<{ documentIds: readonly string[]; isWhole: boolean }> {
  const newest = new Map<string, number>()
  let after: string | null = null
  let isWhole = false
  for (let page = 0; page < pagesMax && !isWhole; page += 1) {
    const listed = await provider.invoices.changedSince({ fromMs, after })
    if (!listed.ok) throw new Error(`The invoices cannot be listed: ${listed.message}`)
    for (const { documentId, atMs } of listed.value.changes)
      newest.set(documentId, Math.max(atMs, newest.get(documentId) ?? 0))
    after = listed.value.next
    isWhole = after === null
  }
  return { documentIds: [...newest].flatMap(([id, atMs]) => (atMs < toMs ? [id] : [])), isWhole }
}

async function findingOf(
  document: InvoiceDocument,
  parts: CompareParts,
): Promise<readonly (InvoiceFinding | SubscriptionFinding)[]> {
  if (document.isOfSubscription) return findingOfPaidPeriod(document, parts.db)
  const accountId = readAccountId(document.accountId)
  const invoiceId = readInvoiceId(document.invoiceId)
  if (accountId === undefined || invoiceId === undefined) return findingOfStranger(document, parts)
  const invoice = await parts.accounts(accountId).invoice(invoiceId)
  const detail = detailOf(document, invoice)
  const about = (kind: InvoiceFinding['kind']) => [{ kind, accountId, subject: document.documentId, detail }]
  const isAnother = invoice?.issued?.providerId !== document.documentId
  // One that was never issued and asks for nothing is what a withdrawn one looks like.
  if (invoice === null || isAnother) return asksForMoney(document) ? about('invoice_unknown') : []
  const kind = differenceOf(document, invoice)
  return kind === undefined ? [] : about(kind)
}

/** Without our names: made by hand for one of our customers, or nothing of ours. */
async function findingOfStranger(
  document: InvoiceDocument,
  { accounts, provider }: CompareParts,
): Promise<readonly InvoiceFinding[]> {
  const { customerId, documentId } = document
  if (customerId === null || !asksForMoney(document)) return []
  const customer = await provider.customers.look(customerId)
  const accountId = customer.ok ? readAccountId(customer.value.accountId) : undefined
  if (accountId === undefined || (await accounts(accountId).view()) === null) return []
  const detail = detailOf(document, null)
  return [{ kind: 'invoice_unknown', accountId, subject: documentId, detail }]
}

async function findingOfCredit(
  { accountId, invoiceId }: { accountId: AccountId; invoiceId: InvoiceId },
  { accounts, provider }: CompareParts,
): Promise<readonly InvoiceFinding[]> {
  const invoice = await accounts(accountId).invoice(invoiceId)
  const documentId = invoice?.issued?.providerId
  const looked = documentId === undefined ? undefined : await provider.invoices.look(documentId)
  if (looked?.ok === true && looked.value.status === 'paid') return []
  // Nobody can say now.
  if (looked?.ok === false && looked.code !== 'gone') return []
  const detail = {
    invoiceId,
    documentId: documentId ?? null,
    provider: looked?.ok ? looked.value.status : null,
  }
  return [{ kind: 'invoice_not_paid', accountId, subject: invoiceId, detail }]
}

/** Pure. */
export function differenceOf(
  document: Pick<InvoiceDocument, 'status' | 'netNanoUsd' | 'currency'>,
  { state, terms }: Pick<InvoiceView, 'state' | 'terms'>,
): InvoiceFinding['kind'] | undefined {
  const { status, netNanoUsd, currency } = document
  const isSameSum = netNanoUsd === terms.amountNanoUsd && currency === 'usd'
  if (asksForMoney(document) && !isSameSum) return 'invoice_differs'
  if (status === 'paid') return state === 'paid' ? undefined : 'invoice_not_credited'
  if (state === 'paid') return 'invoice_not_paid'
  return statesOf[status].includes(state) ? undefined : 'invoice_differs'
}

/** How the books have it where they agree with the provider. */
const statesOf: { readonly [Status in InvoiceDocument['status']]: readonly InvoiceState[] } = {
  draft: ['cut'],
  open: ['issued', 'overdue'],
  paid: ['paid'],
  void: ['void'],
  // What was void before it was given up asks for nothing either way.
  uncollectible: ['uncollectible', 'void'],
}

function asksForMoney({ status }: Pick<InvoiceDocument, 'status'>): boolean {
  return status === 'open' || status === 'paid' || status === 'uncollectible'
}

function detailOf(
  { documentId, invoiceId, status, netNanoUsd, currency }: InvoiceDocument,
  invoice: InvoiceView | null,
): Json {
  const books =
    invoice === null
      ? { books: null }
      : { books: invoice.state, cutNanoUsd: invoice.terms.amountNanoUsd, number: invoice.terms.number }
  return { documentId, invoiceId, provider: status, askedNanoUsd: netNanoUsd, currency, ...books }
}
