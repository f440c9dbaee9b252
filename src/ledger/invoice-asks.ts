// What the operator wants done with an invoice at the payment provider: an entry says who and why, and whoever talks to the
// provider acts on it (payments/invoice-ask.ts). What comes of it the account is told like everything else about an invoice.

import { type InvoiceId, readInvoiceId } from '#core/ids.ts'
import { zeroNanoUsd } from '#core/money.ts'
import { isObject, readString } from '#core/readers.ts'
import { textCharactersMax } from './detail.ts'
import { type Draft, append, keepReference, referenceOf } from './draft.ts'
import type { Entry } from './entry.ts'
import type { AskOfInvoice, AskOfInvoiceAnswer, InvoiceAsk } from './invoice-commands.ts'
import { invoiceFrom } from './invoice-views.ts'
import type { ReferenceRow } from './rows.ts'

const asks: readonly InvoiceAsk[] = ['pay_outside', 'void']

export function askOfInvoice(draft: Draft, command: AskOfInvoice): AskOfInvoiceAnswer {
  const { invoiceId, ask, reference, reason, actor } = command
  const earlier = referenceOf(draft, 'invoice_ask', reference)
  if (earlier !== undefined)
    return earlier.said === saidOf(ask, invoiceId)
      ? { ok: true, isRepeat: true }
      : { ok: false, code: 'reference_reused' }
  if (reference === '' || reference.length > textCharactersMax) return { ok: false, code: 'invalid_command' }
  const lookup = {
    reference: (scope: ReferenceRow['scope'], text: string) => referenceOf(draft, scope, text),
  }
  const invoice = invoiceFrom(invoiceId, lookup, draft.state.nowMs)
  if (invoice === undefined) return { ok: false, code: 'no_such_invoice' }
  if (invoice.state === 'paid' || invoice.state === 'void') return { ok: false, code: 'invoice_closed' }
  if (invoice.issued === null) return { ok: false, code: 'not_issued' }
  const entry = append(draft, {
    kind: 'invoice',
    reference: invoiceId,
    amountNanoUsd: zeroNanoUsd,
    keyNumber: null,
    detail: { what: 'asked', ask, reason, actor, command: reference },
  })
  for (const row of referencesOfAsk(entry)) keepReference(draft, row)
  return { ok: true, isRepeat: false }
}

/** The rows that an entry of this kind brought, for a rebuild. */
export function referencesOfAsk({ reference, seq, detail }: Entry): readonly ReferenceRow[] {
  const said: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  const [command, ask] = [readString(said['command']), readAsk(said['ask'])]
  if (command === undefined || ask === undefined) return []
  return [{ scope: 'invoice_ask', reference: command, seq, said: saidOf(ask, reference) }]
}

/** A line of a closed epoch that came too late: wanted still, if its invoice is. */
export function rebookAsk(draft: Draft, { reference, detail }: Entry): boolean {
  const said: { readonly [name: string]: unknown } = isObject(detail) ? detail : {}
  const [invoiceId, ask] = [readInvoiceId(reference), readAsk(said['ask'])]
  if (invoiceId === undefined || ask === undefined) return false
  const command = readString(said['command']) ?? ''
  const [reason, actor] = [readString(said['reason']) ?? '', readString(said['actor']) ?? '']
  return askOfInvoice(draft, { invoiceId, ask, reference: command, reason, actor }).ok
}

export function readAsk(value: unknown): InvoiceAsk | undefined {
  return asks.find((ask) => ask === value)
}

function saidOf(ask: InvoiceAsk, invoiceId: InvoiceId | string): string {
  return `${ask} ${invoiceId}`
}
